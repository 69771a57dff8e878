-- Names are listed in natural order, without regard to case: by a key, and those of equal keys by id.
--
-- `natural_sort_key` is a function of the program (catalog/sort_keys.py), which is there on its connections only: so
-- it stands in statements and nowhere in the schema, and other programs can read and write the file.
ALTER TABLE folders ADD COLUMN sort_key TEXT NOT NULL DEFAULT '';
UPDATE folders SET sort_key = natural_sort_key(name);
CREATE INDEX folders_by_sort_key ON folders (parent_id, sort_key);

ALTER TABLE files ADD COLUMN sort_key TEXT NOT NULL DEFAULT '';
UPDATE files SET sort_key = natural_sort_key(name);
CREATE INDEX files_by_sort_key ON files (folder_id, sort_key);

-- An index ends with the id, which breaks ties: ascending in both directions, but of names.
DROP INDEX files_by_size;
DROP INDEX files_by_size_descending;
DROP INDEX files_by_update;
DROP INDEX files_by_update_descending;
CREATE INDEX files_by_size ON files (folder_id, size, sort_key);
CREATE INDEX files_by_size_descending ON files (folder_id, size DESC, sort_key);
CREATE INDEX files_by_update ON files (folder_id, updated_at, sort_key);
CREATE INDEX files_by_update_descending ON files (folder_id, updated_at DESC, sort_key);
