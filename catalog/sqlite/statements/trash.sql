-- Statements about what was deleted and is kept for a while.

-- insert_trash --
-- A deletion.
INSERT INTO trash (file_id, folder_id, name, origin_id, origin, deleted_by, deleted_at, expires_at)
VALUES (:file_id, :folder_id, :name, :origin_id, :origin, :deleted_by, :now, :expires_at)
RETURNING id;

-- trash_file --
-- Puts a file into the trash.
UPDATE files SET folder_id = -1, name = CAST(:trash_id AS TEXT),
    sort_key = natural_sort_key(CAST(:trash_id AS TEXT)),
    trash_id = :trash_id
WHERE id = :file_id;

-- trash_folder --
-- Puts a folder into the trash.
UPDATE folders SET parent_id = -1, name = CAST(:trash_id AS TEXT),
    sort_key = natural_sort_key(CAST(:trash_id AS TEXT))
WHERE id = :folder_id;

-- mark_trashed_folders --
-- Says of a folder and all in it what they were deleted with; with NULL that they are not in the trash.
WITH RECURSIVE tree (id) AS (
    SELECT :folder_id
    UNION ALL
    SELECT folders.id FROM tree CROSS JOIN folders ON folders.parent_id = tree.id
)
UPDATE folders SET trash_id = :trash_id WHERE id IN (SELECT id FROM tree);

-- mark_trashed_files --
-- As `mark_trashed_folders`, of the files in those.
WITH RECURSIVE tree (id) AS (
    SELECT :folder_id
    UNION ALL
    SELECT folders.id FROM tree CROSS JOIN folders ON folders.parent_id = tree.id
)
UPDATE files SET trash_id = :trash_id WHERE folder_id IN (SELECT id FROM tree);

-- delete_confined_passwords --
-- Deletes app passwords that are confined to folders of a deletion.
DELETE FROM app_passwords WHERE folder_id IN (SELECT id FROM folders WHERE trash_id = :trash_id);

-- delete_trashed_spaces --
-- What is deleted is no space any more.
DELETE FROM spaces WHERE folder_id IN (SELECT id FROM folders WHERE trash_id = :trash_id);

-- trash_of --
-- What a user sees in the trash, the last deletion first. The deletions that the user has files in are found
-- one after the other, however many files these are.
WITH RECURSIVE own (id) AS (
    SELECT max(trash_id) FROM files WHERE owner_id = :user_id AND trash_id IS NOT NULL
    UNION ALL
    SELECT (SELECT max(trash_id) FROM files WHERE owner_id = :user_id AND trash_id < own.id)
    FROM own WHERE own.id IS NOT NULL
)
SELECT trash.id, trash.file_id, trash.folder_id, trash.name, trash.origin, users.name AS deleted_by,
    trash.deleted_at, trash.expires_at, objects.mime_type,
    coalesce(files.size, (
        SELECT sum(bytes) FROM folder_usage WHERE folder_usage.folder_id = trash.folder_id
    ), 0) AS size,
    CASE WHEN trash.folder_id IS NULL THEN 1 ELSE coalesce((
        SELECT sum(files) FROM folder_usage WHERE folder_usage.folder_id = trash.folder_id
    ), 0) END AS files
FROM trash
LEFT JOIN users ON users.id = trash.deleted_by
LEFT JOIN files ON files.id = trash.file_id
LEFT JOIN objects ON objects.id = files.object_id
WHERE trash.id IN (
    SELECT id FROM own WHERE id IS NOT NULL UNION SELECT id FROM trash WHERE deleted_by = :user_id
)
AND trash.expires_at > :now AND (:before IS NULL OR trash.id < :before)
ORDER BY trash.id DESC LIMIT :limit;

-- trash_totals --
-- What of a user's lies in the trash.
SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes
FROM files WHERE owner_id = :user_id AND trash_id IS NOT NULL;

-- trashed --
-- A deletion that a user sees, by the file or folder.
SELECT trash.* FROM trash
WHERE (trash.file_id = :file_id OR trash.folder_id = :folder_id) AND trash.expires_at > :now AND (
    trash.deleted_by = :user_id
    OR EXISTS (SELECT 1 FROM files WHERE files.trash_id = trash.id AND files.owner_id = :user_id)
);

-- delete_trash --
-- Ends a deletion.
DELETE FROM trash WHERE id = :trash_id;

-- restore_file --
-- Puts a file back.
UPDATE files SET folder_id = :folder_id, name = :name, sort_key = natural_sort_key(:name), trash_id = NULL
WHERE id = :file_id;

-- has_files_of_others --
-- A row if a deletion has files that another user owns.
SELECT 1 FROM files
WHERE trash_id = :trash_id AND (owner_id < :user_id OR owner_id > :user_id) LIMIT 1;

-- expire_trash --
-- Has a deletion be over.
UPDATE trash SET expires_at = min(expires_at, :now) WHERE id = :trash_id;

-- leave_trash --
-- Takes a deletion out of the trash of who has deleted it.
UPDATE trash SET deleted_by = NULL WHERE id = :trash_id AND deleted_by = :user_id;

-- own_trashed_files --
-- Some files of a user in a deletion.
SELECT id FROM files WHERE trash_id = :trash_id AND owner_id = :user_id LIMIT :limit;

-- expired_trash --
-- Deletions that are over, those of the earliest time first.
SELECT id, folder_id FROM trash WHERE expires_at <= :now ORDER BY expires_at, id LIMIT :limit;

-- trashed_files --
-- Some files of a deletion.
SELECT id FROM files WHERE trash_id = :trash_id LIMIT :limit;

-- trashed_totals --
-- What files of a JSON list of ids count for in the totals of their folders.
SELECT files.folder_id, objects.mime_type, sum(files.size) AS size, count(*) AS number
FROM json_each(:ids) AS wanted CROSS JOIN files ON files.id = wanted.value
JOIN objects ON objects.id = files.object_id
GROUP BY files.folder_id, objects.mime_type;

-- delete_file_contents --
-- Deletes the names of a JSON list of ids. Answers the content they had.
DELETE FROM files WHERE id IN (SELECT wanted.value FROM json_each(:ids) AS wanted) RETURNING object_id;

-- delete_version_contents --
-- Deletes the versions of the files of a JSON list of ids. Answers their content.
DELETE FROM versions WHERE file_id IN (SELECT wanted.value FROM json_each(:ids) AS wanted)
RETURNING object_id;

-- end_grace --
-- Has content go without grace, if nothing needs it.
UPDATE objects SET unreferenced_since = 0 WHERE id = :object_id AND reference_count = 0;
