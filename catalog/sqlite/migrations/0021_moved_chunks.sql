-- Chunks of messages that are mostly holes move into new messages.
CREATE TRIGGER chunks_moved AFTER UPDATE OF message_id ON chunks
WHEN OLD.message_id <> NEW.message_id BEGIN
    UPDATE messages SET chunk_count = chunk_count - 1 WHERE id = OLD.message_id;
    UPDATE messages SET chunk_count = chunk_count + 1 WHERE id = NEW.message_id;
END;
