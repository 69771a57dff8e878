-- Statements about files, their shares, the receipts of commits, and the numbers of changes.

-- file_by_id --
-- A file, with the viewer's share of it.
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM files
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
WHERE files.id = :file_id AND files.trash_id IS NULL;

-- files_by_id --
-- Files by a JSON list of ids, with the viewer's shares of them.
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM json_each(:ids) AS wanted CROSS JOIN files ON files.id = wanted.value
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
WHERE files.trash_id IS NULL;

-- files_by_object --
-- The files that have some content.
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM files
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
WHERE files.object_id = :object_id AND files.trash_id IS NULL ORDER BY files.id;

-- files_by_name --
-- Files of a folder by a JSON list of names, with the viewer's shares of them.
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM json_each(:names) AS wanted CROSS JOIN files ON files.folder_id = :folder_id AND files.name = wanted.value
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
WHERE files.trash_id IS NULL;

-- file_by_name --
-- A file by folder and name, with the viewer's share of it.
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM files
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
WHERE files.folder_id = :folder_id AND files.name = :name;

-- file_at --
-- A file by the path of its folder, a JSON list of names.
WITH RECURSIVE walk (depth, id) AS (
    SELECT 0, 0
    UNION ALL
    SELECT walk.depth + 1, folders.id
    FROM walk JOIN folders
        ON folders.parent_id = walk.id
        AND folders.name = json_extract(:path, '$[' || walk.depth || ']')
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM walk CROSS JOIN files ON files.folder_id = walk.id AND files.name = :name
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
WHERE walk.depth = json_array_length(:path);

-- list_files_by_name_ascending --
-- A page of a folder's files by name, ascending. The ids come first, from an index alone: the joins then
-- meet one page, not all that OFFSET skips.
WITH page AS MATERIALIZED (
    SELECT id FROM files WHERE folder_id = :folder_id
    ORDER BY sort_key, id LIMIT :limit OFFSET :offset
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM page CROSS JOIN files ON files.id = page.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
ORDER BY files.sort_key, files.id;

-- list_files_by_name_descending --
-- A page of a folder's files by name, descending. The ids come first, from an index alone: the joins then
-- meet one page, not all that OFFSET skips.
WITH page AS MATERIALIZED (
    SELECT id FROM files WHERE folder_id = :folder_id
    ORDER BY sort_key DESC, id DESC LIMIT :limit OFFSET :offset
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM page CROSS JOIN files ON files.id = page.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
ORDER BY files.sort_key DESC, files.id DESC;

-- list_files_by_size_ascending --
-- A page of a folder's files by size, ascending, then by name. The ids come first, from an index alone:
-- the joins then meet one page, not all that OFFSET skips.
WITH page AS MATERIALIZED (
    SELECT id FROM files WHERE folder_id = :folder_id
    ORDER BY size, sort_key, id LIMIT :limit OFFSET :offset
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM page CROSS JOIN files ON files.id = page.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
ORDER BY files.size, files.sort_key, files.id;

-- list_files_by_size_descending --
-- A page of a folder's files by size, descending, then by name. The ids come first, from an index alone:
-- the joins then meet one page, not all that OFFSET skips.
WITH page AS MATERIALIZED (
    SELECT id FROM files WHERE folder_id = :folder_id
    ORDER BY size DESC, sort_key, id LIMIT :limit OFFSET :offset
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM page CROSS JOIN files ON files.id = page.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
ORDER BY files.size DESC, files.sort_key, files.id;

-- list_files_by_updated_at_ascending --
-- A page of a folder's files by updated_at, ascending, then by name. The ids come first, from an index
-- alone: the joins then meet one page, not all that OFFSET skips.
WITH page AS MATERIALIZED (
    SELECT id FROM files WHERE folder_id = :folder_id
    ORDER BY updated_at, sort_key, id LIMIT :limit OFFSET :offset
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM page CROSS JOIN files ON files.id = page.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
ORDER BY files.updated_at, files.sort_key, files.id;

-- list_files_by_updated_at_descending --
-- A page of a folder's files by updated_at, descending, then by name. The ids come first, from an index
-- alone: the joins then meet one page, not all that OFFSET skips.
WITH page AS MATERIALIZED (
    SELECT id FROM files WHERE folder_id = :folder_id
    ORDER BY updated_at DESC, sort_key, id LIMIT :limit OFFSET :offset
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM page CROSS JOIN files ON files.id = page.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
ORDER BY files.updated_at DESC, files.sort_key, files.id;

-- list_files_by_modified_at_ascending --
-- A page of a folder's files by modified_at, ascending, then by name. The ids come first, from an index
-- alone: the joins then meet one page, not all that OFFSET skips.
WITH page AS MATERIALIZED (
    SELECT id FROM files WHERE folder_id = :folder_id
    ORDER BY modified_at, sort_key, id LIMIT :limit OFFSET :offset
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM page CROSS JOIN files ON files.id = page.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
ORDER BY files.modified_at, files.sort_key, files.id;

-- list_files_by_modified_at_descending --
-- A page of a folder's files by modified_at, descending, then by name. The ids come first, from an index
-- alone: the joins then meet one page, not all that OFFSET skips.
WITH page AS MATERIALIZED (
    SELECT id FROM files WHERE folder_id = :folder_id
    ORDER BY modified_at DESC, sort_key, id LIMIT :limit OFFSET :offset
)
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM page CROSS JOIN files ON files.id = page.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
ORDER BY files.modified_at DESC, files.sort_key, files.id;

-- files_after --
-- Files of a folder behind a name, with the viewer's shares of them.
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM files
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :viewer_id
WHERE files.folder_id = :folder_id AND files.name > :after ORDER BY files.name LIMIT :limit;

-- insert_file --
-- A new file.
INSERT INTO files (folder_id, name, sort_key, object_id, owner_id, is_public, size, created_at, updated_at,
    modified_at)
VALUES (:folder_id, :name, natural_sort_key(:name), :object_id, :owner_id, :is_public, :size, :now, :now,
    coalesce((SELECT modified_at FROM objects WHERE id = :object_id), :now))
RETURNING id;

-- replace_content --
-- Other content for a file, which stays the same in everything else.
UPDATE files SET object_id = :object_id, size = :size, updated_at = :now,
    modified_at = coalesce((SELECT modified_at FROM objects WHERE id = :object_id), :now)
WHERE id = :file_id
RETURNING id;

-- place_file --
-- Moves or renames a file.
UPDATE files SET folder_id = :folder_id, name = :name, sort_key = natural_sort_key(:name)
WHERE id = :file_id;

-- place_files --
-- Moves files, by a JSON list of ids and of names that are free there.
UPDATE files SET folder_id = :folder_id, name = json_extract(wanted.value, '$.name'),
    sort_key = natural_sort_key(json_extract(wanted.value, '$.name'))
FROM json_each(:places) AS wanted
WHERE files.id = json_extract(wanted.value, '$.id');

-- set_owner --
-- Gives a file to another user; NULL takes its owner away.
UPDATE files SET owner_id = :owner_id WHERE id = :file_id;

-- files_of_owner --
-- Ids and sizes of files that a user owns, and whether they lie in the trash.
SELECT id, size, trash_id IS NOT NULL AS is_trashed FROM files WHERE owner_id = :owner_id ORDER BY id LIMIT :limit;

-- count_of_owner --
-- How many files a user owns.
SELECT count(*) AS total FROM files WHERE owner_id = :owner_id;

-- set_owner_of_files --
-- Gives the files of a JSON list of ids to another user.
UPDATE files SET owner_id = :owner_id WHERE id IN (SELECT wanted.value FROM json_each(:ids) AS wanted);

-- remove_shares_of_user --
-- Deletes a user's shares of the files of a JSON list of ids.
DELETE FROM shares
WHERE user_id = :user_id AND file_id IN (SELECT wanted.value FROM json_each(:ids) AS wanted);

-- delete_files --
-- Deletes the names of a JSON list of ids; content is collected once nothing else refers to it.
DELETE FROM files WHERE id IN (SELECT wanted.value FROM json_each(:ids) AS wanted);

-- set_public --
-- Makes a file public, or not any more.
UPDATE files SET is_public = :is_public WHERE id = :file_id;

-- shares_of --
-- The shares of a file.
SELECT * FROM shares WHERE file_id = :file_id ORDER BY user_id;

-- shares_of_files --
-- The shares of all files of a JSON list of ids.
SELECT shares.* FROM json_each(:ids) AS wanted
CROSS JOIN shares ON shares.file_id = wanted.value
ORDER BY shares.file_id, shares.user_id;

-- put_share --
-- Adds a share, or changes what it allows; it keeps the time at which it was given.
INSERT INTO shares (file_id, user_id, can_write, shared_at)
VALUES (:file_id, :user_id, :can_write, :now)
ON CONFLICT (file_id, user_id) DO UPDATE SET can_write = excluded.can_write
RETURNING *;

-- remove_share --
-- A row if there was such a share.
DELETE FROM shares WHERE file_id = :file_id AND user_id = :user_id RETURNING 1;

-- remove_shares --
-- Deletes all shares of a file.
DELETE FROM shares WHERE file_id = :file_id;

-- insert_receipt --
-- Notes what a commit did, for a caller that lost the answer and asks again.
INSERT INTO commits (object_id, file_id, folder_id, name, owner_id, is_public,
    created_at, updated_at, replaced, created_folders, sequence)
SELECT object_id, id, folder_id, name, owner_id, is_public, created_at, updated_at,
    :replaced, :created_folders, :sequence
FROM files WHERE id = :file_id;

-- receipt --
-- What committing this object did, if it was committed before.
SELECT commits.file_id AS id, commits.folder_id, commits.name, commits.object_id,
    commits.owner_id, commits.is_public, objects.size, objects.mime_type, 0 AS has_thumbnail,
    commits.created_at, commits.updated_at, objects.modified_at, NULL AS viewer_id, commits.replaced,
    commits.created_folders, commits.sequence
FROM commits JOIN objects ON objects.id = commits.object_id
WHERE commits.object_id = :object_id;

-- next_change --
-- The number of the change that this transaction makes.
UPDATE change_sequence SET last = last + 1 WHERE id = 0 RETURNING last;

-- last_change --
-- The number of the last change.
SELECT last FROM change_sequence WHERE id = 0;
