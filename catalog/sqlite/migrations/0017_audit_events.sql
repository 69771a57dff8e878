-- What happened. Names are texts, not references: an event outlives the user and the file that it is about.
CREATE TABLE audit_events (
    id BLOB PRIMARY KEY NOT NULL CHECK (length(id) = 16),
    first_at REAL NOT NULL,
    last_at REAL NOT NULL CHECK (last_at >= first_at),
    count INTEGER NOT NULL CHECK (count > 0),
    action TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('success', 'failure')),
    actor_id INTEGER,
    actor TEXT COLLATE NOCASE,
    address TEXT,
    subject TEXT COLLATE NOCASE,
    details TEXT NOT NULL CHECK (json_valid(details))
) STRICT;

CREATE INDEX audit_events_by_time ON audit_events (first_at, id);
CREATE INDEX audit_events_by_action ON audit_events (action, first_at, id);
CREATE INDEX audit_events_by_actor ON audit_events (actor, first_at, id);
CREATE INDEX audit_events_by_subject ON audit_events (subject, first_at, id);
