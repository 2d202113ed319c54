-- A job whose workers die comes back later each time, and alone: only one that is the cause is parked for it.

-- By the database's clock: not before this time.
ALTER TABLE jobs ADD COLUMN rests_until TIMESTAMPTZ;
-- Workers that died while this job was the only suspect in them.
ALTER TABLE jobs ADD COLUMN lonely_crashes BIGINT NOT NULL DEFAULT 0;
-- When what a parked job was about has learned of it.
ALTER TABLE jobs ADD COLUMN parked_told_at TIMESTAMPTZ;
CREATE INDEX jobs_suspect ON jobs (queue, run_at) WHERE crash_count >= 2 AND status IN ('PENDING', 'SCHEDULED', 'RETRYING');
CREATE INDEX jobs_untold ON jobs (id) WHERE status = 'DEAD' AND parked_told_at IS NULL;
