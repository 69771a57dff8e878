-- When a folder was made (or imported), so that one without files has a date too. NULL: before this was kept.
ALTER TABLE folders ADD COLUMN created_at REAL;

-- What a user may read is found by the time of its last change: their own and everybody's, and what is public.
CREATE INDEX files_by_owner_and_update ON files (owner_id, updated_at, id);
CREATE INDEX files_public_by_update ON files (updated_at, id) WHERE is_public = 1;
