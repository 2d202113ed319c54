-- What a job is about, so that it can be joined. The public ids of before are read by the program.
ALTER TABLE jobs ADD COLUMN subject_kind TEXT;
ALTER TABLE jobs ADD COLUMN subject UUID;
