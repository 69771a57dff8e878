-- Statements about folders. Paths come in as a JSON list of names and leave as `/a/b`.

-- folder_by_id --
-- A folder by id.
SELECT id, name, parent_id FROM folders WHERE id = :folder_id AND trash_id IS NULL;

-- folders_along_path --
-- The folders along a path from the root on, as far as they exist.
WITH RECURSIVE walk (depth, id) AS (
    SELECT 0, 0
    UNION ALL
    SELECT walk.depth + 1, folders.id
    FROM walk JOIN folders
        ON folders.parent_id = walk.id
        AND folders.name = json_extract(:path, '$[' || walk.depth || ']')
)
SELECT folders.id, folders.name, folders.parent_id
FROM walk JOIN folders ON folders.id = walk.id
ORDER BY walk.depth;

-- folder_path --
-- The path of a folder, empty for the root; no row when there is no such folder.
WITH RECURSIVE ascent (parent_id, path) AS (
    SELECT parent_id, name FROM folders WHERE id = :folder_id AND trash_id IS NULL
    UNION ALL
    SELECT folders.parent_id, folders.name || '/' || ascent.path
    FROM ascent JOIN folders ON folders.id = ascent.parent_id
)
SELECT path FROM ascent WHERE parent_id IS NULL;

-- folder_counts --
-- How many entries lie directly in a folder.
SELECT file_count, subfolder_count FROM folders WHERE id = :folder_id AND trash_id IS NULL;

-- list_folders_ascending --
-- A page of subfolders by name, each with the path of the folder they lie in.
WITH RECURSIVE ascent (parent_id, path) AS (
    SELECT parent_id, name FROM folders WHERE id = :folder_id
    UNION ALL
    SELECT folders.parent_id, folders.name || '/' || ascent.path
    FROM ascent JOIN folders ON folders.id = ascent.parent_id
)
SELECT id, name, parent_id, (SELECT path FROM ascent WHERE parent_id IS NULL) AS parent_path
FROM folders WHERE parent_id = :folder_id
ORDER BY sort_key, id LIMIT :limit OFFSET :offset;

-- list_folders_descending --
-- Subfolders by name, descending, each with the path of the folder they lie in.
WITH RECURSIVE ascent (parent_id, path) AS (
    SELECT parent_id, name FROM folders WHERE id = :folder_id
    UNION ALL
    SELECT folders.parent_id, folders.name || '/' || ascent.path
    FROM ascent JOIN folders ON folders.id = ascent.parent_id
)
SELECT id, name, parent_id, (SELECT path FROM ascent WHERE parent_id IS NULL) AS parent_path
FROM folders WHERE parent_id = :folder_id
ORDER BY sort_key DESC, id DESC LIMIT :limit OFFSET :offset;

-- insert_folder --
-- A new folder.
INSERT INTO folders (parent_id, name, sort_key, created_at)
VALUES (:parent_id, :name, natural_sort_key(:name), (julianday('now') - 2440587.5) * 86400.0)
RETURNING id, name, parent_id;

-- taken_names --
-- Which of the names others in a folder have; what is being named does not count.
SELECT files.name FROM json_each(:names) AS wanted
CROSS JOIN files ON files.folder_id = :folder_id AND files.name = wanted.value
WHERE files.id IS NOT :own_file_id
UNION ALL
SELECT folders.name FROM json_each(:names) AS wanted
CROSS JOIN folders ON folders.parent_id = :folder_id AND folders.name = wanted.value
WHERE folders.id IS NOT :own_folder_id;

-- place_folder --
-- Moves or renames a folder.
UPDATE folders SET parent_id = :parent_id, name = :name, sort_key = natural_sort_key(:name)
WHERE id = :folder_id
RETURNING id, name, parent_id;

-- lies_within --
-- A row if the inner folder is the outer one, or lies anywhere below it.
WITH RECURSIVE ascent (id) AS (
    SELECT :inner_id
    UNION ALL
    SELECT folders.parent_id FROM ascent JOIN folders ON folders.id = ascent.id
    WHERE folders.parent_id IS NOT NULL
)
SELECT 1 FROM ascent WHERE id = :outer_id;

-- folders_beyond --
-- A row if of a subtree, whose top is to lie at a depth, anything would lie too deep.
WITH RECURSIVE tree (id, depth) AS (
    SELECT :folder_id, :depth
    UNION ALL
    SELECT folders.id, tree.depth + 1
    FROM tree CROSS JOIN folders ON folders.parent_id = tree.id
    WHERE tree.depth <= :max_depth
)
SELECT 1 FROM tree WHERE depth > :max_depth LIMIT 1;

-- standings_within --
-- How the files of a whole subtree stand to a user, and how many stand so.
WITH RECURSIVE tree (id) AS (
    SELECT :folder_id
    UNION ALL
    SELECT folders.id FROM tree CROSS JOIN folders ON folders.parent_id = tree.id
)
SELECT
    CASE WHEN files.owner_id IS NULL THEN 'nobody' WHEN files.owner_id = :user_id THEN 'user'
        ELSE 'other' END AS holder,
    files.is_public, shares.can_write, count(*) AS files
FROM tree CROSS JOIN files ON files.folder_id = tree.id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :user_id
GROUP BY 1, 2, 3;

-- delete_folder --
-- Deletes a folder; foreign keys take along everything in it.
DELETE FROM folders WHERE id = :folder_id;

-- subfolders_after --
-- Subfolders behind a name, with how many entries they have.
SELECT id, name, parent_id, file_count, subfolder_count FROM folders
WHERE parent_id = :folder_id AND name > :after ORDER BY name LIMIT :limit;

-- subfolders_by_name --
-- Subfolders by a JSON list of names.
SELECT folders.id, folders.name, folders.parent_id FROM json_each(:names) AS wanted
CROSS JOIN folders ON folders.parent_id = :folder_id AND folders.name = wanted.value;
