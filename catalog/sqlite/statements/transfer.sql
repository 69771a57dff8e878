-- Statements that read and write whole tables, field by field as the records have them.

-- paired_files --
-- Of files, a JSON list of their ids, folders and names, the ids of those whose path a folder has.
SELECT json_extract(wanted.value, '$.id') AS id FROM json_each(:files) AS wanted
CROSS JOIN folders ON folders.parent_id = json_extract(wanted.value, '$.folder_id')
    AND folders.name = json_extract(wanted.value, '$.name');

-- is_empty --
-- Whether nothing but the roots is there. Everything else refers to one of these tables.
SELECT NOT EXISTS (
    SELECT 1 FROM users UNION ALL SELECT 1 FROM folders WHERE id > 0
    UNION ALL SELECT 1 FROM messages UNION ALL SELECT 1 FROM objects
    UNION ALL SELECT 1 FROM files UNION ALL SELECT 1 FROM tickets
    UNION ALL SELECT 1 FROM api_keys UNION ALL SELECT 1 FROM jobs
) AS is_empty;

-- forget_master_keys --
-- What a manager has noted that ran on the empty catalog.
DELETE FROM master_keys;

-- forget_signing_keys --
-- What a manager has signed with that ran on the empty catalog.
DELETE FROM signing_keys;

-- forget_service_credentials --
-- Those that services of the empty catalog have.
DELETE FROM service_credentials;

-- count_usage --
-- Totals of all subtrees, from nothing.
WITH RECURSIVE climbing (folder_id, mime_type, bytes, files) AS (
    SELECT files.folder_id, objects.mime_type, sum(files.size), count(*)
    FROM files JOIN objects ON objects.id = files.object_id GROUP BY 1, 2
    UNION ALL
    SELECT folders.parent_id, climbing.mime_type, climbing.bytes, climbing.files
    FROM climbing JOIN folders ON folders.id = climbing.folder_id
    WHERE folders.parent_id IS NOT NULL
)
INSERT INTO folder_usage (folder_id, mime_type, bytes, files)
SELECT folder_id, mime_type, sum(bytes), sum(files) FROM climbing WHERE folder_id >= 0 GROUP BY 1, 2;

-- incomplete_object --
-- A row if stored content lacks chunks, or they do not add up to it.
SELECT 1 FROM objects WHERE state = 'stored' AND (chunk_count, size) <> (
    SELECT count(*), coalesce(sum(chunks.size), 0) FROM chunks WHERE chunks.object_id = objects.id
) LIMIT 1;

-- export_user --
-- All rows of `users` in the order of an export.
SELECT id, name, is_admin, password_hash, token_epoch, created_at
FROM users ORDER BY id;

-- export_folder --
-- All folders but the roots, those above before those below.
WITH RECURSIVE placed (id, parent_id, name, depth) AS (
    SELECT id, parent_id, name, 1 FROM folders WHERE parent_id <= 0
    UNION ALL
    SELECT folders.id, folders.parent_id, folders.name, placed.depth + 1
    FROM placed JOIN folders ON folders.parent_id = placed.id
)
SELECT id, parent_id, name FROM placed ORDER BY depth, id;

-- export_message --
-- All rows of `messages` in the order of an export.
SELECT id, channel_id, webhook_id, stored_size
FROM messages ORDER BY id;

-- export_object --
-- All rows of `objects` in the order of an export.
SELECT id, size, chunk_size, chunk_count, envelope, state, mime_type, hash, metadata,
    created_at, unreferenced_since, modified_at
FROM objects ORDER BY id;

-- export_chunk --
-- All rows of `chunks` in the order of an export.
SELECT object_id, "index", message_id, attachment_id, "offset", stored_size, size, digest
FROM chunks ORDER BY object_id, "index";

-- export_file --
-- All rows of `files` in the order of an export.
SELECT id, folder_id, name, object_id, owner_id, is_public, created_at, updated_at
FROM files ORDER BY id;

