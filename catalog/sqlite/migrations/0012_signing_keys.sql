-- Keys that sign user tokens, upload tickets and links, each encrypted with a master key. A key signs from
-- its time on until the next one does. The one whose id is 0 is in no catalog: its secret is the oldest
-- master key, with which earlier releases have signed.
CREATE TABLE signing_keys (
    key_id BLOB PRIMARY KEY NOT NULL CHECK (length(key_id) = 4),
    signs_from REAL NOT NULL,
    sealed BLOB,
    CHECK ((sealed IS NULL) = (key_id = x'00000000'))
) STRICT, WITHOUT ROWID;
