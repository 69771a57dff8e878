-- What a message of each channel takes, as it was learned. No row: nothing but what is documented.
CREATE TABLE channel_limits (
    channel_id INTEGER PRIMARY KEY NOT NULL,
    attachment_bytes INTEGER NOT NULL CHECK (attachment_bytes > 0),
    request_bytes INTEGER NOT NULL CHECK (request_bytes > 0),
    attachments INTEGER NOT NULL CHECK (attachments > 0),
    learned_at REAL,
    refused_at REAL
) STRICT;
