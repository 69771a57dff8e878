-- Statements that search. Entries are files (twice their ids) and folders (twice their ids and one). Each of the
-- first ones answers with candidates of one condition; `search_page` looks at all conditions, and at who may find
-- an entry.

-- search_ids_by_name --
-- Entries whose names contain all terms of a full-text query.
SELECT rowid AS id FROM search_names WHERE search_names MATCH :names LIMIT :most;

-- search_ids_by_grams --
-- Entries whose names contain all terms of one or two characters of a full-text query.
SELECT rowid AS id FROM search_grams WHERE search_grams MATCH :grams LIMIT :most;

-- search_ids_by_beginning --
-- Entries whose folded names lie between two texts.
SELECT id FROM search_entries WHERE folded >= :first AND folded < :last LIMIT :most;

-- search_ids_below --
-- Entries in a folder, and below it.
WITH RECURSIVE tree (id) AS (
    SELECT id FROM folders WHERE id = :below
    UNION ALL
    SELECT folders.id FROM tree CROSS JOIN folders ON folders.parent_id = tree.id
)
SELECT 2 * tree.id + 1 AS id FROM tree
UNION ALL
SELECT 2 * files.id FROM tree CROSS JOIN files ON files.folder_id = tree.id
LIMIT :most;

-- search_ids_large --
-- Files of a size for which there is an index.
SELECT id FROM search_entries WHERE size >= :min_size AND size >= 67108864 LIMIT :most;

-- search_types --
-- All types of files.
SELECT mime_type FROM folder_usage WHERE folder_id = 0;

-- search_ids_of_types --
-- Files of the types of a JSON list.
SELECT search_entries.id FROM json_each(:types) AS wanted
CROSS JOIN search_entries ON search_entries.mime_type = wanted.value LIMIT :most;

-- search_ids_of_owner --
-- Files of an owner.
SELECT 2 * id AS id FROM files WHERE owner_id = :owner_id LIMIT :most;

-- search_ids_of_time --
-- Entries that were changed in a time.
SELECT id FROM search_entries WHERE changed_at >= :changed_from AND changed_at < :changed_before
LIMIT :most;

-- search_ids_by_text --
-- Files with words of a full-text query in their content, that which was processed last first.
WITH found AS MATERIALIZED (
    SELECT rowid AS id FROM search_texts WHERE search_texts MATCH :texts
    ORDER BY rowid DESC LIMIT :most
)
SELECT 2 * files.id AS id FROM found
CROSS JOIN object_texts ON object_texts.id = found.id
CROSS JOIN files ON files.object_id = object_texts.object_id
LIMIT :most;

-- search_ids_by_time --
-- Entries of one rank that conditions other than visibility hold for, the last changed
-- first, from a time on and before a position.
SELECT entry.id, entry.changed_at FROM search_entries AS entry
WHERE (entry.changed_at, entry.id) < (:before_at, :before_id) AND entry.changed_at >= :from_at
AND CASE :rank
    WHEN 0 THEN :text = '' OR entry.folded = :text
    WHEN 1 THEN substr(entry.folded, 1, :length) = :text AND entry.folded <> :text
    ELSE instr(entry.folded, :term_a) AND instr(entry.folded, :term_b) AND instr(entry.folded, :term_c)
        AND instr(entry.folded, :term_d) AND instr(entry.folded, :term_e) AND instr(entry.folded, :term_f)
        AND instr(entry.folded, :term_g) AND instr(entry.folded, :term_h)
        AND substr(entry.folded, 1, :length) <> :text
END
AND (entry.id % 2 = 0 AND :files OR entry.id % 2 = 1 AND :folders)
AND (:types IS NULL OR entry.mime_type IN (SELECT wanted.value FROM json_each(:types) AS wanted))
AND (:min_size IS NULL OR entry.size >= :min_size)
AND (:max_size IS NULL OR entry.size <= :max_size)
AND (:owner_id IS NULL OR entry.owner_id = :owner_id)
AND (:below IS NULL OR EXISTS (
    WITH RECURSIVE ascent (id) AS (
        SELECT entry.parent_id
        UNION ALL
        SELECT folders.parent_id FROM ascent CROSS JOIN folders ON folders.id = ascent.id
        WHERE folders.parent_id IS NOT NULL
    )
    SELECT 1 FROM ascent WHERE ascent.id = :below
))
ORDER BY entry.changed_at DESC, entry.id DESC LIMIT :limit;

