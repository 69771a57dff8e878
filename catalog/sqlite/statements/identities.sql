-- Statements about identities at OpenID providers.

-- user_by_identity --
-- The user to whom an identity is linked.
SELECT users.* FROM identities JOIN users ON users.id = identities.user_id
WHERE issuer = :issuer AND subject = :subject;

-- insert_identity --
-- Links an identity, unless it is linked.
INSERT INTO identities (issuer, subject, user_id, created_at)
VALUES (:issuer, :subject, :user_id, :created_at)
ON CONFLICT (issuer, subject) DO NOTHING;

-- identities_of --
-- The identities of a user.
SELECT * FROM identities WHERE user_id = :user_id ORDER BY issuer, subject;

-- delete_identity --
-- Deletes the link of an identity.
DELETE FROM identities WHERE issuer = :issuer AND subject = :subject RETURNING user_id;
