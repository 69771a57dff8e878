-- Statements for links that open a file without an account.

-- insert_link --
-- A new link.
INSERT INTO links (id, token_hash, sealed_token, file_id, object_id, owner_id, label, is_requested,
    password_hash, max_downloads, downloads, created_at, expires_at, revoked_at, last_used_at)
VALUES (:id, :token_hash, :sealed_token, :file_id, :object_id, :owner_id, :label, :is_requested,
    :password_hash, :max_downloads, :downloads, :created_at, :expires_at, :revoked_at, :last_used_at);

-- link_by_hash --
-- The link whose token has this hash.
SELECT * FROM links WHERE token_hash = :token_hash;

-- link_by_id --
-- One link.
SELECT * FROM links WHERE id = :id;

-- requested_link --
-- The newest link of this kind, user, file and content that is in force.
SELECT * FROM links
WHERE file_id = :file_id AND owner_id = :owner_id AND object_id = :object_id AND is_requested = 1
    AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)
ORDER BY created_at DESC LIMIT 1;

-- links_of_owner --
-- A page of a user's links, the newest first, those after another one.
SELECT * FROM links
WHERE owner_id = :owner_id AND (:after IS NULL OR (created_at, id) < (
    SELECT created_at, id FROM links AS previous WHERE previous.id = :after
))
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- links_of_file --
-- A page of a user's links to one file, the newest first, those after another one.
SELECT * FROM links
WHERE owner_id = :owner_id AND +file_id = :file_id AND (:after IS NULL OR (created_at, id) < (
    SELECT created_at, id FROM links AS previous WHERE previous.id = :after
))
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- count_links --
-- How many a user has.
SELECT count(*) AS total FROM links WHERE owner_id = :owner_id;

-- delete_ended_links_of --
-- Those of a user that have expired, or were revoked.
DELETE FROM links WHERE owner_id = :owner_id AND (revoked_at IS NOT NULL OR expires_at <= :now);

-- change_link --
-- What may be changed about a link.
UPDATE links SET label = :label, password_hash = :password_hash, max_downloads = :max_downloads,
    expires_at = :expires_at, is_requested = 0
WHERE id = :id RETURNING *;

-- extend_link --
-- A later expiry, unless it never expires.
UPDATE links SET expires_at = max(expires_at, :expires_at) WHERE id = :id AND revoked_at IS NULL
RETURNING *;

-- revoke_link --
-- Ends a link, of a certain owner if one is given.
UPDATE links SET revoked_at = coalesce(revoked_at, :at)
WHERE id = :id AND (:owner_id IS NULL OR owner_id = :owner_id) RETURNING *;

-- count_download --
-- One more download, if there is one left.
UPDATE links SET downloads = downloads + 1, last_used_at = :at
WHERE id = :id AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :at)
    AND (max_downloads IS NULL OR downloads < max_downloads)
RETURNING id;

-- delete_ended_links --
-- Some of those that have ended before, or whose file is gone.
DELETE FROM links WHERE id IN (
    SELECT id FROM links WHERE expires_at < :before
    UNION SELECT id FROM links WHERE revoked_at < :before
    UNION SELECT id FROM links WHERE file_id IS NULL AND created_at < :before
    LIMIT :limit
) RETURNING id;
