"""Makes links, lists, changes and revokes them, and finds the file of one that is used."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import cast
from uuid import UUID, uuid4

import structlog

from catalog.errors import CatalogError, FileMissing, FolderMissing, LinkMissing, TooManyLinks
from catalog.link_port import FileLink, LinkChanges, PlacedLink
from catalog.port import Catalog
from catalog.records import AuditOutcome, File, User
from common.secret_texts import hash_of_secret
from manager.accounts.credentials import Passwords
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.error_texts import log_level
from manager.errors import InvalidLink, LinkLimitReached, NoSuchFile, NoSuchLink
from manager.files.lookup import require_access
from manager.files.rights import FileOperation
from manager.links.earlier import PAYLOAD_LENGTHS, EarlierLinks
from manager.links.states import LinkState, refusal_of, state_of
from manager.links.tokens import LinkTokens
from manager.scopes import Scope

KEPT_S = 30 * 24 * 3600.0
"""Seconds that a link that expired or was revoked is kept, so that clients can be told so."""
SWEEP_S = 3600.0
"""Seconds between two searches for links that have been kept long enough."""
_SWEPT = 1000
_RENEWED_WITHIN = 0.9
"""A requested link is extended once less than this part of its life is left: not by each request."""
PAGE_SIZE = 100

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


class LinkManager:
    """The links of one catalog."""

    def __init__(
        self,
        catalog: Catalog,
        tokens: LinkTokens,
        earlier: EarlierLinks,
        passwords: Passwords,
        audit: AuditLog,
        clock: Callable[[], float],
        *,
        life_s: float,
        most_per_user: int,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Has links and files.
            tokens: Makes what addresses hold.
            earlier: Verifies what earlier releases have signed.
            passwords: Hashes those of links.
            audit: Records what is done with links.
            clock: Seconds since the epoch.
            life_s: Seconds that a link lasts about which nothing else is said.
            most_per_user: How many links a user may have.
            sleep: Waits for seconds.
        """
        self._catalog = catalog
        self._tokens = tokens
        self._earlier = earlier
        self._passwords = passwords
        self._audit = audit
        self._clock = clock
        self.life_s = life_s
        self._most_per_user = most_per_user
        self._sleep = sleep

    async def create(
        self, user: User, file: File, options: LinkOptions, *, address: str | None = None
    ) -> FileLink:
        """Makes a link to a file that the user may share; `address` is the client's.

        Raises `AccessDenied`, `NoSuchFile`, `LinkLimitReached`, `Overloaded`.
        """
        require_access(user, file, FileOperation.SHARE)
        hashed = options.password and await self._passwords.hash(options.password)
        link = await self._add(user, file, options, password_hash=hashed or None)
        self._record_made(user, link, address)
        return link

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
            link = await self._add(user, file, options, is_requested=True)
            self._record_made(user, link, address)
            # The key that encrypted it a moment ago is there.
            return cast("str", self._tokens.text_of(link))
        if link.expires_at is not None and link.expires_at - now < _RENEWED_WITHIN * self.life_s:
            await self._catalog.extend_link(link.id, now + self.life_s)
        return token

    async def _add(
        self,
        user: User,
        file: File,
        options: LinkOptions,
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
            await self._catalog.create_link(link, most=self._most_per_user)
        except TooManyLinks as error:
            raise LinkLimitReached(self._most_per_user) from error
        except FileMissing as error:
            raise NoSuchFile from error
        return link

    def _record_made(self, user: User, link: FileLink, address: str | None) -> None:
        self._audit.record(
            AuditAction.LINK_MADE,
            actor=user,
            address=address,
            subject=str(link.id),
            file_id=link.file_id,
            has_password=link.password_hash is not None,
            max_downloads=link.max_downloads,
            expires_at=link.expires_at,
        )

    def record_denial(self, user: User, file_id: int | None, *, address: str, reason: str) -> None:
        """Records that a user was refused a link to a file; None: to one that is not there."""
        self._audit.record(
            AuditAction.LINK_MADE,
            actor=user,
            address=address,
            outcome=AuditOutcome.FAILURE,
            file_id=file_id,
            reason=reason,
        )

    def token_of(self, link: FileLink) -> str | None:
        """What the address of a link holds; None if the master key that encrypted it is missing."""
        return self._tokens.text_of(link)

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

    def expiry_in(self, life_s: float | None) -> float | None:
        """The time at which a link expires that lasts so long from now on; None for never."""
        return None if life_s is None else self._clock() + life_s

    async def require(self, link_id: UUID, *, owner_id: int) -> FileLink:
        """The link of that id. Raises `NoSuchLink`, also for one of another user."""
        link = await self._catalog.link_by_id(link_id)
        if link is None or link.owner_id != owner_id:
            raise NoSuchLink
        return link

    async def by_id(self, link_id: UUID) -> FileLink:
        """The link of that id. Raises `InvalidLink` if it was dropped."""
        link = await self._catalog.link_by_id(link_id)
        if link is None:
            raise InvalidLink
        return link

    async def change(
        self,
        link: FileLink,
        changes: LinkChanges,
        *,
        user: User,
        password: str | None = None,
        address: str | None = None,
    ) -> FileLink:
        """Changes a link; a password is hashed before. Raises `NoSuchLink`, `Overloaded`."""
        changed = changes.copy()
        if password is not None:
            changed["password_hash"] = await self._passwords.hash(password)
        try:
            link = await self._catalog.change_link(link.id, changed)
        except LinkMissing as error:
            raise NoSuchLink from error
        self._audit.record(
            AuditAction.LINK_CHANGED,
            actor=user,
            address=address,
            subject=str(link.id),
            changed=sorted(changed),
        )
        return link

    async def revoke(
        self, link_id: UUID, *, user: User, of_anybody: bool = False, address: str | None = None
    ) -> FileLink:
        """Ends a link of the user, or that of anybody. Raises `NoSuchLink`."""
        owner_id = None if of_anybody else user.id
        link = await self._catalog.revoke_link(link_id, owner_id=owner_id, at=self._clock())
        if link is None:
            raise NoSuchLink
        self._audit.record(
            AuditAction.LINK_REVOKED,
            actor=user,
            address=address,
            subject=str(link.id),
            owner_id=link.owner_id,
        )
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

    async def run(self) -> None:
        """Deletes links that have been kept long enough, until cancelled."""
        while True:
            await self._sleep(SWEEP_S)
            try:
                await self._catalog.drop_ended_links(self._clock() - KEPT_S, limit=_SWEPT)
            except CatalogError as error:
                log.log(log_level(error), "ended-links-not-dropped", code=error.code)


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
