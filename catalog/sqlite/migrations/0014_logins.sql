-- Logins of users. A login ends by its row, its time, or another password: then `epoch` is not the user's
-- any more. `generation` counts the renewals of its token.
CREATE TABLE login_sessions (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    device TEXT NOT NULL CHECK (length(device) BETWEEN 1 AND 64),
    address TEXT NOT NULL,
    created_at REAL NOT NULL,
    last_seen_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    generation INTEGER NOT NULL CHECK (generation >= 0),
    renewed_at REAL NOT NULL
) STRICT;

CREATE INDEX login_sessions_by_user ON login_sessions (user_id, last_seen_at, id);
CREATE INDEX login_sessions_by_expiry ON login_sessions (expires_at);

-- Passwords of programs, which may do less than their users. The text is known to the program alone. What
-- is confined to a folder goes with the folder.
CREATE TABLE app_passwords (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 64),
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    is_read_only INTEGER NOT NULL CHECK (is_read_only IN (0, 1)),
    folder_id INTEGER REFERENCES folders (id) ON DELETE CASCADE,
    created_at REAL NOT NULL,
    last_used_at REAL,
    expires_at REAL,
    UNIQUE (user_id, name)
) STRICT;

CREATE INDEX app_passwords_by_folder ON app_passwords (folder_id);
