-- Invitations by which people register themselves. What the address of one holds is known by its hash alone.
CREATE TABLE invitations (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_by INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    quota_bytes INTEGER CHECK (quota_bytes >= 1),
    quota_files INTEGER CHECK (quota_files >= 1),
    group_ids TEXT NOT NULL,
    max_uses INTEGER NOT NULL CHECK (max_uses >= 1),
    uses INTEGER NOT NULL CHECK (uses >= 0 AND uses <= max_uses),
    created_at REAL NOT NULL,
    expires_at REAL,
    revoked_at REAL
) STRICT;

CREATE INDEX invitations_by_creator ON invitations (created_by);
