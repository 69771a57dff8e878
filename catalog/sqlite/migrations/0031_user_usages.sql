-- What administrators see of the versions of each user.
CREATE INDEX versions_by_owner ON versions (owner_id, size);
