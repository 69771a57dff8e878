-- Statements about messages without chunks, sweeps for unknown ones, and webhooks.
--
-- An author is a webhook (0: a bot) in a channel.

-- orphan_authors --
-- The authors of messages that hold no chunk, from one to the next in the index.
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
FROM author JOIN messages ON messages.id = author.id;

-- orphan_messages --
-- Messages of an author that hold no chunk and are due, oldest first: snowflakes grow with time.
SELECT id, channel_id, webhook_id, stored_size FROM messages
WHERE chunk_count = 0 AND coalesce(webhook_id, 0) = coalesce(:webhook_id, 0)
AND channel_id = :channel_id AND due_at <= :now ORDER BY due_at, id LIMIT :limit;

-- count_orphans --
-- How many messages of an author hold no chunk.
SELECT count(*) AS number FROM messages
WHERE chunk_count = 0 AND coalesce(webhook_id, 0) = coalesce(:webhook_id, 0)
AND channel_id = :channel_id;

-- postpone_message --
-- The reaper does not try the message before then.
UPDATE messages SET due_at = :until WHERE id = :message_id;

-- remember_deleted_message --
-- Remembers that a message is gone from Discord, unless a chunk lies in it.
INSERT INTO deleted_messages (id, deleted_at)
SELECT id, :now FROM messages WHERE id = :message_id AND chunk_count = 0
ON CONFLICT (id) DO NOTHING;

-- forget_message --
-- Forgets a message, unless a chunk lies in it.
DELETE FROM messages WHERE id = :message_id AND chunk_count = 0;

-- channel_sweeps --
-- How far each channel was looked through.
SELECT channel_id, swept_until FROM channel_sweeps;

-- put_channel_sweep --
-- A channel was looked through so far.
INSERT INTO channel_sweeps (channel_id, swept_until) VALUES (:channel_id, :swept_until)
ON CONFLICT (channel_id) DO UPDATE SET swept_until = max(swept_until, excluded.swept_until);

-- insert_unknown_message --
-- A message that nobody has reported: a row when it is new.
INSERT INTO messages (id, channel_id, webhook_id, stored_size)
VALUES (:message_id, :channel_id, :webhook_id, :stored_size)
ON CONFLICT (id) DO NOTHING RETURNING 1;

-- watches --
-- When a manager has kept this catalog.
SELECT began_at, seen_at FROM watches ORDER BY began_at;

-- put_watch --
-- A watch, or a later end of it.
INSERT INTO watches (began_at, seen_at) VALUES (:began_at, :seen_at)
ON CONFLICT (began_at) DO UPDATE SET seen_at = max(seen_at, excluded.seen_at);

-- drop_old_watches --
-- Forgets watches that ended long ago.
DELETE FROM watches WHERE seen_at < :before;

-- drop_sweeps --
-- Forgets how far channels were looked through.
DELETE FROM channel_sweeps;

-- drop_watches --
-- Deletes the times at which managers have used this catalog.
DELETE FROM watches;

-- quarantines --
-- The webhooks that are not used any more.
SELECT * FROM quarantined_webhooks ORDER BY webhook_id;

-- put_quarantine --
-- A webhook that is not used any more.
INSERT INTO quarantined_webhooks (webhook_id, reason, is_gone, since)
VALUES (:webhook_id, :reason, :is_gone, :since)
ON CONFLICT (webhook_id) DO UPDATE
SET reason = excluded.reason, is_gone = excluded.is_gone, since = excluded.since;

-- end_quarantine --
-- A webhook that may be used again.
DELETE FROM quarantined_webhooks WHERE webhook_id = :webhook_id;

-- channel_limits --
-- What a message of each channel takes.
SELECT * FROM channel_limits ORDER BY channel_id;

-- put_channel_limits --
-- What a message of a channel takes, in place of what was known.
INSERT INTO channel_limits (
    channel_id, attachment_bytes, request_bytes, attachments, learned_at, refused_at
)
VALUES (:channel_id, :attachment_bytes, :request_bytes, :attachments, :learned_at, :refused_at)
ON CONFLICT (channel_id) DO UPDATE
SET
    attachment_bytes = excluded.attachment_bytes,
    request_bytes = excluded.request_bytes,
    attachments = excluded.attachments,
    learned_at = excluded.learned_at,
    refused_at = excluded.refused_at;

-- chunks_posted_by --
-- For each webhook and channel the first chunk that lies there: the columns are of the row with the lowest
-- index, as SQLite promises for a lone min().
SELECT chunks.object_id, min(chunks."index") AS "index", chunks.message_id, chunks.attachment_id,
    chunks."offset", chunks.stored_size, chunks.size, chunks.digest,
    messages.channel_id, messages.webhook_id, messages.stored_size AS message_stored_size
FROM chunks JOIN messages ON messages.id = chunks.message_id
WHERE chunks.object_id = :object_id
AND messages.webhook_id IN (SELECT value FROM json_each(:webhook_ids))
GROUP BY messages.webhook_id, messages.channel_id;

-- messages_in_use --
-- Messages behind an id that hold chunks, in order, and how many bytes these take up.
SELECT messages.id, messages.channel_id, messages.webhook_id, messages.stored_size, (
    SELECT sum(chunks.stored_size) FROM chunks WHERE chunks.message_id = messages.id
) AS used_bytes
FROM messages WHERE messages.id > :after AND messages.chunk_count > 0
ORDER BY messages.id LIMIT :limit;

-- chunks_in --
-- The chunks that lie in a message.
SELECT * FROM chunks WHERE message_id = :message_id ORDER BY object_id, "index";

-- move_chunk --
-- Has a chunk lie in another message, unless it is gone or moved, or that message was given up.
UPDATE chunks SET message_id = :new_message_id, attachment_id = :new_attachment_id,
    "offset" = :new_offset
WHERE object_id = :object_id AND "index" = :index AND message_id = :message_id
AND attachment_id IS :attachment_id AND "offset" = :offset
AND (:is_new OR EXISTS (SELECT 1 FROM messages WHERE id = :new_message_id AND chunk_count > 0));

-- keep_emptied_message --
-- The reaper leaves a message alone for a time that holds no chunk any more.
UPDATE messages SET due_at = max(due_at, :until) WHERE id = :message_id AND chunk_count = 0;
