-- Kept uploads follow their folder when it, or one above it, is renamed or moved.
CREATE INDEX kept_uploads_by_folder ON kept_uploads (folder);
