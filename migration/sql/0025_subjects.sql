-- What a job is about, so that it can be joined: the prefix of its public id, and its UUID. The public ids of before are
-- read by the program. subject_id stays for programs of before, which may run beside this one for a while.
ALTER TABLE jobs ADD COLUMN subject_kind TEXT;
ALTER TABLE jobs ADD COLUMN subject UUID;
CREATE INDEX jobs_of_subject ON jobs (subject) WHERE subject IS NOT NULL;
