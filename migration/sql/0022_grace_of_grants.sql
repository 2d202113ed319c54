-- What has been said of an end stays said.
UPDATE entitlement_grants SET grace_ends_at = (SELECT e.grace_ends_at FROM entitlements e WHERE e.id = entitlement_grants.entitlement_id)
WHERE EXISTS (SELECT 1 FROM entitlements e WHERE e.id = entitlement_grants.entitlement_id
AND e.grace_ends_at IS NOT NULL AND e.expires_at = entitlement_grants.expires_at);

-- What has ended by itself stays open until something else takes its place, whatever becomes of its purchase.
UPDATE entitlements SET closed_at = NULL WHERE closed_at IS NOT NULL AND revoked_at IS NULL AND expires_at IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM entitlements n WHERE n.user_id = entitlements.user_id AND n.product_id = entitlements.product_id
AND n.id <> entitlements.id AND (n.closed_at IS NULL OR n.created_at > entitlements.created_at
OR (n.created_at = entitlements.created_at AND n.id > entitlements.id)));
