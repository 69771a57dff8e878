-- Links that open a file without an account. What the address of one holds is known by its hash; it is kept
-- encrypted with a master key as well, so that the owner can be shown the address again. Without an object_id a
-- link follows the file's content, otherwise it ends with that content.
CREATE TABLE links (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    sealed_token BLOB NOT NULL,
    file_id INTEGER REFERENCES files (id) ON DELETE SET NULL,
    object_id BLOB CHECK (object_id IS NULL OR length(object_id) = 16),
    owner_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    is_requested INTEGER NOT NULL CHECK (is_requested IN (0, 1)),
    password_hash TEXT,
    max_downloads INTEGER CHECK (max_downloads >= 1),
    downloads INTEGER NOT NULL CHECK (downloads >= 0),
    created_at REAL NOT NULL,
    expires_at REAL,
    revoked_at REAL,
    last_used_at REAL
) STRICT;

CREATE INDEX links_by_owner ON links (owner_id, created_at, id);
CREATE INDEX links_by_file ON links (file_id, created_at);
CREATE INDEX links_by_expiry ON links (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX links_by_revocation ON links (revoked_at) WHERE revoked_at IS NOT NULL;
