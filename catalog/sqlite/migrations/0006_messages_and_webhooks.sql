-- Messages that hold no chunk are found by who posted them: what nobody can delete now is not read
-- again and again. `due_at` is from when the reaper may try: later for one that Discord refused to
-- delete.
ALTER TABLE messages ADD COLUMN due_at REAL NOT NULL DEFAULT 0;
DROP INDEX messages_orphaned;
CREATE INDEX messages_orphaned ON messages (coalesce(webhook_id, 0), channel_id, due_at, id)
WHERE chunk_count = 0;

-- Webhooks that are not used any more. Tokens are kept nowhere.
CREATE TABLE quarantined_webhooks (
    webhook_id INTEGER PRIMARY KEY,
    reason TEXT NOT NULL,
    is_gone INTEGER NOT NULL CHECK (is_gone IN (0, 1)), -- does not exist, so reads nothing either
    since REAL NOT NULL
) STRICT;

-- Up to which message each channel was looked through for those that nobody has reported.
CREATE TABLE channel_sweeps (
    channel_id INTEGER PRIMARY KEY,
    swept_until INTEGER NOT NULL -- the message's snowflake
) STRICT;

-- When a manager has kept this very database. Messages of other times are unknown to a restored
-- backup too, and must not be taken for garbage.
CREATE TABLE watches (
    began_at REAL PRIMARY KEY,
    seen_at REAL NOT NULL CHECK (seen_at >= began_at)
) STRICT, WITHOUT ROWID;
