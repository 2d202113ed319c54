-- What goes back past us: by hand at the gateway, or at the store. And the store's cancellation apart from ours, so that
-- a refund that fails gives back only what it took.

ALTER TABLE teams ADD COLUMN external_refund_access TEXT NOT NULL DEFAULT 'REVOKE';

-- `canceled_at` is what a refund of ours did from here on.
ALTER TABLE purchases ADD COLUMN store_canceled_at TIMESTAMPTZ;
-- The store says that the whole payment went back: what we did not refund ourselves went back there.
ALTER TABLE purchases ADD COLUMN store_refunded_at TIMESTAMPTZ;
ALTER TABLE purchases ADD COLUMN refunded_externally_minor BIGINT NOT NULL DEFAULT 0
  CONSTRAINT never_more_than_paid_anywhere CHECK (refunded_externally_minor >= 0
    AND refunded_minor + reserved_minor + refunded_externally_minor <= amount_minor);

UPDATE purchases SET store_canceled_at = canceled_at, canceled_at = NULL
  WHERE canceled_at IS NOT NULL AND NOT EXISTS (SELECT 1 FROM refunds r JOIN refund_effects e ON e.refund_id = r.id
    WHERE r.purchase_id = purchases.id AND e.kind = 'CANCEL_PLAN' AND e.status = 'DONE');
UPDATE purchases SET store_refunded_at = COALESCE(store_canceled_at, canceled_at, updated_at),
    refunded_externally_minor = refunded_minor, refunded_minor = 0
  WHERE status = 'REFUNDED' AND refunded_minor > 0 AND reserved_minor = 0
    AND NOT EXISTS (SELECT 1 FROM refunds r WHERE r.purchase_id = purchases.id);

-- Refunds that a gateway knows and nobody has asked us for.
CREATE TABLE external_refunds (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  gateway TEXT NOT NULL,
  gateway_payment_id TEXT NOT NULL,
  gateway_refund_id TEXT NOT NULL,
  amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
  currency TEXT NOT NULL,
  status TEXT NOT NULL,
  -- It may be one of ours whose answer is awaited: it counts as nothing until that is known.
  in_doubt BOOLEAN NOT NULL,
  made_at TIMESTAMPTZ NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (team_id, gateway, gateway_refund_id)
);
CREATE INDEX external_refunds_of_payment ON external_refunds (gateway, gateway_payment_id);

-- Which purchases of its payment it is taken to have given back, and how much of each.
CREATE TABLE external_refund_shares (
  external_refund_id UUID NOT NULL REFERENCES external_refunds (id),
  purchase_id UUID NOT NULL REFERENCES purchases (id),
  team_id UUID NOT NULL REFERENCES teams (id),
  amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
  PRIMARY KEY (external_refund_id, purchase_id)
);
CREATE INDEX external_refund_shares_of_purchase ON external_refund_shares (purchase_id);
