-- What a user owns is read off the index in the order of the ids, sizes included.
DROP INDEX files_by_owner;
CREATE INDEX files_by_owner ON files (owner_id, id, size);
