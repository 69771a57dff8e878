-- Tickets, references of other services, and the queue of what is to be processed.

-- When the collector noticed that nothing needs the object; NULL while something does, or before.
-- 0: to be collected without grace (never completed, or was a view).
ALTER TABLE objects ADD COLUMN unreferenced_since REAL;

DROP INDEX objects_unreferenced;
CREATE INDEX objects_unreferenced ON objects (unreferenced_since) WHERE reference_count = 0;

CREATE TRIGGER objects_referenced AFTER UPDATE OF reference_count ON objects
WHEN OLD.reference_count = 0 AND NEW.reference_count > 0 AND NEW.unreferenced_since IS NOT NULL
BEGIN
    UPDATE objects SET unreferenced_since = NULL WHERE id = NEW.id;
END;

DROP TRIGGER views_deleted;
CREATE TRIGGER views_deleted AFTER DELETE ON views BEGIN
    UPDATE objects SET reference_count = reference_count - 1,
        unreferenced_since = CASE reference_count WHEN 1 THEN 0 END
    WHERE id = OLD.view_object_id;
END;

DROP TRIGGER views_replaced;
CREATE TRIGGER views_replaced AFTER UPDATE OF view_object_id ON views
WHEN OLD.view_object_id <> NEW.view_object_id BEGIN
    UPDATE objects SET reference_count = reference_count - 1,
        unreferenced_since = CASE reference_count WHEN 1 THEN 0 END
    WHERE id = OLD.view_object_id;
    UPDATE objects SET reference_count = reference_count + 1 WHERE id = NEW.view_object_id;
END;

-- The keys of other services are unique; what the manager itself holds by the same key is not.
CREATE UNIQUE INDEX references_of_other_services ON "references" (service, "key")
WHERE service GLOB 'service:*';
CREATE INDEX references_of_tickets ON "references" ("key") WHERE service = 'ticket';

CREATE UNIQUE INDEX api_keys_in_force ON api_keys (service) WHERE revoked_at IS NULL;

-- Nothing has written tickets before. The id is that of the object to be: no foreign key, since the
-- ticket comes first; the trigger takes it away with the object.
DROP TABLE tickets;
CREATE TABLE tickets (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    holder TEXT NOT NULL CHECK (holder <> ''),
    mime_type TEXT NOT NULL,
    size INTEGER NOT NULL CHECK (size >= 0),
    created_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    reference_ttl_s REAL NOT NULL CHECK (reference_ttl_s >= 0),
    success_action_status INTEGER,
    success_action_redirect TEXT,
    view_of BLOB CHECK (view_of IS NULL OR length(view_of) = 16), -- the original, may be gone
    view_name TEXT,
    used_at REAL, -- NULL: not used yet; a ticket is good for one upload
    completed_at REAL,
    CHECK ((view_of IS NULL) = (view_name IS NULL)),
    CHECK (completed_at IS NULL OR used_at IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX tickets_open ON tickets (holder) WHERE completed_at IS NULL;
CREATE INDEX tickets_unused ON tickets (expires_at) WHERE used_at IS NULL;

CREATE TRIGGER objects_deleted AFTER DELETE ON objects BEGIN
    DELETE FROM tickets WHERE id = OLD.id;
END;

CREATE TABLE jobs (
    object_id BLOB PRIMARY KEY NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed')),
    due_at REAL NOT NULL, -- of a running one: the end of its lease
    attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    worker TEXT,
    error TEXT,
    recipe_version INTEGER,
    CHECK (state <> 'running' OR worker IS NOT NULL),
    CHECK (state <> 'done' OR recipe_version IS NOT NULL)
) STRICT, WITHOUT ROWID;

CREATE INDEX jobs_due ON jobs (due_at) WHERE state IN ('queued', 'running');
CREATE INDEX jobs_by_state ON jobs (state, due_at);
