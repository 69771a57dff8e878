-- Statements about signing keys, of which there are a few.

-- list_signing_keys --
-- All of them, by the time from which they sign.
SELECT key_id, signs_from, sealed FROM signing_keys ORDER BY signs_from, key_id;

-- insert_first_signing_key --
-- The first key, unless there is any; before it what earlier releases have signed with, if there is a user.
INSERT INTO signing_keys (key_id, signs_from, sealed)
SELECT key_id, signs_from, sealed FROM (
    SELECT x'00000000' AS key_id, 0.0 AS signs_from, NULL AS sealed WHERE EXISTS (SELECT 1 FROM users)
    UNION ALL SELECT :key_id, :signs_from, :sealed
) WHERE NOT EXISTS (SELECT 1 FROM signing_keys);

-- insert_signing_key --
-- One key, unless it is there.
INSERT INTO signing_keys (key_id, signs_from, sealed) VALUES (:key_id, :signs_from, :sealed)
ON CONFLICT (key_id) DO NOTHING RETURNING key_id;

-- delete_other_signing_keys --
-- All keys but one.
DELETE FROM signing_keys WHERE key_id <> :key_id;

-- reseal_signing_key --
-- Other bytes for the same secret.
UPDATE signing_keys SET sealed = :sealed WHERE key_id = :key_id AND sealed IS NOT NULL;

-- delete_signing_keys --
-- Those of a JSON list of hexadecimal ids.
DELETE FROM signing_keys WHERE lower(hex(key_id)) IN (SELECT value FROM json_each(:key_ids));
