"""Statements about messages without chunks, sweeps for unknown ones, and webhooks.

An author is a webhook (0: a bot) in a channel.
"""

ORPHAN_AUTHORS = """
WITH RECURSIVE author (id) AS (
    SELECT (
        SELECT id FROM messages WHERE chunk_count = 0
        ORDER BY coalesce(webhook_id, 0), channel_id LIMIT 1
    )
    UNION ALL
    SELECT coalesce((
        SELECT later.id FROM messages AS later WHERE later.chunk_count = 0
        AND coalesce(later.webhook_id, 0) = coalesce(messages.webhook_id, 0)
        AND later.channel_id > messages.channel_id ORDER BY later.channel_id LIMIT 1
    ), (
        SELECT later.id FROM messages AS later WHERE later.chunk_count = 0
        AND coalesce(later.webhook_id, 0) > coalesce(messages.webhook_id, 0)
        ORDER BY coalesce(later.webhook_id, 0), later.channel_id LIMIT 1
    ))
    FROM author JOIN messages ON messages.id = author.id
    LIMIT :limit
)
SELECT messages.webhook_id, messages.channel_id
FROM author JOIN messages ON messages.id = author.id
"""
"""The authors of messages that hold no chunk, from one to the next in the index."""

ORPHAN_MESSAGES = """
SELECT id, channel_id, webhook_id, stored_size FROM messages
WHERE chunk_count = 0 AND coalesce(webhook_id, 0) = coalesce(:webhook_id, 0)
AND channel_id = :channel_id AND due_at <= :now ORDER BY due_at, id LIMIT :limit
"""
"""Messages of an author that hold no chunk and are due, oldest first: snowflakes grow with time."""

COUNT_ORPHANS = """
SELECT count(*) AS number FROM messages
WHERE chunk_count = 0 AND coalesce(webhook_id, 0) = coalesce(:webhook_id, 0)
AND channel_id = :channel_id
"""
"""How many messages of an author hold no chunk."""

POSTPONE_MESSAGE = "UPDATE messages SET due_at = :until WHERE id = :message_id"
"""The reaper does not try the message before then."""

REMEMBER_DELETED_MESSAGE = """
INSERT INTO deleted_messages (id, deleted_at)
SELECT id, :now FROM messages WHERE id = :message_id AND chunk_count = 0
ON CONFLICT (id) DO NOTHING
"""
"""Remembers that a message is gone from Discord, unless a chunk lies in it."""

FORGET_MESSAGE = "DELETE FROM messages WHERE id = :message_id AND chunk_count = 0"
"""Forgets a message, unless a chunk lies in it."""

CHANNEL_SWEEPS = "SELECT channel_id, swept_until FROM channel_sweeps"
"""How far each channel was looked through."""

PUT_CHANNEL_SWEEP = """
INSERT INTO channel_sweeps (channel_id, swept_until) VALUES (:channel_id, :swept_until)
ON CONFLICT (channel_id) DO UPDATE SET swept_until = max(swept_until, excluded.swept_until)
"""
"""A channel was looked through so far."""

INSERT_UNKNOWN_MESSAGE = """
INSERT INTO messages (id, channel_id, webhook_id, stored_size)
VALUES (:message_id, :channel_id, :webhook_id, :stored_size)
ON CONFLICT (id) DO NOTHING RETURNING 1
"""
"""A message that nobody has reported: a row when it is new."""

WATCHES = "SELECT began_at, seen_at FROM watches ORDER BY began_at"
"""When a manager has kept this catalog."""

PUT_WATCH = """
INSERT INTO watches (began_at, seen_at) VALUES (:began_at, :seen_at)
ON CONFLICT (began_at) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at)
"""
"""A watch, or a later end of it."""

DROP_OLD_WATCHES = "DELETE FROM watches WHERE seen_at < :before"
"""Forgets watches that ended long ago."""

DROP_SWEEPS = "DELETE FROM channel_sweeps"
"""Forgets how far channels were looked through."""

DROP_WATCHES = "DELETE FROM watches"
"""Forgets that anybody has kept this catalog."""

QUARANTINES = "SELECT * FROM quarantined_webhooks ORDER BY webhook_id"
"""The webhooks that are not used any more."""

PUT_QUARANTINE = """
INSERT INTO quarantined_webhooks (webhook_id, reason, is_gone, since)
VALUES (:webhook_id, :reason, :is_gone, :since)
ON CONFLICT (webhook_id) DO UPDATE
SET reason = excluded.reason, is_gone = excluded.is_gone, since = excluded.since
"""
"""A webhook that is not used any more."""

END_QUARANTINE = "DELETE FROM quarantined_webhooks WHERE webhook_id = :webhook_id"
"""A webhook that may be used again."""

CHUNKS_POSTED_BY = """
SELECT chunks.object_id, min(chunks."index") AS "index", chunks.message_id, chunks.attachment_id,
    chunks."offset", chunks.stored_size, chunks.size, chunks.digest,
    messages.channel_id, messages.webhook_id, messages.stored_size AS message_stored_size
FROM chunks JOIN messages ON messages.id = chunks.message_id
WHERE chunks.object_id = :object_id
AND messages.webhook_id IN (SELECT value FROM json_each(:webhook_ids))
GROUP BY messages.webhook_id, messages.channel_id
"""
"""For each webhook and channel the first chunk that lies there: the columns are of the row with the
lowest index, as SQLite promises for a lone min()."""
