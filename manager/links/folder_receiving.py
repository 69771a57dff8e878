"""Takes files by links for uploads.

A file goes the way of those with tickets: who has the link asks for a ticket, sends a form to an upload
service, and says here that it is there. Only then it is put into the folder, as a file of who made the link,
whose right and quota the catalog checks in the transaction that does it. What is never finished is collected
as every upload with a ticket is.
"""

from collections.abc import Callable, Mapping
from typing import Annotated
from uuid import UUID, uuid4

import msgspec
from aiohttp import web
from msgspec import Meta

from catalog.errors import (
    CatalogError,
    CatalogUnavailable,
    FolderMissing,
    LinkFull,
    LinkMissing,
    NotAFolder,
    NotPermitted,
    ObjectMissing,
    QuotaExceeded,
    TooManyTemporaryBytes,
    TooManyTickets,
    UserMissing,
)
from catalog.folder_link_port import FolderLink, LinkUpload
from catalog.port import Catalog, RenameOnConflict, UploadCommit
from catalog.records import EnvelopeKind, ObjectState, StoredObject
from catalog.service_port import TICKET_SERVICE
from common.addresses import ClientAddresses
from common.guesses import GuessLimiter, Rate
from common.http_answers import success
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import (
    InvalidLink,
    InvalidRequest,
    LinkBusy,
    LinkNotPermitted,
    LinkRevoked,
    LinkStorageFull,
    LinkTakesNoMore,
    ManagerError,
    NoSuchFile,
    NoSuchFolder,
)
from manager.files.changes import ChangeFeed
from manager.files.conversion import modification_time, optional_timestamp, timestamp
from manager.files.destinations import DestinationTracker
from manager.http.parameters import converted, json_object, parsed
from manager.links.folder_manager import LinkedFolder
from manager.links.folder_states import remaining_files, remaining_size
from manager.links.pages import LinkPages, texts_of, wants_page
from manager.links.upload_page import upload_content
from manager.retrying import CatalogRetry
from manager.tickets.issuing import TicketRequest
from manager.tickets.uploads import TicketManager, UploadForm, holder_of_link
from manager.uploads.committing import type_by_name
from protocol.chunks import content_hash
from protocol.values import CHUNK_SIZE, MAX_SAFE_INTEGER, check_name, is_uuid

SCRIPT = "upload-link.js"
_PER_ADDRESS = Rate(burst=200, refill_s=1.0)
_PER_LINK = Rate(burst=2000, refill_s=0.1)

_REFUSALS: Mapping[type[CatalogError], type[ManagerError]] = {
    FolderMissing: NoSuchFolder,
    LinkFull: LinkTakesNoMore,
    LinkMissing: LinkRevoked,
    NotAFolder: NoSuchFolder,
    NotPermitted: LinkNotPermitted,
    ObjectMissing: NoSuchFile,
    QuotaExceeded: LinkStorageFull,
    TooManyTemporaryBytes: LinkBusy,
    TooManyTickets: LinkBusy,
    UserMissing: InvalidLink,
}
"""What is said of what the catalog refuses."""


def upload_limiter() -> GuessLimiter:
    """How many uploads are begun by links, for each address and each link."""
    return GuessLimiter(per_address=_PER_ADDRESS, per_account=_PER_LINK)


