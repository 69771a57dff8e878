"""Statements for other services: tickets, references, API keys and views."""

INSERT_TICKET = """
INSERT INTO tickets (id, holder, mime_type, size, created_at, expires_at, reference_ttl_s,
    success_action_status, success_action_redirect, view_of, view_name)
VALUES (:ticket_id, :holder, :mime_type, :size, :created_at, :expires_at, :reference_ttl_s,
    :success_action_status, :success_action_redirect, :view_of, :view_name)
"""
"""A new ticket."""

TICKET_BY_ID = "SELECT * FROM tickets WHERE id = :ticket_id"
"""A ticket by id."""

OPEN_TICKETS = """
SELECT count(*) AS tickets, coalesce(sum(size), 0) AS bytes FROM tickets
WHERE holder = :holder AND completed_at IS NULL AND (
    (used_at IS NULL AND expires_at > :now)
    OR EXISTS (SELECT 1 FROM objects WHERE objects.id = tickets.id AND reference_count > 0)
)
"""
"""A holder's tickets that may be used, or are being used: then their object is held."""

TEMPORARY_BYTES = """
SELECT coalesce(sum(objects.size), 0) AS bytes
FROM "references" JOIN objects ON objects.id = "references".object_id
WHERE "references".service = 'ticket' AND "references"."key" = :holder
AND "references".expires_at > :now
"""
"""The size of what a holder's temporary references keep alive."""

USE_TICKET = "UPDATE tickets SET used_at = :now WHERE id = :ticket_id"
"""Marks a ticket: an upload with it has begun."""

COMPLETE_TICKET = "UPDATE tickets SET completed_at = :now WHERE id = :ticket_id"
"""Marks a ticket: its upload has ended well."""

DELETE_OPEN_TICKETS = "DELETE FROM tickets WHERE holder = :holder AND completed_at IS NULL"
"""Deletes a holder's tickets, but for those whose upload has ended well."""

DELETE_EXPIRED_TICKETS = """
DELETE FROM tickets WHERE id IN (
    SELECT id FROM tickets WHERE used_at IS NULL AND expires_at <= :now
    ORDER BY expires_at LIMIT :limit
)
RETURNING 1
"""
"""A batch of tickets that nobody used in time."""

REFERENCE_EXISTS = """
SELECT 1 FROM "references"
WHERE object_id = :object_id AND service = :service AND "key" = :key
"""
"""A row if there is such a reference."""

SERVICE_REFERENCE = """
SELECT * FROM "references"
WHERE service = :service AND service GLOB 'service:*' AND "key" = :key
"""
"""The reference that another service has by that key."""

DELETE_SERVICE_REFERENCE = """
DELETE FROM "references"
WHERE service = :service AND service GLOB 'service:*' AND "key" = :key
RETURNING expires_at
"""
"""Lets go of what another service has by that key."""

SERVICE_REFERENCES = """
SELECT * FROM "references"
WHERE service = :service AND service GLOB 'service:*' AND "key" > :after
AND (expires_at IS NULL OR expires_at > :now)
ORDER BY "key" LIMIT :limit
"""
"""A page of the references of another service."""

REFERENCES_ON = """
SELECT * FROM "references"
WHERE object_id = :object_id AND (expires_at IS NULL OR expires_at > :now)
ORDER BY service, "key"
"""
"""What keeps an object alive, besides files and being a view."""

INSERT_KEY = """
INSERT INTO api_keys (service, key_hash, created_by, created_at)
VALUES (:name, :key_hash, :created_by, :now)
ON CONFLICT DO NOTHING
RETURNING *
"""
"""A new key, unless the name or the hash is taken."""

KEY_BY_NAME = "SELECT * FROM api_keys WHERE service = :name AND revoked_at IS NULL"
"""The key of a service that is in force."""

KEY_BY_HASH = "SELECT * FROM api_keys WHERE key_hash = :key_hash AND revoked_at IS NULL"
"""A key in force by its hash."""

REVOKE_KEY = """
UPDATE api_keys SET revoked_at = :now WHERE service = :name AND revoked_at IS NULL RETURNING 1
"""
"""Ends the key of a service."""

ALL_KEYS = "SELECT * FROM api_keys ORDER BY service, id"
"""All keys there ever were; an installation has a handful."""

PUT_VIEW = """
INSERT INTO views (object_id, name, view_object_id) VALUES (:object_id, :name, :view_object_id)
ON CONFLICT (object_id, name) DO UPDATE SET view_object_id = excluded.view_object_id
"""
"""A view, or another one in its place."""

VIEWS_OF = """
SELECT objects.*, views.object_id AS view_of, views.name AS view_name
FROM views JOIN objects ON objects.id = views.view_object_id
WHERE views.object_id = :object_id ORDER BY views.name
"""
"""The views of an object."""

METADATA_OF = "SELECT metadata FROM objects WHERE id = :object_id"
"""What processing found out about an object."""
