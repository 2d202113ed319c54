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

-- Access granted or revoked for many at once: what was asked, and how far it has come.
CREATE TABLE entitlement_batches (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  action TEXT NOT NULL,
  product_id UUID NOT NULL REFERENCES products (id),
  -- Who is meant: everybody, a filter, or a list of ids in the order in which they are gone through.
  people JSONB NOT NULL,
  starts_at TIMESTAMPTZ,
  expires_at TIMESTAMPTZ,
  -- For the history of a grant; the reason for a revocation.
  note TEXT,
  notify_customer BOOLEAN NOT NULL,
  status TEXT NOT NULL,
  total BIGINT NOT NULL,
  done BIGINT NOT NULL,
  succeeded BIGINT NOT NULL,
  refused BIGINT NOT NULL,
  failed BIGINT NOT NULL,
  -- Behind whom the walk through a filter goes on.
  place JSONB,
  requested_by UUID NOT NULL,
  impersonator_id UUID,
  api_key_id UUID,
  idempotency_key TEXT,
  request_fingerprint TEXT NOT NULL,
  requested_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ,
  failure_message TEXT,
  -- When its progress was last told.
  told_at TIMESTAMPTZ,
  updated_at TIMESTAMPTZ NOT NULL,
  CHECK (done = succeeded + refused + failed AND done <= total)
);
CREATE INDEX entitlement_batches_of_team ON entitlement_batches (team_id, requested_at, id);
CREATE UNIQUE INDEX entitlement_batches_once_per_key ON entitlement_batches (team_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE INDEX entitlement_batches_live ON entitlement_batches (updated_at) WHERE status IN ('REQUESTED', 'RUNNING');

-- What became of each user: written in the commit of their change, and once.
CREATE TABLE entitlement_batch_results (
  batch_id UUID NOT NULL REFERENCES entitlement_batches (id),
  user_id UUID NOT NULL REFERENCES users (id),
  team_id UUID NOT NULL REFERENCES teams (id),
  -- From 1, in the order in which it was done.
  position BIGINT NOT NULL,
  outcome TEXT NOT NULL,
  entitlement_id UUID REFERENCES entitlements (id),
  code TEXT,
  message TEXT,
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (batch_id, user_id)
);
CREATE UNIQUE INDEX entitlement_batch_results_in_order ON entitlement_batch_results (batch_id, position);
