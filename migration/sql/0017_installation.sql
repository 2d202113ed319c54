-- Which installation this is, for whatever it shares with others: one row, made by whoever needs it first.
CREATE TABLE installation (
  only_one INTEGER PRIMARY KEY CHECK (only_one = 1),
  id UUID NOT NULL,
  made_at TIMESTAMPTZ NOT NULL
);

-- Files that are over and still to be deleted: what nobody has put here is deleted for its age alone.
CREATE TABLE discarded_files (
  object_key TEXT PRIMARY KEY,
  discarded_at TIMESTAMPTZ NOT NULL
);