-- export_share --
-- All rows of `shares` in the order of an export.
SELECT file_id, user_id, can_write, shared_at
FROM shares ORDER BY file_id, user_id;

-- export_reference --
-- All rows of `references` in the order of an export.
SELECT object_id, service, "key", expires_at
FROM "references" ORDER BY object_id, service, "key";

-- export_view --
-- All rows of `views` in the order of an export.
SELECT object_id, name, view_object_id
FROM views ORDER BY object_id, name;

-- export_commit --
-- All rows of `commits` in the order of an export.
SELECT object_id, file_id, folder_id, name, owner_id, is_public, created_at, updated_at,
    replaced, created_folders
FROM commits ORDER BY object_id;

-- export_api_key --
-- All rows of `api_keys` in the order of an export.
SELECT id, service, key_hash, created_by, created_at, revoked_at
FROM api_keys ORDER BY id;

-- export_ticket --
-- All rows of `tickets` in the order of an export.
SELECT id, holder, mime_type, size, created_at, expires_at, reference_ttl_s,
    success_action_status, success_action_redirect, view_of, view_name, used_at, completed_at
FROM tickets ORDER BY id;

-- export_job --
-- All rows of `jobs` in the order of an export.
SELECT object_id, state, due_at, attempts, worker, error, recipe_version
FROM jobs ORDER BY object_id;

-- export_sequence --
-- The last id that each table gave out.
SELECT wanted.value AS "table", coalesce(seq, 0) AS last_id
FROM json_each('["api_keys", "files", "folders", "users"]') AS wanted
LEFT JOIN sqlite_sequence ON name = wanted.value ORDER BY wanted.value;

-- export_master_key --
-- All rows of `master_keys` in the order of an export.
SELECT used_from, key_id
FROM master_keys ORDER BY used_from;

-- export_signing_key --
-- All rows of `signing_keys` in the order of an export.
SELECT key_id, signs_from, sealed
FROM signing_keys ORDER BY key_id;

-- export_service_credential --
-- All rows of `service_credentials` in the order of an export.
SELECT id, name, kind AS service_kind, secret_hash, created_at, last_used_at, revoked_at
FROM service_credentials ORDER BY id;

-- export_link --
-- All rows of `links` in the order of an export.
SELECT id, token_hash, sealed_token, file_id, object_id, owner_id, label, is_requested, password_hash,
    max_downloads, downloads, created_at, expires_at, revoked_at, last_used_at
FROM links ORDER BY id;

-- export_factor --
-- All rows of `factors` in the order of an export.
SELECT id, user_id, kind AS factor_kind, label, credential_id, key, counter, created_at, last_used_at
FROM factors ORDER BY id;

-- export_recovery_code --
-- All rows of `recovery_codes` in the order of an export.
SELECT user_id, code_hash
FROM recovery_codes ORDER BY user_id, code_hash;

-- export_factor_demand --
-- All rows of `factor_demands` in the order of an export.
SELECT user_id
FROM factor_demands ORDER BY user_id;

-- export_identity --
-- All rows of `identities` in the order of an export.
SELECT issuer, subject, user_id, created_at
FROM identities ORDER BY issuer, subject;

-- export_quota --
-- The quotas of all users who have any, in the order of an export.
SELECT id AS user_id, quota_bytes AS bytes, quota_files AS files
FROM users WHERE quota_bytes IS NOT NULL OR quota_files IS NOT NULL ORDER BY id;

-- export_group --
-- All rows of `user_groups` in the order of an export.
SELECT id, name, created_at FROM user_groups ORDER BY id;

-- export_group_member --
-- All rows of `group_members` in the order of an export.
SELECT group_id, user_id FROM group_members ORDER BY group_id, user_id;

-- export_folder_owner --
-- The folders that have owners of their own, in the order of an export.
SELECT id AS folder_id, owner_id FROM folders WHERE owner_id IS NOT NULL ORDER BY id;

-- export_folder_grant --
-- All rows of `folder_grants` in the order of an export.
SELECT folder_id, user_id, group_id, level, granted_at FROM folder_grants
ORDER BY folder_id, user_id IS NOT NULL, group_id, user_id;

