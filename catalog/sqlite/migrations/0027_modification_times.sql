-- A file keeps the modification time that it has where it comes from. It belongs to the content, so that it is
-- kept by copies, moves, versions, the trash and kept uploads; files repeat it, to be listed by it.
ALTER TABLE objects ADD COLUMN modified_at REAL; -- NULL: the client has not said
ALTER TABLE files ADD COLUMN modified_at REAL NOT NULL DEFAULT 0; -- that of the content, or `updated_at`
UPDATE files SET modified_at = updated_at;
CREATE INDEX files_by_modification ON files (folder_id, modified_at, sort_key);
CREATE INDEX files_by_modification_descending ON files (folder_id, modified_at DESC, sort_key);
