"""Tickets: permissions to upload one file each."""

from uuid import UUID

from catalog.records import Reference, StoredObject, Ticket, TicketLimits, ViewTarget
from catalog.supabase.objects import beginning_of
from catalog.supabase.part import SupabasePart
from catalog.supabase.rows import Row, object_of, time_of


class SupabaseTickets(SupabasePart):
    """`TicketStore` on Supabase."""

    async def open_ticket(self, ticket: Ticket, *, limits: TicketLimits | None) -> None:
        """Adds a ticket. Raises `TooManyTickets`, `TooManyTemporaryBytes`."""
        await self._functions.write(
            "open_ticket",
            ticket=_row_of(ticket),
            open_tickets=limits and limits.open_tickets,
            temporary_bytes=limits and limits.temporary_bytes,
            now=self._clock(),
        )

    async def ticket(self, ticket_id: UUID) -> Ticket | None:
        """The ticket, or None."""
        row = await self._functions.read("ticket_by_id", ticket_id=str(ticket_id))
        return None if row is None else _ticket_of(row)

    async def redeem_ticket(self, draft: StoredObject, hold: Reference) -> Ticket:
        """Marks the ticket as used, and begins its object.

        Raises `TicketMissing`, `TicketUsed`, `TicketExpired`.
        """
        row = await self._functions.write(
            "redeem_ticket", **beginning_of(draft, hold), now=self._clock()
        )
        return _ticket_of(row)

    async def complete_ticket(
        self, object_id: UUID, *, mime_type: str, hash_hex: str
    ) -> StoredObject:
        """Finishes the object, and keeps it as its ticket says.

        Raises `TicketMissing`, `ObjectMissing`, `ObjectIncomplete`.
        """
        row = await self._functions.write(
            "complete_ticket",
            object_id=str(object_id),
            mime_type=mime_type,
            hash=hash_hex,
            now=self._clock(),
        )
        return object_of(row)

    async def drop_expired_tickets(self, *, limit: int) -> int:
        """Deletes up to `limit` tickets that were never used and are over."""
        dropped: int = await self._functions.write(
            "drop_expired_tickets", limit=limit, now=self._clock()
        )
        return dropped


def _row_of(ticket: Ticket) -> Row:
    return {
        "id": str(ticket.id),
        "holder": ticket.holder,
        "mime_type": ticket.mime_type,
        "size": ticket.size,
        "created_at": ticket.created_at,
        "expires_at": ticket.expires_at,
        "reference_ttl_s": ticket.reference_ttl_s,
        "success_action_status": ticket.success_action_status,
        "success_action_redirect": ticket.success_action_redirect,
        "view_of": str(ticket.view.object_id) if ticket.view else None,
        "view_name": ticket.view.name if ticket.view else None,
    }


def _ticket_of(row: Row) -> Ticket:
    return Ticket(
        id=UUID(row["id"]),
        holder=row["holder"],
        mime_type=row["mime_type"],
        size=row["size"],
        created_at=float(row["created_at"]),
        expires_at=float(row["expires_at"]),
        reference_ttl_s=float(row["reference_ttl_s"]),
        success_action_status=row["success_action_status"],
        success_action_redirect=row["success_action_redirect"],
        view=_view_target_of(row),
        used_at=time_of(row["used_at"]),
        completed_at=time_of(row["completed_at"]),
    )


def _view_target_of(row: Row) -> ViewTarget | None:
    if row["view_of"] is None:
        return None
    return ViewTarget(object_id=UUID(row["view_of"]), name=row["view_name"])
