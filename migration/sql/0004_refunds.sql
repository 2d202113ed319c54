-- Money on its way back.

CREATE TABLE refunds (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  purchase_id UUID NOT NULL REFERENCES purchases (id),
  user_id UUID NOT NULL REFERENCES users (id),
  gateway TEXT NOT NULL,
  amount_minor BIGINT NOT NULL CHECK (amount_minor > 0),
  currency TEXT NOT NULL,
  reason TEXT NOT NULL,
  note TEXT,
  override_policy BOOLEAN NOT NULL,
  status TEXT NOT NULL,
  -- Whether nothing of the payment is left after it: only then plan and access go.
  takes_access BOOLEAN NOT NULL,
  gateway_refund_id TEXT,
  failure_code TEXT,
  failure_message TEXT,
  -- Set, in a commit of its own, before the gateway is first called.
  first_sent_at TIMESTAMPTZ,
  -- How often the gateway has been asked without a final answer.
  inquiries BIGINT NOT NULL,
  requested_by UUID NOT NULL,
  api_key_id UUID,
  idempotency_key TEXT,
  request_fingerprint TEXT NOT NULL,
  requested_at TIMESTAMPTZ NOT NULL,
  completed_at TIMESTAMPTZ,
  percent_read_at_request DOUBLE PRECISION NOT NULL,
  seconds_read_at_request BIGINT NOT NULL,
  -- The reading and the checklist as they stood.
  evidence JSONB NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX refunds_of_team ON refunds (team_id, requested_at, id);
CREATE INDEX refunds_of_purchase ON refunds (purchase_id, requested_at);
CREATE INDEX refunds_of_user ON refunds (user_id, requested_at);
CREATE UNIQUE INDEX refunds_once_per_key ON refunds (team_id, idempotency_key) WHERE idempotency_key IS NOT NULL;
CREATE UNIQUE INDEX refunds_at_gateway ON refunds (team_id, gateway, gateway_refund_id) WHERE gateway_refund_id IS NOT NULL;
CREATE INDEX refunds_under_way ON refunds (status) WHERE status IN ('REQUESTED', 'PROCESSING', 'PENDING', 'NEEDS_ATTENTION');

CREATE TABLE refund_effects (
  refund_id UUID NOT NULL REFERENCES refunds (id),
  kind TEXT NOT NULL,
  team_id UUID NOT NULL REFERENCES teams (id),
  status TEXT NOT NULL,
  at TIMESTAMPTZ,
  detail TEXT,
  PRIMARY KEY (refund_id, kind)
);

CREATE TABLE refund_steps (
  refund_id UUID NOT NULL REFERENCES refunds (id),
  number BIGINT NOT NULL,
  team_id UUID NOT NULL REFERENCES teams (id),
  at TIMESTAMPTZ NOT NULL,
  status TEXT NOT NULL,
  detail TEXT,
  PRIMARY KEY (refund_id, number)
);

-- What the gateways told us, as it came.
CREATE TABLE gateway_events (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  gateway TEXT NOT NULL,
  external_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload TEXT NOT NULL,
  received_at TIMESTAMPTZ NOT NULL,
  processed_at TIMESTAMPTZ,
  outcome TEXT,
  UNIQUE (team_id, gateway, external_id)
);

-- Where a person has to look.
CREATE TABLE follow_ups (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  refund_id UUID REFERENCES refunds (id),
  note TEXT NOT NULL,
  due_at TIMESTAMPTZ NOT NULL,
  assignee_id UUID,
  done_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX follow_ups_of_refund ON follow_ups (refund_id);
CREATE INDEX follow_ups_due ON follow_ups (team_id, due_at) WHERE done_at IS NULL;
