-- Links that open a folder, or add files to it, without an account. What the address of one holds is known by
-- its hash; it is kept encrypted with a master key as well, so that the owner can be shown the address again.
CREATE TABLE folder_links (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    token_hash BLOB NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    sealed_token BLOB NOT NULL,
    folder_id INTEGER REFERENCES folders (id) ON DELETE SET NULL,
    owner_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label TEXT NOT NULL,
    is_for_uploads INTEGER NOT NULL CHECK (is_for_uploads IN (0, 1)),
    password_hash TEXT,
    max_files INTEGER CHECK (max_files >= 1),
    max_file_size INTEGER CHECK (max_file_size >= 1),
    max_total_size INTEGER CHECK (max_total_size >= 1),
    received_files INTEGER NOT NULL CHECK (received_files >= 0),
    received_size INTEGER NOT NULL CHECK (received_size >= 0),
    created_at REAL NOT NULL,
    expires_at REAL,
    revoked_at REAL,
    last_used_at REAL
) STRICT;

CREATE INDEX folder_links_by_owner ON folder_links (owner_id, created_at, id);
CREATE INDEX folder_links_by_folder ON folder_links (folder_id, created_at);
CREATE INDEX folder_links_by_expiry ON folder_links (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX folder_links_by_revocation ON folder_links (revoked_at) WHERE revoked_at IS NOT NULL;

-- Files that are being added by such links: the id is that of the content. Until it expires, or is counted, one
-- takes room of its link's limits.
CREATE TABLE link_uploads (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    link_id BLOB NOT NULL REFERENCES folder_links (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    expires_at REAL NOT NULL,
    counted_at REAL
) STRICT;

CREATE INDEX link_uploads_by_link ON link_uploads (link_id, counted_at, expires_at);
CREATE INDEX link_uploads_by_expiry ON link_uploads (expires_at);