class NewLinkUpload(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that begins an upload.

    Attributes:
        name: of the file.
        size: in bytes.
        type: the MIME type; None: what the name says.
        modified_at: when the sender's file was last modified; None: that is not known.
    """

    name: str
    size: Annotated[int, Meta(ge=0, le=MAX_SAFE_INTEGER)]
    type: str | None = None
    modified_at: str | None = None


class LinkReceiving:
    """Begins and finishes uploads by links."""

    def __init__(
        self,
        catalog: Catalog,
        tickets: TicketManager,
        destinations: DestinationTracker,
        changes: ChangeFeed,
        retry: CatalogRetry,
        pages: LinkPages,
        addresses: ClientAddresses,
        audit: AuditLog,
        limiter: GuessLimiter,
        service_origins: Callable[[], str],
        *,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has links, uploads and folders.
            tickets: Opens tickets.
            destinations: Sees that no folder moves while a file is put into it.
            changes: Tells clients of files.
            retry: How calls of the catalog are retried.
            pages: Makes the page.
            addresses: Says where a request comes from.
            audit: Records what was added.
            limiter: Bounds what one address, and one link, begins.
            service_origins: The origins of upload services, as a policy names them.
            clock: Seconds since the epoch.
            monotonic: Seconds that never jump.
        """
        self._catalog = catalog
        self._tickets = tickets
        self._destinations = destinations
        self._changes = changes
        self._retry = retry
        self._pages = pages
        self._addresses = addresses
        self._audit = audit
        self._limiter = limiter
        self._service_origins = service_origins
        self._clock = clock
        self._monotonic = monotonic

    def opened(self, request: web.Request, link: FolderLink) -> web.Response:
        """What opens by the link: a page for a browser, its limits for a program. Nothing of the folder."""
        if not wants_page(request):
            return success(
                for_uploads=True,
                max_file_size=link.max_file_size,
                remaining_files=remaining_files(link),
                remaining_size=remaining_size(link),
                expires_at=optional_timestamp(link.expires_at),
            )
        texts = texts_of(request)
        return self._pages.page(
            request,
            200,
            texts.upload_title,
            upload_content(link, texts),
            script=SCRIPT,
            connects_to=self._service_origins(),
        )

    async def begin(self, request: web.Request, found: LinkedFolder) -> web.Response:
        """Opens a ticket for a file. An empty one is there at once.

        Raises `InvalidRequest`, `TooManyAttempts`, `LinkRefused`, `LinkBusy`, `NotApproved`,
        `NoUploadService`, `CatalogError`.
        """
        asked = converted(await json_object(request), NewLinkUpload)
        link, modified_at = found.link, modification_time(asked.modified_at)
        self._limiter.admit(
            self._monotonic(),
            address=self._addresses.of_request(request),
            account=str(link.id),
        )
        upload = LinkUpload(
            id=uuid4(),
            link_id=link.id,
            name=parsed("name", asked.name, check_name),
            size=asked.size,
            expires_at=self._clock() + self._tickets.life_s,
        )
        # What is sent decides whether it is of the type that is asked for; nothing is sent of an empty file.
        mime_type = (asked.size and asked.type) or type_by_name(upload.name)
        try:
            await self._retry.answering(lambda: self._catalog.open_link_upload(upload))
            form = await self._form(found, upload, mime_type)
        except CatalogUnavailable:
            raise
        except CatalogError as error:
            await self._catalog.drop_link_upload(upload.id)
            raise _refusal(error, link) from error
        except ManagerError:
            await self._catalog.drop_link_upload(upload.id)
            raise
        if form is None:
            await self._put(request, found, upload, mime_type, modified_at)
            return success(upload_id=str(upload.id), url=None, fields=[])
        fields = [{"name": name, "value": value} for name, value in form.fields]
        if modified_at is not None:
            fields.append({"name": "modified_at", "value": timestamp(modified_at)})
        return success(upload_id=str(upload.id), url=form.url, fields=fields)

    async def _form(
        self, found: LinkedFolder, upload: LinkUpload, mime_type: str
    ) -> UploadForm | None:
        """The form that sends the file; None for one without content."""
        if upload.size == 0:
            return None
        request = TicketRequest(mime_type=mime_type, size=upload.size)
        return await self._tickets.open_for_link(
            found.link.id, found.owner.id, request, ticket_id=upload.id
        )

    async def finish(self, request: web.Request, found: LinkedFolder) -> web.Response:
        """Puts a file that was uploaded into the folder; repeated, nothing more is done.

        Raises `NoSuchFile`, `InvalidRequest`, `LinkRefused`, `CatalogError`.
        """
        upload = await self._upload(request, found.link)
        ticket = await self._catalog.ticket(upload.id)
        if ticket is None or ticket.completed_at is None:
            raise InvalidRequest("the file is not there yet: send the form to its end before this")
        await self._put(request, found, upload, ticket.mime_type)
        return success()

    async def give_up(self, request: web.Request, found: LinkedFolder) -> web.Response:
        """Gives up an upload that is not in the folder yet. Raises `NoSuchFile`, `CatalogError`."""
        upload = await self._upload(request, found.link)
        if upload.counted_at is None:
            await self._drop(upload)
        return success()

    async def _drop(self, upload: LinkUpload) -> None:
        await self._catalog.drop_link_upload(upload.id)
        await self._tickets.revoke(holder_of_link(upload.link_id), upload.id)

    async def _upload(self, request: web.Request, link: FolderLink) -> LinkUpload:
        text = request.match_info["upload_id"]
        upload = await self._catalog.link_upload(UUID(text)) if is_uuid(text) else None
        if upload is None or upload.link_id != link.id:
            raise NoSuchFile
        return upload

    async def _put(
        self,
        request: web.Request,
        found: LinkedFolder,
        upload: LinkUpload,
        mime_type: str,
        modified_at: float | None = None,
    ) -> None:
        """Counts an upload and gives it its name, or takes it back where that is refused.

        `modified_at`: that of an empty file; content that is stored keeps its own.
        """
        draft = None if upload.size else self._draft(upload, modified_at)
        try:
            await self._retry.answering(lambda: self._put_once(found, upload, mime_type, draft))
        except CatalogUnavailable:
            raise
        except CatalogError as error:
            await self._drop(upload)
            raise _refusal(error, found.link) from error
        if upload.counted_at is None:
            self._audit.record(
                AuditAction.LINK_RECEIVED,
                actor=None,
                address=self._addresses.of_request(request),
                subject=str(upload.link_id),
                size=upload.size,
            )

    async def _put_once(
        self, found: LinkedFolder, upload: LinkUpload, mime_type: str, draft: StoredObject | None
    ) -> None:
        await self._catalog.count_link_upload(upload.id, at=self._clock())
        async with self._destinations.committing():
            with self._changes.expecting():
                committed = await self._catalog.commit_upload(
                    UploadCommit(
                        object_id=upload.id,
                        draft=draft,
                        mime_type=mime_type,
                        # Content that is stored keeps its own.
                        hash_hex=content_hash(()),
                        folder=await self._catalog.folder_path(found.folder.id),
                        name=upload.name,
                        owner_id=found.owner.id,
                        is_public=False,
                        on_conflict=RenameOnConflict(),
                        hold=None if draft else (TICKET_SERVICE, holder_of_link(upload.link_id)),
                    )
                )
                self._changes.file_committed(committed)

    def _draft(self, upload: LinkUpload, modified_at: float | None) -> StoredObject:
        return StoredObject(
            id=upload.id,
            size=0,
            chunk_size=CHUNK_SIZE,
            chunk_count=0,
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=self._clock(),
            modified_at=modified_at,
        )


def _refusal(error: CatalogError, link: FolderLink) -> Exception:
    """What is said of what the catalog has refused; other errors are left as they are."""
    kind = _REFUSALS.get(type(error))
    if kind is None:
        return error
    refusal = kind()
    if hasattr(refusal, "link_id"):
        refusal.link_id = link.id
    return refusal
