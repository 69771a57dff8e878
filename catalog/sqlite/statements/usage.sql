-- Statements that keep the totals of subtrees. A `line` is a folder and all that it lies in.

-- usage_by_type --
-- Totals of a subtree; a row of NULLs when it holds no file, none when it does not exist.
SELECT usage.mime_type, usage.bytes
FROM folders LEFT JOIN folder_usage AS usage ON usage.folder_id = folders.id
WHERE folders.id = :folder_id AND folders.trash_id IS NULL;

-- count_file --
-- Counts so many files, of that size together, in their folder and in all above.
WITH RECURSIVE line (id) AS (
    SELECT :folder_id
    UNION ALL
    SELECT folders.parent_id FROM line JOIN folders ON folders.id = line.id
    WHERE folders.parent_id IS NOT NULL
)
INSERT INTO folder_usage (folder_id, mime_type, bytes, files)
SELECT id, :mime_type, :size, :number FROM line WHERE true
ON CONFLICT (folder_id, mime_type) DO UPDATE
SET bytes = bytes + excluded.bytes, files = files + excluded.files;

-- uncount_file --
-- The reverse of ADD_FILE.
WITH RECURSIVE line (id) AS (
    SELECT :folder_id
    UNION ALL
    SELECT folders.parent_id FROM line JOIN folders ON folders.id = line.id
    WHERE folders.parent_id IS NOT NULL
)
UPDATE folder_usage SET bytes = bytes - :size, files = files - :number
WHERE mime_type = :mime_type AND folder_id IN (SELECT id FROM line);

-- count_subtree --
-- Counts a whole subtree in the folder that it comes to lie in, and in all above.
WITH RECURSIVE line (id) AS (
    SELECT :folder_id
    UNION ALL
    SELECT folders.parent_id FROM line JOIN folders ON folders.id = line.id
    WHERE folders.parent_id IS NOT NULL
)
INSERT INTO folder_usage (folder_id, mime_type, bytes, files)
SELECT line.id, part.mime_type, part.bytes, part.files
FROM line CROSS JOIN folder_usage AS part
WHERE part.folder_id = :subtree_id
ON CONFLICT (folder_id, mime_type) DO UPDATE
SET bytes = bytes + excluded.bytes, files = files + excluded.files;

-- uncount_subtree --
-- The reverse of ADD_SUBTREE.
WITH RECURSIVE line (id) AS (
    SELECT :folder_id
    UNION ALL
    SELECT folders.parent_id FROM line JOIN folders ON folders.id = line.id
    WHERE folders.parent_id IS NOT NULL
)
UPDATE folder_usage SET bytes = folder_usage.bytes - part.bytes,
    files = folder_usage.files - part.files
FROM (SELECT mime_type, bytes, files FROM folder_usage WHERE folder_id = :subtree_id) AS part
WHERE folder_usage.mime_type = part.mime_type
AND folder_usage.folder_id IN (SELECT id FROM line);

-- delete_empty_usage --
-- Removes the rows of types that no file has any more.
WITH RECURSIVE line (id) AS (
    SELECT :folder_id
    UNION ALL
    SELECT folders.parent_id FROM line JOIN folders ON folders.id = line.id
    WHERE folders.parent_id IS NOT NULL
)
DELETE FROM folder_usage WHERE files = 0 AND folder_id IN (SELECT id FROM line);
