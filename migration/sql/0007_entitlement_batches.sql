-- Access with gaps in it, and access for many at once.

-- An entitlement names the run of its grants that counts now; these three are the run behind the gap, if there is one.
ALTER TABLE entitlements ADD COLUMN next_starts_at TIMESTAMPTZ;
ALTER TABLE entitlements ADD COLUMN next_expires_at TIMESTAMPTZ;
ALTER TABLE entitlements ADD COLUMN next_grace_ends_at TIMESTAMPTZ;
CREATE INDEX entitlements_to_move_on ON entitlements (next_starts_at) WHERE closed_at IS NULL AND next_starts_at IS NOT NULL;

-- Entitlements of several grants so far reach over the gaps between them: the next announcement of transitions reads
-- their grants anew.
UPDATE entitlements SET next_starts_at = starts_at, next_expires_at = expires_at, next_grace_ends_at = grace_ends_at
WHERE closed_at IS NULL AND 1 < (SELECT count(*) FROM entitlement_grants g WHERE g.entitlement_id = entitlements.id AND g.revoked_at IS NULL);
