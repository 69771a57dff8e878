-- Statements about how much users may store.

-- set_quota --
-- Another quota for a user. Answers the user.
UPDATE users SET quota_bytes = :bytes, quota_files = :files WHERE id = :user_id RETURNING id;

-- stored_by_user --
-- What a user may store, and does.
SELECT quota_bytes, quota_files, used_bytes, used_files FROM users WHERE id = :user_id;

-- user_usages --
-- What users store, in an order: a direction of -1 turns it round.
SELECT users.*,
    (SELECT coalesce(sum(size), 0) FROM files WHERE owner_id = users.id AND trash_id IS NOT NULL) AS trash_bytes,
    (SELECT count(*) FROM files WHERE owner_id = users.id AND trash_id IS NOT NULL) AS trash_files,
    (SELECT coalesce(sum(size), 0) FROM versions WHERE owner_id = users.id) AS version_bytes,
    nullif(max(
        coalesce((SELECT max(last_seen_at) FROM login_sessions WHERE user_id = users.id), 0),
        coalesce((SELECT max(last_used_at) FROM app_passwords WHERE user_id = users.id), 0)
    ), 0) AS seen_at
FROM users
ORDER BY :direction * CASE :order
        WHEN 'stored' THEN used_bytes
        WHEN 'files' THEN used_files
        WHEN 'quota' THEN coalesce(quota_bytes, 1e18)
        WHEN 'seen' THEN max(
            coalesce((SELECT max(last_seen_at) FROM login_sessions WHERE user_id = users.id), 0),
            coalesce((SELECT max(last_used_at) FROM app_passwords WHERE user_id = users.id), 0)
        )
        ELSE 0
    END,
    CASE WHEN :order = 'name' AND :direction = -1 THEN name END COLLATE NOCASE DESC, name
LIMIT :limit OFFSET :offset;
