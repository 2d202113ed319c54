-- What was sold, how much of it was read, and what a sale opens.

CREATE TABLE products (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  external_id TEXT NOT NULL,
  name TEXT NOT NULL,
  search_text TEXT NOT NULL,
  active BOOLEAN NOT NULL,
  grace_days BIGINT NOT NULL CHECK (grace_days >= 0),
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (team_id, external_id)
);
CREATE INDEX products_by_name ON products (team_id, name, id);

CREATE TABLE plan_subscriptions (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  external_id TEXT NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id),
  product_id UUID NOT NULL REFERENCES products (id),
  interval TEXT NOT NULL,
  status TEXT NOT NULL,
  starts_at TIMESTAMPTZ NOT NULL,
  ends_at TIMESTAMPTZ,
  encounters BIGINT NOT NULL,
  licenses_total BIGINT NOT NULL,
  licenses_assigned BIGINT NOT NULL,
  licenses_suspended BIGINT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (team_id, external_id)
);
-- The one that counts for a user is the one that started last.
CREATE INDEX plan_subscriptions_of_user ON plan_subscriptions (user_id, starts_at, id);

CREATE TABLE purchases (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  external_id TEXT NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id),
  product_id UUID NOT NULL REFERENCES products (id),
  kind TEXT NOT NULL,
  gateway TEXT NOT NULL,
  gateway_payment_id TEXT,
  gateway_subscription_id TEXT,
  amount_minor BIGINT NOT NULL CHECK (amount_minor >= 0),
  currency TEXT NOT NULL,
  -- Given back for certain, and promised to refunds that are under way.
  refunded_minor BIGINT NOT NULL CHECK (refunded_minor >= 0),
  reserved_minor BIGINT NOT NULL CHECK (reserved_minor >= 0),
  status TEXT NOT NULL,
  purchased_at TIMESTAMPTZ NOT NULL,
  canceled_at TIMESTAMPTZ,
  disputed_at TIMESTAMPTZ,
  access_until TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (team_id, external_id),
  -- The last line of defence: whatever the code above believes, no payment gives back more than it took.
  CONSTRAINT never_more_than_paid CHECK (refunded_minor + reserved_minor <= amount_minor)
);
CREATE INDEX purchases_of_user ON purchases (user_id, purchased_at, id);
CREATE INDEX purchases_of_payment ON purchases (gateway, gateway_payment_id);

CREATE TABLE reading_sessions (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  external_id TEXT NOT NULL,
  user_id UUID NOT NULL REFERENCES users (id),
  product_id UUID NOT NULL REFERENCES products (id),
  started_at TIMESTAMPTZ NOT NULL,
  ended_at TIMESTAMPTZ,
  seconds BIGINT NOT NULL,
  percent_read DOUBLE PRECISION NOT NULL,
  device TEXT,
  reported_at TIMESTAMPTZ NOT NULL,
  UNIQUE (team_id, external_id)
);
CREATE INDEX reading_sessions_of_user ON reading_sessions (user_id, started_at, id);

-- Kept up to date with each report, so that no question has to add up sessions.
CREATE TABLE title_readings (
  user_id UUID NOT NULL REFERENCES users (id),
  product_id UUID NOT NULL REFERENCES products (id),
  team_id UUID NOT NULL REFERENCES teams (id),
  sessions BIGINT NOT NULL,
  seconds BIGINT NOT NULL,
  percent_read DOUBLE PRECISION NOT NULL,
  first_read_at TIMESTAMPTZ NOT NULL,
  last_read_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (user_id, product_id)
);
CREATE INDEX title_readings_of_user ON title_readings (user_id, last_read_at, product_id);

CREATE TABLE user_readings (
  user_id UUID PRIMARY KEY REFERENCES users (id),
  team_id UUID NOT NULL REFERENCES teams (id),
  sessions BIGINT NOT NULL,
  -- Wall-clock time: sessions that overlap count once.
  seconds BIGINT NOT NULL,
  last_read_at TIMESTAMPTZ,
  as_of TIMESTAMPTZ NOT NULL
);

CREATE TABLE entitlements (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  user_id UUID NOT NULL REFERENCES users (id),
  product_id UUID NOT NULL REFERENCES products (id),
  starts_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ,
  grace_ends_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  revocation_reason TEXT,
  -- Set when it is revoked, or replaced after its end: an open one is the one that counts.
  closed_at TIMESTAMPTZ,
  -- The last status that was announced as an event.
  announced_status TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX entitlements_open ON entitlements (user_id, product_id) WHERE closed_at IS NULL;
CREATE INDEX entitlements_of_user ON entitlements (user_id, created_at, id);
CREATE INDEX entitlements_to_expire ON entitlements (expires_at) WHERE closed_at IS NULL AND announced_status = 'ACTIVE';
CREATE INDEX entitlements_to_start ON entitlements (starts_at) WHERE closed_at IS NULL AND announced_status = 'SCHEDULED';
CREATE INDEX entitlements_in_grace ON entitlements (grace_ends_at) WHERE closed_at IS NULL AND announced_status = 'GRACE_PERIOD';

-- Each reason why an entitlement stands. It lasts while one of them lasts.
CREATE TABLE entitlement_grants (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  entitlement_id UUID NOT NULL REFERENCES entitlements (id),
  source TEXT NOT NULL,
  purchase_id UUID REFERENCES purchases (id),
  granted_by UUID,
  starts_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ,
  revoked_by_refund UUID,
  created_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX entitlement_grants_of ON entitlement_grants (entitlement_id);
CREATE UNIQUE INDEX entitlement_grants_of_purchase ON entitlement_grants (purchase_id) WHERE purchase_id IS NOT NULL;

CREATE TABLE entitlement_events (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  entitlement_id UUID NOT NULL REFERENCES entitlements (id),
  user_id UUID NOT NULL REFERENCES users (id),
  action TEXT NOT NULL,
  at TIMESTAMPTZ NOT NULL,
  actor_id UUID,
  impersonator_id UUID,
  previous_expires_at TIMESTAMPTZ,
  expires_at TIMESTAMPTZ,
  detail TEXT
);
CREATE INDEX entitlement_events_of ON entitlement_events (entitlement_id, id);
CREATE INDEX entitlement_events_of_user ON entitlement_events (user_id, id);
