-- A database that release 0.2.0 wrote, as SQLite's .dump gives it.
BEGIN TRANSACTION;
CREATE TABLE api_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL,
    key_hash BLOB NOT NULL UNIQUE CHECK (length(key_hash) = 32),
    created_by INTEGER REFERENCES users (id) ON DELETE SET NULL,
    created_at REAL NOT NULL,
    revoked_at REAL -- NULL: in force
) STRICT;
INSERT INTO "api_keys" VALUES(1,'importer',X'2C70E12B7A0646F92279F427C7B38E7334D8E5389CFF167A1DC30E73F826B683',1,1795000000.0,NULL);
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
INSERT INTO "chunks" VALUES(X'02000000000040008000000000000001',0,1000000000000000001,1000000000000000002,0,38,5,X'8855508AADE16EC573D21E6A485DFD0A7624085C1A14B5ECDD6485DE0C6839A4');
INSERT INTO "chunks" VALUES(X'02000000000040008000000000000002',0,1000000000000000002,1000000000000000003,0,40,7,X'837885C8F8091AEAEB9EC3C3F85A6FF470A415E610B8BA3E49F9B33C9CF9D619');
INSERT INTO "chunks" VALUES(X'02000000000040008000000000000003',0,1000000000000000003,1000000000000000004,0,44,11,X'71B6C1D53832F789A7F2435A7C629245FA3761AD8487775EBF4957330213A706');
INSERT INTO "chunks" VALUES(X'02000000000040008000000000000004',0,1000000000000000004,1000000000000000005,0,36,3,X'709E80C88487A2411E1EE4DFB9F22A861492D20C4765150C0C794ABD70F8147C');
INSERT INTO "chunks" VALUES(X'02000000000040008000000000000005',0,1000000000000000005,1000000000000000006,0,38,5,X'8855508AADE16EC573D21E6A485DFD0A7624085C1A14B5ECDD6485DE0C6839A4');
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
INSERT INTO "commits" VALUES(X'02000000000040008000000000000001',1,2,'report.txt',1,0,1795000000.0,1795000000.0,0,'[[1, 0, ["docs"]], [2, 1, ["docs", "2026"]]]');
INSERT INTO "commits" VALUES(X'02000000000040008000000000000002',2,1,'public.txt',2,1,1795000000.0,1795000000.0,0,NULL);
INSERT INTO "commits" VALUES(X'02000000000040008000000000000003',3,1,'twin.txt',NULL,0,1795000000.0,1795000000.0,0,NULL);
INSERT INTO "commits" VALUES(X'02000000000040008000000000000005',4,5,'gone.txt',1,0,1795000000.0,1795000000.0,0,'[[5, 0, ["old"]]]');
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
INSERT INTO "files" VALUES(1,2,'report.txt',X'02000000000040008000000000000001',1,0,5,1795000000.0,1795000000.0);
INSERT INTO "files" VALUES(2,1,'public.txt',X'02000000000040008000000000000002',2,1,7,1795000000.0,1795000000.0);
INSERT INTO "files" VALUES(3,1,'twin.txt',X'02000000000040008000000000000003',NULL,0,11,1795000000.0,1795000000.0);
CREATE TABLE folder_usage (
    folder_id INTEGER NOT NULL REFERENCES folders (id) ON DELETE CASCADE,
    mime_type TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes >= 0),
    files INTEGER NOT NULL CHECK (files >= 0),
    PRIMARY KEY (folder_id, mime_type)
) STRICT, WITHOUT ROWID;
INSERT INTO "folder_usage" VALUES(0,'text/plain',23,3);
INSERT INTO "folder_usage" VALUES(1,'text/plain',23,3);
INSERT INTO "folder_usage" VALUES(2,'text/plain',5,1);
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
INSERT INTO "folders" VALUES(0,NULL,'',0,2);
INSERT INTO "folders" VALUES(1,0,'docs',2,2);
INSERT INTO "folders" VALUES(2,1,'2026',1,0);
INSERT INTO "folders" VALUES(3,1,'twin.txt',0,1);
INSERT INTO "folders" VALUES(4,3,'below',0,0);
INSERT INTO "folders" VALUES(5,0,'old',0,0);
CREATE TABLE jobs (
    object_id BLOB PRIMARY KEY NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    due_at REAL NOT NULL, -- of a running one: the end of its lease
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    worker TEXT,
    error TEXT,
    recipe_version INTEGER,
    CHECK (state <> 'running' OR worker IS NOT NULL),
    CHECK (state <> 'done' OR recipe_version IS NOT NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO "jobs" VALUES(X'02000000000040008000000000000001','done',1795000000.0,1,'worker',NULL,1);
INSERT INTO "jobs" VALUES(X'02000000000040008000000000000002','queued',1795000000.0,0,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(X'02000000000040008000000000000003','queued',1795000000.0,0,NULL,NULL,NULL);
INSERT INTO "jobs" VALUES(X'02000000000040008000000000000005','queued',1795000000.0,0,NULL,NULL,NULL);
CREATE TABLE messages (
    id INTEGER PRIMARY KEY, -- the snowflake, which grows with time
    channel_id INTEGER NOT NULL,
    webhook_id INTEGER, -- NULL: posted by a bot
    stored_size INTEGER NOT NULL CHECK (stored_size >= 0),
    chunk_count INTEGER NOT NULL DEFAULT 0 CHECK (chunk_count >= 0)
) STRICT;
INSERT INTO "messages" VALUES(1000000000000000001,77,88,38,1);
INSERT INTO "messages" VALUES(1000000000000000002,77,NULL,40,1);
INSERT INTO "messages" VALUES(1000000000000000003,77,88,44,1);
INSERT INTO "messages" VALUES(1000000000000000004,77,NULL,36,1);
INSERT INTO "messages" VALUES(1000000000000000005,77,88,38,1);
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
, unreferenced_since REAL) STRICT;
INSERT INTO "objects" VALUES(X'02000000000040008000000000000001',5,5,1,'v1','stored','text/plain','abababababababababababababababababababababababababababababababab','{"pages": 3}',1795000000.0,1,NULL);
INSERT INTO "objects" VALUES(X'02000000000040008000000000000002',7,7,1,'v1','stored','text/plain','abababababababababababababababababababababababababababababababab',NULL,1795000000.0,2,NULL);
INSERT INTO "objects" VALUES(X'02000000000040008000000000000003',11,11,1,'v1','stored','text/plain','abababababababababababababababababababababababababababababababab',NULL,1795000000.0,1,NULL);
INSERT INTO "objects" VALUES(X'02000000000040008000000000000004',3,3,1,'v1','stored','text/plain','abababababababababababababababababababababababababababababababab',NULL,1795000000.0,1,NULL);
INSERT INTO "objects" VALUES(X'02000000000040008000000000000009',5,5,1,'v1','uploading','','',NULL,1795000000.0,1,NULL);
INSERT INTO "objects" VALUES(X'02000000000040008000000000000005',5,5,1,'v1','stored','text/plain','abababababababababababababababababababababababababababababababab',NULL,1795000000.0,0,NULL);
CREATE TABLE "references" (
    object_id BLOB NOT NULL REFERENCES objects (id),
    service TEXT NOT NULL,
    "key" TEXT NOT NULL,
    expires_at REAL, -- NULL: permanent. Over as soon as the clock reaches it
    PRIMARY KEY (object_id, service, "key")
) STRICT, WITHOUT ROWID;
INSERT INTO "references" VALUES(X'02000000000040008000000000000002','service:importer','needs it',NULL);
INSERT INTO "references" VALUES(X'02000000000040008000000000000009','upload','under way',1795000060.0);
CREATE TABLE schema_version (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at REAL NOT NULL
) STRICT
;
INSERT INTO "schema_version" VALUES(1,'initial',1795000000.0);
INSERT INTO "schema_version" VALUES(2,'tickets_and_jobs',1795000000.0);
INSERT INTO "schema_version" VALUES(3,'owned_files',1795000000.0);
CREATE TABLE shares (
    file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    can_write INTEGER NOT NULL CHECK (can_write IN (0, 1)),
    shared_at REAL NOT NULL,
    PRIMARY KEY (file_id, user_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "shares" VALUES(1,2,1,1795000000.0);
CREATE TABLE tickets (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    holder TEXT NOT NULL CHECK (holder <> ''),
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    reference_ttl_s REAL NOT NULL CHECK (reference_ttl_s >= 0),
    success_action_status INTEGER,
    success_action_redirect TEXT,
    view_of BLOB CHECK (view_of IS NULL OR length(view_of) = 16), -- the original, may be gone
    view_name TEXT,
    used_at REAL, -- NULL: not used yet; a ticket is good for one upload
    completed_at REAL,
    CHECK ((view_of IS NULL) = (view_name IS NULL)),
    CHECK (completed_at IS NULL OR used_at IS NOT NULL)
) STRICT, WITHOUT ROWID;
INSERT INTO "tickets" VALUES(X'02000000000040008000000000000014','service:importer','text/plain',5,1795000000.0,1795000060.0,60.0,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE CHECK (name <> ''),
    is_admin INTEGER NOT NULL CHECK (is_admin IN (0, 1)),
    password_hash TEXT NOT NULL,
    token_epoch INTEGER NOT NULL DEFAULT 0, -- raised with every new password, so that tokens die
    created_at REAL NOT NULL
) STRICT;
INSERT INTO "users" VALUES(1,'ann',1,'hash of ann',0,1795000000.0);
INSERT INTO "users" VALUES(2,'bob',0,'hash of bob',0,1795000000.0);
CREATE TABLE views (
    object_id BLOB NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    name TEXT NOT NULL, -- 'thumbnail' is the one that listings mention
    view_object_id BLOB NOT NULL REFERENCES objects (id),
    PRIMARY KEY (object_id, name),
    CHECK (object_id <> view_object_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "views" VALUES(X'02000000000040008000000000000001','thumbnail',X'02000000000040008000000000000004');
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
CREATE INDEX messages_orphaned ON messages (chunk_count) WHERE chunk_count = 0;
CREATE INDEX chunks_by_message ON chunks (message_id);
CREATE TRIGGER chunks_inserted AFTER INSERT ON chunks BEGIN
    UPDATE messages SET chunk_count = chunk_count + 1 WHERE id = NEW.message_id;
END;
CREATE TRIGGER chunks_deleted AFTER DELETE ON chunks BEGIN
    UPDATE messages SET chunk_count = chunk_count - 1 WHERE id = OLD.message_id;
END;
CREATE INDEX files_by_size ON files (folder_id, size, name);
CREATE INDEX files_by_size_descending ON files (folder_id, size DESC, name);
CREATE INDEX files_by_update ON files (folder_id, updated_at, name);
CREATE INDEX files_by_update_descending ON files (folder_id, updated_at DESC, name);
CREATE INDEX files_by_object ON files (object_id);
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
CREATE INDEX shares_by_user ON shares (user_id);
CREATE INDEX references_by_expiry ON "references" (expires_at) WHERE expires_at IS NOT NULL;
CREATE INDEX references_of_service ON "references" (service, expires_at)
WHERE expires_at IS NOT NULL;
CREATE TRIGGER references_inserted AFTER INSERT ON "references" BEGIN
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.object_id;
END;
CREATE TRIGGER references_deleted AFTER DELETE ON "references" BEGIN
    UPDATE objects SET reference_count = reference_count - 1 WHERE id = OLD.object_id;
END;
CREATE INDEX views_by_view ON views (view_object_id);
CREATE TRIGGER views_inserted AFTER INSERT ON views BEGIN
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.view_object_id;
END;
CREATE INDEX api_keys_by_creator ON api_keys (created_by);
CREATE INDEX objects_unreferenced ON objects (unreferenced_since) WHERE reference_count = 0;
CREATE TRIGGER objects_referenced AFTER UPDATE OF reference_count ON objects
WHEN OLD.reference_count = 0 AND NEW.reference_count > 0 AND NEW.unreferenced_since IS NOT NULL
BEGIN
    UPDATE objects SET unreferenced_since = NULL WHERE id = NEW.id;
END;
CREATE TRIGGER views_deleted AFTER DELETE ON views BEGIN
    UPDATE objects SET reference_count = reference_count - 1,
        unreferenced_since = CASE reference_count WHEN 1 THEN 0 END
    WHERE id = OLD.view_object_id;
END;
CREATE TRIGGER views_replaced AFTER UPDATE OF view_object_id ON views
WHEN OLD.view_object_id <> NEW.view_object_id BEGIN
    UPDATE objects SET reference_count = reference_count - 1,
        unreferenced_since = CASE reference_count WHEN 1 THEN 0 END
    WHERE id = OLD.view_object_id;
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.view_object_id;
END;
CREATE UNIQUE INDEX references_of_other_services ON "references" (service, "key")
WHERE service GLOB 'service:*';
CREATE INDEX references_of_tickets ON "references" ("key") WHERE service = 'ticket';
CREATE UNIQUE INDEX api_keys_in_force ON api_keys (service) WHERE revoked_at IS NULL;
CREATE INDEX tickets_open ON tickets (holder) WHERE completed_at IS NULL;
CREATE INDEX tickets_unused ON tickets (expires_at) WHERE used_at IS NULL;
CREATE TRIGGER objects_deleted AFTER DELETE ON objects BEGIN
    DELETE FROM tickets WHERE id = OLD.id;
END;
CREATE INDEX jobs_due ON jobs (due_at) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_by_state ON jobs (state, due_at);
CREATE INDEX files_by_owner ON files (owner_id, id, size);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('folders',5);
INSERT INTO "sqlite_sequence" VALUES('users',2);
INSERT INTO "sqlite_sequence" VALUES('files',4);
INSERT INTO "sqlite_sequence" VALUES('api_keys',1);
COMMIT;
