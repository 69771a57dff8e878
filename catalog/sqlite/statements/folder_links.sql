-- Statements for links to folders, and for what is added by them.

-- insert_folder_link --
-- A new link.
INSERT INTO folder_links (id, token_hash, sealed_token, folder_id, owner_id, label, is_for_uploads,
    password_hash, max_files, max_file_size, max_total_size, received_files, received_size, created_at,
    expires_at, revoked_at, last_used_at)
VALUES (:id, :token_hash, :sealed_token, :folder_id, :owner_id, :label, :is_for_uploads,
    :password_hash, :max_files, :max_file_size, :max_total_size, :received_files, :received_size, :created_at,
    :expires_at, :revoked_at, :last_used_at);

-- folder_link_by_hash --
-- The link whose token has this hash.
SELECT * FROM folder_links WHERE token_hash = :token_hash;

-- folder_link_by_id --
-- One link.
SELECT * FROM folder_links WHERE id = :id;

-- folder_links_of_owner --
-- A page of a user's links, the newest first, those after another one.
SELECT * FROM folder_links
WHERE owner_id = :owner_id AND (:after IS NULL OR (created_at, id) < (
    SELECT created_at, id FROM folder_links AS previous WHERE previous.id = :after
))
ORDER BY created_at DESC, id DESC LIMIT :limit;

-- count_folder_links --
-- How many a user has.
SELECT count(*) AS total FROM folder_links WHERE owner_id = :owner_id;

-- delete_ended_folder_links_of --
-- Those of a user that have expired, or were revoked.
DELETE FROM folder_links
WHERE owner_id = :owner_id AND (revoked_at IS NOT NULL OR expires_at <= :now);

-- change_folder_link --
-- What may be changed about a link.
UPDATE folder_links SET label = :label, password_hash = :password_hash, max_files = :max_files,
    max_file_size = :max_file_size, max_total_size = :max_total_size, expires_at = :expires_at
WHERE id = :id RETURNING *;

-- revoke_folder_link --
-- Ends a link, of a certain owner if one is given.
UPDATE folder_links SET revoked_at = coalesce(revoked_at, :at)
WHERE id = :id AND (:owner_id IS NULL OR owner_id = :owner_id) RETURNING *;

-- note_folder_link --
-- A use, unless one is noted that was not long before.
UPDATE folder_links SET last_used_at = :at
WHERE id = :id AND (last_used_at IS NULL OR last_used_at <= :at - :every_s);

-- insert_link_upload --
-- An upload that is under way.
INSERT INTO link_uploads (id, link_id, name, size, expires_at, counted_at)
VALUES (:id, :link_id, :name, :size, :expires_at, NULL);

-- link_upload --
-- One upload.
SELECT * FROM link_uploads WHERE id = :id;

-- link_uploads_under_way --
-- What is under way by a link, apart from one upload.
SELECT count(*) AS files, coalesce(sum(size), 0) AS size FROM link_uploads
WHERE link_id = :link_id AND counted_at IS NULL AND expires_at > :now AND id <> :id;

-- mark_link_upload --
-- That an upload is counted.
UPDATE link_uploads SET counted_at = :at WHERE id = :id;

-- delete_link_upload --
-- An upload that was taken back.
DELETE FROM link_uploads WHERE id = :id RETURNING *;

-- count_received --
-- What a link has received: more by this, or less.
UPDATE folder_links SET received_files = max(0, received_files + :files),
    received_size = max(0, received_size + :size)
WHERE id = :link_id;

-- delete_expired_link_uploads --
-- Uploads that have expired before.
DELETE FROM link_uploads WHERE expires_at < :before;

-- delete_ended_folder_links --
-- Some links that have ended before, or whose folder is gone.
DELETE FROM folder_links WHERE id IN (
    SELECT id FROM folder_links WHERE expires_at < :before
    UNION SELECT id FROM folder_links WHERE revoked_at < :before
    UNION SELECT id FROM folder_links WHERE folder_id IS NULL AND created_at < :before
    LIMIT :limit
) RETURNING id;
