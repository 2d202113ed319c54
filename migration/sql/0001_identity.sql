-- Teams, their people, and who may come in.

CREATE TABLE teams (
  id UUID PRIMARY KEY,
  name TEXT NOT NULL,
  default_locale TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  currency TEXT NOT NULL,
  modules JSONB NOT NULL,
  support_address TEXT NOT NULL,
  portal_url TEXT,
  refund_reading_threshold_percent BIGINT NOT NULL,
  refund_recently_canceled_days BIGINT NOT NULL,
  recent_payment_days BIGINT NOT NULL,
  recurring_issue_count BIGINT NOT NULL,
  credit_limits JSONB NOT NULL,
  billing_specialist_id UUID,
  account_manager_id UUID,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);

-- Encrypted with the installation's key; never read back out by anybody.
CREATE TABLE team_secrets (
  team_id UUID NOT NULL REFERENCES teams (id),
  name TEXT NOT NULL,
  ciphertext BYTEA NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (team_id, name)
);

CREATE TABLE ecosystems (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  external_id TEXT NOT NULL,
  name TEXT NOT NULL,
  owner_id UUID NOT NULL,
  suspended_at TIMESTAMPTZ,
  suspension_reason TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (team_id, external_id)
);
CREATE INDEX ecosystems_owner ON ecosystems (owner_id);

CREATE TABLE users (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  role TEXT NOT NULL,
  segment TEXT NOT NULL,
  tier TEXT NOT NULL,
  features JSONB NOT NULL,
  first_name TEXT NOT NULL,
  last_name TEXT NOT NULL,
  company_email TEXT NOT NULL,
  -- Lower case: the form in which addresses are compared.
  email_key TEXT NOT NULL,
  phone TEXT,
  company_name TEXT,
  locale TEXT NOT NULL,
  suspended_at TIMESTAMPTZ,
  ecosystem_id UUID REFERENCES ecosystems (id),
  -- The five searched fields in one normal form: lower case, no accents, phone also without punctuation.
  search_text TEXT NOT NULL,
  created_at TIMESTAMPTZ NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL,
  UNIQUE (team_id, email_key)
);
CREATE INDEX users_by_creation ON users (team_id, created_at, id);
CREATE INDEX users_by_last_name ON users (team_id, last_name, id);
CREATE INDEX users_by_company ON users (team_id, COALESCE(company_name, ''), id);
CREATE INDEX users_by_segment ON users (team_id, segment, created_at, id);
-- Staff are few among many.
CREATE INDEX users_by_role ON users (team_id, role, created_at, id);
CREATE INDEX users_by_email ON users (email_key);
CREATE INDEX users_by_ecosystem ON users (ecosystem_id);

CREATE TABLE passwords (
  user_id UUID PRIMARY KEY REFERENCES users (id),
  team_id UUID NOT NULL REFERENCES teams (id),
  -- argon2id, in PHC string form.
  hash TEXT NOT NULL,
  changed_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE sessions (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  user_id UUID NOT NULL REFERENCES users (id),
  token_hash BYTEA NOT NULL UNIQUE,
  impersonator_id UUID REFERENCES users (id),
  impersonation_reason TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL,
  revoked_at TIMESTAMPTZ,
  ip_address TEXT,
  user_agent TEXT
);
CREATE INDEX sessions_of_user ON sessions (user_id, expires_at);
CREATE INDEX sessions_of_impersonator ON sessions (impersonator_id, expires_at);

CREATE TABLE api_keys (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  name TEXT NOT NULL,
  secret_hash BYTEA NOT NULL UNIQUE,
  scopes JSONB NOT NULL,
  created_by UUID NOT NULL REFERENCES users (id),
  created_at TIMESTAMPTZ NOT NULL,
  last_used_at TIMESTAMPTZ,
  expires_at TIMESTAMPTZ,
  revoked_at TIMESTAMPTZ
);
CREATE INDEX api_keys_of_team ON api_keys (team_id, id);

-- How often something was tried in a window; shared by every process.
CREATE TABLE rate_limits (
  key TEXT PRIMARY KEY,
  window_ends_at TIMESTAMPTZ NOT NULL,
  used BIGINT NOT NULL
);

CREATE TABLE audit_entries (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  at TIMESTAMPTZ NOT NULL,
  action TEXT NOT NULL,
  actor_id UUID,
  impersonator_id UUID,
  api_key_id UUID,
  subject_id TEXT,
  reason TEXT,
  ip_address TEXT,
  data JSONB NOT NULL
);
CREATE INDEX audit_of_team ON audit_entries (team_id, at, id);
CREATE INDEX audit_of_subject ON audit_entries (team_id, subject_id, at, id);
CREATE INDEX audit_of_actor ON audit_entries (team_id, actor_id, at, id);
