"""The audit log."""

import sqlite3
from collections.abc import Sequence
from uuid import UUID

from catalog.records import AuditEvent, AuditOutcome, AuditPosition, AuditQuery
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, write
from catalog.sqlite.statements import sql

_FOREVER = float("inf")


class SqliteAudit(SqlitePart):
    """`AuditStore` on SQLite."""

    @write
    def put_audit_events(self, session: Session, events: Sequence[AuditEvent]) -> None:
        """Adds events. One that is there, by its id, keeps the greater `count` and `last_at` alone."""
        session.run_many(sql.put_audit_event, map(_parameters_of, events))

    @read
    def audit_events(
        self, session: Session, query: AuditQuery, *, before: AuditPosition | None, limit: int
    ) -> list[AuditEvent]:
        """Events that match, newest first by `first_at`, then by id."""
        parameters: dict[str, object] = {
            "since": -_FOREVER if query.since is None else query.since,
            "limit": limit,
            **_start_of(query, before),
        }
        if query.action is not None or query.user is not None:
            parameters["action"] = query.action
        if query.user is not None:
            statement, parameters["user"] = sql.audit_events_of_user, query.user
        else:
            statement = sql.audit_events if query.action is None else sql.audit_events_of_action
        rows = session.rows(statement, **parameters)
        return [_event_of(row) for row in rows]

    @write
    def drop_audit_events(self, session: Session, *, before: float, limit: int) -> int:
        """Deletes the oldest events that first happened before a time. Answers how many."""
        return len(session.rows(sql.delete_audit_events, before=before, limit=limit))


def _start_of(query: AuditQuery, before: AuditPosition | None) -> dict[str, object]:
    # An empty id comes before all others, so that `until` itself is left out.
    until = _FOREVER if query.until is None else query.until
    if before is None or before.first_at >= until:
        return {"before_at": until, "before_id": b""}
    return {"before_at": before.first_at, "before_id": before.id.bytes}


def _parameters_of(event: AuditEvent) -> dict[str, object]:
    return {
        "id": event.id.bytes,
        "first_at": event.first_at,
        "last_at": event.last_at,
        "count": event.count,
        "action": event.action,
        "outcome": event.outcome.value,
        "actor_id": event.actor_id,
        "actor": event.actor,
        "address": event.address,
        "subject": event.subject,
        "details": event.details,
    }


def _event_of(row: sqlite3.Row) -> AuditEvent:
    fields = dict(row)
    fields["id"] = UUID(bytes=row["id"])
    fields["outcome"] = AuditOutcome(row["outcome"])
    return AuditEvent(**fields)
