"""Tickets: permissions to upload one file each."""

from uuid import UUID

from catalog.errors import (
    TicketExpired,
    TicketMissing,
    TicketUsed,
    TooManyTemporaryBytes,
    TooManyTickets,
)
from catalog.records import (
    ObjectState,
    Reference,
    StoredObject,
    Ticket,
    TicketLimits,
)
from catalog.rows import ticket_of
from catalog.service_port import TICKET_SERVICE
from catalog.sqlite.database import Session, SqlitePart
from catalog.sqlite.objects import begin_object, finish_object, put_reference, require_object
from catalog.sqlite.services import enqueue, put_view
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteTickets(SqlitePart):
    """`TicketStore` on SQLite."""

    async def open_ticket(self, ticket: Ticket, *, limits: TicketLimits | None) -> None:
        """Adds a ticket. Raises `TooManyTickets`, `TooManyTemporaryBytes`."""
        async with self._database.writing() as session:
            if await _find_ticket(session, ticket.id):
                return
            if limits is not None:
                await self._require_room(session, ticket, limits)
            await session.run(sql.insert_ticket, **_parameters_of(ticket))

    async def _require_room(self, session: Session, ticket: Ticket, limits: TicketLimits) -> None:
        asked = {"holder": ticket.holder, "now": self._clock()}
        under_way = (await session.rows(sql.open_tickets, **asked))[0]
        kept = (await session.rows(sql.temporary_bytes, **asked))[0]
        if under_way["tickets"] >= limits.open_tickets:
            raise TooManyTickets(f"{limits.open_tickets} tickets are open, and no more may be")
        if under_way["bytes"] + kept["bytes"] + ticket.size > limits.temporary_bytes:
            raise TooManyTemporaryBytes(
                f"open tickets and temporary files may have {counted(limits.temporary_bytes, 'byte')}, and "
                f"have {under_way['bytes'] + kept['bytes']}"
            )

    async def ticket(self, ticket_id: UUID) -> Ticket | None:
        """The ticket, or None."""
        async with self._database.reading() as session:
            return await _find_ticket(session, ticket_id)

    async def redeem_ticket(self, draft: StoredObject, hold: Reference) -> Ticket:
        """Marks the ticket as used, and begins its object.

        Raises `TicketMissing`, `TicketUsed`, `TicketExpired`.
        """
        async with self._database.writing() as session:
            ticket = await _require_ticket(session, draft.id)
            if ticket.used_at is not None:
                await _require_repetition(session, hold)
                return ticket
            if ticket.expires_at <= self._clock():
                raise TicketExpired("the ticket was not used in time")
            await begin_object(session, draft, hold)
            await session.run(sql.use_ticket, ticket_id=ticket.id.bytes, now=self._clock())
            return await _require_ticket(session, ticket.id)

    async def complete_ticket(
        self, object_id: UUID, *, mime_type: str, hash_hex: str
    ) -> StoredObject:
        """Finishes the object, and keeps it as its ticket says.

        Raises `TicketMissing`, `ObjectMissing`, `ObjectIncomplete`.
        """
        async with self._database.writing() as session:
            draft = await require_object(session, object_id)
            ticket = await _require_ticket(session, object_id)
            if ticket.completed_at is not None:
                return draft
            stored = await finish_object(session, object_id, mime_type=mime_type, hash_hex=hash_hex)
            await self._keep(session, ticket)
            await session.run(sql.complete_ticket, ticket_id=object_id.bytes, now=self._clock())
            return stored

    async def _keep(self, session: Session, ticket: Ticket) -> None:
        if ticket.view is not None:
            await put_view(session, ticket.view.object_id, ticket.view.name, ticket.id)
            return
        reference = Reference(
            object_id=ticket.id,
            service=TICKET_SERVICE,
            key=ticket.holder,
            expires_at=self._clock() + ticket.reference_ttl_s,
        )
        await put_reference(session, reference)
        await enqueue(session, ticket.id, now=self._clock())

    async def drop_expired_tickets(self, *, limit: int) -> int:
        """Deletes up to `limit` tickets that were never used and are over."""
        async with self._database.writing() as session:
            rows = await session.rows(sql.delete_expired_tickets, now=self._clock(), limit=limit)
        return len(rows)


async def _find_ticket(session: Session, ticket_id: UUID) -> Ticket | None:
    row = await session.row(sql.ticket_by_id, ticket_id=ticket_id.bytes)
    return ticket_of(row) if row else None


async def _require_ticket(session: Session, ticket_id: UUID) -> Ticket:
    ticket = await _find_ticket(session, ticket_id)
    if ticket is None:
        raise TicketMissing(f"there is no ticket {ticket_id}")
    return ticket


async def _require_repetition(session: Session, hold: Reference) -> None:
    """Raises `TicketUsed` unless the ticket was used by the very same call."""
    content = await require_object(session, hold.object_id)
    held = await session.row(
        sql.reference_exists,
        object_id=hold.object_id.bytes,
        service=hold.service,
        key=hold.key,
    )
    if held is None or content.state is not ObjectState.UPLOADING:
        raise TicketUsed("the ticket has been used")


def _parameters_of(ticket: Ticket) -> dict[str, object]:
    return {
        "ticket_id": ticket.id.bytes,
        "holder": ticket.holder,
        "mime_type": ticket.mime_type,
        "size": ticket.size,
        "created_at": ticket.created_at,
        "expires_at": ticket.expires_at,
        "reference_ttl_s": ticket.reference_ttl_s,
        "success_action_status": ticket.success_action_status,
        "success_action_redirect": ticket.success_action_redirect,
        "view_of": ticket.view.object_id.bytes if ticket.view else None,
        "view_name": ticket.view.name if ticket.view else None,
    }
