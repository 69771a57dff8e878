-- Statements that find an entry by its name, and count what is listed before it.
--
-- The entry at the start is looked up first, then the index is read from there to the first entry that
-- matches, then what precedes that one is counted: all of it in an index, whatever the folder holds.

-- file_position_by_name_ascending_of_prefix --
-- Index and name of the first file whose name begins so, by name, ascending.
WITH start AS MATERIALIZED (
    SELECT name FROM files WHERE folder_id = :folder_id
    ORDER BY name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.name >= start.name
    AND substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE
    ORDER BY entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.name < found.name
) AS "index"
FROM found;

-- file_position_by_name_ascending_of_name --
-- Index and name of the first file of that name, by name, ascending.
WITH start AS MATERIALIZED (
    SELECT name FROM files WHERE folder_id = :folder_id
    ORDER BY name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.name >= start.name
    AND entry.name = :name
    ORDER BY entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.name < found.name
) AS "index"
FROM found;

-- file_position_by_name_descending_of_prefix --
-- Index and name of the first file whose name begins so, by name, descending.
WITH start AS MATERIALIZED (
    SELECT name FROM files WHERE folder_id = :folder_id
    ORDER BY name DESC LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.name <= start.name
    AND substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE
    ORDER BY entry.name DESC LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.name > found.name
) AS "index"
FROM found;

-- file_position_by_name_descending_of_name --
-- Index and name of the first file of that name, by name, descending.
WITH start AS MATERIALIZED (
    SELECT name FROM files WHERE folder_id = :folder_id
    ORDER BY name DESC LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.name <= start.name
    AND entry.name = :name
    ORDER BY entry.name DESC LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.name > found.name
) AS "index"
FROM found;

-- file_position_by_updated_at_ascending_of_prefix --
-- Index and name of the first file whose name begins so, by updated_at, ascending.
WITH start AS MATERIALIZED (
    SELECT updated_at, name FROM files WHERE folder_id = :folder_id
    ORDER BY updated_at, name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.updated_at, entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.updated_at, entry.name) >= (start.updated_at, start.name)
    AND substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE
    ORDER BY entry.updated_at, entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.updated_at, entry.name) < (found.updated_at, found.name)
) AS "index"
FROM found;

-- file_position_by_updated_at_ascending_of_name --
-- Index and name of the first file of that name, by updated_at, ascending.
WITH start AS MATERIALIZED (
    SELECT updated_at, name FROM files WHERE folder_id = :folder_id
    ORDER BY updated_at, name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.updated_at, entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.updated_at, entry.name) >= (start.updated_at, start.name)
    AND entry.name = :name
    ORDER BY entry.updated_at, entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.updated_at, entry.name) < (found.updated_at, found.name)
) AS "index"
FROM found;

-- file_position_by_updated_at_descending_of_prefix --
-- Index and name of the first file whose name begins so, by updated_at, descending.
WITH start AS MATERIALIZED (
    SELECT updated_at, name FROM files WHERE folder_id = :folder_id
    ORDER BY updated_at DESC, name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.updated_at, entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.updated_at <= start.updated_at AND (entry.updated_at < start.updated_at OR entry.name >= start.name)
    AND substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE
    ORDER BY entry.updated_at DESC, entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.updated_at >= found.updated_at AND (entry.updated_at > found.updated_at OR entry.name < found.name)
) AS "index"
FROM found;

-- file_position_by_updated_at_descending_of_name --
-- Index and name of the first file of that name, by updated_at, descending.
WITH start AS MATERIALIZED (
    SELECT updated_at, name FROM files WHERE folder_id = :folder_id
    ORDER BY updated_at DESC, name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.updated_at, entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.updated_at <= start.updated_at AND (entry.updated_at < start.updated_at OR entry.name >= start.name)
    AND entry.name = :name
    ORDER BY entry.updated_at DESC, entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.updated_at >= found.updated_at AND (entry.updated_at > found.updated_at OR entry.name < found.name)
) AS "index"
FROM found;

