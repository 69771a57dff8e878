-- The whole data model. References tie it together: whatever keeps content alive is a reference,
-- content without one is garbage, and a message without chunks is to be deleted on Discord.
--
-- Times are seconds since the Unix epoch, sizes are bytes, object ids are the 16 bytes of a UUID.
-- Ids that leave the database are AUTOINCREMENT: a token, a link or a client's cache may outlive
-- the row, and must not come to mean another one.

-- NOCASE folds ASCII only, which is all that a user name may consist of.
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (name <> ''),
    is_admin INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    password_hash TEXT NOT NULL,
    token_epoch INTEGER NOT NULL DEFAULT 0, -- raised with every new password, so that tokens die
    created_at REAL NOT NULL
) STRICT;

-- The root is a row (id 0) rather than NULL, because NULLs never collide in a UNIQUE constraint and
-- two folders of one name could stand in the root. The binary collation of UTF-8 is the order of
-- Unicode code points. The counts are kept by triggers: a status request must not count rows.
CREATE TABLE folders (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent_id INTEGER REFERENCES folders (id) ON DELETE CASCADE,
    name TEXT NOT NULL CHECK (length(name) <= 127 AND instr(name, '/') = 0),
    file_count INTEGER NOT NULL DEFAULT 0 CHECK (file_count >= 0),
    subfolder_count INTEGER NOT NULL DEFAULT 0 CHECK (subfolder_count >= 0),
    UNIQUE (parent_id, name),
    CHECK ((id = 0) = (parent_id IS NULL)),
    CHECK ((id = 0) = (name = ''))
) STRICT;

INSERT INTO folders (id, parent_id, name) VALUES (0, NULL, '');

CREATE TRIGGER folders_inserted AFTER INSERT ON folders BEGIN
    UPDATE folders SET subfolder_count = subfolder_count + 1 WHERE id = NEW.parent_id;
END;

CREATE TRIGGER folders_deleted AFTER DELETE ON folders BEGIN
    UPDATE folders SET subfolder_count = subfolder_count - 1 WHERE id = OLD.parent_id;
END;

CREATE TRIGGER folders_moved AFTER UPDATE OF parent_id ON folders
WHEN OLD.parent_id <> NEW.parent_id BEGIN
    UPDATE folders SET subfolder_count = subfolder_count - 1 WHERE id = OLD.parent_id;
    UPDATE folders SET subfolder_count = subfolder_count + 1 WHERE id = NEW.parent_id;
END;

-- Totals of the whole subtree by MIME type, kept by every write in its own transaction, so that the
-- size of a folder is a lookup. A type without files has no row.
CREATE TABLE folder_usage (
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    mime_type TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    files INTEGER NOT NULL CHECK (files >= 0),
    PRIMARY KEY (folder_id, mime_type)
) STRICT, WITHOUT ROWID;

-- Content. `reference_count` counts files, rows of "references", and views that are this object.
-- Triggers keep it, so that garbage is found by a partial index instead of a scan of everything.
CREATE TABLE objects (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    size INTEGER NOT NULL CHECK (size >= 0),
    chunk_size INTEGER NOT NULL CHECK (chunk_size > 0),
    chunk_count INTEGER NOT NULL CHECK (chunk_count >= 0),
    envelope TEXT NOT NULL CHECK (envelope IN ('plain', 'base', 'v1')),
    state TEXT NOT NULL CHECK (state IN ('uploading', 'stored')),
    mime_type TEXT NOT NULL DEFAULT '', -- empty until stored
    hash TEXT NOT NULL DEFAULT '', -- empty until stored
    metadata TEXT CHECK (metadata IS NULL OR json_valid(metadata)), -- what processing found out
    created_at REAL NOT NULL,
    reference_count INTEGER NOT NULL DEFAULT 0 CHECK (reference_count >= 0)
) STRICT;

CREATE INDEX objects_unreferenced ON objects (created_at) WHERE reference_count = 0;

