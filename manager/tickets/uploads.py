"""Uploads with tickets: opened for a user or a service, redeemed by an upload service, completed.

A running upload belongs to the upload service process that redeemed its ticket, whichever of the process's
connections its packets use, and ends with the last of these connections. Until the process has reported
something about the upload, the manager does not know whether the process received the reply to its
`TicketRedeem`; so until then the upload also ends with the connection over which that reply was sent.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

import structlog

from catalog.errors import CatalogError, CatalogUnavailable
from catalog.port import Catalog
from catalog.records import (
    EnvelopeKind,
    ObjectState,
    StoredObject,
    Ticket,
    TicketLimits,
    ViewTarget,
)
from catalog.service_port import LINK_PREFIX, TICKET_SERVICE, USER_PREFIX
from common.tasks import BackgroundTasks
from common.wording import counted
from manager.error_texts import log_level
from manager.errors import ContentOutOfReach, InvalidTicket, NoUploadService
from manager.files.conversion import modification_time
from manager.gc.temporary_references import TemporaryReferences
from manager.retrying import CatalogRetry
from manager.services.channel_limits import ChunkSizes
from manager.services.registry import UploadSlot, UploadSlotRegistry
from manager.settings import ManagerSettings
from manager.tickets.issuing import (
    ApprovalRules,
    TicketClaims,
    TicketPolicy,
    TicketRequest,
    TicketSigner,
)
from manager.uploads.quotas import QuotaCheck
from manager.uploads.readability import ReadabilityCheck
from protocol import s2u, u2s
from protocol.chunks import chunk_count
from protocol.values import REPLY_TIMEOUT_S

log = structlog.get_logger(__name__)

PROCESSING_HOLDER = "processing"
"""Holder of the tickets with which processing services store views."""
MAX_FORM_TAIL_BYTES = 64 * 1024
"""Bytes that a form may have after its file."""
ENDED = "this upload has ended: ask for a new ticket"

StoredListener = Callable[[Ticket], None]
"""Is called with the ticket of every completed upload."""


def ticket_policy(settings: ManagerSettings) -> TicketPolicy:
    """The policy that the settings describe."""
    return TicketPolicy(
        rules=ApprovalRules(allowed_types=settings.ticket_types, max_size=settings.ticket_max_size),
        user_limits=TicketLimits(
            open_tickets=settings.user_open_tickets,
            temporary_bytes=settings.user_temporary_bytes,
        ),
        service_limits=TicketLimits(
            open_tickets=settings.service_open_tickets,
            temporary_bytes=settings.service_temporary_bytes,
        ),
        life_s=settings.ticket_life_s,
        reference_ttl_s=settings.ticket_reference_ttl_s,
    )


@dataclass(frozen=True, slots=True)
class UploadForm:
    """A form that uploads a file.

    Attributes:
        url: where to POST it.
        fields: names and values of the fields to send before the file, in this order.
        file_id: id that the file will have.
    """

    url: str
    fields: tuple[tuple[str, str], ...]
    file_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkLayout:
    """How the content of an upload is cut into chunks; sizes are in bytes."""

    size: int
    chunk_size: int
    chunk_count: int


@dataclass(slots=True)
class TicketUpload:
    """An upload whose ticket was redeemed.

    Attributes:
        ticket: the ticket.
        layout: the number and size of its chunks.
        process: id of the upload service process that receives the file.
        reference_key: key of the temporary reference to the stored chunks.
        answered_over: id of the slot to which the reply to `TicketRedeem` was sent; None once the process
            has reported something, and so has the reply.
        takes_chunks: false once the upload has ended.
        is_in_doubt: whether the catalog may have completed it although its answer was lost.
        is_released: whether the temporary reference was released when it was completed.
    """

    ticket: Ticket
    layout: ChunkLayout
    process: str
    reference_key: str
    answered_over: str | None
    takes_chunks: bool = True
    is_in_doubt: bool = False
    is_released: bool = False


class TicketManager:
    """Opens, redeems, completes and revokes tickets, and ends the uploads that run with them."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        retry: CatalogRetry,
        references: TemporaryReferences,
        readability: ReadabilityCheck,
        slots: UploadSlotRegistry,
        signer: TicketSigner,
        policy: TicketPolicy,
        chunk_sizes: ChunkSizes,
        quotas: QuotaCheck,
        tasks: BackgroundTasks,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        wake_reaper: Callable[[], None],
    ) -> None:
        self._catalog = catalog
        self._retry = retry
        self._references = references
        self._readability = readability
        self._slots = slots
        self._signer = signer
        self._policy = policy
        self._chunk_sizes = chunk_sizes
        self._quotas = quotas
        self._tasks = tasks
        self._clock = clock
        self._monotonic = monotonic
        self._wake_reaper = wake_reaper
        self._running: dict[str, TicketUpload] = {}
        self._listeners: list[StoredListener] = []

    def subscribe(self, listener: StoredListener) -> None:
        """Adds a listener, which is called after every completed upload."""
        self._listeners.append(listener)

    async def open(self, holder: str, request: TicketRequest, *, is_service: bool) -> UploadForm:
        """Opens a ticket for a file of a user or of another service.

        Raises `NotApproved`, `NoUploadService`, `TooManyTickets`, `TooManyTemporaryBytes`,
        `QuotaExceeded`, `CatalogUnavailable`.
        """
        self._policy.rules.approve(request)
        if not is_service:
            user_id = int(holder.removeprefix(USER_PREFIX))
            await self._quotas.require_temporary(user_id, request.size)
        limits = self._policy.service_limits if is_service else self._policy.user_limits
        return await self._open(self._ticket(holder, request), limits)

    async def open_for_link(
        self, link_id: UUID, owner_id: int, request: TicketRequest, *, ticket_id: UUID
    ) -> UploadForm:
        """Opens a ticket for a file that is added by a link of a user, whose quota it counts in.

        The link has the limits of a user. Raises as `open` does.
        """
        self._policy.rules.approve(request)
        await self._quotas.require_temporary(owner_id, request.size)
        ticket = replace(self._ticket(holder_of_link(link_id), request), id=ticket_id)
        return await self._open(ticket, self._policy.user_limits)

    @property
    def life_s(self) -> float:
        """Seconds within which an upload must begin after its ticket was opened."""
        return self._policy.life_s

    async def open_for_view(self, request: TicketRequest, view: ViewTarget) -> UploadForm:
        """Opens a ticket for a view that a processing service stores.

        Raises `NoUploadService`, `CatalogUnavailable`.
        """
        return await self._open(self._ticket(PROCESSING_HOLDER, request, view), None)

    async def revoke(self, holder: str, file_id: UUID) -> bool:
        """Releases a holder's temporary reference; False when there is none."""
        references = await self._catalog.references_on(file_id)
        if not any((each.service, each.key) == (TICKET_SERVICE, holder) for each in references):
            return False
        await self._catalog.release(file_id, service=TICKET_SERVICE, key=holder)
        self._wake_reaper()
        return True

    async def redeem(
        self, slot: UploadSlot, process: str, packet: u2s.TicketRedeem
    ) -> s2u.TicketAccepted:
        """Starts the upload on the slot's process.

        Raises `InvalidTicket`, `InvalidRequest`, `CatalogError`.
        """
        claims = self._signer.read(packet.ticket)
        _check_form(claims, packet)
        draft = self._draft(claims, modification_time(packet.modified_at))
        upload = await self._begin(slot, process, draft)
        self._running[str(draft.id)] = upload
        return s2u.TicketAccepted(
            upload_id=str(draft.id),
            size=draft.size,
            type=upload.ticket.mime_type,
            chunk_size=draft.chunk_size,
            success_action_status=upload.ticket.success_action_status,
            success_action_redirect=upload.ticket.success_action_redirect,
            holder=_user_of(upload.ticket) if slot.takes_holders else None,
            object_key=self._slots.object_key_for(slot, str(draft.id)),
        )

    async def _begin(self, slot: UploadSlot, process: str, draft: StoredObject) -> TicketUpload:
        began_at = self._monotonic()
        reference = self._references.begin(draft.id, f"ticket {uuid4()}")
        try:
            ticket = await self._retry.answering(
                lambda: self._catalog.redeem_ticket(draft, reference)
            )
            self._require_connected(slot, since=began_at)
        except BaseException:
            self._release_reference(draft.id, reference.key)
            raise
        layout = ChunkLayout(
            size=draft.size, chunk_size=draft.chunk_size, chunk_count=draft.chunk_count
        )
        return TicketUpload(ticket, layout, process, reference.key, answered_over=slot.id)

    def _require_connected(self, slot: UploadSlot, *, since: float) -> None:
        """Raises `InvalidTicket` when the service no longer waits for the reply.

        The service would not learn of the upload, and so would never end it.
        """
        if not slot.is_connected or self._monotonic() - since > REPLY_TIMEOUT_S:
            raise InvalidTicket(ENDED)

    def reported(self, process: str | None, upload_id: str) -> TicketUpload | None:
        """The upload about which a process has reported; None unless it runs on that process."""
        upload = self._running.get(upload_id)
        if upload is None or upload.process != process:
            return None
        upload.answered_over = None
        return upload

    async def finish(self, process: str, packet: u2s.TicketFinish) -> None:
        """Ends an upload. Raises `InvalidTicket` when it has ended before, `CatalogError`.

        After `CatalogUnavailable` it has not ended: the service repeats the report, or reports a failure.
        """
        upload = self.reported(process, packet.upload_id)
        if upload is None:
            await self._require_completed(packet)
            return
        if not packet.success or packet.hash is None:
            log.info("ticket-upload-failed", upload=packet.upload_id, reason=packet.reason)
            self._end(upload)
            return
        await self._complete(upload, packet.hash)
        for listener in self._listeners:
            listener(upload.ticket)

    async def _complete(self, upload: TicketUpload, content_hash: str) -> None:
        try:
            await self._retry.answering(lambda: self._complete_once(upload, content_hash))
        except CatalogUnavailable:
            upload.is_in_doubt = True
            raise
        except BaseException:
            self._end(upload)
            raise
        upload.is_in_doubt = False
        self._end(upload)

    async def _complete_once(self, upload: TicketUpload, content_hash: str) -> None:
        ticket = upload.ticket
        try:
            await self._readability.require(ticket.id)
        except ContentOutOfReach:
            if not await self._is_completed(ticket.id):
                raise
        await self._catalog.complete_ticket(
            ticket.id,
            mime_type=ticket.mime_type,
            hash_hex=content_hash,
            hold=self._references.name_of(upload.reference_key),
        )
        self._references.released(ticket.id, upload.reference_key)
        upload.is_released = True

    async def _is_completed(self, ticket_id: UUID) -> bool:
        ticket = await self._catalog.ticket(ticket_id)
        return ticket is not None and ticket.completed_at is not None

    def slot_left(self, slot: UploadSlot) -> None:
        """Ends the uploads that depended on a closed connection.

        These are the uploads whose reply was sent over it and, with the last connection of a process,
        all uploads of the process.
        """
        is_last = slot.process is not None and not self._slots.has_process(slot.process)
        for upload in tuple(self._running.values()):
            is_lost = is_last and upload.process == slot.process
            if is_lost or upload.answered_over == slot.id:
                self._end(upload)

    async def _require_completed(self, packet: u2s.TicketFinish) -> None:
        """Accepts a repeated report whose first reply was lost. Raises `InvalidTicket`."""
        if not packet.success:
            return
        object_id = UUID(packet.upload_id)
        if not await self._retry.answering(lambda: self._is_completed(object_id)):
            raise InvalidTicket(ENDED)

    def _end(self, upload: TicketUpload) -> None:
        upload.takes_chunks = False
        if self._running.pop(str(upload.ticket.id), None) is None:
            return
        if upload.is_in_doubt:
            self._tasks.spawn(self._undo(upload.ticket), "undo a ticket's upload")
        if upload.is_released:
            # The view that it replaces is garbage.
            self._wake_reaper()
        else:
            self._release_reference(upload.ticket.id, upload.reference_key)

    async def _undo(self, ticket: Ticket) -> None:
        """Releases an upload that may be stored: its sender got the answer that it is not."""
        try:
            await self._retry.committing(
                lambda: self._catalog.release(ticket.id, service=TICKET_SERVICE, key=ticket.holder)
            )
        except CatalogError as error:
            log.log(log_level(error), "failed-upload-kept", code=error.code)
        self._wake_reaper()

    def _release_reference(self, object_id: UUID, key: str) -> None:
        async def release() -> None:
            await self._references.end(object_id, key)
            self._wake_reaper()

        self._tasks.spawn(release(), "release the content of a ticket's upload")

    def _ticket(
        self, holder: str, request: TicketRequest, view: ViewTarget | None = None
    ) -> Ticket:
        now = self._clock()
        return Ticket(
            id=uuid4(),
            holder=holder,
            mime_type=request.mime_type,
            size=request.size,
            created_at=now,
            expires_at=now + self._policy.life_s,
            reference_ttl_s=self._policy.reference_ttl_s,
            success_action_status=request.success_action_status,
            success_action_redirect=request.success_action_redirect,
            view=view,
        )

    async def _open(self, ticket: Ticket, limits: TicketLimits | None) -> UploadForm:
        address = self._slots.ticket_address()
        if address is None:
            raise NoUploadService
        await self._retry.answering(lambda: self._catalog.open_ticket(ticket, limits=limits))
        return UploadForm(f"{address.rstrip('/')}/ticket", self._fields(ticket), ticket.id)

    def _fields(self, ticket: Ticket) -> tuple[tuple[str, str], ...]:
        fields = {
            "key": str(ticket.id),
            "ticket": self._signer.sign(ticket),
            "Content-Type": ticket.mime_type,
            "success_action_status": ticket.success_action_status,
            "success_action_redirect": ticket.success_action_redirect,
        }
        return tuple((name, str(value)) for name, value in fields.items() if value is not None)

    def _draft(self, claims: TicketClaims, modified_at: float | None) -> StoredObject:
        # A form has buffers for two chunks, one that comes in and one that goes out: large ones gain nothing.
        chunk_size = self._chunk_sizes.of_upload(takes_large=False)
        return StoredObject(
            id=claims.sub,
            size=claims.size,
            chunk_size=chunk_size,
            chunk_count=chunk_count(claims.size, chunk_size),
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=self._clock(),
            modified_at=modified_at,
        )


def holder_of_link(link_id: UUID) -> str:
    """The holder of the tickets of a link."""
    return f"{LINK_PREFIX}{link_id}"


def _user_of(ticket: Ticket) -> str | None:
    """The holder of a user's ticket; None for a service, which references tickets for many users."""
    return ticket.holder if ticket.holder.startswith(USER_PREFIX) else None


def _check_form(claims: TicketClaims, packet: u2s.TicketRedeem) -> None:
    """Refuses a form that cannot have the ticket's file, before the ticket is used up.

    Raises `InvalidTicket`.
    """
    if packet.key is not None and packet.key != str(claims.sub):
        raise InvalidTicket("the field key is not the ticket's")
    if packet.type is not None and packet.type.strip().lower() != claims.type:
        raise InvalidTicket(f"the field Content-Type must be {claims.type}, as the ticket says")
    max_size = packet.max_size
    if max_size is None:
        return
    if not claims.size <= max_size <= claims.size + MAX_FORM_TAIL_BYTES:
        raise InvalidTicket(
            f"the file must have exactly {counted(claims.size, 'byte')}, as the ticket says"
        )
