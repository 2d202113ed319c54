-- A grace period belongs to the grant whose end it follows.
ALTER TABLE entitlement_grants ADD COLUMN grace_ends_at TIMESTAMPTZ;
UPDATE entitlement_grants SET grace_ends_at = date(substr(entitlement_grants.expires_at, 1, 10), p.grace_days || ' days')
  || substr(entitlement_grants.expires_at, 11)
FROM entitlements e JOIN products p ON p.id = e.product_id
WHERE e.id = entitlement_grants.entitlement_id AND p.grace_days > 0
AND entitlement_grants.expires_at > strftime('%Y-%m-%dT%H:%M:%f000+00:00', 'now');

