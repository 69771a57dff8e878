-- Statements for uploads that are kept beyond their client's connection.

-- insert_kept_upload --
-- A new kept upload, of an object that is there.
INSERT INTO kept_uploads (object_id, owner_id, folder, name, is_public, do_overwrite, fingerprint,
    state, mime_type, epoch, created_at)
VALUES (:object_id, :owner_id, :folder, :name, :is_public, :do_overwrite, :fingerprint,
    :state, :mime_type, :epoch, :created_at);

-- kept_upload --
-- The kept upload of an object, whose time is not over.
SELECT kept_uploads.*, "references".expires_at, objects.size, objects.chunk_size, objects.chunk_count, (
    SELECT count(*) FROM chunks WHERE chunks.object_id = kept_uploads.object_id
) AS stored_chunks
FROM kept_uploads
JOIN objects ON objects.id = kept_uploads.object_id
JOIN "references" ON "references".object_id = kept_uploads.object_id
    AND "references".service = 'kept-upload' AND "references".expires_at > :now
WHERE kept_uploads.object_id = :object_id;

-- kept_uploads_of --
-- A page of a user's kept uploads, the oldest first, those after another one.
SELECT kept_uploads.*, "references".expires_at, objects.size, objects.chunk_size, objects.chunk_count, (
    SELECT count(*) FROM chunks WHERE chunks.object_id = kept_uploads.object_id
) AS stored_chunks
FROM kept_uploads
JOIN objects ON objects.id = kept_uploads.object_id
JOIN "references" ON "references".object_id = kept_uploads.object_id
    AND "references".service = 'kept-upload' AND "references".expires_at > :now
WHERE kept_uploads.owner_id = :owner_id AND (:after IS NULL
    OR (kept_uploads.created_at, kept_uploads.object_id) > (
        SELECT created_at, object_id FROM kept_uploads AS previous
        WHERE previous.object_id = :after AND previous.owner_id = :owner_id
    ))
ORDER BY kept_uploads.created_at, kept_uploads.object_id LIMIT :limit;

-- kept_upload_totals --
-- How many uploads a user keeps, and the size of their files.
SELECT count(*) AS uploads, coalesce(sum(objects.size), 0) AS size
FROM kept_uploads
JOIN objects ON objects.id = kept_uploads.object_id
JOIN "references" ON "references".object_id = kept_uploads.object_id
    AND "references".service = 'kept-upload' AND "references".expires_at > :now
WHERE kept_uploads.owner_id = :owner_id;

-- claim_kept_upload --
-- Begins the next epoch of a kept upload.
UPDATE kept_uploads SET epoch = epoch + 1, claimed_by = :claimant, state = 'uploading'
WHERE object_id = :object_id;

-- park_kept_upload --
-- Notes how far a kept upload has come, in the epoch that is going on.
UPDATE kept_uploads
SET state = :state, mime_type = coalesce(:mime_type, mime_type)
WHERE object_id = :object_id AND epoch = :epoch
RETURNING owner_id;

-- note_kept_upload_service --
-- Services with a credential were given a kept upload.
INSERT INTO kept_upload_services (object_id, credential_id)
SELECT kept_uploads.object_id, service_credentials.id FROM kept_uploads, service_credentials
WHERE kept_uploads.object_id = :object_id AND service_credentials.id = :credential_id
ON CONFLICT DO NOTHING;

-- kept_upload_service --
-- Whether services with a credential were given a kept upload.
SELECT object_id FROM kept_upload_services
WHERE object_id = :object_id AND credential_id = :credential_id;

-- move_kept_uploads --
-- Kept uploads follow a folder. Paths in it begin with the text of its own up to the bracket, and a comma,
-- which the hyphen follows in ASCII.
UPDATE kept_uploads SET folder = :after || substr(folder, length(:before) + 1)
WHERE folder = :before || ']' OR (folder > :before || ',' AND folder < :before || '-');

-- delete_kept_upload --
-- Deletes a kept upload, of a certain owner if one is given.
DELETE FROM kept_uploads
WHERE object_id = :object_id AND (:owner_id IS NULL OR owner_id = :owner_id)
RETURNING owner_id;
