-- What names contain of one and two characters, which trigrams cannot find. `short_grams` is a function of the
-- program (catalog/folding.py).
CREATE VIRTUAL TABLE search_grams USING fts5(
    grams, content = '', columnsize = 0, detail = none, tokenize = 'ascii'
);
INSERT INTO search_grams (rowid, grams) SELECT id, short_grams(folded) FROM search_entries ORDER BY id;

DROP TRIGGER search_entries_inserted;
CREATE TRIGGER search_entries_inserted AFTER INSERT ON search_entries BEGIN
    INSERT INTO search_names (rowid, folded) VALUES (NEW.id, NEW.folded);
    INSERT INTO search_grams (rowid, grams) VALUES (NEW.id, short_grams(NEW.folded));
END;

DROP TRIGGER search_entries_deleted;
CREATE TRIGGER search_entries_deleted AFTER DELETE ON search_entries BEGIN
    INSERT INTO search_names (search_names, rowid, folded) VALUES ('delete', OLD.id, OLD.folded);
    INSERT INTO search_grams (search_grams, rowid, grams) VALUES ('delete', OLD.id, short_grams(OLD.folded));
END;

DROP TRIGGER search_entries_renamed;
CREATE TRIGGER search_entries_renamed AFTER UPDATE OF folded ON search_entries
WHEN OLD.folded <> NEW.folded BEGIN
    INSERT INTO search_names (search_names, rowid, folded) VALUES ('delete', OLD.id, OLD.folded);
    INSERT INTO search_names (rowid, folded) VALUES (NEW.id, NEW.folded);
    INSERT INTO search_grams (search_grams, rowid, grams) VALUES ('delete', OLD.id, short_grams(OLD.folded));
    INSERT INTO search_grams (rowid, grams) VALUES (NEW.id, short_grams(NEW.folded));
END;
