"""Tickets, references, keys, views and jobs: what other services hold, make and process."""

import json
import sqlite3
from collections.abc import Mapping
from typing import cast
from uuid import UUID

from catalog.errors import (
    KeyNameTaken,
    ObjectIncomplete,
    ObjectMissing,
    ReferenceElsewhere,
    TicketExpired,
    TicketMissing,
    TicketUsed,
    TooManyTemporaryBytes,
    TooManyTickets,
)
from catalog.indexed_text import words_in_metadata
from catalog.records import (
    ApiKey,
    Enqueued,
    Job,
    JobState,
    ObjectState,
    Reference,
    StoredObject,
    Ticket,
    TicketLimits,
    View,
)
from catalog.rows import job_of, key_of, object_of, reference_of, ticket_of
from catalog.service_port import TICKET_SERVICE
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, write
from catalog.sqlite.objects import (
    begin_object,
    finish_object,
    put_reference,
    release,
    require_object,
    require_stored,
)
from catalog.sqlite.search import put_text
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteReferences(SqlitePart):
    """`ReferenceStore` on SQLite."""

    @write
    def create_reference(self, session: Session, reference: Reference) -> None:
        """Adds a reference of another service. Raises `ReferenceElsewhere`, `ObjectMissing`."""
        try:
            require_stored(session, reference.object_id)
        except ObjectIncomplete as error:
            raise ObjectMissing(str(error)) from error
        self._make_way(session, reference)
        put_reference(session, reference)

    def _make_way(self, session: Session, reference: Reference) -> None:
        """Drops a reference of the same key that is over. Raises `ReferenceElsewhere`."""
        key = {"service": reference.service, "key": reference.key}
        row = session.row(sql.service_reference, **key)
        if row is None or row["object_id"] == reference.object_id.bytes:
            return
        if self._is_live(row):
            raise ReferenceElsewhere(UUID(bytes=row["object_id"]))
        session.run(sql.delete_service_reference, **key)

    @write
    def release_reference(self, session: Session, service: str, key: str) -> bool:
        """Removes the reference of that key. False when there was none."""
        row = session.row(sql.delete_service_reference, service=service, key=key)
        return row is not None and self._is_live(row)

    @read
    def references_of(
        self, session: Session, service: str, *, after: str | None, limit: int
    ) -> list[Reference]:
        """A service's references by key, those after a key."""
        rows = session.rows(
            sql.service_references,
            service=service,
            after=after or "",
            limit=limit,
            now=self._clock(),
        )
        return [reference_of(row) for row in rows]

    @read
    def references_on(self, session: Session, object_id: UUID) -> list[Reference]:
        """All live references to an object, by service and key."""
        rows = session.rows(sql.references_on, object_id=object_id.bytes, now=self._clock())
        return [reference_of(row) for row in rows]

    def _is_live(self, row: sqlite3.Row) -> bool:
        return row["expires_at"] is None or row["expires_at"] > self._clock()


class SqliteKeys(SqlitePart):
    """`KeyStore` on SQLite."""

    @write
    def create_key(
        self, session: Session, name: str, key_hash: bytes, *, created_by: int
    ) -> ApiKey:
        """Lets a service in. Raises `KeyNameTaken`, `UserMissing`."""
        require_user(session, created_by)
        row = session.row(
            sql.insert_key,
            name=name,
            key_hash=key_hash,
            created_by=created_by,
            now=self._clock(),
        )
        row = row or session.row(sql.key_by_name, name=name)
        if row is None or row["key_hash"] != key_hash:
            raise KeyNameTaken(f"a key named {name!r} is in force")
        return key_of(row)

    @read
    def key_by_hash(self, session: Session, key_hash: bytes) -> ApiKey | None:
        """The key in force with that hash."""
        row = session.row(sql.key_by_hash, key_hash=key_hash)
        return key_of(row) if row else None

    @write
    def revoke_key(self, session: Session, name: str) -> bool:
        """Ends the key of that name. False when none was in force."""
        row = session.row(sql.revoke_key, name=name, now=self._clock())
        return row is not None

    @read
    def list_keys(self, session: Session) -> list[ApiKey]:
        """All keys, revoked ones too, by name, then oldest first."""
        rows = session.rows(sql.list_keys)
        return [key_of(row) for row in rows]


def put_view(session: Session, object_id: UUID, name: str, view_object_id: UUID) -> None:
    """Makes a stored object the view of that name. Raises `ObjectMissing`."""
    try:
        for each in (object_id, view_object_id):
            require_stored(session, each)
    except ObjectIncomplete as error:
        raise ObjectMissing(str(error)) from error
    session.run(
        sql.put_view, object_id=object_id.bytes, name=name, view_object_id=view_object_id.bytes
    )


