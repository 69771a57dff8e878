-- Statements that sum up folders, and find files by when they were changed.

-- summaries_ascending --
-- A page of subfolders by name: bytes of each whole subtree, and when its own files or it were last changed or made.
WITH page AS MATERIALIZED (
    SELECT id, sort_key, created_at FROM folders WHERE parent_id = :folder_id
    ORDER BY sort_key, id LIMIT :limit OFFSET :offset
)
SELECT page.id,
    coalesce((SELECT sum(bytes) FROM folder_usage WHERE folder_id = page.id), 0) AS size,
    page.created_at,
    (SELECT max(updated_at) FROM files WHERE folder_id = page.id) AS updated_at
FROM page ORDER BY page.sort_key, page.id;

-- summaries_descending --
-- As `summaries_ascending`, by name descending.
WITH page AS MATERIALIZED (
    SELECT id, sort_key, created_at FROM folders WHERE parent_id = :folder_id
    ORDER BY sort_key DESC, id DESC LIMIT :limit OFFSET :offset
)
SELECT page.id,
    coalesce((SELECT sum(bytes) FROM folder_usage WHERE folder_id = page.id), 0) AS size,
    page.created_at,
    (SELECT max(updated_at) FROM files WHERE folder_id = page.id) AS updated_at
FROM page ORDER BY page.sort_key DESC, page.id DESC;

-- recent_files --
-- The files that a user may read and whose content changed last. Each way to a right has an index in the order of
-- time, but shares, of which all of the user's are looked at.
WITH own AS MATERIALIZED (
    SELECT id, updated_at FROM files WHERE owner_id = :viewer_id AND trash_id IS NULL
    ORDER BY updated_at DESC, id DESC LIMIT :limit
), ownerless AS MATERIALIZED (
    SELECT id, updated_at FROM files WHERE owner_id IS NULL AND trash_id IS NULL
    ORDER BY updated_at DESC, id DESC LIMIT :limit
), public AS MATERIALIZED (
    SELECT id, updated_at FROM files WHERE is_public = 1 AND trash_id IS NULL
    ORDER BY updated_at DESC, id DESC LIMIT :limit
), shared AS MATERIALIZED (
    SELECT files.id, files.updated_at
    FROM shares CROSS JOIN files ON files.id = shares.file_id
    WHERE shares.user_id = :viewer_id AND files.trash_id IS NULL
    ORDER BY files.updated_at DESC, files.id DESC LIMIT :limit
), found AS MATERIALIZED (
    SELECT * FROM own UNION SELECT * FROM ownerless
    UNION SELECT * FROM public UNION SELECT * FROM shared
), page AS MATERIALIZED (
    SELECT id FROM found ORDER BY updated_at DESC, id DESC LIMIT :limit
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
ORDER BY files.updated_at DESC, files.id DESC;
