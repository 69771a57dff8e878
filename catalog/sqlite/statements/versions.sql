-- Statements about content of files that was replaced.

-- insert_version --
-- Keeps the content that a file has, before it is replaced.
INSERT INTO versions (file_id, object_id, owner_id, size, stored_at, replaced_at)
SELECT id, object_id, owner_id, size, updated_at, :now FROM files WHERE id = :file_id;

-- versions_of --
-- The versions of a file, the last one first.
SELECT versions.id, versions.file_id, versions.object_id, versions.size, objects.mime_type,
    objects.modified_at, versions.stored_at, versions.replaced_at
FROM versions JOIN objects ON objects.id = versions.object_id
WHERE versions.file_id = :file_id ORDER BY versions.id DESC;

-- delete_version --
-- Deletes a version of a file. A row if there was one.
DELETE FROM versions WHERE id = :version_id AND file_id = :file_id RETURNING id;

-- delete_old_versions --
-- Deletes all versions of a file but the last ones.
DELETE FROM versions WHERE file_id = :file_id AND id NOT IN (
    SELECT id FROM versions WHERE file_id = :file_id ORDER BY id DESC LIMIT :keep
);

-- oldest_version --
-- The oldest version of a file.
SELECT id, file_id FROM versions WHERE file_id = :file_id ORDER BY id LIMIT 1;
