-- Statements for other services: tickets, references, API keys and views.

-- insert_ticket --
-- A new ticket.
INSERT INTO tickets (id, holder, mime_type, size, created_at, expires_at, reference_ttl_s,
    success_action_status, success_action_redirect, view_of, view_name)
VALUES (:ticket_id, :holder, :mime_type, :size, :created_at, :expires_at, :reference_ttl_s,
    :success_action_status, :success_action_redirect, :view_of, :view_name);

-- ticket_by_id --
-- A ticket by id.
SELECT * FROM tickets WHERE id = :ticket_id;

-- open_tickets --
-- A holder's tickets that may be used, or are being used: then their object is held.
SELECT count(*) AS tickets, coalesce(sum(size), 0) AS bytes FROM tickets
WHERE holder = :holder AND completed_at IS NULL AND (
    (used_at IS NULL AND expires_at > :now)
    OR EXISTS (SELECT 1 FROM objects WHERE objects.id = tickets.id AND reference_count > 0)
);

-- temporary_bytes --
-- The size, and the number, of what a holder's temporary references keep alive.
SELECT coalesce(sum(objects.size), 0) AS bytes, count(*) AS files
FROM "references" JOIN objects ON objects.id = "references".object_id
WHERE "references".service = 'ticket' AND "references"."key" = :holder
AND "references".expires_at > :now;

-- use_ticket --
-- Marks a ticket: an upload with it has begun.
UPDATE tickets SET used_at = :now WHERE id = :ticket_id;

-- complete_ticket --
-- Marks a ticket: its upload has ended well.
UPDATE tickets SET completed_at = :now WHERE id = :ticket_id;

-- delete_open_tickets --
-- Deletes a holder's tickets, but for those whose upload has ended well.
DELETE FROM tickets WHERE holder = :holder AND completed_at IS NULL;

-- delete_expired_tickets --
-- A batch of tickets that nobody used in time.
DELETE FROM tickets WHERE id IN (
    SELECT id FROM tickets WHERE used_at IS NULL AND expires_at <= :now
    ORDER BY expires_at LIMIT :limit
)
RETURNING 1;

-- reference_exists --
-- A row if there is such a reference.
SELECT 1 FROM "references"
WHERE object_id = :object_id AND service = :service AND "key" = :key;

-- service_reference --
-- The reference that another service has by that key.
SELECT * FROM "references"
WHERE service = :service AND service GLOB 'service:*' AND "key" = :key;

-- delete_service_reference --
-- Lets go of what another service has by that key.
DELETE FROM "references"
WHERE service = :service AND service GLOB 'service:*' AND "key" = :key
RETURNING expires_at;

-- service_references --
-- A page of the references of another service.
SELECT * FROM "references"
WHERE service = :service AND service GLOB 'service:*' AND "key" > :after
AND (expires_at IS NULL OR expires_at > :now)
ORDER BY "key" LIMIT :limit;

-- references_on --
-- What keeps an object alive, besides files and being a view.
SELECT * FROM "references"
WHERE object_id = :object_id AND (expires_at IS NULL OR expires_at > :now)
ORDER BY service, "key";

-- insert_key --
-- A new key, unless the name or the hash is taken.
INSERT INTO api_keys (service, key_hash, created_by, created_at)
VALUES (:name, :key_hash, :created_by, :now)
ON CONFLICT DO NOTHING
RETURNING *;

-- key_by_name --
-- The key of a service that is in force.
SELECT * FROM api_keys WHERE service = :name AND revoked_at IS NULL;

-- key_by_hash --
-- A key in force by its hash.
SELECT * FROM api_keys WHERE key_hash = :key_hash AND revoked_at IS NULL;

-- revoke_key --
-- Ends the key of a service.
UPDATE api_keys SET revoked_at = :now WHERE service = :name AND revoked_at IS NULL RETURNING 1;

-- list_keys --
-- All keys there ever were; an installation has a handful.
SELECT * FROM api_keys ORDER BY service, id;

-- put_view --
-- A view, or another one in its place.
INSERT INTO views (object_id, name, view_object_id) VALUES (:object_id, :name, :view_object_id)
ON CONFLICT (object_id, name) DO UPDATE SET view_object_id = excluded.view_object_id;

-- views_of --
-- The views of an object.
SELECT objects.*, views.object_id AS view_of, views.name AS view_name
FROM views JOIN objects ON objects.id = views.view_object_id
WHERE views.object_id = :object_id ORDER BY views.name;

-- metadata_of --
-- What processing found out about an object.
SELECT metadata FROM objects WHERE id = :object_id;
