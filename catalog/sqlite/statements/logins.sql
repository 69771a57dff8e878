-- Statements about logins and app passwords.

-- session_by_id --
-- A session, however it stands.
SELECT * FROM login_sessions WHERE id = :session_id;

-- insert_session --
-- A login of a user.
INSERT INTO login_sessions (id, user_id, epoch, device, address, created_at, last_seen_at, expires_at,
    generation, renewed_at)
VALUES (:id, :user_id, :epoch, :device, :address, :created_at, :last_seen_at, :expires_at,
    :generation, :renewed_at);

-- make_room_for_session --
-- Deletes a user's sessions that have ended, and those seen least lately beyond a number.
DELETE FROM login_sessions WHERE user_id = :user_id AND (
    expires_at <= :now
    OR epoch <> (SELECT token_epoch FROM users WHERE id = :user_id)
    OR id NOT IN (
        SELECT id FROM login_sessions WHERE user_id = :user_id AND expires_at > :now
            AND epoch = (SELECT token_epoch FROM users WHERE id = :user_id)
        ORDER BY last_seen_at DESC, id DESC LIMIT :room
    )
)
RETURNING id;

-- session_login --
-- A session that has not ended, and the user as `user_…`.
SELECT login_sessions.*, users.name AS user_name, users.is_admin AS user_is_admin,
    users.password_hash AS user_password_hash, users.token_epoch AS user_token_epoch,
    users.created_at AS user_created_at
FROM login_sessions JOIN users ON users.id = login_sessions.user_id
    AND users.token_epoch = login_sessions.epoch
WHERE login_sessions.id = :session_id AND login_sessions.expires_at > :now;

-- sessions_of --
-- A user's sessions that have not ended, those seen last first.
SELECT login_sessions.* FROM login_sessions JOIN users ON users.id = login_sessions.user_id
    AND users.token_epoch = login_sessions.epoch
WHERE login_sessions.user_id = :user_id AND login_sessions.expires_at > :now
ORDER BY login_sessions.last_seen_at DESC, login_sessions.id DESC;

-- is_live_session --
-- A row if the session has not ended.
SELECT 1 FROM login_sessions JOIN users ON users.id = login_sessions.user_id
    AND users.token_epoch = login_sessions.epoch
WHERE login_sessions.id = :session_id AND login_sessions.expires_at > :now;

-- raise_generation --
-- Another generation of a session.
UPDATE login_sessions SET generation = generation + 1, renewed_at = :now WHERE id = :session_id;

-- carry_session --
-- A session outlives a change of password.
UPDATE login_sessions SET epoch = :to_epoch WHERE id = :session_id AND epoch = :from_epoch;

-- touch_session --
-- A session was used.
UPDATE login_sessions SET address = :address, last_seen_at = :seen_at
WHERE id = :session_id AND last_seen_at < :seen_at;

-- delete_session --
-- Ends a session of a user, or with NULL of any.
DELETE FROM login_sessions WHERE id = :session_id AND (:user_id IS NULL OR user_id = :user_id)
RETURNING id;

-- delete_sessions_of --
-- Ends all sessions of a user but one.
DELETE FROM login_sessions WHERE user_id = :user_id AND (:keep IS NULL OR id <> :keep) RETURNING id;

-- delete_expired_sessions --
-- Deletes some sessions whose time is over.
DELETE FROM login_sessions WHERE id IN (
    SELECT id FROM login_sessions WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit
)
RETURNING id;

-- app_password_by_id --
-- An app password, however it stands.
SELECT * FROM app_passwords WHERE id = :app_password_id;

-- app_password_names --
-- The names of a user's app passwords.
SELECT name FROM app_passwords WHERE user_id = :user_id;

-- insert_app_password --
-- An app password.
INSERT INTO app_passwords (id, user_id, name, secret_hash, is_read_only, folder_id, created_at,
    last_used_at, expires_at)
VALUES (:id, :user_id, :name, :secret_hash, :is_read_only, :folder_id, :created_at,
    :last_used_at, :expires_at);

-- app_password_login --
-- An app password that has not ended, and the user as `user_…`.
SELECT app_passwords.*, users.name AS user_name, users.is_admin AS user_is_admin,
    users.password_hash AS user_password_hash, users.token_epoch AS user_token_epoch,
    users.created_at AS user_created_at
FROM app_passwords JOIN users ON users.id = app_passwords.user_id
WHERE app_passwords.secret_hash = :secret_hash AND users.password_hash <> :no_password
    AND (app_passwords.expires_at IS NULL OR app_passwords.expires_at > :now);

-- app_passwords_of --
-- A user's app passwords by name.
SELECT * FROM app_passwords WHERE user_id = :user_id ORDER BY name;

-- live_app_password --
-- An app password that has not ended.
SELECT app_passwords.* FROM app_passwords JOIN users ON users.id = app_passwords.user_id
WHERE app_passwords.id = :app_password_id AND users.password_hash <> :no_password
    AND (app_passwords.expires_at IS NULL OR app_passwords.expires_at > :now);

-- touch_app_password --
-- An app password was used.
UPDATE app_passwords SET last_used_at = :used_at
WHERE id = :app_password_id AND (last_used_at IS NULL OR last_used_at < :used_at);

-- delete_app_password --
-- Revokes an app password of a user.
DELETE FROM app_passwords WHERE id = :app_password_id AND user_id = :user_id RETURNING id;
