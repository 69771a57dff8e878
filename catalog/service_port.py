"""The part of the port for other services: tickets, references, keys, views and processing.

The promises of `catalog.port` hold here as well.
"""

from collections.abc import Mapping
from typing import Protocol
from uuid import UUID

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

TICKET_SERVICE = "ticket"
"""The service of temporary references that tickets make; their key is the ticket's holder."""
USER_PREFIX = "user:"
"""Of the holders that are users; the user's id follows."""
LINK_PREFIX = "link:"
"""Of the holders that are links to folders, by which files are added; the link's id follows."""
SERVICE_PREFIX = "service:"
"""Of the holders that are other services. Of these, references are unique by (service, key)."""


class TicketStore(Protocol):
    """Permissions to upload one file each."""

    async def open_ticket(self, ticket: Ticket, *, limits: TicketLimits | None) -> None:
        """Adds a ticket, unless its holder would then exceed the limits; None sets none.

        The same ticket again is no change. Raises `TooManyTickets`, `TooManyTemporaryBytes`.
        """

    async def ticket(self, ticket_id: UUID) -> Ticket | None:
        """The ticket, for as long as it can be used, and then for as long as its object lives."""

    async def redeem_ticket(self, draft: StoredObject, hold: Reference) -> Ticket:
        """Marks the ticket `draft.id` as used, and begins the object with its first reference.

        The same hold again, while the object is uploading, is the same redemption and answers as
        before; so callers choose a key for each.
        Raises `TicketMissing`, `TicketUsed`, `TicketExpired`.
        """

    async def complete_ticket(
        self,
        object_id: UUID,
        *,
        mime_type: str,
        hash_hex: str,
        hold: tuple[str, str] | None = None,
    ) -> StoredObject:
        """Finishes the object as `finish_object` does; and keeps it as its ticket says.

        That is by the holder's temporary reference (`TICKET_SERVICE`, holder), which is over
        `reference_ttl_s` from now, and then the object is queued for processing; or as the view
        that the ticket is for. `hold` is service and key of the reference that has kept the object
        alive until now, which is released; others are left as they are. Once completed it stays so:
        a repeated call changes nothing else, in particular no expiry.
        Raises `TicketMissing`, `ObjectMissing` (the object, or the one that it is to be a view of),
        `ObjectIncomplete`.
        """

    async def drop_expired_tickets(self, *, limit: int) -> int:
        """Deletes up to `limit` tickets that expired unused. Answers how many."""


class ReferenceStore(Protocol):
    """What other services hold. Expired temporary references count as none."""

    async def create_reference(self, reference: Reference) -> None:
        """Adds a reference of another service to a stored object; unique by (service, key).

        The same again is no change. `reference.service` starts with `SERVICE_PREFIX`.
        Raises `ReferenceElsewhere` when the key is on another object, and `ObjectMissing` for one
        that is not stored, or is collected.
        """

    async def release_reference(self, service: str, key: str) -> bool:
        """Removes the reference of that key. False when there was none."""

    async def references_of(
        self, service: str, *, after: str | None, limit: int
    ) -> list[Reference]:
        """A service's references by key (Unicode code points), those after a key."""

    async def references_on(self, object_id: UUID) -> list[Reference]:
        """All live references to an object, by service and key."""


class KeyStore(Protocol):
    """API keys of other services. Names are unique among the keys in force."""

    async def create_key(self, name: str, key_hash: bytes, *, created_by: int) -> ApiKey:
        """Adds the key of a service. The same name and hash again answers as before.

        Raises `KeyNameTaken`, `UserMissing`.
        """

    async def key_by_hash(self, key_hash: bytes) -> ApiKey | None:
        """The key in force with that hash."""

    async def revoke_key(self, name: str) -> bool:
        """Ends the key of that name. False when none was in force."""

    async def list_keys(self) -> list[ApiKey]:
        """All keys, revoked ones too, by name, then oldest first."""


class ViewStore(Protocol):
    """What was made from objects. A view lives as long as its object, unless replaced."""

    async def put_view(self, object_id: UUID, name: str, view_object_id: UUID) -> None:
        """Makes a stored object the view of that name; one that it replaces is released.

        Raises `ObjectMissing` for either.
        """

    async def views_of(self, object_id: UUID) -> list[View]:
        """The views of an object, by name."""

    async def metadata_of(self, object_id: UUID) -> dict[str, object] | None:
        """What processing found out about an object (a JSON object), None before that."""


class JobStore(Protocol):
    """The queue of objects to process. At most one job per object; it goes with the object."""

    async def enqueue_missing(
        self, *, recipe_version: int | None, after: UUID | None, limit: int
    ) -> Enqueued:
        """Looks at `limit` objects, those after an id, and queues what was never processed.

        With a version, also what was done by an older one. Only stored objects that are referenced
        by more than being a view are queued; what is queued, running or failed stays so.
        """

    async def claim_job(self, worker: str, *, lease_s: float, max_attempts: int) -> Job | None:
        """Leases the job that is due longest to the worker, and counts the attempt.

        A job whose lease ran out is due again; if that was its last attempt, it has failed.
        Repeated after a lost answer, it may lease another job: the first one's lease runs out.
        """

    async def renew_job(self, object_id: UUID, *, worker: str, lease_s: float) -> bool:
        """Moves the end of the lease. False when the worker does not have the job any more."""

    async def complete_job(
        self,
        object_id: UUID,
        *,
        worker: str,
        metadata: Mapping[str, object],
        recipe_version: int,
    ) -> bool:
        """Stores and indexes the metadata, and the job is done. False when the worker does not have it.

        True again when it has done the job by that version already.
        """

    async def fail_job(
        self, object_id: UUID, *, worker: str, error: str, retry_at: float | None
    ) -> bool:
        """Ends the attempt: due again at a time, or (None) given up.

        False when the worker does not have the job any more. NUL is left out of the error.
        """

    async def jobs(self, state: JobState, *, limit: int) -> list[Job]:
        """Jobs in that state, due longest first."""

    async def count_jobs(self) -> dict[JobState, int]:
        """How many jobs are queued, running and failed."""

    async def retry_jobs(self) -> int:
        """Queues all failed jobs again, with their attempts reset. Answers how many."""