-- export_space --
-- All rows of `spaces` in the order of an export.
SELECT folder_id, user_id FROM spaces ORDER BY folder_id;

-- import_user --
-- A row of `users`.
INSERT INTO users (id, name, is_admin, password_hash, token_epoch, created_at)
VALUES (:id, :name, :is_admin, :password_hash, :token_epoch, :created_at);

-- import_folder --
-- A row of `folders`.
INSERT INTO folders (id, parent_id, name, sort_key, created_at)
VALUES (:id, :parent_id, :name, natural_sort_key(:name), (julianday('now') - 2440587.5) * 86400.0);

-- import_message --
-- A row of `messages`.
INSERT INTO messages (id, channel_id, webhook_id, stored_size)
VALUES (:id, :channel_id, :webhook_id, :stored_size);

-- import_object --
-- A row of `objects`.
INSERT INTO objects (id, size, chunk_size, chunk_count, envelope, state, mime_type, hash,
    metadata, created_at, unreferenced_since, modified_at)
VALUES (:id, :size, :chunk_size, :chunk_count, :envelope, :state, :mime_type, :hash, :metadata,
    :created_at, :unreferenced_since, :modified_at);

-- import_chunk --
-- A row of `chunks`.
INSERT INTO chunks (object_id, "index", message_id, attachment_id, "offset", stored_size, size,
    digest)
VALUES (:object_id, :index, :message_id, :attachment_id, :offset, :stored_size, :size, :digest);

-- import_file --
-- A file; its size is that of its object.
INSERT INTO files (id, folder_id, name, sort_key, object_id, owner_id, is_public, size, created_at,
    updated_at, modified_at)
VALUES (:id, :folder_id, :name, natural_sort_key(:name), :object_id, :owner_id, :is_public,
    coalesce((SELECT size FROM objects WHERE id = :object_id), 0), :created_at, :updated_at,
    coalesce((SELECT modified_at FROM objects WHERE id = :object_id), :updated_at));

-- import_share --
-- A row of `shares`.
INSERT INTO shares (file_id, user_id, can_write, shared_at)
VALUES (:file_id, :user_id, :can_write, :shared_at);

-- import_reference --
-- A row of `references`.
INSERT INTO "references" (object_id, service, "key", expires_at)
VALUES (:object_id, :service, :key, :expires_at);

-- import_view --
-- A row of `views`.
INSERT INTO views (object_id, name, view_object_id)
VALUES (:object_id, :name, :view_object_id);

-- import_commit --
-- A row of `commits`.
INSERT INTO commits (object_id, file_id, folder_id, name, owner_id, is_public, created_at,
    updated_at, replaced, created_folders)
VALUES (:object_id, :file_id, :folder_id, :name, :owner_id, :is_public, :created_at,
    :updated_at, :replaced, :created_folders);

-- import_api_key --
-- A row of `api_keys`.
INSERT INTO api_keys (id, service, key_hash, created_by, created_at, revoked_at)
VALUES (:id, :service, :key_hash, :created_by, :created_at, :revoked_at);

-- import_ticket --
-- A row of `tickets`.
INSERT INTO tickets (id, holder, mime_type, size, created_at, expires_at, reference_ttl_s,
    success_action_status, success_action_redirect, view_of, view_name, used_at, completed_at)
VALUES (:id, :holder, :mime_type, :size, :created_at, :expires_at, :reference_ttl_s,
    :success_action_status, :success_action_redirect, :view_of, :view_name, :used_at,
    :completed_at);

-- import_job --
-- A row of `jobs`.
INSERT INTO jobs (object_id, state, due_at, attempts, worker, error, recipe_version)
VALUES (:object_id, :state, :due_at, :attempts, :worker, :error, :recipe_version);

-- import_sequence --
-- Makes room for the last id of a table.
INSERT INTO sqlite_sequence (name, seq)
SELECT :table, 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = :table);