-- search_page --
-- Of a JSON list of candidates those that the viewer may find and all conditions hold for, in their order, behind
-- a position. Names have ranks 0 to 2; with `is_text` those that are left are files whose texts match.
SELECT found.id, found.changed_at, found.rank FROM (
    SELECT entry.id, entry.changed_at, CASE
        WHEN :text = '' OR entry.folded = :text THEN 0
        WHEN substr(entry.folded, 1, :length) = :text THEN 1
        WHEN instr(entry.folded, :term_a) AND instr(entry.folded, :term_b)
            AND instr(entry.folded, :term_c) AND instr(entry.folded, :term_d)
            AND instr(entry.folded, :term_e) AND instr(entry.folded, :term_f)
            AND instr(entry.folded, :term_g) AND instr(entry.folded, :term_h) THEN 2
        WHEN :is_text AND EXISTS (
            SELECT 1 FROM readable_files AS readable
            WHERE readable.viewer_id = :viewer_id AND readable.file_id = entry.id / 2
        ) THEN 3
        WHEN :is_text AND :counts_folder_rights AND EXISTS (
            WITH RECURSIVE ascent (id, owner_id, parent_id) AS (
                SELECT id, owner_id, parent_id FROM folders WHERE id = entry.parent_id
                UNION ALL
                SELECT folders.id, folders.owner_id, folders.parent_id
                FROM ascent CROSS JOIN folders ON folders.id = ascent.parent_id
            )
            SELECT 1 FROM ascent WHERE ascent.owner_id = :viewer_id OR EXISTS (
                SELECT 1 FROM folder_grants WHERE folder_grants.folder_id = ascent.id AND (
                    folder_grants.user_id = :viewer_id
                    OR folder_grants.user_id IS NULL AND folder_grants.group_id IS NULL
                    OR folder_grants.group_id IN (
                        SELECT group_id FROM group_members WHERE user_id = :viewer_id
                    )
                )
            )
        ) THEN 3
        ELSE 4
    END AS rank
    FROM json_each(:ids) AS wanted
    CROSS JOIN search_entries AS entry ON entry.id = wanted.value
    WHERE EXISTS (
        SELECT 1 FROM findable_entries AS findable
        WHERE findable.viewer_id = :viewer_id AND findable.entry_id = entry.id
    )
    AND (entry.id % 2 = 0 AND :files OR entry.id % 2 = 1 AND :folders)
    AND (:types IS NULL OR entry.mime_type IN (SELECT wanted.value FROM json_each(:types) AS wanted))
    AND (:min_size IS NULL OR entry.size >= :min_size)
    AND (:max_size IS NULL OR entry.size <= :max_size)
    AND (:changed_from IS NULL OR entry.changed_at >= :changed_from)
    AND (:changed_before IS NULL OR entry.changed_at < :changed_before)
    AND (:owner_id IS NULL OR entry.owner_id = :owner_id)
    AND (:below IS NULL OR EXISTS (
        WITH RECURSIVE ascent (id) AS (
            SELECT entry.parent_id
            UNION ALL
            SELECT folders.parent_id FROM ascent CROSS JOIN folders ON folders.id = ascent.id
            WHERE folders.parent_id IS NOT NULL
        )
        SELECT 1 FROM ascent WHERE ascent.id = :below
    ))
) AS found
WHERE found.rank BETWEEN :first_rank AND :last_rank
AND (found.rank > :after_rank
    OR found.rank = :after_rank AND (found.changed_at, found.id) < (:after_at, :after_id))
ORDER BY found.rank, found.changed_at DESC, found.id DESC LIMIT :limit;

-- search_folders --
-- Folders by a JSON list of ids.
SELECT folders.id, folders.name, folders.parent_id FROM json_each(:ids) AS wanted
CROSS JOIN folders ON folders.id = wanted.value;

-- delete_text --
-- Forgets the words of content.
DELETE FROM object_texts WHERE object_id = :object_id;

-- insert_text --
-- The words of content that has none yet.
INSERT INTO object_texts (object_id, words) VALUES (:object_id, :words);

-- note_text_indexed --
-- The words of this content are indexed.
UPDATE objects SET is_text_indexed = 1 WHERE id = :object_id;

-- objects_to_index --
-- Content whose words are still to be indexed.
SELECT id, metadata FROM objects WHERE is_text_indexed = 0 AND metadata IS NOT NULL
ORDER BY id LIMIT :limit;