class SqliteViews(SqlitePart):
    """`ViewStore` on SQLite."""

    @write
    def put_view(self, session: Session, object_id: UUID, name: str, view_object_id: UUID) -> None:
        """Makes a stored object the view of that name. Raises `ObjectMissing`."""
        put_view(session, object_id, name, view_object_id)

    @read
    def views_of(self, session: Session, object_id: UUID) -> list[View]:
        """The views of an object, by name."""
        rows = session.rows(sql.views_of, object_id=object_id.bytes)
        return [
            View(
                object_id=UUID(bytes=row["view_of"]),
                name=row["view_name"],
                content=object_of(row),
            )
            for row in rows
        ]

    @read
    def metadata_of(self, session: Session, object_id: UUID) -> dict[str, object] | None:
        """What processing found out about an object, None before that."""
        row = session.row(sql.metadata_of, object_id=object_id.bytes)
        if row is None or row["metadata"] is None:
            return None
        return cast("dict[str, object]", json.loads(row["metadata"]))


def enqueue(session: Session, object_id: UUID, *, now: float) -> None:
    """Queues an object, unless it has a job."""
    session.run(sql.enqueue_job, object_id=object_id.bytes, now=now)


class SqliteJobs(SqlitePart):
    """`JobStore` on SQLite."""

    @write
    def enqueue_missing(
        self, session: Session, *, recipe_version: int | None, after: UUID | None, limit: int
    ) -> Enqueued:
        """Looks at `limit` objects, those after an id, and queues what was never processed."""
        start = after.bytes if after else b""
        end = (session.rows(sql.stretch_end, after=start, limit=limit))[0]
        queued = session.rows(
            sql.enqueue_stretch,
            after=start,
            last=end["last"],
            recipe_version=recipe_version,
            now=self._clock(),
        )
        last = UUID(bytes=end["last"]) if end["objects"] == limit else None
        return Enqueued(queued=len(queued), last=last)

    @write
    def claim_job(
        self, session: Session, worker: str, *, lease_s: float, max_attempts: int
    ) -> Job | None:
        """Leases the job that is due longest to the worker, and counts the attempt."""
        now = self._clock()
        session.run(sql.fail_exhausted_jobs, now=now, max_attempts=max_attempts)
        row = session.row(sql.claim_job, now=now, lease_end=now + lease_s, worker=worker)
        return job_of(row) if row else None

    async def renew_job(self, object_id: UUID, *, worker: str, lease_s: float) -> bool:
        """Moves the end of the lease. False when the worker does not have the job any more."""
        return await self._change(
            sql.renew_job, object_id, worker=worker, lease_end=self._clock() + lease_s
        )

    @write
    def complete_job(
        self,
        session: Session,
        object_id: UUID,
        *,
        worker: str,
        metadata: Mapping[str, object],
        recipe_version: int,
    ) -> bool:
        """Stores the metadata, and the job is done. False when the worker does not have it."""
        row = session.row(
            sql.complete_job,
            object_id=object_id.bytes,
            worker=worker,
            recipe_version=recipe_version,
            now=self._clock(),
        )
        if row is None:
            return False
        text = json.dumps(dict(metadata), allow_nan=False)
        session.run(sql.set_metadata, object_id=object_id.bytes, metadata=text)
        put_text(session, object_id.bytes, words_in_metadata(metadata))
        return True

    async def fail_job(
        self, object_id: UUID, *, worker: str, error: str, retry_at: float | None
    ) -> bool:
        """Ends the attempt: due again at a time, or (None) given up."""
        error = error.replace("\0", "")
        if retry_at is None:
            return await self._change(
                sql.give_up_job, object_id, worker=worker, error=error, now=self._clock()
            )
        return await self._change(
            sql.retry_job_later, object_id, worker=worker, error=error, retry_at=retry_at
        )

    @read
    def jobs(self, session: Session, state: JobState, *, limit: int) -> list[Job]:
        """Jobs in that state, due longest first."""
        rows = session.rows(sql.jobs_by_state, state=state.value, limit=limit)
        return [job_of(row) for row in rows]

    @read
    def count_jobs(self, session: Session) -> dict[JobState, int]:
        """How many jobs are queued, running and failed."""
        found = {row["state"]: row["jobs"] for row in session.rows(sql.count_jobs)}
        unfinished = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)
        return {state: found.get(state.value, 0) for state in unfinished}

    @write
    def retry_jobs(self, session: Session) -> int:
        """Queues all failed jobs again, with their attempts reset. Answers how many."""
        return len(session.rows(sql.retry_failed_jobs, now=self._clock()))

    @write
    def _change(
        self, session: Session, /, statement: str, object_id: UUID, **parameters: object
    ) -> bool:
        row = session.row(statement, object_id=object_id.bytes, **parameters)
        return row is not None


