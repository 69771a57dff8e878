-- Statements that find an entry by its name, and count what is listed before it.
--
-- A name is looked up. For a prefix the entry at the start is, then the index is read from there to the first entry
-- that matches, then what precedes that one is counted: all of it in an index, whatever the folder holds. The pattern
-- decides by the key, which has no leading zeros; the name is read and folded where that says yes. The start is a
-- subquery and no table that is joined: otherwise reading goes on behind the entry that is found, to sort it.

-- file_position_by_name_ascending_of_prefix --
-- Index and name of the first file that begins so, by name, ascending.
WITH start AS MATERIALIZED (
    SELECT sort_key, id FROM files WHERE folder_id = :folder_id
    ORDER BY sort_key, id LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.sort_key, entry.id FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.sort_key, entry.id) >= (SELECT sort_key, id FROM start)
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.sort_key, entry.id LIMIT 1
)
SELECT files.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.sort_key, entry.id) < (found.sort_key, found.id)
) AS "index"
FROM found CROSS JOIN files ON files.id = found.id;

-- file_position_by_name_ascending_of_name --
-- Index and name of the file of that name, unless it is before the start, by name, ascending.
WITH found AS MATERIALIZED (
    SELECT sort_key, id FROM files WHERE folder_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM files AS entry
        WHERE entry.folder_id = :folder_id
        AND (entry.sort_key, entry.id) < (found.sort_key, found.id)
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- file_position_by_name_descending_of_prefix --
-- Index and name of the first file that begins so, by name, descending.
WITH start AS MATERIALIZED (
    SELECT sort_key, id FROM files WHERE folder_id = :folder_id
    ORDER BY sort_key DESC, id DESC LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.sort_key, entry.id FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.sort_key, entry.id) <= (SELECT sort_key, id FROM start)
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.sort_key DESC, entry.id DESC LIMIT 1
)
SELECT files.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.sort_key, entry.id) > (found.sort_key, found.id)
) AS "index"
FROM found CROSS JOIN files ON files.id = found.id;

-- file_position_by_name_descending_of_name --
-- Index and name of the file of that name, unless it is before the start, by name, descending.
WITH found AS MATERIALIZED (
    SELECT sort_key, id FROM files WHERE folder_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM files AS entry
        WHERE entry.folder_id = :folder_id
        AND (entry.sort_key, entry.id) > (found.sort_key, found.id)
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- file_position_by_updated_at_ascending_of_prefix --
-- Index and name of the first file that begins so, by updated_at, ascending.
WITH start AS MATERIALIZED (
    SELECT updated_at, sort_key, id FROM files WHERE folder_id = :folder_id
    ORDER BY updated_at, sort_key, id LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.updated_at, entry.sort_key, entry.id FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.updated_at, entry.sort_key, entry.id) >= (SELECT updated_at, sort_key, id FROM start)
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.updated_at, entry.sort_key, entry.id LIMIT 1
)
SELECT files.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.updated_at, entry.sort_key, entry.id) < (found.updated_at, found.sort_key, found.id)
) AS "index"
FROM found CROSS JOIN files ON files.id = found.id;

-- file_position_by_updated_at_ascending_of_name --
-- Index and name of the file of that name, unless it is before the start, by updated_at, ascending.
WITH found AS MATERIALIZED (
    SELECT updated_at, sort_key, id FROM files WHERE folder_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM files AS entry
        WHERE entry.folder_id = :folder_id
        AND (entry.updated_at, entry.sort_key, entry.id) < (found.updated_at, found.sort_key, found.id)
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- file_position_by_updated_at_descending_of_prefix --
-- Index and name of the first file that begins so, by updated_at, descending.
WITH start AS MATERIALIZED (
    SELECT updated_at, sort_key, id FROM files WHERE folder_id = :folder_id
    ORDER BY updated_at DESC, sort_key, id LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.updated_at, entry.sort_key, entry.id FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.updated_at <= (SELECT updated_at FROM start)
    AND (
        entry.updated_at < (SELECT updated_at FROM start)
        OR (entry.sort_key, entry.id) >= (SELECT sort_key, id FROM start)
    )
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.updated_at DESC, entry.sort_key, entry.id LIMIT 1
)
SELECT files.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.updated_at >= found.updated_at
    AND (entry.updated_at > found.updated_at OR (entry.sort_key, entry.id) < (found.sort_key, found.id))
) AS "index"
FROM found CROSS JOIN files ON files.id = found.id;