-- raise_sequence --
-- Ids of a table go on behind this one.
UPDATE sqlite_sequence SET seq = max(seq, :last_id) WHERE name = :table;

-- import_master_key --
-- A row of `master_keys`.
INSERT INTO master_keys (used_from, key_id)
VALUES (:used_from, :key_id);

-- import_signing_key --
-- A row of `signing_keys`.
INSERT INTO signing_keys (key_id, signs_from, sealed)
VALUES (:key_id, :signs_from, :sealed);

-- import_service_credential --
-- A row of `service_credentials`.
INSERT INTO service_credentials (id, name, kind, secret_hash, created_at, last_used_at, revoked_at)
VALUES (:id, :name, :service_kind, :secret_hash, :created_at, :last_used_at, :revoked_at);

-- export_app_password --
-- All rows of `app_passwords` in the order of an export.
SELECT id, user_id, name, secret_hash, is_read_only, folder_id, created_at, last_used_at, expires_at
FROM app_passwords ORDER BY id;

-- import_app_password --
-- A row of `app_passwords`.
INSERT INTO app_passwords (id, user_id, name, secret_hash, is_read_only, folder_id, created_at,
    last_used_at, expires_at)
VALUES (:id, :user_id, :name, :secret_hash, :is_read_only, :folder_id, :created_at,
    :last_used_at, :expires_at);

-- import_link --
-- A row of `links`.
INSERT INTO links (id, token_hash, sealed_token, file_id, object_id, owner_id, label, is_requested,
    password_hash, max_downloads, downloads, created_at, expires_at, revoked_at, last_used_at)
VALUES (:id, :token_hash, :sealed_token, :file_id, :object_id, :owner_id, :label, :is_requested,
    :password_hash, :max_downloads, :downloads, :created_at, :expires_at, :revoked_at, :last_used_at);

-- import_factor --
-- A row of `factors`.
INSERT INTO factors (id, user_id, kind, label, credential_id, key, counter, created_at, last_used_at)
VALUES (:id, :user_id, :factor_kind, :label, :credential_id, :key, :counter, :created_at,
    :last_used_at);

-- import_recovery_code --
-- A row of `recovery_codes`.
INSERT INTO recovery_codes (user_id, code_hash)
VALUES (:user_id, :code_hash);

-- import_factor_demand --
-- A row of `factor_demands`.
INSERT INTO factor_demands (user_id)
VALUES (:user_id);

-- import_identity --
-- A row of `identities`.
INSERT INTO identities (issuer, subject, user_id, created_at)
VALUES (:issuer, :subject, :user_id, :created_at);

-- import_quota --
-- The quota of a user.
UPDATE users SET quota_bytes = :bytes, quota_files = :files WHERE id = :user_id;

-- import_group --
-- A row of `user_groups`.
INSERT INTO user_groups (id, name, created_at) VALUES (:id, :name, :created_at);

-- import_group_member --
-- A row of `group_members`.
INSERT INTO group_members (group_id, user_id) VALUES (:group_id, :user_id);

-- import_folder_owner --
-- The owner of a folder.
UPDATE folders SET owner_id = :owner_id WHERE id = :folder_id;

-- import_folder_grant --
-- A row of `folder_grants`.
INSERT INTO folder_grants (folder_id, user_id, group_id, level, granted_at)
VALUES (:folder_id, :user_id, :group_id, :level, :granted_at);

-- import_space --
-- A row of `spaces`.
INSERT INTO spaces (folder_id, user_id) VALUES (:folder_id, :user_id);
-- export_trash --
-- All rows of `trash` in the order of an export.
SELECT id, file_id, folder_id, name, origin_id, origin, deleted_by, deleted_at, expires_at
FROM trash ORDER BY id;

-- import_trash --
-- A row of `trash`.
INSERT INTO trash (id, file_id, folder_id, name, origin_id, origin, deleted_by, deleted_at, expires_at)
VALUES (:id, :file_id, :folder_id, :name, :origin_id, :origin, :deleted_by, :deleted_at, :expires_at);

