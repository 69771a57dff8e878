"""Tickets, references, keys, views and jobs: what other services hold, make and process."""

import json
from collections.abc import Mapping
from uuid import UUID

from catalog.errors import InvalidRecord
from catalog.indexed_text import words_in_metadata
from catalog.records import (
    ApiKey,
    Enqueued,
    Job,
    JobState,
    Reference,
    StoredObject,
    Ticket,
    TicketLimits,
    View,
)
from catalog.rows import job_of, key_of, object_of, reference_of, ticket_of
from catalog.supabase.client import SupabasePart
from catalog.supabase.objects import beginning_of
from catalog.supabase.rows import Row, text_of


class SupabaseReferences(SupabasePart):
    """`ReferenceStore` on Supabase."""

    async def create_reference(self, reference: Reference) -> None:
        """Adds a reference of another service. Raises `ReferenceElsewhere`, `ObjectMissing`."""
        await self._functions.write(
            "create_reference",
            object_id=str(reference.object_id),
            service=reference.service,
            key=reference.key,
            expires_at=reference.expires_at,
            now=self._clock(),
        )

    async def release_reference(self, service: str, key: str) -> bool:
        """Removes the reference of that key. False when there was none."""
        released: bool = await self._change("release_reference", service=service, key=key)
        return released

    async def references_of(
        self, service: str, *, after: str | None, limit: int
    ) -> list[Reference]:
        """A service's references by key, those after a key."""
        rows = await self._functions.read(
            "references_of", service=service, after=after or "", limit=limit, now=self._clock()
        )
        return [reference_of(row) for row in rows]

    async def references_on(self, object_id: UUID) -> list[Reference]:
        """All live references to an object, by service and key."""
        rows = await self._functions.read(
            "references_on", object_id=str(object_id), now=self._clock()
        )
        return [reference_of(row) for row in rows]


class SupabaseKeys(SupabasePart):
    """`KeyStore` on Supabase."""

    async def create_key(self, name: str, key_hash: bytes, *, created_by: int) -> ApiKey:
        """Adds the key of a service. Raises `KeyNameTaken`, `UserMissing`."""
        row = await self._functions.write(
            "create_key",
            name=name,
            key_hash=text_of(key_hash),
            created_by=created_by,
            now=self._clock(),
        )
        return key_of(row)

    async def key_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """The key in force with that hash."""
        row = await self._functions.read("key_by_hash", key_hash=text_of(key_hash))
        return None if row is None else key_of(row)

    async def revoke_key(self, name: str) -> bool:
        """Ends the key of that name. False when none was in force."""
        revoked: bool = await self._change("revoke_key", name=name)
        return revoked

    async def list_keys(self) -> list[ApiKey]:
        """All keys, revoked ones too, by name, then oldest first."""
        return [key_of(row) for row in await self._functions.read("list_keys")]


class SupabaseViews(SupabasePart):
    """`ViewStore` on Supabase."""

    async def put_view(self, object_id: UUID, name: str, view_object_id: UUID) -> None:
        """Makes a stored object the view of that name. Raises `ObjectMissing`."""
        await self._functions.write(
            "put_view", object_id=str(object_id), name=name, view_object_id=str(view_object_id)
        )

    async def views_of(self, object_id: UUID) -> list[View]:
        """The views of an object, by name."""
        rows = await self._functions.read("views_of", object_id=str(object_id))
        return [
            View(
                object_id=UUID(row["object_id"]),
                name=row["name"],
                content=object_of(row["content"]),
            )
            for row in rows
        ]

    async def metadata_of(self, object_id: UUID) -> dict[str, object] | None:
        """What processing found out about an object, None before that."""
        answer = await self._functions.read("metadata_of", object_id=str(object_id))
        if answer is None:
            return None
        metadata: dict[str, object] = json.loads(answer["text"])
        return metadata


