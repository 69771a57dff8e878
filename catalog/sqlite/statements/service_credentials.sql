-- Statements about the credentials of our own services, of which there are a few.

-- list_service_credentials --
-- All of them by name, then oldest first.
SELECT id, name, kind, secret_hash, created_at, last_used_at, revoked_at
FROM service_credentials ORDER BY name, created_at, id;

-- insert_service_credential --
-- One credential, unless its name is in force or its hash is known.
INSERT INTO service_credentials (id, name, kind, secret_hash, created_at)
VALUES (:id, :name, :kind, :secret_hash, :created_at)
ON CONFLICT DO NOTHING;

-- same_service_credential --
-- The credential in force with that name, kind and hash.
SELECT id, name, kind, secret_hash, created_at, last_used_at, revoked_at
FROM service_credentials
WHERE name = :name AND kind = :kind AND secret_hash = :secret_hash AND revoked_at IS NULL;

-- revoke_service_credential --
-- Ends the credential of a name.
UPDATE service_credentials SET revoked_at = :now
WHERE name = :name AND revoked_at IS NULL RETURNING id;

-- note_service_credentials_used --
-- These, by a JSON list of hexadecimal ids, were used.
UPDATE service_credentials SET last_used_at = :now
WHERE lower(hex(id)) IN (SELECT value FROM json_each(:ids));
