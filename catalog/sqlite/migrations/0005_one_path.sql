-- A path is that of one file or of one folder. Until now both could have it.

-- Of each pair the file is numbered, by the rules of catalog/naming.py, one after the other: a name that
-- is given to one is taken for the next. A trigger, because each row has to see what the last one took.
CREATE TABLE paired_files (id INTEGER PRIMARY KEY, folder_id INTEGER, name TEXT, stem TEXT, extension TEXT);

CREATE TRIGGER paired_files_numbered AFTER INSERT ON paired_files BEGIN
    UPDATE files SET name = (
        WITH RECURSIVE candidates (number, mark) AS (
            SELECT 1, ' (1)'
            UNION ALL
            SELECT number + 1, ' (' || (number + 1) || ')' FROM candidates
            WHERE number <= (
                SELECT file_count + subfolder_count FROM folders WHERE id = NEW.folder_id
            )
        )
        SELECT candidate FROM (
            SELECT CASE WHEN length(mark) + length(NEW.extension) < 127
                THEN substr(NEW.stem, 1, 127 - length(mark) - length(NEW.extension)) || mark || NEW.extension
                ELSE substr(NEW.name, 1, 127 - length(mark)) || mark
            END AS candidate FROM candidates
        )
        WHERE NOT EXISTS (
            SELECT 1 FROM files AS other
            WHERE other.folder_id = NEW.folder_id AND other.name = candidate
        ) AND NOT EXISTS (
            SELECT 1 FROM folders WHERE parent_id = NEW.folder_id AND folders.name = candidate
        )
        LIMIT 1
    )
    WHERE files.id = NEW.id;
END;

-- `rtrim` with all characters but the dot leaves what ends with the last dot.
INSERT INTO paired_files (id, folder_id, name, stem, extension)
SELECT id, folder_id, name,
    CASE WHEN has_extension THEN substr(name, 1, dot - 1) ELSE name END,
    CASE WHEN has_extension THEN substr(name, dot) ELSE '' END
FROM (
    SELECT id, folder_id, name, dot,
        trim(substr(name, 1, max(dot - 1, 0)), '.') <> '' AND instr(substr(name, dot), ' ') = 0
            AS has_extension
    FROM (
        SELECT files.id, files.folder_id, files.name,
            length(rtrim(files.name, replace(files.name, '.', ''))) AS dot
        FROM files JOIN folders ON folders.parent_id = files.folder_id AND folders.name = files.name
    )
)
ORDER BY id;

DROP TABLE paired_files;

CREATE TRIGGER files_named BEFORE INSERT ON files
WHEN EXISTS (SELECT 1 FROM folders WHERE parent_id = NEW.folder_id AND name = NEW.name) BEGIN
    SELECT RAISE(ABORT, 'a folder has the name of the file');
END;

CREATE TRIGGER files_renamed BEFORE UPDATE OF folder_id, name ON files
WHEN EXISTS (SELECT 1 FROM folders WHERE parent_id = NEW.folder_id AND name = NEW.name) BEGIN
    SELECT RAISE(ABORT, 'a folder has the name of the file');
END;

CREATE TRIGGER folders_named BEFORE INSERT ON folders
WHEN EXISTS (SELECT 1 FROM files WHERE folder_id = NEW.parent_id AND name = NEW.name) BEGIN
    SELECT RAISE(ABORT, 'a file has the name of the folder');
END;

CREATE TRIGGER folders_renamed BEFORE UPDATE OF parent_id, name ON folders
WHEN EXISTS (SELECT 1 FROM files WHERE folder_id = NEW.parent_id AND name = NEW.name) BEGIN
    SELECT RAISE(ABORT, 'a file has the name of the folder');
END;
