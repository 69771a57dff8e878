-- Statements about users.

-- any_user --
-- A row if there is any user.
SELECT 1 FROM users LIMIT 1;

-- propose_setup_code --
-- The code for making the first user, unless there is one, or a user.
INSERT INTO setup_codes (id, code) SELECT 1, :code WHERE NOT EXISTS (SELECT 1 FROM users)
ON CONFLICT DO NOTHING;

-- setup_code --
-- The code for making the first user; a trigger forgets it when there is a user.
SELECT code FROM setup_codes;

-- insert_first_user --
-- The administrator, if there is no user yet; one statement, so two cannot both be first.
INSERT INTO users (name, is_admin, password_hash, created_at)
SELECT :name, 1, :password_hash, :now
WHERE NOT EXISTS (SELECT 1 FROM users)
RETURNING *;

-- insert_user --
-- A user, or no row when the name is taken.
INSERT INTO users (name, is_admin, password_hash, created_at, quota_bytes, quota_files)
VALUES (:name, :is_admin, :password_hash, :now, :quota_bytes, :quota_files)
ON CONFLICT (name) DO NOTHING
RETURNING *;

-- user_by_name --
-- A user by name; the column's collation makes it case-insensitive.
SELECT * FROM users WHERE name = :name;

-- user_by_id --
-- A user by id.
SELECT * FROM users WHERE id = :user_id;

-- change_hash --
-- A new password, and a new token epoch; nothing when it is the present one (a repeated call).
UPDATE users SET password_hash = :password_hash, token_epoch = token_epoch + 1
WHERE id = :user_id AND password_hash <> :password_hash
AND (:epoch IS NULL OR token_epoch = :epoch);

-- replace_hash --
-- Another hash of the same password, unless the user has another one by now.
UPDATE users SET password_hash = :renewed WHERE id = :user_id AND password_hash = :previous;

-- search_users --
-- Users whose name contains the text. Reads all of them: no index finds the middle of a word.
SELECT * FROM users WHERE instr(lower(name), lower(:query)) > 0
ORDER BY instr(lower(name), lower(:query)) > 1, name
LIMIT :limit;

-- list_accounts --
-- A page of the users whose name contains the text, with what they own.
SELECT * FROM users WHERE instr(lower(name), lower(:query)) > 0
ORDER BY name LIMIT :limit OFFSET :offset;

-- count_users --
-- How many users have the text in their name.
SELECT count(*) AS total FROM users WHERE instr(lower(name), lower(:query)) > 0;

-- set_role --
-- Another role for a user.
UPDATE users SET is_admin = :is_admin WHERE id = :user_id;

-- other_administrator --
-- A row if there is another administrator who can log in.
SELECT 1 FROM users WHERE is_admin AND id <> :user_id AND password_hash <> :no_password LIMIT 1;

-- delete_user --
-- Deletes a user, and by the foreign key the user's shares.
DELETE FROM users WHERE id = :user_id;
