-- Statements about the queue of objects to process.

-- enqueue_job --
-- A job, unless the object has one.
INSERT INTO jobs (object_id, state, due_at) VALUES (:object_id, 'queued', :now)
ON CONFLICT (object_id) DO NOTHING;

-- stretch_end --
-- The last of the objects after an id.
SELECT max(id) AS last, count(*) AS objects FROM (
    SELECT id FROM objects WHERE id > :after ORDER BY id LIMIT :limit
) AS stretch;

-- enqueue_stretch --
-- Jobs for the objects between two ids that were never processed, or by older recipes.
INSERT INTO jobs (object_id, state, due_at)
SELECT objects.id, 'queued', :now
FROM objects LEFT JOIN jobs ON jobs.object_id = objects.id
WHERE objects.id > :after AND objects.id <= :last
AND objects.state = 'stored'
AND (
    EXISTS (SELECT 1 FROM files WHERE files.object_id = objects.id)
    OR EXISTS (
        SELECT 1 FROM "references" WHERE "references".object_id = objects.id
        AND ("references".expires_at IS NULL OR "references".expires_at > :now)
    )
)
AND (
    jobs.object_id IS NULL
    OR (jobs.state = 'done' AND jobs.recipe_version < :recipe_version)
)
ON CONFLICT (object_id) DO UPDATE SET state = 'queued', due_at = excluded.due_at, attempts = 0,
    worker = NULL, error = NULL, recipe_version = NULL
RETURNING 1;

-- fail_exhausted_jobs --
-- Gives up what no worker came back from, after so many attempts.
UPDATE jobs SET state = 'failed', worker = NULL,
    error = 'the worker was lost ' || attempts || ' times'
WHERE state = 'running' AND due_at <= :now AND attempts >= :max_attempts;

-- claim_job --
-- Leases the job that is due longest.
UPDATE jobs SET state = 'running', worker = :worker, due_at = :lease_end, attempts = attempts + 1
WHERE object_id = (
    SELECT object_id FROM jobs WHERE state IN ('queued', 'running') AND due_at <= :now
    ORDER BY due_at LIMIT 1
)
RETURNING *;

-- renew_job --
-- Moves the end of a lease.
UPDATE jobs SET due_at = :lease_end
WHERE object_id = :object_id AND state = 'running' AND worker = :worker
RETURNING 1;

-- complete_job --
-- Ends a job well; the worker stays noted, so that it may say so again.
UPDATE jobs SET state = 'done', due_at = :now, error = NULL, recipe_version = :recipe_version
WHERE object_id = :object_id AND worker = :worker AND (
    state = 'running' OR (state = 'done' AND recipe_version = :recipe_version)
)
RETURNING 1;

-- set_metadata --
-- What processing found out about an object.
UPDATE objects SET metadata = :metadata WHERE id = :object_id;

-- retry_job_later --
-- Ends an attempt, with another to come.
UPDATE jobs SET state = 'queued', due_at = :retry_at, worker = NULL, error = :error
WHERE object_id = :object_id AND state = 'running' AND worker = :worker
RETURNING 1;

-- give_up_job --
-- Ends the last attempt.
UPDATE jobs SET state = 'failed', due_at = :now, worker = NULL, error = :error
WHERE object_id = :object_id AND state = 'running' AND worker = :worker
RETURNING 1;

-- jobs_by_state --
-- Jobs in a state, due longest first.
SELECT * FROM jobs WHERE state = :state ORDER BY due_at LIMIT :limit;

-- count_jobs --
-- How many jobs are not done.
SELECT state, count(*) AS jobs FROM jobs WHERE state IN ('queued', 'running', 'failed')
GROUP BY state;

-- retry_failed_jobs --
-- Another round for everything that was given up.
UPDATE jobs SET state = 'queued', due_at = :now, attempts = 0, worker = NULL
WHERE state = 'failed' RETURNING 1;
