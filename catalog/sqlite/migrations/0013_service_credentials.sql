-- With what our own services log in, and which of them were given which kept upload: those may report
-- chunks of it late, after they, or the manager, have started anew.
CREATE TABLE service_credentials (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('upload', 'processing', 'thumbnail', 'gateway', 'metrics')),
    secret_hash BLOB NOT NULL UNIQUE CHECK (length(secret_hash) = 32),
    created_at REAL NOT NULL,
    last_used_at REAL,
    revoked_at REAL
) STRICT;

CREATE UNIQUE INDEX service_credentials_in_force ON service_credentials (name) WHERE revoked_at IS NULL;

CREATE TABLE kept_upload_services (
    object_id BLOB NOT NULL REFERENCES kept_uploads (object_id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL REFERENCES service_credentials (id) ON DELETE CASCADE,
    PRIMARY KEY (object_id, credential_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX kept_upload_services_by_credential ON kept_upload_services (credential_id);
