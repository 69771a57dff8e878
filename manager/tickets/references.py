"""Stored files and references as the GraphQL interface shows and changes them, within the caller's rights."""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from catalog.errors import ObjectMissing
from catalog.port import Catalog
from catalog.records import Garbage, ObjectState, Reference, StoredObject, View
from catalog.service_port import TICKET_SERVICE
from manager.accounts.callers import Caller
from manager.errors import InvalidRequest, NoSuchFile
from manager.files.rights import may_read

MAX_KEY_LENGTH = 255
MAX_PAGE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class VisibleFile:
    """A stored file as one caller sees it; `references` are those of the caller."""

    content: StoredObject
    references: tuple[Reference, ...]

    @property
    def temporary_until(self) -> float | None:
        """Expiry of the caller's temporary reference (epoch seconds); None without one."""
        kept = (each.expires_at for each in self.references if each.service == TICKET_SERVICE)
        return next(kept, None)


@dataclass(frozen=True, slots=True)
class ServiceReferencePage:
    """A page of a service's references, and whether more follow."""

    references: tuple[Reference, ...]
    has_more: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreferencedContent:
    """Content without a reference.

    Attributes:
        content: the content.
        due_at: end of its grace period (epoch seconds); None until the reaper's next run begins it.
        is_due: whether the reaper's next run deletes it.
    """

    content: Garbage
    due_at: float | None
    is_due: bool


class ReferenceManager:
    """Queries and changes of stored files and references, each checked against the caller's rights."""

    def __init__(
        self,
        catalog: Catalog,
        wake_reaper: Callable[[], None],
        *,
        grace_s: float,
        clock: Callable[[], float],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: stores files and references.
            wake_reaper: has the reaper run now.
            grace_s: seconds for which content without a reference is kept.
            clock: seconds since the epoch.
        """
        self._catalog = catalog
        self._wake_reaper = wake_reaper
        self._grace_s = grace_s
        self._clock = clock

    async def file(self, caller: Caller, file_id: UUID) -> VisibleFile | None:
        """The file, if the caller uploaded it, refers to it, or may read a file with this content.

        None otherwise.
        """
        content = await self._catalog.object_by_id(file_id)
        if content is None or content.state is not ObjectState.STORED:
            return None
        references = await self._catalog.references_on(file_id)
        own = tuple(each for each in references if _belongs_to(each, caller))
        if not own and not await self._sees(caller, file_id):
            return None
        return VisibleFile(content=content, references=own)

    async def create(self, caller: Caller, file_id: UUID, key: str) -> Reference:
        """Creates a permanent reference of a service to an uploaded file.

        Raises `NotAService`, `InvalidRequest`, `NoSuchFile`, `ReferenceElsewhere`.
        """
        service = caller.require_service()
        _check_key(key)
        if not await self._may_refer(service, file_id):
            raise NoSuchFile
        reference = Reference(object_id=file_id, service=service, key=key, expires_at=None)
        try:
            await self._catalog.create_reference(reference)
        except ObjectMissing as error:
            raise NoSuchFile from error
        return reference

    async def release(self, caller: Caller, key: str) -> bool:
        """Releases the reference of a service with that key; False when there is none.

        Raises `NotAService`.
        """
        service = caller.require_service()
        _check_key(key)
        is_released = await self._catalog.release_reference(service, key)
        if is_released:
            self._wake_reaper()
        return is_released

    async def page(self, caller: Caller, *, after: str | None, first: int) -> ServiceReferencePage:
        """A page of a service's references in the order of their keys.

        `after` is the last key of the page before; None for the first page.

        Raises `NotAService`, `InvalidRequest`.
        """
        service = caller.require_service()
        check_page(first)
        found = await self._catalog.references_of(service, after=after, limit=first + 1)
        return ServiceReferencePage(tuple(found[:first]), has_more=len(found) > first)

    async def garbage(self, caller: Caller, *, first: int) -> list[UnreferencedContent]:
        """Content that is about to be deleted, oldest discovery first.

        Raises `NotAdministrator`, `InvalidRequest`.
        """
        caller.require_administrator()
        check_page(first)
        now = self._clock()
        return [self._unreferenced(each, now) for each in await self._catalog.garbage(limit=first)]

    def collect_soon(self) -> None:
        """Has the reaper run now instead of at its next interval."""
        self._wake_reaper()

    async def views(self, object_id: UUID) -> list[View]:
        """The views of a file, which the caller may see."""
        return await self._catalog.views_of(object_id)

    async def metadata(self, object_id: UUID) -> dict[str, object] | None:
        """The metadata of a file, which the caller may see; None before its processing."""
        return await self._catalog.metadata_of(object_id)

    def _unreferenced(self, garbage: Garbage, now: float) -> UnreferencedContent:
        match garbage.since:
            case None:
                due_at = now if self._grace_s == 0 else None
            case 0:
                due_at = now
            case since:
                due_at = since + self._grace_s
        is_due = due_at is not None and due_at <= now
        return UnreferencedContent(content=garbage, due_at=due_at, is_due=is_due)

    async def _sees(self, caller: Caller, file_id: UUID) -> bool:
        ticket = await self._catalog.ticket(file_id)
        if ticket is not None and ticket.holder == caller.holder:
            return True
        user = caller.user
        if user is None:
            return False
        for placed in await self._catalog.files_of(file_id):
            file = await self._catalog.file_by_id(placed.file.id, viewer_id=user.id)
            if file is not None and may_read(file, user):
                return True
        return False

    async def _may_refer(self, service: str, file_id: UUID) -> bool:
        """Whether a service may refer to a file.

        Every service that knows its id may refer to an upload with a ticket; to other files only one that
        has a reference already.
        """
        ticket = await self._catalog.ticket(file_id)
        if ticket is not None and ticket.view is None:
            return True
        references = await self._catalog.references_on(file_id)
        return any(each.service == service for each in references)


def check_page(first: int) -> None:
    """Returns if a page may have `first` entries. Raises `InvalidRequest`."""
    if not 1 <= first <= MAX_PAGE:
        raise InvalidRequest(f"first: must be 1 to {MAX_PAGE}")


def _check_key(key: str) -> None:
    if not 1 <= len(key) <= MAX_KEY_LENGTH or not key.isprintable():
        raise InvalidRequest(f"key: must be 1 to {MAX_KEY_LENGTH} printable characters")


def _belongs_to(reference: Reference, caller: Caller) -> bool:
    if reference.service == TICKET_SERVICE:
        return reference.key == caller.holder
    return caller.is_service and reference.service == caller.holder
