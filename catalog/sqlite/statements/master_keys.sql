-- Statements about master keys. They are asked once, when a manager starts.

-- note_master_key --
-- From when on another key than before is used; 0 for the first one. Answers it if it is another one.
INSERT INTO master_keys (used_from, key_id)
SELECT coalesce((SELECT max(:now, max(used_from)) FROM master_keys), 0), :key_id
WHERE :key_id IS NOT (SELECT key_id FROM master_keys ORDER BY used_from DESC LIMIT 1)
ON CONFLICT (used_from) DO UPDATE SET key_id = excluded.key_id
RETURNING key_id;

-- content_of_missing_keys --
-- Sealed objects by key, for keys that are not in a JSON list of hexadecimal ids.
SELECT period.key_id, count(*) AS objects
FROM (
    SELECT key_id, used_from, lead(used_from) OVER (ORDER BY used_from) AS used_until
    FROM master_keys
) AS period
JOIN objects ON objects.created_at >= period.used_from
    AND (period.used_until IS NULL OR objects.created_at < period.used_until)
WHERE objects.state = 'stored' AND objects.envelope <> 'plain' AND objects.chunk_count > 0
    AND lower(hex(period.key_id)) NOT IN (SELECT value FROM json_each(:configured))
GROUP BY period.key_id;