-- What Discord holds for us. `chunk_count` is kept by triggers, for the same reason as above.
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, -- the snowflake, which grows with time
    channel_id INTEGER NOT NULL,
    webhook_id INTEGER, -- NULL: posted by a bot
    stored_size INTEGER NOT NULL CHECK (stored_size >= 0),
    chunk_count INTEGER NOT NULL DEFAULT 0 CHECK (chunk_count >= 0)
) STRICT;

CREATE INDEX messages_orphaned ON messages (chunk_count) WHERE chunk_count = 0;

-- The journal: a row is written as soon as Discord has acknowledged the chunk.
CREATE TABLE chunks (
    object_id BLOB NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    "index" INTEGER NOT NULL CHECK ("index" >= 0),
    message_id INTEGER NOT NULL REFERENCES messages (id),
    attachment_id INTEGER, -- NULL: the message has exactly one
    "offset" INTEGER NOT NULL CHECK ("offset" >= 0),
    stored_size INTEGER NOT NULL CHECK (stored_size >= 0),
    size INTEGER NOT NULL CHECK (size >= 0),
    digest BLOB CHECK (digest IS NULL OR length(digest) = 32),
    PRIMARY KEY (object_id, "index")
) STRICT, WITHOUT ROWID;

CREATE INDEX chunks_by_message ON chunks (message_id);

CREATE TRIGGER chunks_inserted AFTER INSERT ON chunks BEGIN
    UPDATE messages SET chunk_count = chunk_count + 1 WHERE id = NEW.message_id;
END;

CREATE TRIGGER chunks_deleted AFTER DELETE ON chunks BEGIN
    UPDATE messages SET chunk_count = chunk_count - 1 WHERE id = OLD.message_id;
END;

-- A file is a permanent reference: the foreign key makes the database itself refuse to delete
-- content that has a name. `size` repeats the object's, which never changes once stored, because an
-- index cannot reach into another table.
CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    name TEXT NOT NULL CHECK (length(name) BETWEEN 1 AND 127 AND instr(name, '/') = 0),
    object_id BLOB NOT NULL REFERENCES objects (id),
    owner_id INTEGER REFERENCES users (id), -- NULL: belongs to everybody
    is_public INTEGER NOT NULL CHECK (is_public IN (0, 1)),
    size INTEGER NOT NULL CHECK (size >= 0),
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL, -- when the content was last replaced
    UNIQUE (folder_id, name)
) STRICT;

-- A page is read off an index in its order. Ties go by name ascending in both directions, so that
-- each order needs an index per direction: reading one backwards would turn the names around too.
CREATE INDEX files_by_size ON files (folder_id, size, name);
CREATE INDEX files_by_size_descending ON files (folder_id, size DESC, name);
CREATE INDEX files_by_update ON files (folder_id, updated_at, name);
CREATE INDEX files_by_update_descending ON files (folder_id, updated_at DESC, name);
CREATE INDEX files_by_object ON files (object_id);
CREATE INDEX files_by_owner ON files (owner_id);

CREATE TRIGGER files_inserted AFTER INSERT ON files BEGIN
    UPDATE folders SET file_count = file_count + 1 WHERE id = NEW.folder_id;
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.object_id;
END;

CREATE TRIGGER files_deleted AFTER DELETE ON files BEGIN
    UPDATE folders SET file_count = file_count - 1 WHERE id = OLD.folder_id;
    UPDATE objects SET reference_count = reference_count - 1 WHERE id = OLD.object_id;
END;

CREATE TRIGGER files_moved AFTER UPDATE OF folder_id ON files
WHEN OLD.folder_id <> NEW.folder_id BEGIN
    UPDATE folders SET file_count = file_count - 1 WHERE id = OLD.folder_id;
    UPDATE folders SET file_count = file_count + 1 WHERE id = NEW.folder_id;
END;

CREATE TRIGGER files_replaced AFTER UPDATE OF object_id ON files
WHEN OLD.object_id <> NEW.object_id BEGIN
    UPDATE objects SET reference_count = reference_count - 1 WHERE id = OLD.object_id;
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.object_id;
END;

