-- Statements about second factors and recovery codes.

-- factors_of --
-- The factors of a user, the oldest first.
SELECT * FROM factors WHERE user_id = :user_id ORDER BY created_at, id;

-- factor_totals --
-- How many factors and recovery codes a user has, and whether a factor is demanded.
SELECT (SELECT count(*) FROM factors WHERE user_id = :user_id) AS factors,
    (SELECT count(*) FROM recovery_codes WHERE user_id = :user_id) AS recovery_codes,
    EXISTS (SELECT 1 FROM factor_demands WHERE user_id = :user_id) AS is_demanded;

-- factor_by_id --
-- One factor.
SELECT * FROM factors WHERE id = :id;

-- factor_by_credential --
-- The passkey with a credential id.
SELECT * FROM factors WHERE credential_id = :credential_id;

-- insert_factor --
-- A new factor.
INSERT INTO factors (id, user_id, kind, label, credential_id, key, counter, created_at, last_used_at)
VALUES (:id, :user_id, :kind, :label, :credential_id, :key, :counter, :created_at, :last_used_at);

-- use_factor --
-- Notes a use, if nobody has used the factor meanwhile.
UPDATE factors SET counter = :counter, last_used_at = :used_at
WHERE id = :id AND counter = :previous RETURNING id;

-- delete_factor --
-- One factor of a user.
DELETE FROM factors WHERE id = :id AND user_id = :user_id RETURNING id;

-- delete_factors --
-- All factors of a user.
DELETE FROM factors WHERE user_id = :user_id;

-- delete_recovery_codes --
-- All recovery codes of a user.
DELETE FROM recovery_codes WHERE user_id = :user_id;

-- insert_recovery_code --
-- One recovery code.
INSERT INTO recovery_codes (user_id, code_hash) VALUES (:user_id, :code_hash)
ON CONFLICT (user_id, code_hash) DO NOTHING;

-- use_recovery_code --
-- Uses a recovery code up.
DELETE FROM recovery_codes WHERE user_id = :user_id AND code_hash = :code_hash RETURNING user_id;

-- demand_factor --
-- A second factor is demanded of the user.
INSERT INTO factor_demands (user_id) VALUES (:user_id) ON CONFLICT (user_id) DO NOTHING;

-- drop_factor_demand --
-- A second factor is not demanded of the user any more.
DELETE FROM factor_demands WHERE user_id = :user_id;

-- drop_expired_challenges --
-- Challenges that nobody can answer any more.
DELETE FROM spent_challenges WHERE expires_at <= :now;

-- spend_challenge --
-- Notes an answered challenge, once.
INSERT INTO spent_challenges (id, expires_at) VALUES (:id, :expires_at)
ON CONFLICT (id) DO NOTHING RETURNING id;

-- totp_factors --
-- The factors of all users that have an encrypted secret.
SELECT * FROM factors WHERE kind = 'totp' ORDER BY id;

-- reseal_factor --
-- Other bytes for the same secret.
UPDATE factors SET key = :key WHERE id = :id AND kind = 'totp';
