-- Jobs and events: what has to be done, and what has happened.

CREATE TABLE jobs (
  id UUID PRIMARY KEY,
  team_id UUID REFERENCES teams (id),
  queue TEXT NOT NULL,
  kind TEXT NOT NULL,
  payload JSONB NOT NULL,
  subject_id TEXT,
  -- While a job with this key is unfinished there is no second one.
  unique_key TEXT,
  status TEXT NOT NULL,
  run_at TIMESTAMPTZ NOT NULL,
  attempts BIGINT NOT NULL,
  max_attempts BIGINT NOT NULL,
  crash_count BIGINT NOT NULL,
  -- Counts claims: a write that carries an older number is from a worker that has lost the job.
  fence BIGINT NOT NULL,
  leased_by UUID,
  lease_expires_at TIMESTAMPTZ,
  last_error TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  finished_at TIMESTAMPTZ
);
CREATE INDEX jobs_due ON jobs (queue, run_at, id) WHERE status IN ('PENDING', 'SCHEDULED', 'RETRYING');
CREATE INDEX jobs_running ON jobs (lease_expires_at) WHERE status = 'RUNNING';
CREATE INDEX jobs_dead ON jobs (queue, id) WHERE status = 'DEAD';
CREATE INDEX jobs_done ON jobs (finished_at) WHERE status = 'DONE';
CREATE INDEX jobs_of_team ON jobs (team_id, id);
CREATE UNIQUE INDEX jobs_unique ON jobs (unique_key) WHERE unique_key IS NOT NULL AND status IN ('PENDING', 'SCHEDULED', 'RETRYING', 'RUNNING');

CREATE TABLE queue_settings (
  queue TEXT PRIMARY KEY,
  paused BOOLEAN NOT NULL,
  concurrency BIGINT NOT NULL,
  updated_at TIMESTAMPTZ NOT NULL
);

CREATE TABLE worker_processes (
  id UUID PRIMARY KEY,
  host TEXT NOT NULL,
  started_at TIMESTAMPTZ NOT NULL,
  last_seen_at TIMESTAMPTZ NOT NULL,
  -- {"refunds": {"running": 1, "concurrency": 8}, …}
  pools JSONB NOT NULL
);

CREATE TABLE events (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  -- Given after the commit, without gaps in the team, and never changed.
  position BIGINT,
  topic TEXT NOT NULL,
  subject_id TEXT NOT NULL,
  actor_id UUID,
  impersonator_id UUID,
  data JSONB NOT NULL,
  at TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX events_in_order ON events (team_id, position) WHERE position IS NOT NULL;
CREATE INDEX events_unplaced ON events (id) WHERE position IS NULL;

CREATE TABLE event_heads (
  team_id UUID PRIMARY KEY REFERENCES teams (id),
  last_position BIGINT NOT NULL,
  -- Positions up to this one are no longer kept.
  pruned_through BIGINT NOT NULL
);

CREATE TABLE mails (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  user_id UUID REFERENCES users (id),
  -- Whose doing occasioned it, and the administrator behind them.
  actor_id UUID REFERENCES users (id),
  impersonator_id UUID REFERENCES users (id),
  template TEXT NOT NULL,
  locale TEXT NOT NULL,
  from_address TEXT NOT NULL,
  to_address TEXT NOT NULL,
  subject TEXT NOT NULL,
  html TEXT NOT NULL,
  plain TEXT NOT NULL,
  -- Fixed before the first attempt: a repeat is recognisable (RFC 5322, section 3.6.4).
  message_id TEXT NOT NULL UNIQUE,
  -- The same occasion is told once.
  occasion TEXT NOT NULL,
  subject_id TEXT,
  status TEXT NOT NULL,
  last_error TEXT,
  created_at TIMESTAMPTZ NOT NULL,
  sent_at TIMESTAMPTZ,
  UNIQUE (team_id, occasion)
);
CREATE INDEX mails_by_creation ON mails (created_at, id);
