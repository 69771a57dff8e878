-- What users have besides a password. `key` is the secret of a TOTP factor, encrypted with a master key, or the
-- public key of a passkey; `counter` is the last time step whose code was accepted, or the signature counter.
CREATE TABLE factors (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('totp', 'passkey')),
    label TEXT NOT NULL,
    credential_id BLOB UNIQUE,
    key BLOB NOT NULL,
    counter INTEGER NOT NULL CHECK (counter >= 0),
    created_at REAL NOT NULL,
    last_used_at REAL,
    CHECK ((credential_id IS NULL) = (kind = 'totp'))
) STRICT;

CREATE INDEX factors_by_user ON factors (user_id, created_at, id);

-- SHA-256 of codes that log in once each.
CREATE TABLE recovery_codes (
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    code_hash BLOB NOT NULL CHECK (length(code_hash) = 32),
    PRIMARY KEY (user_id, code_hash)
) STRICT, WITHOUT ROWID;

-- The users of whom an administrator demands a second factor.
CREATE TABLE factor_demands (
    user_id INTEGER PRIMARY KEY NOT NULL REFERENCES users (id) ON DELETE CASCADE
) STRICT;

-- Challenges that were answered, until they expire.
CREATE TABLE spent_challenges (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    expires_at REAL NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX spent_challenges_by_expiry ON spent_challenges (expires_at);

-- Who users are at OpenID providers.
CREATE TABLE identities (
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at REAL NOT NULL,
    PRIMARY KEY (issuer, subject)
) STRICT, WITHOUT ROWID;

CREATE INDEX identities_by_user ON identities (user_id, issuer, subject);
