"""The audit log."""

import json
from collections.abc import Sequence
from typing import Final
from uuid import UUID

from catalog.records import AuditEvent, AuditOutcome, AuditPosition, AuditQuery
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import Row

_FIRST_ID: Final = UUID(int=0)


class SupabaseAudit(SupabasePart):
    """`AuditStore` on Supabase."""

    async def put_audit_events(self, events: Sequence[AuditEvent]) -> None:
        """Adds events. One that is there, by its id, keeps the greater `count` and `last_at` alone."""
        await self._functions.write("put_audit_events", events=[_row_of(event) for event in events])

    async def audit_events(
        self, query: AuditQuery, *, before: AuditPosition | None, limit: int
    ) -> list[AuditEvent]:
        """Events that match, newest first by `first_at`, then by id."""
        before_at, before_id = query.until, _FIRST_ID
        if before is not None and (before_at is None or before.first_at < before_at):
            before_at, before_id = before.first_at, before.id
        rows = await self._functions.read(
            "audit_events",
            user=query.user,
            action=query.action,
            since=query.since,
            before_at=before_at,
            before_id=str(before_id),
            limit=limit,
        )
        return [_event_of(row) for row in rows]

    async def drop_audit_events(self, *, before: float, limit: int) -> int:
        """Deletes the oldest events that first happened before a time. Answers how many."""
        return int(await self._functions.write("drop_audit_events", before=before, limit=limit))


def _row_of(event: AuditEvent) -> Row:
    return {
        "id": str(event.id),
        "first_at": event.first_at,
        "last_at": event.last_at,
        "count": event.count,
        "action": event.action,
        "outcome": event.outcome.value,
        "actor_id": event.actor_id,
        "actor": event.actor,
        "address": event.address,
        "subject": event.subject,
        "details": json.loads(event.details),
    }


def _event_of(row: Row) -> AuditEvent:
    return AuditEvent(
        **{
            **row,
            "id": UUID(row["id"]),
            "first_at": float(row["first_at"]),
            "last_at": float(row["last_at"]),
            "outcome": AuditOutcome(row["outcome"]),
            "details": json.dumps(row["details"], separators=(",", ":"), sort_keys=True),
        }
    )
