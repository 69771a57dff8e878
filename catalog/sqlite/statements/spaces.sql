-- Statements about groups, and about who may see and change which folders. Rights are numbers, which grow
-- with what they allow.

-- insert_group --
-- A new group; no row when the name is taken.
INSERT INTO user_groups (name, created_at) VALUES (:name, :now)
ON CONFLICT (name) DO NOTHING RETURNING id, name, 0 AS members;

-- delete_group --
-- Removes a group; foreign keys take along memberships and grants.
DELETE FROM user_groups WHERE id = :group_id RETURNING id;

-- group_by_id --
-- A row if there is the group.
SELECT id FROM user_groups WHERE id = :group_id;

-- list_groups --
-- All groups with the number of their members.
SELECT id, name, (SELECT count(*) FROM group_members WHERE group_id = user_groups.id) AS members
FROM user_groups ORDER BY name;

-- groups_of --
-- The groups of a user with the number of their members.
SELECT user_groups.id, user_groups.name, (
    SELECT count(*) FROM group_members AS others WHERE others.group_id = user_groups.id
) AS members
FROM group_members AS own JOIN user_groups ON user_groups.id = own.group_id
WHERE own.user_id = :user_id ORDER BY user_groups.name;

-- group_members --
-- The members of a group.
SELECT users.* FROM group_members JOIN users ON users.id = group_members.user_id
WHERE group_members.group_id = :group_id ORDER BY users.name;

-- insert_member --
-- Makes a user a member.
INSERT INTO group_members (user_id, group_id) VALUES (:user_id, :group_id) ON CONFLICT DO NOTHING;

-- delete_member --
-- Ends a membership.
DELETE FROM group_members WHERE user_id = :user_id AND group_id = :group_id RETURNING user_id;

-- insert_space --
-- Makes a folder a home, or the common space, unless there is one already.
INSERT INTO spaces (folder_id, user_id) VALUES (:folder_id, :user_id)
ON CONFLICT DO NOTHING RETURNING folder_id;

-- rights_on --
-- The rights of a user on folders, a JSON list of ids, by what holds for them and for those above.
WITH RECURSIVE line (folder_id, id) AS (
    SELECT folders.id, folders.id
    FROM json_each(:ids) AS wanted CROSS JOIN folders ON folders.id = wanted.value
    UNION ALL
    SELECT line.folder_id, folders.parent_id FROM line JOIN folders ON folders.id = line.id
    WHERE folders.parent_id IS NOT NULL
)
SELECT folder_id, max(level) AS level FROM (
    SELECT line.folder_id, 3 AS level
    FROM line JOIN folders ON folders.id = line.id WHERE folders.owner_id = :user_id
    UNION ALL
    SELECT line.folder_id, folder_grants.level
    FROM line JOIN folder_grants ON folder_grants.folder_id = line.id
    WHERE folder_grants.user_id = :user_id
    OR (folder_grants.user_id IS NULL AND folder_grants.group_id IS NULL)
    OR folder_grants.group_id IN (SELECT group_id FROM group_members WHERE user_id = :user_id)
) AS found GROUP BY folder_id;

-- visible_folders --
-- The folders that a user may see, other than in another one; with the user's rights, and what spaces they are.
WITH RECURSIVE given (folder_id, level) AS (
    SELECT id, 3 FROM folders WHERE owner_id = :user_id
    UNION ALL
    SELECT folder_id, level FROM folder_grants WHERE user_id = :user_id
    UNION ALL
    SELECT folder_grants.folder_id, folder_grants.level
    FROM group_members JOIN folder_grants ON folder_grants.group_id = group_members.group_id
    WHERE group_members.user_id = :user_id
    UNION ALL
    SELECT folder_id, level FROM folder_grants WHERE user_id IS NULL AND group_id IS NULL
),
found (folder_id, level) AS MATERIALIZED (
    SELECT folder_id, max(level) FROM given GROUP BY folder_id
),
ascent (folder_id, id) AS (
    SELECT found.folder_id, folders.parent_id FROM found JOIN folders ON folders.id = found.folder_id
    UNION ALL
    SELECT ascent.folder_id, folders.parent_id FROM ascent JOIN folders ON folders.id = ascent.id
)
SELECT folders.id, folders.name, folders.parent_id, found.level,
    spaces.user_id IS :user_id AS is_home,
    spaces.folder_id IS NOT NULL AND spaces.user_id IS NULL AS is_common
