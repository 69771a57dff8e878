-- From when on which master key seals new content, by the key's id. The first row begins at 0: what was
-- there before is taken to be sealed with that key.
CREATE TABLE master_keys (
    used_from REAL PRIMARY KEY,
    key_id BLOB NOT NULL CHECK (length(key_id) = 4)
) STRICT, WITHOUT ROWID;
