-- Files and folders that users have starred.
CREATE TABLE stars (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    file_id INTEGER REFERENCES files (id) ON DELETE CASCADE,
    folder_id INTEGER REFERENCES folders (id) ON DELETE CASCADE,
    UNIQUE (file_id, user_id),
    UNIQUE (folder_id, user_id),
    CHECK ((file_id IS NULL) <> (folder_id IS NULL))
) STRICT;

CREATE INDEX stars_by_user ON stars (user_id, id);
