"""Statements about users."""

ANY_USER = "SELECT 1 FROM users LIMIT 1"
"""A row if there is any user."""

PROPOSE_SETUP_CODE = """
INSERT INTO setup_codes (id, code) SELECT 1, :code WHERE NOT EXISTS (SELECT 1 FROM users)
ON CONFLICT DO NOTHING
"""
"""The code for making the first user, unless there is one, or a user."""

SETUP_CODE = "SELECT code FROM setup_codes"
"""The code for making the first user; a trigger forgets it when there is a user."""

INSERT_FIRST_USER = """
INSERT INTO users (name, is_admin, password_hash, created_at)
SELECT :name, 1, :password_hash, :now
WHERE NOT EXISTS (SELECT 1 FROM users)
RETURNING *
"""
"""The administrator, if there is no user yet; one statement, so two cannot both be first."""

INSERT_USER = """
INSERT INTO users (name, is_admin, password_hash, created_at)
VALUES (:name, :is_admin, :password_hash, :now)
ON CONFLICT (name) DO NOTHING
RETURNING *
"""
"""A user, or no row when the name is taken."""

USER_BY_NAME = "SELECT * FROM users WHERE name = :name"
"""A user by name; the column's collation makes it case-insensitive."""

USER_BY_ID = "SELECT * FROM users WHERE id = :user_id"
"""A user by id."""

CHANGE_HASH = """
UPDATE users SET password_hash = :password_hash, token_epoch = token_epoch + 1
WHERE id = :user_id AND password_hash <> :password_hash
AND (:epoch IS NULL OR token_epoch = :epoch)
"""
"""A new password, and a new token epoch; nothing when it is the present one (a repeated call)."""

REPLACE_HASH = """
UPDATE users SET password_hash = :renewed WHERE id = :user_id AND password_hash = :previous
"""
"""Another hash of the same password, unless the user has another one by now."""

SEARCH_USERS = """
SELECT * FROM users WHERE instr(lower(name), lower(:query)) > 0
ORDER BY instr(lower(name), lower(:query)) > 1, name
LIMIT :limit
"""
"""Users whose name contains the text. Reads all of them: no index finds the middle of a word."""

ACCOUNTS = """
WITH page AS MATERIALIZED (
    SELECT * FROM users WHERE instr(lower(name), lower(:query)) > 0
    ORDER BY name LIMIT :limit OFFSET :offset
)
SELECT page.*, owned.file_count, owned.total_size FROM page LEFT JOIN (
    SELECT owner_id, count(*) AS file_count, sum(size) AS total_size FROM files
    WHERE owner_id IN (SELECT id FROM page) GROUP BY owner_id
) AS owned ON owned.owner_id = page.id
ORDER BY page.name
"""
"""A page of the users whose name contains the text, with what they own."""

COUNT_USERS = "SELECT count(*) AS total FROM users WHERE instr(lower(name), lower(:query)) > 0"
"""How many users have the text in their name."""

SET_ROLE = "UPDATE users SET is_admin = :is_admin WHERE id = :user_id"
"""Another role for a user."""

OTHER_ADMINISTRATOR = """
SELECT 1 FROM users WHERE is_admin AND id <> :user_id AND password_hash <> :no_password LIMIT 1
"""
"""A row if somebody else is administrator, and can log in."""

DELETE_USER = "DELETE FROM users WHERE id = :user_id"
"""Deletes a user, and by the foreign key the user's shares."""