-- file_position_by_updated_at_descending_of_name --
-- Index and name of the file of that name, unless it is before the start, by updated_at, descending.
WITH found AS MATERIALIZED (
    SELECT updated_at, sort_key, id FROM files WHERE folder_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM files AS entry
        WHERE entry.folder_id = :folder_id
        AND entry.updated_at >= found.updated_at
        AND (entry.updated_at > found.updated_at OR (entry.sort_key, entry.id) < (found.sort_key, found.id))
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- file_position_by_modified_at_ascending_of_prefix --
-- Index and name of the first file that begins so, by modified_at, ascending.
WITH start AS MATERIALIZED (
    SELECT modified_at, sort_key, id FROM files WHERE folder_id = :folder_id
    ORDER BY modified_at, sort_key, id LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.modified_at, entry.sort_key, entry.id FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.modified_at, entry.sort_key, entry.id) >= (SELECT modified_at, sort_key, id FROM start)
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.modified_at, entry.sort_key, entry.id LIMIT 1
)
SELECT files.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.modified_at, entry.sort_key, entry.id) < (found.modified_at, found.sort_key, found.id)
) AS "index"
FROM found CROSS JOIN files ON files.id = found.id;

-- file_position_by_modified_at_ascending_of_name --
-- Index and name of the file of that name, unless it is before the start, by modified_at, ascending.
WITH found AS MATERIALIZED (
    SELECT modified_at, sort_key, id FROM files WHERE folder_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM files AS entry
        WHERE entry.folder_id = :folder_id
        AND (entry.modified_at, entry.sort_key, entry.id) < (found.modified_at, found.sort_key, found.id)
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- file_position_by_modified_at_descending_of_prefix --
-- Index and name of the first file that begins so, by modified_at, descending.
WITH start AS MATERIALIZED (
    SELECT modified_at, sort_key, id FROM files WHERE folder_id = :folder_id
    ORDER BY modified_at DESC, sort_key, id LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.modified_at, entry.sort_key, entry.id FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.modified_at <= (SELECT modified_at FROM start)
    AND (
        entry.modified_at < (SELECT modified_at FROM start)
        OR (entry.sort_key, entry.id) >= (SELECT sort_key, id FROM start)
    )
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.modified_at DESC, entry.sort_key, entry.id LIMIT 1
)
SELECT files.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.modified_at >= found.modified_at
    AND (entry.modified_at > found.modified_at OR (entry.sort_key, entry.id) < (found.sort_key, found.id))
) AS "index"
FROM found CROSS JOIN files ON files.id = found.id;

-- file_position_by_modified_at_descending_of_name --
-- Index and name of the file of that name, unless it is before the start, by modified_at, descending.
WITH found AS MATERIALIZED (
    SELECT modified_at, sort_key, id FROM files WHERE folder_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM files AS entry
        WHERE entry.folder_id = :folder_id
        AND entry.modified_at >= found.modified_at
        AND (entry.modified_at > found.modified_at OR (entry.sort_key, entry.id) < (found.sort_key, found.id))
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- file_position_by_size_ascending_of_prefix --
-- Index and name of the first file that begins so, by size, ascending.
WITH start AS MATERIALIZED (
    SELECT size, sort_key, id FROM files WHERE folder_id = :folder_id
    ORDER BY size, sort_key, id LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.size, entry.sort_key, entry.id FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.size, entry.sort_key, entry.id) >= (SELECT size, sort_key, id FROM start)
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.size, entry.sort_key, entry.id LIMIT 1
)
SELECT files.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND (entry.size, entry.sort_key, entry.id) < (found.size, found.sort_key, found.id)
) AS "index"
FROM found CROSS JOIN files ON files.id = found.id;