class SupabaseJobs(SupabasePart):
    """`JobStore` on Supabase."""

    async def enqueue_missing(
        self, *, recipe_version: int | None, after: UUID | None, limit: int
    ) -> Enqueued:
        """Looks at `limit` objects, those after an id, and queues what was never processed."""
        row = await self._functions.write(
            "enqueue_missing",
            recipe_version=recipe_version,
            after=str(after) if after else None,
            limit=limit,
            now=self._clock(),
        )
        return Enqueued(queued=row["queued"], last=UUID(row["last"]) if row["last"] else None)

    async def claim_job(self, worker: str, *, lease_s: float, max_attempts: int) -> Job | None:
        """Leases the job that is due longest to the worker, and counts the attempt."""
        row = await self._functions.write(
            "claim_job",
            worker=worker,
            lease_s=lease_s,
            max_attempts=max_attempts,
            now=self._clock(),
        )
        return None if row is None else job_of(row)

    async def renew_job(self, object_id: UUID, *, worker: str, lease_s: float) -> bool:
        """Moves the end of the lease. False when the worker does not have the job any more."""
        renewed: bool = await self._functions.write(
            "renew_job",
            object_id=str(object_id),
            worker=worker,
            lease_s=lease_s,
            now=self._clock(),
        )
        return renewed

    async def complete_job(
        self,
        object_id: UUID,
        *,
        worker: str,
        metadata: Mapping[str, object],
        recipe_version: int,
    ) -> bool:
        """Stores the metadata, and the job is done. False when the worker does not have it."""
        completed: bool = await self._functions.write(
            "complete_job",
            object_id=str(object_id),
            worker=worker,
            metadata=_metadata_to_text(metadata),
            words=words_in_metadata(metadata),
            recipe_version=recipe_version,
            now=self._clock(),
        )
        return completed

    async def fail_job(
        self, object_id: UUID, *, worker: str, error: str, retry_at: float | None
    ) -> bool:
        """Ends the attempt: due again at a time, or (None) given up."""
        failed: bool = await self._functions.write(
            "fail_job",
            object_id=str(object_id),
            worker=worker,
            error=error.replace("\0", ""),  # which PostgreSQL's text cannot hold
            retry_at=retry_at,
            now=self._clock(),
        )
        return failed

    async def jobs(self, state: JobState, *, limit: int) -> list[Job]:
        """Jobs in that state, due longest first."""
        rows = await self._functions.read("jobs_in", state=state.value, limit=limit)
        return [job_of(row) for row in rows]

    async def count_jobs(self) -> dict[JobState, int]:
        """How many jobs are queued, running and failed."""
        found = await self._functions.read("count_jobs")
        unfinished = (JobState.QUEUED, JobState.RUNNING, JobState.FAILED)
        return {state: found.get(state.value, 0) for state in unfinished}

    async def retry_jobs(self) -> int:
        """Queues all failed jobs again, with their attempts reset. Answers how many."""
        queued: int = await self._functions.write("retry_jobs", now=self._clock())
        return queued


def _metadata_to_text(metadata: Mapping[str, object]) -> str:
    # As text, in which NUL and other odd characters of a file's tags are plain escapes.
    try:
        return json.dumps(dict(metadata), allow_nan=False)
    except ValueError as error:
        raise InvalidRecord(f"the metadata is no JSON: {error}") from error


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
        return None if row is None else ticket_of(row)

    async def redeem_ticket(self, draft: StoredObject, hold: Reference) -> Ticket:
        """Marks the ticket as used, and begins its object.

        Raises `TicketMissing`, `TicketUsed`, `TicketExpired`.
        """
        row = await self._functions.write(
            "redeem_ticket", **beginning_of(draft, hold), now=self._clock()
        )
        return ticket_of(row)

    async def complete_ticket(
        self,
        object_id: UUID,
        *,
        mime_type: str,
        hash_hex: str,
        hold: tuple[str, str] | None = None,
    ) -> StoredObject:
        """Finishes the object, keeps it as its ticket says, and releases what has held it.

        Raises `TicketMissing`, `ObjectMissing`, `ObjectIncomplete`.
        """
        row = await self._functions.write(
            "complete_ticket",
            object_id=str(object_id),
            mime_type=mime_type,
            hash=hash_hex,
            hold_service=hold and hold[0],
            hold_key=hold and hold[1],
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
