-- Who may see and change which folders: as their owner, or by a grant, on them or on a folder above.
ALTER TABLE folders ADD COLUMN owner_id INTEGER REFERENCES users (id) ON DELETE SET NULL;

CREATE INDEX folders_by_owner ON folders (owner_id) WHERE owner_id IS NOT NULL;

-- NOCASE folds ASCII only, which is all that the name of a group may consist of.
CREATE TABLE user_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (length(name) BETWEEN 1 AND 64),
    created_at REAL NOT NULL
) STRICT;

CREATE TABLE group_members (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES user_groups (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, group_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX group_members_by_group ON group_members (group_id);

-- Granted to a user, to a group, or (without either) to everybody.
CREATE TABLE folder_grants (
    id INTEGER PRIMARY KEY,
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE CHECK (folder_id <> 0),
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    group_id INTEGER REFERENCES user_groups (id) ON DELETE CASCADE,
    level INTEGER NOT NULL CHECK (level BETWEEN 1 AND 3), -- read, write, manage
    granted_at REAL NOT NULL,
    CHECK (user_id IS NULL OR group_id IS NULL)
) STRICT;

CREATE UNIQUE INDEX folder_grants_by_folder
ON folder_grants (folder_id, coalesce(user_id, 0), coalesce(group_id, 0));
CREATE INDEX folder_grants_by_user ON folder_grants (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX folder_grants_by_group ON folder_grants (group_id) WHERE group_id IS NOT NULL;
CREATE INDEX folder_grants_to_everybody ON folder_grants (folder_id)
WHERE user_id IS NULL AND group_id IS NULL;

-- The home of a user, or (without one) the common space.
CREATE TABLE spaces (
    folder_id INTEGER PRIMARY KEY REFERENCES folders (id) ON DELETE CASCADE,
    user_id INTEGER UNIQUE REFERENCES users (id) ON DELETE CASCADE
) STRICT;

CREATE UNIQUE INDEX spaces_common ON spaces ((user_id IS NULL)) WHERE user_id IS NULL;

-- In which folders a user has files.
CREATE INDEX files_by_owner_and_folder ON files (owner_id, folder_id);
