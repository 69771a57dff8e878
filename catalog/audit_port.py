"""The part of the port for the audit log. The promises of `catalog.port` hold here as well."""

from collections.abc import Sequence
from typing import Protocol

from catalog.records import AuditEvent, AuditPosition, AuditQuery


class AuditStore(Protocol):
    """What happened, by whom, from where. Events outlive the users and files that they name."""

    async def put_audit_events(self, events: Sequence[AuditEvent]) -> None:
        """Adds events. One that is there, by its id, keeps the greater `count` and `last_at` alone."""

    async def audit_events(
        self, query: AuditQuery, *, before: AuditPosition | None, limit: int
    ) -> list[AuditEvent]:
        """Events that match, newest first by `first_at`, then by id.

        Args:
            query: What they have to match.
            before: Only those that come after this one in that order; None: from the newest on.
            limit: How many at most.
        """

    async def drop_audit_events(self, *, before: float, limit: int) -> int:
        """Deletes the oldest events that first happened before a time. Answers how many."""
