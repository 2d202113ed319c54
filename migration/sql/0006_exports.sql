-- Files that somebody has asked for, and who has fetched them.

CREATE TABLE exports (
  id UUID PRIMARY KEY,
  team_id UUID NOT NULL REFERENCES teams (id),
  kind TEXT NOT NULL,
  status TEXT NOT NULL,
  -- Which rows are wanted; the kind says how it is read. Rows made after `requested_at` are not in the file.
  filter JSONB NOT NULL,
  -- The language of whoever has asked: that of the headings.
  locale TEXT NOT NULL,
  -- What the file is called where it is saved: by the day of the team when it was requested.
  file_name TEXT NOT NULL,
  requested_by UUID NOT NULL REFERENCES users (id),
  api_key_id UUID REFERENCES api_keys (id),
  requested_at TIMESTAMPTZ NOT NULL,
  -- Counts the workers that have begun: a write that carries an older number is from one that was given up.
  attempt BIGINT NOT NULL,
  done BIGINT NOT NULL,
  total BIGINT NOT NULL,
  -- Where the whole file is; only then.
  object_key TEXT,
  size_bytes BIGINT,
  sha256 TEXT,
  failure TEXT,
  completed_at TIMESTAMPTZ,
  expires_at TIMESTAMPTZ,
  updated_at TIMESTAMPTZ NOT NULL
);
CREATE INDEX exports_of_team ON exports (team_id, requested_at, id);
CREATE INDEX exports_unfinished ON exports (requested_by) WHERE status IN ('QUEUED', 'RUNNING');
CREATE INDEX exports_ready ON exports (expires_at) WHERE status = 'READY';

-- The first time that each of those who may has fetched a file.
CREATE TABLE export_downloads (
  export_id UUID NOT NULL REFERENCES exports (id),
  -- The public id of the user or the API key.
  reader_id TEXT NOT NULL,
  team_id UUID NOT NULL REFERENCES teams (id),
  user_id UUID REFERENCES users (id),
  api_key_id UUID REFERENCES api_keys (id),
  at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (export_id, reader_id)
);
