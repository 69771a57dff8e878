-- A kept upload ends with the transaction that enters its file. If the manager ended it afterwards, one
-- that was killed in between would leave an upload that could be entered again after its file was deleted.
CREATE TRIGGER kept_upload_committed AFTER INSERT ON files BEGIN
    DELETE FROM "references" WHERE object_id = new.object_id AND service = 'kept-upload';
    DELETE FROM kept_uploads WHERE object_id = new.object_id;
END;

CREATE TRIGGER kept_upload_replacing AFTER UPDATE OF object_id ON files BEGIN
    DELETE FROM "references" WHERE object_id = new.object_id AND service = 'kept-upload';
    DELETE FROM kept_uploads WHERE object_id = new.object_id;
END;
