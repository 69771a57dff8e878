-- Statements about the audit log. A page is read with NULL for "all", times as reals, newest events first.

-- put_audit_event --
-- Adds an event, or counts one that is there.
INSERT INTO audit_events (
    id, first_at, last_at, count, action, outcome, actor_id, actor, address, subject, details
)
VALUES (
    :id, :first_at, :last_at, :count, :action, :outcome, :actor_id, :actor, :address, :subject, :details
)
ON CONFLICT (id) DO UPDATE SET count = max(count, excluded.count), last_at = max(last_at, excluded.last_at);

-- audit_events --
-- A page of all events.
SELECT * FROM audit_events
WHERE (first_at, id) < (:before_at, :before_id) AND first_at >= :since
ORDER BY first_at DESC, id DESC LIMIT :limit;

-- audit_events_of_action --
-- A page of the events with an action.
SELECT * FROM audit_events
WHERE action = :action AND (first_at, id) < (:before_at, :before_id) AND first_at >= :since
ORDER BY first_at DESC, id DESC LIMIT :limit;

-- audit_events_of_user --
-- A page of the events that a user caused, or that were about the user, each page from two indices.
WITH caused AS (
    SELECT * FROM audit_events
    WHERE actor = :user AND (first_at, id) < (:before_at, :before_id) AND first_at >= :since
        AND (:action IS NULL OR action = :action)
    ORDER BY first_at DESC, id DESC LIMIT :limit
), concerning AS (
    SELECT * FROM audit_events
    WHERE subject = :user AND (first_at, id) < (:before_at, :before_id) AND first_at >= :since
        AND (:action IS NULL OR action = :action)
    ORDER BY first_at DESC, id DESC LIMIT :limit
)
SELECT * FROM caused UNION SELECT * FROM concerning
ORDER BY first_at DESC, id DESC LIMIT :limit;

-- delete_audit_events --
-- The oldest events before a time.
DELETE FROM audit_events WHERE id IN (
    SELECT id FROM audit_events WHERE first_at < :before ORDER BY first_at, id LIMIT :limit
)
RETURNING id;
