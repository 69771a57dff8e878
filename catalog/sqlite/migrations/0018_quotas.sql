-- How much users may store (NULL: any number), and do. The counters are kept by triggers, so that neither a
-- commit nor a listing of accounts has to count the files of a user.
ALTER TABLE users ADD COLUMN quota_bytes INTEGER CHECK (quota_bytes > 0);
ALTER TABLE users ADD COLUMN quota_files INTEGER CHECK (quota_files > 0);
ALTER TABLE users ADD COLUMN used_bytes INTEGER NOT NULL DEFAULT 0 CHECK (used_bytes >= 0);
ALTER TABLE users ADD COLUMN used_files INTEGER NOT NULL DEFAULT 0 CHECK (used_files >= 0);

UPDATE users SET (used_files, used_bytes) = (
    SELECT count(*), coalesce(sum(size), 0) FROM files WHERE files.owner_id = users.id
);

CREATE TRIGGER files_inserted_owned AFTER INSERT ON files WHEN NEW.owner_id IS NOT NULL BEGIN
    UPDATE users SET used_bytes = used_bytes + NEW.size, used_files = used_files + 1
    WHERE id = NEW.owner_id;
END;

CREATE TRIGGER files_deleted_owned AFTER DELETE ON files WHEN OLD.owner_id IS NOT NULL BEGIN
    UPDATE users SET used_bytes = used_bytes - OLD.size, used_files = used_files - 1
    WHERE id = OLD.owner_id;
END;

CREATE TRIGGER files_changed_owned AFTER UPDATE OF owner_id, size ON files
WHEN OLD.owner_id IS NOT NEW.owner_id OR OLD.size <> NEW.size BEGIN
    UPDATE users SET used_bytes = used_bytes - OLD.size, used_files = used_files - 1
    WHERE id = OLD.owner_id;
    UPDATE users SET used_bytes = used_bytes + NEW.size, used_files = used_files + 1
    WHERE id = NEW.owner_id;
END;