-- file_position_by_size_ascending_of_prefix --
-- Index and name of the first file whose name begins so, by size, ascending.
WITH start AS MATERIALIZED (
    SELECT size, name FROM files WHERE folder_id = :folder_id
    ORDER BY size, name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.size, entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.size, entry.name) >= (start.size, start.name)
    AND substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE
    ORDER BY entry.size, entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.size, entry.name) < (found.size, found.name)
) AS "index"
FROM found;

-- file_position_by_size_ascending_of_name --
-- Index and name of the first file of that name, by size, ascending.
WITH start AS MATERIALIZED (
    SELECT size, name FROM files WHERE folder_id = :folder_id
    ORDER BY size, name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.size, entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.size, entry.name) >= (start.size, start.name)
    AND entry.name = :name
    ORDER BY entry.size, entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.size, entry.name) < (found.size, found.name)
) AS "index"
FROM found;

-- file_position_by_size_descending_of_prefix --
-- Index and name of the first file whose name begins so, by size, descending.
WITH start AS MATERIALIZED (
    SELECT size, name FROM files WHERE folder_id = :folder_id
    ORDER BY size DESC, name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.size, entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.size <= start.size AND (entry.size < start.size OR entry.name >= start.name)
    AND substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE
    ORDER BY entry.size DESC, entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.size >= found.size AND (entry.size > found.size OR entry.name < found.name)
) AS "index"
FROM found;

-- file_position_by_size_descending_of_name --
-- Index and name of the first file of that name, by size, descending.
WITH start AS MATERIALIZED (
    SELECT size, name FROM files WHERE folder_id = :folder_id
    ORDER BY size DESC, name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.size, entry.name FROM start CROSS JOIN files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.size <= start.size AND (entry.size < start.size OR entry.name >= start.name)
    AND entry.name = :name
    ORDER BY entry.size DESC, entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.size >= found.size AND (entry.size > found.size OR entry.name < found.name)
) AS "index"
FROM found;

-- subfolder_position_ascending_of_prefix --
-- Index and name of the first subfolder whose name begins so, ascending.
WITH start AS MATERIALIZED (
    SELECT name FROM folders WHERE parent_id = :folder_id
    ORDER BY name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.name FROM start CROSS JOIN folders AS entry
    WHERE entry.parent_id = :folder_id
    AND entry.name >= start.name
    AND substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE
    ORDER BY entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM folders AS entry
    WHERE entry.parent_id = :folder_id
    AND entry.name < found.name
) AS "index"
FROM found;

-- subfolder_position_ascending_of_name --
-- Index and name of the first subfolder of that name, ascending.
WITH start AS MATERIALIZED (
    SELECT name FROM folders WHERE parent_id = :folder_id
    ORDER BY name LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.name FROM start CROSS JOIN folders AS entry
    WHERE entry.parent_id = :folder_id
    AND entry.name >= start.name
    AND entry.name = :name
    ORDER BY entry.name LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM folders AS entry
    WHERE entry.parent_id = :folder_id
    AND entry.name < found.name
) AS "index"
FROM found;

-- subfolder_position_descending_of_prefix --
-- Index and name of the first subfolder whose name begins so, descending.
WITH start AS MATERIALIZED (
    SELECT name FROM folders WHERE parent_id = :folder_id
    ORDER BY name DESC LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.name FROM start CROSS JOIN folders AS entry
    WHERE entry.parent_id = :folder_id
    AND entry.name <= start.name
    AND substr(entry.name, 1, length(:name)) = :name COLLATE NOCASE
    ORDER BY entry.name DESC LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM folders AS entry
    WHERE entry.parent_id = :folder_id
    AND entry.name > found.name
) AS "index"
FROM found;

-- subfolder_position_descending_of_name --
-- Index and name of the first subfolder of that name, descending.
WITH start AS MATERIALIZED (
    SELECT name FROM folders WHERE parent_id = :folder_id
    ORDER BY name DESC LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.name FROM start CROSS JOIN folders AS entry
    WHERE entry.parent_id = :folder_id
    AND entry.name <= start.name
    AND entry.name = :name
    ORDER BY entry.name DESC LIMIT 1
)
SELECT found.name, (
    SELECT count(*) FROM folders AS entry
    WHERE entry.parent_id = :folder_id
    AND entry.name > found.name
) AS "index"
FROM found;
