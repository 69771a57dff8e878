-- Uploads that go on after their client, their service or their manager was lost. What holds the object,
-- and says until when, is the reference of the service kept-upload; when that is over the collector
-- deletes the object, and this with it. `epoch` counts the claims; `claimed_by` is the last claim's own
-- id, so that the same claim again is known.
CREATE TABLE kept_uploads (
    object_id BLOB PRIMARY KEY NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    owner_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    folder TEXT NOT NULL CHECK (json_valid(folder)),
    name TEXT NOT NULL,
    is_public INTEGER NOT NULL CHECK (is_public IN (0, 1)),
    do_overwrite INTEGER NOT NULL CHECK (do_overwrite IN (0, 1)),
    fingerprint TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('uploading', 'stored', 'awaiting_decision')),
    mime_type TEXT,
    epoch INTEGER NOT NULL CHECK (epoch >= 0),
    claimed_by BLOB CHECK (claimed_by IS NULL OR length(claimed_by) = 16),
    created_at REAL NOT NULL
) STRICT;

CREATE INDEX kept_uploads_by_owner ON kept_uploads (owner_id, created_at, object_id);
