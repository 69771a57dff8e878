# ruff: noqa: S608 - only constants of this module are joined
"""Statements about content, its chunks and messages, and what keeps it alive."""

INSERT_OBJECT = """
INSERT INTO objects (id, size, chunk_size, chunk_count, envelope, state, created_at)
VALUES (:object_id, :size, :chunk_size, :chunk_count, :envelope, 'uploading', :created_at)
ON CONFLICT (id) DO NOTHING
"""
"""A new object; no change when it exists (a repeated call)."""

OBJECT_BY_ID = "SELECT * FROM objects WHERE id = :object_id"
"""An object by id."""

INSERT_MESSAGE = """
INSERT INTO messages (id, channel_id, webhook_id, stored_size)
SELECT :message_id, :channel_id, :webhook_id, :stored_size
WHERE NOT EXISTS (SELECT 1 FROM deleted_messages WHERE id = :message_id)
ON CONFLICT (id) DO NOTHING
RETURNING 1
"""
"""A message that was posted: a row when it is new, no change when it is known or deleted."""

INSERT_CHUNK = """
INSERT INTO chunks (object_id, "index", message_id, attachment_id, "offset", stored_size, size,
    digest)
SELECT id, :index, :message_id, :attachment_id, :offset, :stored_size, :size, :digest
FROM objects WHERE id = :object_id AND :index BETWEEN 0 AND chunk_count - 1
AND (:is_new OR EXISTS (SELECT 1 FROM messages WHERE id = :message_id AND chunk_count > 0))
ON CONFLICT (object_id, "index") DO NOTHING
"""
"""A chunk, unless its object is gone, its index is taken (or none of the object's), or its message
was given up."""

IS_CHUNK = """
SELECT 1 FROM chunks
WHERE object_id = :object_id AND "index" = :index AND message_id = :message_id
AND attachment_id IS :attachment_id AND "offset" = :offset
"""
"""A row if the chunk lies exactly there."""

CHUNKS = """
SELECT chunks.object_id, chunks."index", chunks.message_id, chunks.attachment_id,
    chunks."offset", chunks.stored_size, chunks.size, chunks.digest,
    messages.channel_id, messages.webhook_id, messages.stored_size AS message_stored_size
FROM chunks JOIN messages ON messages.id = chunks.message_id
WHERE chunks.object_id = :object_id AND chunks."index" >= :first
ORDER BY chunks."index" LIMIT :limit
"""
"""Chunks in order, with the messages that hold them."""

JOURNALLED = """
SELECT count(*) AS chunk_count, coalesce(sum(size), 0) AS size
FROM chunks WHERE object_id = :object_id
"""
"""How much of an object is there. Indices are unique and in range, so their number tells all."""

FINISH_OBJECT = """
UPDATE objects SET state = 'stored', mime_type = :mime_type, hash = :hash
WHERE id = :object_id AND state = 'uploading'
"""
"""From uploading to stored; no change when it is stored (a repeated call)."""

PUT_REFERENCE = """
INSERT INTO "references" (object_id, service, "key", expires_at)
VALUES (:object_id, :service, :key, :expires_at)
ON CONFLICT (object_id, service, "key") DO UPDATE SET expires_at = excluded.expires_at
"""
"""A reference, or another expiry for it."""

DELETE_REFERENCE = """
DELETE FROM "references" WHERE object_id = :object_id AND service = :service AND "key" = :key
"""
"""Lets go of an object."""

RENEW_REFERENCE = """
UPDATE "references" SET expires_at = :expires_at
WHERE object_id = :object_id AND service = :service AND "key" = :key AND expires_at > :now
"""
"""Another expiry for a reference that is not over; NULL (permanent) stays."""

DELETE_EXPIRED_REFERENCES = """
DELETE FROM "references" WHERE (object_id, service, "key") IN (
    SELECT object_id, service, "key" FROM "references"
    WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit
)
RETURNING 1
"""
"""A batch of references that are over."""

NOTICE_UNREFERENCED_OBJECTS = """
UPDATE objects SET unreferenced_since = CASE state WHEN 'uploading' THEN 0 ELSE :now END
WHERE id IN (
    SELECT id FROM objects WHERE reference_count = 0 AND unreferenced_since IS NULL LIMIT :limit
)
RETURNING 1
"""
"""Begins the grace of a batch of objects that nothing refers to any more."""

DUE_OBJECTS = """
SELECT id, chunk_count FROM objects WHERE reference_count = 0 AND unreferenced_since <= :due
ORDER BY unreferenced_since LIMIT :limit
"""
"""A batch of objects whose grace is over."""

DELETE_OBJECT = "DELETE FROM objects WHERE id = :object_id"
"""An object, with its chunks and the rows of its views."""


def _described(garbage: str) -> str:
    """The statement, and as whose and under which name each object was stored."""
    return f"""
SELECT found.id, found.size, found.unreferenced_since, commits.name, commits.folder_id,
    coalesce(owner.name, holder.name, CASE WHEN tickets.holder GLOB 'user:*' THEN NULL
        ELSE tickets.holder END) AS owner
FROM ({garbage}) AS found
LEFT JOIN commits ON commits.object_id = found.id
LEFT JOIN users AS owner ON owner.id = commits.owner_id
LEFT JOIN tickets ON tickets.id = found.id
LEFT JOIN users AS holder ON holder.id = CAST(substr(tickets.holder, 6) AS INTEGER)
    AND tickets.holder GLOB 'user:*'
"""


NOTICED_GARBAGE = (
    _described("""
SELECT id, size, unreferenced_since FROM objects
WHERE reference_count = 0 AND unreferenced_since IS NOT NULL
ORDER BY unreferenced_since LIMIT :limit
""")
    + "ORDER BY found.unreferenced_since"
)
"""Objects that nothing refers to, in the order in which that was noticed."""

UNNOTICED_GARBAGE = _described("""
SELECT id, size, unreferenced_since FROM objects
WHERE reference_count = 0 AND unreferenced_since IS NULL LIMIT :limit
""")
"""Objects that nothing refers to, which was not noticed yet."""

EXPIRED_GARBAGE = _described("""
SELECT objects.id, objects.size, objects.unreferenced_since
FROM "references" JOIN objects ON objects.id = "references".object_id
WHERE "references".expires_at <= :now
GROUP BY objects.id HAVING count(*) = objects.reference_count
LIMIT :limit
""")
"""Objects to which only references that are over refer."""

DROP_OLD_DELETED_MESSAGES = """
DELETE FROM deleted_messages WHERE id IN (
    SELECT id FROM deleted_messages WHERE deleted_at < :before ORDER BY deleted_at LIMIT :limit
)
"""
"""Forgets for good a batch of messages of which no report can be on its way any more."""