-- export_version --
-- All rows of `versions` in the order of an export.
SELECT id, file_id, object_id, size, stored_at, replaced_at
FROM versions ORDER BY id;

-- import_version --
-- A row of `versions`; its owner is that of its file.
INSERT INTO versions (id, file_id, object_id, owner_id, size, stored_at, replaced_at)
VALUES (:id, :file_id, :object_id, (SELECT owner_id FROM files WHERE id = :file_id), :size,
    :stored_at, :replaced_at);

-- mark_imported_folders --
-- Says of all folders in the trash what they were deleted with.
WITH RECURSIVE tree (id, trash_id) AS (
    SELECT folder_id, id FROM trash WHERE folder_id IS NOT NULL
    UNION ALL
    SELECT folders.id, tree.trash_id FROM tree CROSS JOIN folders ON folders.parent_id = tree.id
)
UPDATE folders SET trash_id = tree.trash_id FROM tree WHERE folders.id = tree.id;

-- mark_imported_files --
-- Says of all files in the trash what they were deleted with.
UPDATE files SET trash_id = coalesce(
    (SELECT id FROM trash WHERE trash.file_id = files.id),
    (SELECT trash_id FROM folders WHERE folders.id = files.folder_id AND folders.trash_id > 0)
)
WHERE folder_id = -1 OR folder_id IN (SELECT id FROM folders WHERE trash_id > 0);

-- stray_in_trash --
-- A row if something lies in the trash that nobody has deleted.
SELECT 1 FROM files WHERE folder_id = -1 AND id NOT IN (
    SELECT file_id FROM trash WHERE file_id IS NOT NULL
)
UNION ALL SELECT 1 FROM folders WHERE parent_id = -1 AND id NOT IN (
    SELECT folder_id FROM trash WHERE folder_id IS NOT NULL
)
UNION ALL SELECT 1 FROM trash
WHERE NOT EXISTS (SELECT 1 FROM files WHERE files.id = file_id AND files.folder_id = -1)
AND NOT EXISTS (SELECT 1 FROM folders WHERE folders.id = trash.folder_id AND folders.parent_id = -1)
LIMIT 1;

-- export_folder_link --
-- All rows of `folder_links` in the order of an export.
SELECT id, token_hash, sealed_token, folder_id, owner_id, label, is_for_uploads, password_hash, max_files,
    max_file_size, max_total_size, received_files, received_size, created_at, expires_at, revoked_at,
    last_used_at
FROM folder_links ORDER BY id;

-- import_folder_link --
-- A row of `folder_links`.
INSERT INTO folder_links (id, token_hash, sealed_token, folder_id, owner_id, label, is_for_uploads,
    password_hash, max_files, max_file_size, max_total_size, received_files, received_size, created_at,
    expires_at, revoked_at, last_used_at)
VALUES (:id, :token_hash, :sealed_token, :folder_id, :owner_id, :label, :is_for_uploads,
    :password_hash, :max_files, :max_file_size, :max_total_size, :received_files, :received_size, :created_at,
    :expires_at, :revoked_at, :last_used_at);

-- export_invitation --
-- All rows of `invitations` in the order of an export.
SELECT id, token_hash, created_by, label, quota_bytes, quota_files, group_ids, max_uses, uses, created_at,
    expires_at, revoked_at
FROM invitations ORDER BY id;

-- import_invitation --
-- A row of `invitations`.
INSERT INTO invitations (id, token_hash, created_by, label, quota_bytes, quota_files, group_ids, max_uses, uses,
    created_at, expires_at, revoked_at)
VALUES (:id, :token_hash, :created_by, :label, :quota_bytes, :quota_files, :group_ids, :max_uses, :uses,
    :created_at, :expires_at, :revoked_at);

-- export_star --
-- All rows of `stars` in the order of an export.
SELECT id, user_id, file_id, folder_id FROM stars ORDER BY id;

-- import_star --
-- A row of `stars`.
INSERT INTO stars (id, user_id, file_id, folder_id) VALUES (:id, :user_id, :file_id, :folder_id);
