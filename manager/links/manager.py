"""Makes links to files, lists them, and finds the file of one that is used."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import cast
from uuid import UUID, uuid4

import structlog

from catalog.errors import CatalogError, FileMissing, FolderMissing
from catalog.link_port import FileLink, LinkChanges, PlacedLink
from catalog.port import Catalog
from catalog.records import File, User
from common.secret_texts import hash_of_secret
from manager.accounts.credentials import Passwords
from manager.audit.log import AuditLog
from manager.error_texts import log_level
from manager.errors import InvalidLink, NoSuchFile
from manager.files.lookup import require_access
from manager.files.rights import FileOperation
from manager.links.earlier import PAYLOAD_LENGTHS, EarlierLinks
from manager.links.managing import PAGE_SIZE, LinkPolicy, LinkPort, ManagedLinks
from manager.links.states import LinkState, refusal_of, state_of
from manager.links.tokens import LinkTokens
from manager.scopes import Scope

_RENEWED_WITHIN = 0.9
"""A requested link is extended once less than this part of its life is left: not by each request."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkOptions:
    """How a new link is limited.

    Attributes:
        label: a note for the owner.
        life_s: seconds until it expires; None for never.
        password: what a client has to send; None for nothing.
        max_downloads: how often it may be used; None for any number.
        follows_content: whether it goes on when the file gets other content.
    """

    label: str = ""
    life_s: float | None
    password: str | None = None
    max_downloads: int | None = None
    follows_content: bool = False


@dataclass(frozen=True, slots=True)
class LinkedFile:
    """The file of a link that is used, and the link; None for one that an earlier release has signed."""

    file: File
    link: FileLink | None
    state: LinkState


