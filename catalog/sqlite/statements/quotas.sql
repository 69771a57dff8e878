-- Statements about how much users may store.

-- set_quota --
-- Another quota for a user. Answers the user.
UPDATE users SET quota_bytes = :bytes, quota_files = :files WHERE id = :user_id RETURNING id;

-- stored_by_user --
-- What a user may store, and does.
SELECT quota_bytes, quota_files, used_bytes, used_files FROM users WHERE id = :user_id;
