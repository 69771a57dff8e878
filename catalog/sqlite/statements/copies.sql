-- Statements that give content more names.

-- copy_file --
-- A file with the content of another one.
INSERT INTO files (folder_id, name, sort_key, object_id, owner_id, is_public, size, created_at, updated_at,
    modified_at)
SELECT :folder_id, :name, natural_sort_key(:name), object_id, :owner_id, is_public, size, :now, :now,
    coalesce((SELECT modified_at FROM objects WHERE objects.id = object_id), :now)
FROM files WHERE id = :file_id
RETURNING id;

-- copy_files_of_folder --
-- Files of a folder once more, under their names in an empty one.
INSERT INTO files (folder_id, name, sort_key, object_id, owner_id, is_public, size, created_at, updated_at,
    modified_at)
SELECT :folder_id, name, natural_sort_key(name), object_id, :owner_id, is_public, size, :now, :now,
    coalesce((SELECT modified_at FROM objects WHERE objects.id = object_id), :now)
FROM files WHERE folder_id = :source_id ORDER BY id
RETURNING id;

-- copy_usage --
-- The totals of a folder, for one that has the same in it.
INSERT INTO folder_usage (folder_id, mime_type, bytes, files)
SELECT :folder_id, mime_type, bytes, files FROM folder_usage WHERE folder_id = :source_id;

-- totals_within --
-- How many files lie in a subtree, and their bytes together.
SELECT coalesce(sum(files), 0) AS files, coalesce(sum(bytes), 0) AS bytes FROM folder_usage
WHERE folder_id = :folder_id;

-- folders_within --
-- The folders of a subtree, its top first, each behind the one that it lies in.
WITH RECURSIVE tree (id, depth) AS (
    SELECT :folder_id, 0
    UNION ALL
    SELECT folders.id, tree.depth + 1
    FROM tree CROSS JOIN folders ON folders.parent_id = tree.id
    LIMIT :limit
)
SELECT folders.id, folders.name, folders.parent_id
FROM tree CROSS JOIN folders ON folders.id = tree.id ORDER BY tree.depth, folders.id;
