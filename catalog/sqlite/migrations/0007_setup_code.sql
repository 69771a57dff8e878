-- What whoever makes the first user has to show. Kept until there is a user.
CREATE TABLE setup_codes (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    code TEXT NOT NULL
) STRICT;

CREATE TRIGGER setup_code_used AFTER INSERT ON users BEGIN
    DELETE FROM setup_codes;
END;
