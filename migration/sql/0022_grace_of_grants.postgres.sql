-- A grace period belongs to the grant whose end it follows.
ALTER TABLE entitlement_grants ADD COLUMN grace_ends_at TIMESTAMPTZ;
UPDATE entitlement_grants SET grace_ends_at = entitlement_grants.expires_at + p.grace_days * interval '24 hours'
FROM entitlements e JOIN products p ON p.id = e.product_id
WHERE e.id = entitlement_grants.entitlement_id AND p.grace_days > 0 AND entitlement_grants.expires_at > now();