CREATE TABLE shares (
    file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    can_write INTEGER NOT NULL CHECK (can_write IN (0, 1)),
    shared_at REAL NOT NULL,
    PRIMARY KEY (file_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX shares_by_user ON shares (user_id);

-- Receipts: what committing an object did. A caller that lost the answer asks again, and must get
-- the same answer even if the file was renamed or deleted in between. They go with the object.
CREATE TABLE commits (
    object_id BLOB PRIMARY KEY NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    file_id INTEGER NOT NULL, -- no foreign key: the receipt outlives the file
    folder_id INTEGER NOT NULL,
    name TEXT NOT NULL,
    owner_id INTEGER,
    is_public INTEGER NOT NULL,
    created_at REAL NOT NULL,
    updated_at REAL NOT NULL,
    replaced INTEGER NOT NULL CHECK (replaced IN (0, 1)),
    created_folders TEXT -- JSON list of [id, parent id, path]; NULL: none was made
) STRICT, WITHOUT ROWID;

-- What keeps content alive besides files. Without ON DELETE: content with a live reference cannot be
-- deleted; expired rows are removed before their object is.
CREATE TABLE "references" (
    object_id BLOB NOT NULL REFERENCES objects (id),
    service TEXT NOT NULL,
    "key" TEXT NOT NULL,
    expires_at REAL, -- NULL: permanent. Over as soon as the clock reaches it
    PRIMARY KEY (object_id, service, "key")
) STRICT, WITHOUT ROWID;

CREATE INDEX references_by_expiry ON "references" (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX references_of_service ON "references" (service, expires_at)
WHERE expires_at IS NOT NULL;

CREATE TRIGGER references_inserted AFTER INSERT ON "references" BEGIN
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.object_id;
END;

CREATE TRIGGER references_deleted AFTER DELETE ON "references" BEGIN
    UPDATE objects SET reference_count = reference_count - 1 WHERE id = OLD.object_id;
END;

-- What was made from an object, stored as an object of its own, and needed for as long as that one
-- lives. A view is made after its original, so that no circle can come about.
CREATE TABLE views (
    object_id BLOB NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    name TEXT NOT NULL, -- 'thumbnail' is the one that listings mention
    view_object_id BLOB NOT NULL REFERENCES objects (id),
    PRIMARY KEY (object_id, name),
    CHECK (object_id <> view_object_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX views_by_view ON views (view_object_id);

CREATE TRIGGER views_inserted AFTER INSERT ON views BEGIN
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.view_object_id;
END;

CREATE TRIGGER views_deleted AFTER DELETE ON views BEGIN
    UPDATE objects SET reference_count = reference_count - 1 WHERE id = OLD.view_object_id;
END;

CREATE TRIGGER views_replaced AFTER UPDATE OF view_object_id ON views
WHEN OLD.view_object_id <> NEW.view_object_id BEGIN
    UPDATE objects SET reference_count = reference_count - 1 WHERE id = OLD.view_object_id;
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.view_object_id;
END;

-- Other services, and the administrators who let them in. Keys are kept as SHA-256 only.
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    created_by INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_at REAL NOT NULL,
    revoked_at REAL -- NULL: in force
) STRICT;

CREATE INDEX api_keys_by_creator ON api_keys (created_by);

-- Permissions to upload one file of that type and size, asked for by a user or by a service.
CREATE TABLE tickets (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    user_id INTEGER REFERENCES users (id) ON DELETE CASCADE,
    service TEXT,
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    object_id BLOB REFERENCES objects (id) ON DELETE SET NULL, -- what came of it
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    used_at REAL, -- NULL: not used yet; a ticket is good for one upload
    CHECK ((user_id IS NULL) <> (service IS NULL))
) STRICT;

CREATE INDEX tickets_by_user ON tickets (user_id);
CREATE INDEX tickets_by_object ON tickets (object_id);
CREATE INDEX tickets_by_expiry ON tickets (expires_at);
