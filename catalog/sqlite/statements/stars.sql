-- Statements for stars.

-- star_of --
-- The star of a user on a file or folder.
SELECT id FROM stars WHERE user_id = :user_id AND file_id = :file_id
UNION ALL SELECT id FROM stars WHERE user_id = :user_id AND folder_id = :folder_id;

-- insert_star --
-- A new one.
INSERT INTO stars (user_id, file_id, folder_id) VALUES (:user_id, :file_id, :folder_id);

-- delete_star --
-- Takes one back.
DELETE FROM stars WHERE id = :id;

-- count_stars --
-- How many a user has.
SELECT count(*) AS total FROM stars WHERE user_id = :user_id;

-- star_keys --
-- All stars of a user, the last first.
SELECT file_id, folder_id FROM stars WHERE user_id = :user_id ORDER BY id DESC;

-- stars_before --
-- A page of a user's stars, the last first.
SELECT id, file_id, folder_id FROM stars WHERE user_id = :user_id AND id < :before
ORDER BY id DESC LIMIT :limit;

-- starred_folders --
-- Folders by a JSON list of ids, but those in the trash.
SELECT folders.id, folders.name, folders.parent_id FROM json_each(:ids) AS wanted
CROSS JOIN folders ON folders.id = wanted.value
WHERE folders.trash_id IS NULL;