-- file_position_by_size_ascending_of_name --
-- Index and name of the file of that name, unless it is before the start, by size, ascending.
WITH found AS MATERIALIZED (
    SELECT size, sort_key, id FROM files WHERE folder_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM files AS entry
        WHERE entry.folder_id = :folder_id
        AND (entry.size, entry.sort_key, entry.id) < (found.size, found.sort_key, found.id)
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- file_position_by_size_descending_of_prefix --
-- Index and name of the first file that begins so, by size, descending.
WITH start AS MATERIALIZED (
    SELECT size, sort_key, id FROM files WHERE folder_id = :folder_id
    ORDER BY size DESC, sort_key, id LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.size, entry.sort_key, entry.id FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.size <= (SELECT size FROM start)
    AND (
        entry.size < (SELECT size FROM start)
        OR (entry.sort_key, entry.id) >= (SELECT sort_key, id FROM start)
    )
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.size DESC, entry.sort_key, entry.id LIMIT 1
)
SELECT files.name, (
    SELECT count(*) FROM files AS entry
    WHERE entry.folder_id = :folder_id
    AND entry.size >= found.size
    AND (entry.size > found.size OR (entry.sort_key, entry.id) < (found.sort_key, found.id))
) AS "index"
FROM found CROSS JOIN files ON files.id = found.id;

-- file_position_by_size_descending_of_name --
-- Index and name of the file of that name, unless it is before the start, by size, descending.
WITH found AS MATERIALIZED (
    SELECT size, sort_key, id FROM files WHERE folder_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM files AS entry
        WHERE entry.folder_id = :folder_id
        AND entry.size >= found.size
        AND (entry.size > found.size OR (entry.sort_key, entry.id) < (found.sort_key, found.id))
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- subfolder_position_ascending_of_prefix --
-- Index and name of the first subfolder that begins so, ascending.
WITH start AS MATERIALIZED (
    SELECT sort_key, id FROM folders WHERE parent_id = :folder_id
    ORDER BY sort_key, id LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.sort_key, entry.id FROM folders AS entry
    WHERE entry.parent_id = :folder_id
    AND (entry.sort_key, entry.id) >= (SELECT sort_key, id FROM start)
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.sort_key, entry.id LIMIT 1
)
SELECT folders.name, (
    SELECT count(*) FROM folders AS entry
    WHERE entry.parent_id = :folder_id
    AND (entry.sort_key, entry.id) < (found.sort_key, found.id)
) AS "index"
FROM found CROSS JOIN folders ON folders.id = found.id;

-- subfolder_position_ascending_of_name --
-- Index and name of the subfolder of that name, unless it is before the start, ascending.
WITH found AS MATERIALIZED (
    SELECT sort_key, id FROM folders WHERE parent_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM folders AS entry
        WHERE entry.parent_id = :folder_id
        AND (entry.sort_key, entry.id) < (found.sort_key, found.id)
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- subfolder_position_descending_of_prefix --
-- Index and name of the first subfolder that begins so, descending.
WITH start AS MATERIALIZED (
    SELECT sort_key, id FROM folders WHERE parent_id = :folder_id
    ORDER BY sort_key DESC, id DESC LIMIT 1 OFFSET :start
),
found AS MATERIALIZED (
    SELECT entry.sort_key, entry.id FROM folders AS entry
    WHERE entry.parent_id = :folder_id
    AND (entry.sort_key, entry.id) <= (SELECT sort_key, id FROM start)
    AND entry.sort_key LIKE :pattern ESCAPE '\'
    AND instr(folded_text(entry.name), :beginning) = 1
    ORDER BY entry.sort_key DESC, entry.id DESC LIMIT 1
)
SELECT folders.name, (
    SELECT count(*) FROM folders AS entry
    WHERE entry.parent_id = :folder_id
    AND (entry.sort_key, entry.id) > (found.sort_key, found.id)
) AS "index"
FROM found CROSS JOIN folders ON folders.id = found.id;

-- subfolder_position_descending_of_name --
-- Index and name of the subfolder of that name, unless it is before the start, descending.
WITH found AS MATERIALIZED (
    SELECT sort_key, id FROM folders WHERE parent_id = :folder_id AND name = :name
),
counted AS MATERIALIZED (
    SELECT (
        SELECT count(*) FROM folders AS entry
        WHERE entry.parent_id = :folder_id
        AND (entry.sort_key, entry.id) > (found.sort_key, found.id)
    ) AS "index"
    FROM found
)
SELECT "index", :name AS name FROM counted WHERE "index" >= :start;

-- file_place_ascending --
-- Index at which a file of that key would be listed, by name, ascending.
SELECT count(*) AS "index" FROM files WHERE folder_id = :folder_id AND sort_key < :sort_key;

-- file_place_descending --
-- Index at which a file of that key would be listed, by name, descending.
SELECT count(*) AS "index" FROM files WHERE folder_id = :folder_id AND sort_key > :sort_key;

-- subfolder_place_ascending --
-- Index at which a subfolder of that key would be listed, by name, ascending.
SELECT count(*) AS "index" FROM folders WHERE parent_id = :folder_id AND sort_key < :sort_key;

-- subfolder_place_descending --
-- Index at which a subfolder of that key would be listed, by name, descending.
SELECT count(*) AS "index" FROM folders WHERE parent_id = :folder_id AND sort_key > :sort_key;
