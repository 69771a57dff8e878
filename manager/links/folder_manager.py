"""Makes links to folders, lists them, and finds the folder of one that is used."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog
from aiohttp import web

from catalog.errors import CatalogError, FolderMissing
from catalog.folder_link_port import FolderLink, FolderLinkChanges, PlacedFolderLink
from catalog.folder_rights import FolderRight
from catalog.port import Catalog, FolderPath
from catalog.records import Folder, User
from common.addresses import ClientAddresses
from common.secret_texts import hash_of_secret
from manager.accounts.credentials import Passwords
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.error_texts import log_level
from manager.errors import (
    AccessDenied,
    InvalidLink,
    NoSuchFolder,
)
from manager.links.folder_states import FolderLinkState, needed_right, refusal_of, state_of
from manager.links.managing import PAGE_SIZE, LinkPolicy, LinkPort, ManagedLinks
from manager.links.tokens import LinkTokens

NOTED_AGAIN_S = 3600.0
"""Seconds within which the audit log has one use of a link by an address."""
_MOST_NOTED = 10_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderLinkOptions:
    """How a new link is limited.

    Attributes:
        label: a note for the owner.
        life_s: seconds until it expires; None for never.
        password: what a client has to send; None for nothing.
        is_for_uploads: whether it adds files, and shows none.
        max_files: how many may be added; None for any number.
        max_file_size: bytes that each may have; None for any number.
        max_total_size: bytes that they may have together; None for any number.
    """

    label: str = ""
    life_s: float | None
    password: str | None = None
    is_for_uploads: bool = False
    max_files: int | None = None
    max_file_size: int | None = None
    max_total_size: int | None = None


@dataclass(frozen=True, slots=True)
class LinkedFolder:
    """A link that is used, who made it, the folder to which it leads, and where that is in the catalog."""

    link: FolderLink
    owner: User
    folder: Folder
    place: FolderPath


class FolderLinkManager(ManagedLinks[FolderLink, PlacedFolderLink, FolderLinkChanges]):
    """The links to folders of one catalog."""

    def __init__(
        self,
        catalog: Catalog,
        tokens: LinkTokens,
        passwords: Passwords,
        audit: AuditLog,
        addresses: ClientAddresses,
        clock: Callable[[], float],
        policy: LinkPolicy,
        *,
        rights_count: Callable[[], bool],
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has links and folders.
            tokens: Makes what addresses hold.
            passwords: Hashes those of links.
            audit: Records what is done with links.
            addresses: Says where a request comes from.
            clock: Seconds since the epoch.
            policy: Limits them.
            rights_count: Whether users have rights on folders; otherwise folders are everybody's.
        """
        port = LinkPort(
            add=catalog.create_folder_link,
            by_id=catalog.folder_link_by_id,
            change=catalog.change_folder_link,
            revoke=catalog.revoke_folder_link,
            drop_ended=catalog.drop_ended_folder_links,
        )
        super().__init__(port, tokens, passwords, audit, clock, policy)
        self._catalog = catalog
        self._addresses = addresses
        self._rights_count = rights_count
        self._noted: OrderedDict[tuple[UUID, str], float] = OrderedDict()

    async def create(
        self, user: User, folder: Folder, options: FolderLinkOptions, *, address: str
    ) -> FolderLink:
        """Makes a link to a folder that the user may share, or (for uploads) write in.

        Raises `AccessDenied`, `NoSuchFolder`, `LinkLimitReached`, `Overloaded`.
        """
        right = await self._right_on(user.id, folder.id)
        if right is None or right < needed_right(is_for_uploads=options.is_for_uploads):
            raise AccessDenied("make such a link to this folder")
        hashed = await self._hashed(options.password)
        link_id, now = uuid4(), self._clock()
        token = self._tokens.make(link_id)
        link = FolderLink(
            id=link_id,
            token_hash=token.hash,
            sealed_token=token.sealed,
            folder_id=folder.id,
            owner_id=user.id,
            label=options.label,
            is_for_uploads=options.is_for_uploads,
            password_hash=hashed,
            max_files=options.max_files,
            max_file_size=options.max_file_size,
            max_total_size=options.max_total_size,
            created_at=now,
            expires_at=self.expiry_in(options.life_s),
        )
        try:
            await self._add(link)
        except FolderMissing as error:
            raise NoSuchFolder from error
        self._record_made(
            user, link, address, {"folder_id": folder.id, "is_for_uploads": link.is_for_uploads}
        )
        return link

    async def page_of(self, user_id: int, *, after: UUID | None = None) -> list[PlacedFolderLink]:
        """Up to `PAGE_SIZE` links of a user, the newest first."""
        return await self._catalog.folder_links_of(user_id, after=after, limit=PAGE_SIZE)

    async def placed(self, link: FolderLink) -> PlacedFolderLink:
        """The link with the path of its folder."""
        return PlacedFolderLink(link=link, folder=await self._path_of(link.folder_id))

    async def state_of(self, placed: PlacedFolderLink) -> FolderLinkState:
        """Whether a link opens its folder now."""
        link, is_there = placed.link, placed.folder is not None
        right = None
        if is_there and link.folder_id is not None:
            right = await self._right_on(link.owner_id, link.folder_id)
        return state_of(link, is_there=is_there, right=right, now=self._clock())

    async def find(self, payload: str) -> LinkedFolder:
        """The folder to which a payload leads, if its link is in force.

        Raises:
            LinkRefused: It leads to no folder, or not any more; the class says why.
            NoSuchFolder: The folder is gone.
        """
        link = await self._catalog.folder_link_by_hash(hash_of_secret(payload))
        if link is None:
            raise InvalidLink
        placed = await self.placed(link)
        if refusal := refusal_of(await self.state_of(placed), link):
            raise refusal
        owner = await self._catalog.user_by_id(link.owner_id)
        folder = await self._catalog.folder_by_id(link.folder_id or 0)
        if owner is None or folder is None or placed.folder is None:
            raise NoSuchFolder
        return LinkedFolder(link, owner, folder, placed.folder)

    async def note_use(self, request: web.Request, link: FolderLink) -> None:
        """Notes that a link is used, and records it once an hour for an address."""
        key, now = (link.id, self._addresses.of_request(request)), self._clock()
        if now < self._noted.get(key, 0.0) + NOTED_AGAIN_S:
            return
        self._noted[key] = now
        self._noted.move_to_end(key)
        if len(self._noted) > _MOST_NOTED:
            self._noted.popitem(last=False)
        self._record(AuditAction.LINK_USED, None, key[1], link, {"folder_id": link.folder_id})
        try:
            await self._catalog.note_folder_link(link.id, at=now)
        except CatalogError as error:
            # Reading goes on while the catalog cannot be written.
            log.log(log_level(error), "link-use-not-noted", link=str(link.id), code=error.code)

    async def _path_of(self, folder_id: int | None) -> FolderPath | None:
        try:
            return None if folder_id is None else await self._catalog.folder_path(folder_id)
        except FolderMissing:
            return None

    async def _right_on(self, user_id: int, folder_id: int) -> FolderRight | None:
        if not self._rights_count():
            return FolderRight.MANAGE
        return (await self._catalog.rights_on(user_id, [folder_id])).get(folder_id)
