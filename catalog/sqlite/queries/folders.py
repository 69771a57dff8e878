# ruff: noqa: S608 - only constants of this module are joined
"""Statements about folders. Paths come in as a JSON list of names and leave as `/a/b`."""

_ASCEND = """
WITH RECURSIVE ascent (parent_id, path) AS (
    SELECT parent_id, name FROM folders WHERE id = :folder_id
    UNION ALL
    SELECT folders.parent_id, folders.name || '/' || ascent.path
    FROM ascent JOIN folders ON folders.id = ascent.parent_id
)
"""

FOLDER_BY_ID = "SELECT id, name, parent_id FROM folders WHERE id = :folder_id"
"""A folder by id."""

WALK = """
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
ORDER BY walk.depth
"""
"""The folders along a path from the root on, as far as they exist."""

FOLDER_PATH = _ASCEND + "SELECT path FROM ascent WHERE parent_id IS NULL"
"""The path of a folder, empty for the root; no row when there is no such folder."""

COUNTS = "SELECT file_count, subfolder_count FROM folders WHERE id = :folder_id"
"""How many entries lie directly in a folder."""

_LIST_FOLDERS = (
    _ASCEND
    + """
SELECT id, name, parent_id, (SELECT path FROM ascent WHERE parent_id IS NULL) AS parent_path
FROM folders WHERE parent_id = :folder_id
"""
)

LIST_FOLDERS_ASCENDING = _LIST_FOLDERS + "ORDER BY name LIMIT :limit OFFSET :offset"
"""A page of subfolders by name, each with the path of the folder they lie in."""

LIST_FOLDERS_DESCENDING = _LIST_FOLDERS + "ORDER BY name DESC LIMIT :limit OFFSET :offset"
"""The same from the other end."""

INSERT_FOLDER = """
INSERT INTO folders (parent_id, name) VALUES (:parent_id, :name)
RETURNING id, name, parent_id
"""
"""A new folder."""

TAKEN_NAMES = """
SELECT files.name FROM json_each(:names) AS wanted
CROSS JOIN files ON files.folder_id = :folder_id AND files.name = wanted.value
WHERE files.id IS NOT :own_file_id
UNION ALL
SELECT folders.name FROM json_each(:names) AS wanted
CROSS JOIN folders ON folders.parent_id = :folder_id AND folders.name = wanted.value
WHERE folders.id IS NOT :own_folder_id
"""
"""Which of the names others in a folder have; what is being named does not count."""

PLACE_FOLDER = """
UPDATE folders SET parent_id = :parent_id, name = :name WHERE id = :folder_id
RETURNING id, name, parent_id
"""
"""Moves or renames a folder."""

LIES_WITHIN = """
WITH RECURSIVE ascent (id) AS (
    SELECT :inner_id
    UNION ALL
    SELECT folders.parent_id FROM ascent JOIN folders ON folders.id = ascent.id
    WHERE folders.parent_id IS NOT NULL
)
SELECT 1 FROM ascent WHERE id = :outer_id
"""
"""A row if the inner folder is the outer one, or lies anywhere below it."""

FOLDERS_BEYOND = """
WITH RECURSIVE tree (id, depth) AS (
    SELECT :folder_id, :depth
    UNION ALL
    SELECT folders.id, tree.depth + 1
    FROM tree CROSS JOIN folders ON folders.parent_id = tree.id
    WHERE tree.depth <= :max_depth
)
SELECT 1 FROM tree WHERE depth > :max_depth LIMIT 1
"""
"""A row if of a subtree, whose top is to lie at a depth, anything would lie too deep."""

STANDINGS_WITHIN = """
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
GROUP BY 1, 2, 3
"""
"""How the files of a whole subtree stand to a user, and how many stand so."""

DELETE_FOLDER = "DELETE FROM folders WHERE id = :folder_id"
"""Deletes a folder; foreign keys take along everything in it."""