class LinkManager(ManagedLinks[FileLink, PlacedLink, LinkChanges]):
    """The links to files of one catalog."""

    def __init__(
        self,
        catalog: Catalog,
        tokens: LinkTokens,
        earlier: EarlierLinks,
        passwords: Passwords,
        audit: AuditLog,
        clock: Callable[[], float],
        policy: LinkPolicy,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has links and files.
            tokens: Makes what addresses hold.
            earlier: Verifies what earlier releases have signed.
            passwords: Hashes those of links.
            audit: Records what is done with links.
            clock: Seconds since the epoch.
            policy: Limits them.
        """
        port = LinkPort(
            add=catalog.create_link,
            by_id=catalog.link_by_id,
            change=catalog.change_link,
            revoke=catalog.revoke_link,
            drop_ended=catalog.drop_ended_links,
        )
        super().__init__(port, tokens, passwords, audit, clock, policy)
        self._catalog = catalog
        self._earlier = earlier

    async def create(
        self, user: User, file: File, options: LinkOptions, *, address: str | None = None
    ) -> FileLink:
        """Makes a link to a file that the user may share; `address` is the client's.

        Raises `AccessDenied`, `NoSuchFile`, `LinkLimitReached`, `Overloaded`.
        """
        require_access(user, file, FileOperation.SHARE)
        hashed = await self._hashed(options.password)
        return await self._made(user, file, options, address, password_hash=hashed)

    async def requested(self, user: User, file: File, *, address: str | None = None) -> str:
        """The token of a link with all options at their defaults; the same again as long as it is in force.

        Each request extends it. Raises `AccessDenied`, `NoSuchFile`, `LinkLimitReached`.
        """
        require_access(user, file, FileOperation.SHARE)
        now = self._clock()
        link = await self._catalog.requested_link(user.id, file.id, file.object_id, now=now)
        token = None if link is None else self._tokens.text_of(link)
        if link is None or token is None:
            options = LinkOptions(life_s=self.life_s)
            link = await self._made(user, file, options, address, is_requested=True)
            # The key that encrypted it a moment ago is there.
            return cast("str", self._tokens.text_of(link))
        if link.expires_at is not None and link.expires_at - now < _RENEWED_WITHIN * self.life_s:
            await self._catalog.extend_link(link.id, now + self.life_s)
        return token

    async def _made(
        self,
        user: User,
        file: File,
        options: LinkOptions,
        address: str | None,
        *,
        password_hash: str | None = None,
        is_requested: bool = False,
    ) -> FileLink:
        link_id, now = uuid4(), self._clock()
        token = self._tokens.make(link_id)
        link = FileLink(
            id=link_id,
            token_hash=token.hash,
            sealed_token=token.sealed,
            file_id=file.id,
            object_id=None if options.follows_content else file.object_id,
            owner_id=user.id,
            label=options.label,
            is_requested=is_requested,
            password_hash=password_hash,
            max_downloads=options.max_downloads,
            created_at=now,
            expires_at=self.expiry_in(options.life_s),
        )
        try:
            await self._add(link)
        except FileMissing as error:
            raise NoSuchFile from error
        self._record_made(
            user, link, address, {"file_id": link.file_id, "max_downloads": link.max_downloads}
        )
        return link

    def state_of(self, placed: PlacedLink) -> LinkState:
        """Whether a link that is listed opens its file now."""
        return state_of(placed.link, placed.file, self._clock())

    async def page_of(
        self, user_id: int, *, file_id: int | None = None, after: UUID | None = None
    ) -> list[PlacedLink]:
        """Up to `PAGE_SIZE` links of a user, the newest first, of one file or of all."""
        return await self._catalog.links_of(user_id, file_id=file_id, after=after, limit=PAGE_SIZE)

    async def placed(self, link: FileLink) -> PlacedLink:
        """The link with the file to which it leads."""
        if link.file_id is None:
            return PlacedLink(link=link, folder=None, file=None)
        file = await self._catalog.file_by_id(link.file_id, viewer_id=link.owner_id)
        if file is None:
            return PlacedLink(link=link, folder=None, file=None)
        folder = await self._catalog.folder_path(file.folder_id)
        return PlacedLink(link=link, folder=folder, file=file)

    async def by_id(self, link_id: UUID) -> FileLink:
        """The link of that id. Raises `InvalidLink` if it was dropped."""
        link = await self._catalog.link_by_id(link_id)
        if link is None:
            raise InvalidLink
        return link

    async def find(self, payload: str) -> LinkedFile:
        """The file to which a payload leads, if its link is in force; one that is used up is found, too.

        Raises:
            LinkRefused: It leads to no file, or not any more; the class says why.
            NoSuchFile: The file is gone, or has other content by now.
        """
        if len(payload) in PAYLOAD_LENGTHS:
            file = await self._earlier.find(payload, self._catalog)
            return LinkedFile(file, None, LinkState.ACTIVE)
        link = await self._catalog.link_by_hash(hash_of_secret(payload))
        if link is None:
            raise InvalidLink
        found = await self._found(link)
        if (refusal := refusal_of(found.state, link)) and found.state is not LinkState.USED_UP:
            raise refusal
        return found

    async def _found(self, link: FileLink) -> LinkedFile:
        file = None
        if link.file_id is not None:
            file = await self._catalog.file_by_id(link.file_id, viewer_id=link.owner_id)
        state = state_of(link, file, self._clock())
        if file is None:
            raise refusal_of(state, link) or NoSuchFile()
        return LinkedFile(file, link, state)

    async def count_download(self, link: FileLink) -> None:
        """Counts a download. Raises `LinkRefused` if the link has none left, or has ended meanwhile.

        Only a link with a limit depends on the count: others go on when the catalog cannot be written.
        """
        try:
            is_counted = await self._catalog.count_download(link.id, at=self._clock())
        except CatalogError as error:
            if link.max_downloads is not None:
                raise
            log.log(log_level(error), "download-not-counted", link=str(link.id), code=error.code)
            return
        if not is_counted:
            now = await self._catalog.link_by_id(link.id)
            state = LinkState.REVOKED if now is None else (await self._found(now)).state
            raise refusal_of(state, link) or InvalidLink()


async def require_link_scope(catalog: Catalog, scope: Scope, file: File) -> None:
    """Returns if a login of this scope may make links to the file.

    Raises `ReadOnlyScope`, `OutsideScope`, `NoSuchFile`.
    """
    scope.require_change()
    if scope.folder is None:
        return
    try:
        scope.require_inside(await catalog.folder_path(file.folder_id))
    except FolderMissing as error:
        raise NoSuchFile from error
