-- The trash is a root of its own (id -1): what is deleted moves there, is found by nobody, and keeps all
-- that belongs to it. Until now there was one root, and the checks said so. Rewriting them in the schema is
-- how SQLite drops a check without copying the table; see "Making Other Kinds Of Table Schema Changes" in
-- https://www.sqlite.org/lang_altertable.html.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema SET sql = replace(
    replace(sql, 'CHECK ((id = 0) = (parent_id IS NULL))', 'CHECK ((id <= 0) = (parent_id IS NULL))'),
    'CHECK ((id = 0) = (name = ''''))', 'CHECK ((id <= 0) = (name = ''''))'
)
WHERE type = 'table' AND name = 'folders';
PRAGMA writable_schema = RESET;

-- With what it was deleted: every file and folder in the trash has the id of a row of `trash`, the others
-- have NULL. The root of the trash has 0.
ALTER TABLE folders ADD COLUMN trash_id INTEGER;
ALTER TABLE files ADD COLUMN trash_id INTEGER;

-- The roots are not searched for, and what lies in the trash is not found.
DROP TRIGGER folders_inserted_searched;
CREATE TRIGGER folders_inserted_searched AFTER INSERT ON folders WHEN NEW.id > 0 BEGIN
    INSERT INTO search_entries (changed_at, id, parent_id, folded, mime_type)
    VALUES (coalesce(NEW.created_at, 0), 2 * NEW.id + 1, NEW.parent_id, folded_text(NEW.name), '');
END;

DROP VIEW findable_entries;
CREATE VIEW findable_entries AS
SELECT users.id AS viewer_id, search_entries.id AS entry_id
FROM users CROSS JOIN search_entries
WHERE NOT EXISTS (
    SELECT 1 FROM files
    WHERE files.id = search_entries.id / 2 AND search_entries.id % 2 = 0 AND files.trash_id IS NOT NULL
)
AND NOT EXISTS (
    SELECT 1 FROM folders
    WHERE folders.id = search_entries.id / 2 AND search_entries.id % 2 = 1
    AND folders.trash_id IS NOT NULL
);

INSERT INTO folders (id, parent_id, name, trash_id) VALUES (-1, NULL, '', 0);

-- One deletion each. The file or folder that was deleted lies in the root of the trash, and its name there
-- is the number of the deletion, since names may be alike.
CREATE TABLE trash (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id INTEGER UNIQUE REFERENCES files (id) ON DELETE CASCADE,
    folder_id INTEGER UNIQUE REFERENCES folders (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    origin_id INTEGER NOT NULL, -- the folder it lay in, which may be gone
    origin TEXT NOT NULL CHECK (json_valid(origin)), -- the path of that at the time
    deleted_by INTEGER REFERENCES users (id) ON DELETE SET NULL,
    deleted_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    CHECK ((file_id IS NULL) <> (folder_id IS NULL))
) STRICT;

CREATE INDEX trash_by_user ON trash (deleted_by, id);
CREATE INDEX trash_by_expiry ON trash (expires_at, id);
CREATE INDEX folders_trashed ON folders (trash_id) WHERE trash_id IS NOT NULL;
CREATE INDEX files_trashed ON files (trash_id, owner_id) WHERE trash_id IS NOT NULL;
CREATE INDEX files_trashed_by_owner ON files (owner_id, trash_id, size) WHERE trash_id IS NOT NULL;

-- What was changed last is looked for outside of the trash.
DROP INDEX files_by_owner_and_update;
CREATE INDEX files_by_owner_and_update ON files (owner_id, updated_at, id) WHERE trash_id IS NULL;
DROP INDEX files_public_by_update;
CREATE INDEX files_public_by_update ON files (updated_at, id) WHERE is_public = 1 AND trash_id IS NULL;

-- Content of files that was replaced. The owner is that of the file, whose quota it counts in: a row is
-- deleted when its file is gone already.
CREATE TABLE versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    file_id INTEGER NOT NULL REFERENCES files (id) ON DELETE CASCADE,
    object_id BLOB NOT NULL REFERENCES objects (id),
    owner_id INTEGER,
    size INTEGER NOT NULL CHECK (size >= 0),
    stored_at REAL NOT NULL, -- when it became the content of the file
    replaced_at REAL NOT NULL
) STRICT;

CREATE INDEX versions_by_file ON versions (file_id, id);
CREATE INDEX versions_by_object ON versions (object_id);

CREATE TRIGGER versions_inserted AFTER INSERT ON versions BEGIN
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.object_id;
    UPDATE users SET used_bytes = used_bytes + NEW.size WHERE id = NEW.owner_id;
END;

CREATE TRIGGER versions_deleted AFTER DELETE ON versions BEGIN
    UPDATE objects SET reference_count = reference_count - 1 WHERE id = OLD.object_id;
    UPDATE users SET used_bytes = used_bytes - OLD.size WHERE id = OLD.owner_id;
END;

CREATE TRIGGER versions_given AFTER UPDATE OF owner_id ON files
WHEN OLD.owner_id IS NOT NEW.owner_id BEGIN
    UPDATE users SET used_bytes = used_bytes - (
        SELECT coalesce(sum(size), 0) FROM versions WHERE file_id = NEW.id
    ) WHERE id = OLD.owner_id;
    UPDATE users SET used_bytes = used_bytes + (
        SELECT coalesce(sum(size), 0) FROM versions WHERE file_id = NEW.id
    ) WHERE id = NEW.owner_id;
    UPDATE versions SET owner_id = NEW.owner_id WHERE file_id = NEW.id;
END;
