-- Messages that were deleted on Discord. A report of one may still be on its way, and must not make it
-- a chunk: there is nothing left to read. Old rows are dropped by the collector.
CREATE TABLE deleted_messages (
    id INTEGER PRIMARY KEY,
    deleted_at REAL NOT NULL
) STRICT;

CREATE INDEX deleted_messages_by_age ON deleted_messages (deleted_at);

-- References are renewed one by one, by their key.
DROP INDEX references_of_service;
