-- Who makes a step of the maintenance round: one process at a time, and no longer than until then.
CREATE TABLE maintenance_turns (
    step TEXT PRIMARY KEY,
    held_until TIMESTAMPTZ NOT NULL
);

-- One row that is written again and again, by which processes find out whether the database can be written to.
CREATE TABLE write_proofs (
    id BIGINT PRIMARY KEY,
    at TIMESTAMPTZ NOT NULL
);
