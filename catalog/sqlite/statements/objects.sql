-- Statements about content, its chunks and messages, and what keeps it alive.

-- insert_object --
-- A new object; no change when it exists (a repeated call).
INSERT INTO objects (id, size, chunk_size, chunk_count, envelope, state, created_at, modified_at)
VALUES (:object_id, :size, :chunk_size, :chunk_count, :envelope, 'uploading', :created_at, :modified_at)
ON CONFLICT (id) DO NOTHING;

-- object_by_id --
-- An object by id.
SELECT * FROM objects WHERE id = :object_id;

-- insert_message --
-- A message that was posted: a row when it is new, no change when it is known or deleted.
INSERT INTO messages (id, channel_id, webhook_id, stored_size)
SELECT :message_id, :channel_id, :webhook_id, :stored_size
WHERE NOT EXISTS (SELECT 1 FROM deleted_messages WHERE id = :message_id)
ON CONFLICT (id) DO NOTHING
RETURNING 1;

-- insert_chunk --
-- A chunk, unless its object is gone, its index is taken (or none of the object's), or its message was
-- given up.
INSERT INTO chunks (object_id, "index", message_id, attachment_id, "offset", stored_size, size,
    digest)
SELECT id, :index, :message_id, :attachment_id, :offset, :stored_size, :size, :digest
FROM objects WHERE id = :object_id AND :index BETWEEN 0 AND chunk_count - 1
AND (:is_new OR EXISTS (SELECT 1 FROM messages WHERE id = :message_id AND chunk_count > 0))
ON CONFLICT (object_id, "index") DO NOTHING;

-- is_chunk --
-- A row if the chunk lies exactly there.
SELECT 1 FROM chunks
WHERE object_id = :object_id AND "index" = :index AND message_id = :message_id
AND attachment_id IS :attachment_id AND "offset" = :offset;

-- chunks --
-- Chunks in order, with the messages that hold them.
SELECT chunks.object_id, chunks."index", chunks.message_id, chunks.attachment_id,
    chunks."offset", chunks.stored_size, chunks.size, chunks.digest,
    messages.channel_id, messages.webhook_id, messages.stored_size AS message_stored_size
FROM chunks JOIN messages ON messages.id = chunks.message_id
WHERE chunks.object_id = :object_id AND chunks."index" >= :first
ORDER BY chunks."index" LIMIT :limit;

-- single_chunk_objects --
-- Stored objects of one chunk, of those whose ids follow on each other in `ids`, 16 bytes each.
WITH RECURSIVE wanted (id, next) AS (
SELECT substr(:ids, 1, 16), 17
UNION ALL SELECT substr(:ids, next, 16), next + 16 FROM wanted WHERE next < length(:ids)
)
SELECT objects.* FROM wanted CROSS JOIN objects ON objects.id = wanted.id
WHERE objects.chunk_count = 1 AND objects.state = 'stored';

-- first_chunks --
-- The first chunks of objects, given as for `single_chunk_objects`, with the messages that hold them.
WITH RECURSIVE wanted (id, next) AS (
SELECT substr(:ids, 1, 16), 17
UNION ALL SELECT substr(:ids, next, 16), next + 16 FROM wanted WHERE next < length(:ids)
)
SELECT chunks.object_id, chunks."index", chunks.message_id, chunks.attachment_id,
    chunks."offset", chunks.stored_size, chunks.size, chunks.digest,
    messages.channel_id, messages.webhook_id, messages.stored_size AS message_stored_size
FROM wanted CROSS JOIN chunks ON chunks.object_id = wanted.id AND chunks."index" = 0
CROSS JOIN messages ON messages.id = chunks.message_id;

-- journalled_chunks --
-- How much of an object is there. Indices are unique and in range, so their number suffices.
SELECT count(*) AS chunk_count, coalesce(sum(size), 0) AS size
FROM chunks WHERE object_id = :object_id;

-- finish_object --
-- From uploading to stored.
UPDATE objects SET state = 'stored', mime_type = :mime_type, hash = :hash
WHERE id = :object_id RETURNING *;

-- put_reference --
-- A reference, or another expiry for it.
INSERT INTO "references" (object_id, service, "key", expires_at)
VALUES (:object_id, :service, :key, :expires_at)
ON CONFLICT (object_id, service, "key") DO UPDATE SET expires_at = excluded.expires_at;

-- delete_reference --
-- Lets go of an object.
DELETE FROM "references" WHERE object_id = :object_id AND service = :service AND "key" = :key;

-- renew_reference --
-- Another expiry for a reference that is not over; NULL (permanent) stays.
UPDATE "references" SET expires_at = :expires_at
WHERE object_id = :object_id AND service = :service AND "key" = :key AND expires_at > :now;

-- delete_expired_references --
-- A batch of references that are over.
DELETE FROM "references" WHERE (object_id, service, "key") IN (
    SELECT object_id, service, "key" FROM "references"
    WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit
)
RETURNING 1;

-- notice_unreferenced_objects --
-- Begins the grace of a batch of objects that nothing refers to any more.
UPDATE objects SET unreferenced_since = CASE state WHEN 'uploading' THEN 0 ELSE :now END
WHERE id IN (
    SELECT id FROM objects WHERE reference_count = 0 AND unreferenced_since IS NULL LIMIT :limit
)
RETURNING 1;

-- due_objects --
-- A batch of objects whose grace is over.
SELECT id, chunk_count FROM objects WHERE reference_count = 0 AND unreferenced_since <= :due
ORDER BY unreferenced_since LIMIT :limit;

-- delete_object --
-- An object, with its chunks and the rows of its views.
DELETE FROM objects WHERE id = :object_id;

-- noticed_garbage --
-- Objects that nothing refers to, in the order in which that was noticed.
SELECT found.id, found.size, found.unreferenced_since, commits.name, commits.folder_id,
    coalesce(owner.name, holder.name, CASE WHEN tickets.holder GLOB 'user:*' THEN NULL
        ELSE tickets.holder END) AS owner
FROM (
SELECT id, size, unreferenced_since FROM objects
WHERE reference_count = 0 AND unreferenced_since IS NOT NULL
ORDER BY unreferenced_since LIMIT :limit
) AS found
LEFT JOIN commits ON commits.object_id = found.id
LEFT JOIN users AS owner ON owner.id = commits.owner_id
LEFT JOIN tickets ON tickets.id = found.id
LEFT JOIN users AS holder ON holder.id = CAST(substr(tickets.holder, 6) AS INTEGER)
    AND tickets.holder GLOB 'user:*'
ORDER BY found.unreferenced_since;

-- unnoticed_garbage --
-- Objects that nothing refers to, which was not noticed yet.
SELECT found.id, found.size, found.unreferenced_since, commits.name, commits.folder_id,
    coalesce(owner.name, holder.name, CASE WHEN tickets.holder GLOB 'user:*' THEN NULL
        ELSE tickets.holder END) AS owner
FROM (
SELECT id, size, unreferenced_since FROM objects
WHERE reference_count = 0 AND unreferenced_since IS NULL LIMIT :limit
) AS found
LEFT JOIN commits ON commits.object_id = found.id
LEFT JOIN users AS owner ON owner.id = commits.owner_id
LEFT JOIN tickets ON tickets.id = found.id
LEFT JOIN users AS holder ON holder.id = CAST(substr(tickets.holder, 6) AS INTEGER)
    AND tickets.holder GLOB 'user:*';

-- expired_garbage --
-- Objects to which only references that are over refer.
SELECT found.id, found.size, found.unreferenced_since, commits.name, commits.folder_id,
    coalesce(owner.name, holder.name, CASE WHEN tickets.holder GLOB 'user:*' THEN NULL
        ELSE tickets.holder END) AS owner
FROM (
SELECT objects.id, objects.size, objects.unreferenced_since
FROM "references" JOIN objects ON objects.id = "references".object_id
WHERE "references".expires_at <= :now
GROUP BY objects.id HAVING count(*) = objects.reference_count
LIMIT :limit
) AS found
LEFT JOIN commits ON commits.object_id = found.id
LEFT JOIN users AS owner ON owner.id = commits.owner_id
LEFT JOIN tickets ON tickets.id = found.id
LEFT JOIN users AS holder ON holder.id = CAST(substr(tickets.holder, 6) AS INTEGER)
    AND tickets.holder GLOB 'user:*';

-- drop_old_deleted_messages --
-- Forgets for good a batch of messages of which no report can be on its way any more.
DELETE FROM deleted_messages WHERE id IN (
    SELECT id FROM deleted_messages WHERE deleted_at < :before ORDER BY deleted_at LIMIT :limit
);