class SqliteTickets(SqlitePart):
    """`TicketStore` on SQLite."""

    @write
    def open_ticket(self, session: Session, ticket: Ticket, *, limits: TicketLimits | None) -> None:
        """Adds a ticket. Raises `TooManyTickets`, `TooManyTemporaryBytes`."""
        if _find_ticket(session, ticket.id):
            return
        if limits is not None:
            self._require_room(session, ticket, limits)
        session.run(sql.insert_ticket, **_parameters_of(ticket))

    def _require_room(self, session: Session, ticket: Ticket, limits: TicketLimits) -> None:
        asked = {"holder": ticket.holder, "now": self._clock()}
        under_way = (session.rows(sql.open_tickets, **asked))[0]
        kept = (session.rows(sql.temporary_bytes, **asked))[0]
        if under_way["tickets"] >= limits.open_tickets:
            raise TooManyTickets(f"{limits.open_tickets} tickets are open, and no more may be")
        if under_way["bytes"] + kept["bytes"] + ticket.size > limits.temporary_bytes:
            raise TooManyTemporaryBytes(
                f"open tickets and temporary files may have {counted(limits.temporary_bytes, 'byte')}, and "
                f"have {under_way['bytes'] + kept['bytes']}"
            )

    @read
    def ticket(self, session: Session, ticket_id: UUID) -> Ticket | None:
        """The ticket, or None."""
        return _find_ticket(session, ticket_id)

    @write
    def redeem_ticket(self, session: Session, draft: StoredObject, hold: Reference) -> Ticket:
        """Marks the ticket as used, and begins its object.

        Raises `TicketMissing`, `TicketUsed`, `TicketExpired`.
        """
        ticket = _require_ticket(session, draft.id)
        if ticket.used_at is not None:
            _require_repetition(session, hold)
            return ticket
        if ticket.expires_at <= self._clock():
            raise TicketExpired("the ticket was not used in time")
        begin_object(session, draft, hold)
        session.run(sql.use_ticket, ticket_id=ticket.id.bytes, now=self._clock())
        return _require_ticket(session, ticket.id)

    @write
    def complete_ticket(
        self,
        session: Session,
        object_id: UUID,
        *,
        mime_type: str,
        hash_hex: str,
        hold: tuple[str, str] | None = None,
    ) -> StoredObject:
        """Finishes the object, keeps it as its ticket says, and releases what has held it.

        Raises `TicketMissing`, `ObjectMissing`, `ObjectIncomplete`.
        """
        if hold is not None:
            release(session, object_id, service=hold[0], key=hold[1])
        draft = require_object(session, object_id)
        ticket = _require_ticket(session, object_id)
        if ticket.completed_at is not None:
            return draft
        stored = finish_object(session, object_id, mime_type=mime_type, hash_hex=hash_hex)
        self._keep(session, ticket)
        session.run(sql.complete_ticket, ticket_id=object_id.bytes, now=self._clock())
        return stored

    def _keep(self, session: Session, ticket: Ticket) -> None:
        if ticket.view is not None:
            put_view(session, ticket.view.object_id, ticket.view.name, ticket.id)
            return
        reference = Reference(
            object_id=ticket.id,
            service=TICKET_SERVICE,
            key=ticket.holder,
            expires_at=self._clock() + ticket.reference_ttl_s,
        )
        put_reference(session, reference)
        enqueue(session, ticket.id, now=self._clock())

    @write
    def drop_expired_tickets(self, session: Session, *, limit: int) -> int:
        """Deletes up to `limit` tickets that were never used and are over."""
        rows = session.rows(sql.delete_expired_tickets, now=self._clock(), limit=limit)
        return len(rows)


def _find_ticket(session: Session, ticket_id: UUID) -> Ticket | None:
    row = session.row(sql.ticket_by_id, ticket_id=ticket_id.bytes)
    return ticket_of(row) if row else None


def _require_ticket(session: Session, ticket_id: UUID) -> Ticket:
    ticket = _find_ticket(session, ticket_id)
    if ticket is None:
        raise TicketMissing(f"there is no ticket {ticket_id}")
    return ticket


def _require_repetition(session: Session, hold: Reference) -> None:
    """Raises `TicketUsed` unless the ticket was used by the very same call."""
    content = require_object(session, hold.object_id)
    held = session.row(
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
