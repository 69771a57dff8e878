-- What searches read: a row per file (twice its id) and per folder (twice its id and one), in the order of
-- their last change. Triggers keep it, so that whatever changes files and folders changes it in the same
-- transaction. `folded_text` is a function of the program (catalog/folding.py).
CREATE TABLE search_entries (
    changed_at REAL NOT NULL,
    id INTEGER NOT NULL,
    parent_id INTEGER NOT NULL,
    folded TEXT NOT NULL,
    mime_type TEXT NOT NULL, -- empty for a folder
    size INTEGER, -- NULL for a folder
    owner_id INTEGER,
    PRIMARY KEY (changed_at, id)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE search_names USING fts5(
    folded, content = '', columnsize = 0, tokenize = 'trigram case_sensitive 1'
);

INSERT INTO search_entries (changed_at, id, parent_id, folded, mime_type, size, owner_id)
SELECT files.updated_at, 2 * files.id, files.folder_id, folded_text(files.name), objects.mime_type, files.size,
    files.owner_id
FROM files JOIN objects ON objects.id = files.object_id;

INSERT INTO search_entries (changed_at, id, parent_id, folded, mime_type)
SELECT coalesce(created_at, 0), 2 * id + 1, parent_id, folded_text(name), '' FROM folders WHERE id <> 0;

INSERT INTO search_names (rowid, folded) SELECT id, folded FROM search_entries ORDER BY id;

CREATE UNIQUE INDEX search_entries_by_id ON search_entries (id);
CREATE INDEX search_entries_by_name ON search_entries (folded);
CREATE INDEX search_entries_by_type ON search_entries (mime_type);
-- Large files are few, and are what people look for by size.
CREATE INDEX search_entries_large ON search_entries (size) WHERE size >= 67108864;

CREATE TRIGGER search_entries_inserted AFTER INSERT ON search_entries BEGIN
    INSERT INTO search_names (rowid, folded) VALUES (NEW.id, NEW.folded);
END;

CREATE TRIGGER search_entries_deleted AFTER DELETE ON search_entries BEGIN
    INSERT INTO search_names (search_names, rowid, folded) VALUES ('delete', OLD.id, OLD.folded);
END;

CREATE TRIGGER search_entries_renamed AFTER UPDATE OF folded ON search_entries
WHEN OLD.folded <> NEW.folded BEGIN
    INSERT INTO search_names (search_names, rowid, folded) VALUES ('delete', OLD.id, OLD.folded);
    INSERT INTO search_names (rowid, folded) VALUES (NEW.id, NEW.folded);
END;

CREATE TRIGGER files_inserted_searched AFTER INSERT ON files BEGIN
    INSERT INTO search_entries (changed_at, id, parent_id, folded, mime_type, size, owner_id)
    SELECT NEW.updated_at, 2 * NEW.id, NEW.folder_id, folded_text(NEW.name), objects.mime_type, NEW.size,
        NEW.owner_id
    FROM objects WHERE objects.id = NEW.object_id;
END;

CREATE TRIGGER files_deleted_searched AFTER DELETE ON files BEGIN
    DELETE FROM search_entries WHERE id = 2 * OLD.id;
END;

CREATE TRIGGER files_changed_searched
AFTER UPDATE OF folder_id, name, object_id, owner_id, size, updated_at ON files BEGIN
    UPDATE search_entries SET changed_at = NEW.updated_at, parent_id = NEW.folder_id,
        folded = folded_text(NEW.name), size = NEW.size, owner_id = NEW.owner_id,
        mime_type = (SELECT mime_type FROM objects WHERE objects.id = NEW.object_id)
    WHERE id = 2 * NEW.id;
END;

CREATE TRIGGER folders_inserted_searched AFTER INSERT ON folders WHEN NEW.id <> 0 BEGIN
    INSERT INTO search_entries (changed_at, id, parent_id, folded, mime_type)
    VALUES (coalesce(NEW.created_at, 0), 2 * NEW.id + 1, NEW.parent_id, folded_text(NEW.name), '');
END;

CREATE TRIGGER folders_deleted_searched AFTER DELETE ON folders BEGIN
    DELETE FROM search_entries WHERE id = 2 * OLD.id + 1;
END;

CREATE TRIGGER folders_changed_searched AFTER UPDATE OF parent_id, name ON folders BEGIN
    UPDATE search_entries SET parent_id = NEW.parent_id, folded = folded_text(NEW.name)
    WHERE id = 2 * NEW.id + 1;
END;

-- The words that processing found in content, once each and sorted, joined by blanks.
CREATE TABLE object_texts (
    id INTEGER PRIMARY KEY,
    object_id BLOB NOT NULL UNIQUE REFERENCES objects (id) ON DELETE CASCADE,
    words TEXT NOT NULL
) STRICT;

CREATE VIRTUAL TABLE search_texts USING fts5(
    words, content = 'object_texts', content_rowid = 'id', columnsize = 0, detail = none,
    tokenize = 'ascii'
);

CREATE TRIGGER object_texts_inserted AFTER INSERT ON object_texts BEGIN
    INSERT INTO search_texts (rowid, words) VALUES (NEW.id, NEW.words);
END;

CREATE TRIGGER object_texts_deleted AFTER DELETE ON object_texts BEGIN
    INSERT INTO search_texts (search_texts, rowid, words) VALUES ('delete', OLD.id, OLD.words);
END;

-- Metadata whose words are still to be indexed: that of earlier releases, and of imports.
ALTER TABLE objects ADD COLUMN is_text_indexed INTEGER NOT NULL DEFAULT 0 CHECK (is_text_indexed IN (0, 1));
CREATE INDEX objects_to_index ON objects (id) WHERE is_text_indexed = 0 AND metadata IS NOT NULL;

-- Who may find what, and who may find it by its text. All searches ask these, and nothing else.
CREATE VIEW findable_entries AS
SELECT users.id AS viewer_id, search_entries.id AS entry_id
FROM users CROSS JOIN search_entries;

CREATE VIEW readable_files AS
SELECT users.id AS viewer_id, files.id AS file_id
FROM users CROSS JOIN files
WHERE files.owner_id IS NULL OR files.owner_id = users.id OR files.is_public = 1
OR EXISTS (SELECT 1 FROM shares WHERE shares.file_id = files.id AND shares.user_id = users.id);