FROM found JOIN folders ON folders.id = found.folder_id
LEFT JOIN spaces ON spaces.folder_id = folders.id
WHERE folders.trash_id IS NULL AND folders.id NOT IN (
    SELECT ascent.folder_id FROM ascent WHERE ascent.id IN (SELECT folder_id FROM found)
)
ORDER BY folders.id;

-- folders_with_readable_files --
-- The folders of files that a user owns, that are shared with the user, or that are public.
WITH RECURSIVE own (folder_id) AS (
    SELECT min(folder_id) FROM files WHERE owner_id = :user_id AND trash_id IS NULL
    UNION ALL
    SELECT (
        SELECT min(files.folder_id) FROM files
        WHERE files.owner_id = :user_id AND files.folder_id > own.folder_id
        AND files.trash_id IS NULL
    ) FROM own WHERE own.folder_id IS NOT NULL
)
SELECT folder_id FROM own WHERE folder_id IS NOT NULL
UNION
SELECT files.folder_id FROM shares JOIN files ON files.id = shares.file_id
WHERE shares.user_id = :user_id AND files.trash_id IS NULL
UNION
SELECT folder_id FROM (
    SELECT folder_id FROM files WHERE is_public = 1 AND trash_id IS NULL
    ORDER BY updated_at DESC, id DESC LIMIT :limit
) AS public;

-- readable_files_in --
-- Of files that a user may read by own right, those in some folders, a JSON list of ids, that changed last.
SELECT files.id, files.folder_id, files.name, files.object_id, files.owner_id, files.is_public,
    files.size, objects.mime_type,
    EXISTS (
        SELECT 1 FROM views WHERE views.object_id = files.object_id AND views.name = 'thumbnail'
    ) AS has_thumbnail,
    files.created_at, files.updated_at, objects.modified_at,
    shares.user_id AS viewer_id, shares.can_write, shares.shared_at
FROM (
    SELECT files.id FROM json_each(:ids) AS wanted
    CROSS JOIN files ON files.owner_id = :user_id AND files.folder_id = wanted.value
    UNION
    SELECT shared.id FROM shares JOIN files AS shared ON shared.id = shares.file_id
    WHERE shares.user_id = :user_id AND shared.folder_id IN (SELECT value FROM json_each(:ids))
    UNION
    SELECT id FROM (
        SELECT id, folder_id FROM files WHERE is_public = 1 AND trash_id IS NULL
        ORDER BY updated_at DESC, id DESC LIMIT :limit
    ) AS public WHERE folder_id IN (SELECT value FROM json_each(:ids))
) AS found
CROSS JOIN files ON files.id = found.id
JOIN objects ON objects.id = files.object_id
LEFT JOIN shares ON shares.file_id = files.id AND shares.user_id = :user_id
ORDER BY files.updated_at DESC, files.id DESC LIMIT :limit;

-- folder_owner --
-- The owner of a folder itself.
SELECT owner_id FROM folders WHERE id = :folder_id;

-- set_folder_owner --
-- Another owner of a folder, or none of its own.
UPDATE folders SET owner_id = :owner_id WHERE id = :folder_id;

-- grants_on --
-- The grants on a folder itself: to everybody, to groups, to users.
SELECT user_id, group_id, level, granted_at FROM folder_grants WHERE folder_id = :folder_id
ORDER BY user_id IS NOT NULL, group_id, user_id;

-- count_grants --
-- How many grants there are on a folder to others than one.
SELECT count(*) AS total FROM folder_grants
WHERE folder_id = :folder_id AND (user_id IS NOT :user_id OR group_id IS NOT :group_id);

-- put_grant --
-- Grants a right, or changes it.
INSERT INTO folder_grants (folder_id, user_id, group_id, level, granted_at)
VALUES (:folder_id, :user_id, :group_id, :level, :now)
ON CONFLICT (folder_id, coalesce(user_id, 0), coalesce(group_id, 0))
DO UPDATE SET level = excluded.level, granted_at = excluded.granted_at;

-- delete_grant --
-- Takes a right back.
DELETE FROM folder_grants
WHERE folder_id = :folder_id AND coalesce(user_id, 0) = coalesce(:user_id, 0)
AND coalesce(group_id, 0) = coalesce(:group_id, 0) RETURNING id;
