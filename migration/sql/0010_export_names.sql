-- What a file is called where it is saved: by the day of the team when it was requested. Those of before are deleted
-- within a day.
ALTER TABLE exports ADD COLUMN file_name TEXT NOT NULL DEFAULT 'export.xlsx';
