-- How many changes of folders and files were committed: each takes the next number in its transaction, so
-- that numbers are in the order of the commits and none is missing.
CREATE TABLE change_sequence (
    id INTEGER PRIMARY KEY CHECK (id = 0),
    last INTEGER NOT NULL CHECK (last >= 0)
) STRICT;

INSERT INTO change_sequence (id, last) VALUES (0, 0);

-- The number of the commit, for who lost the answer; NULL: it was made before there were numbers, or
-- came with an import.
ALTER TABLE commits ADD COLUMN sequence INTEGER;
