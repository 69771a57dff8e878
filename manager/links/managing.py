"""What is done with links of every kind: they are limited, changed, revoked, and dropped after their time."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar
from uuid import UUID

import structlog

from catalog.errors import CatalogError, LinkMissing, TooManyLinks
from catalog.records import AuditOutcome, User
from manager.accounts.credentials import Passwords
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.error_texts import log_level
from manager.errors import LinkLimitReached, NoSuchLink
from manager.links.tokens import LinkTokens, SealedLink

KEPT_S: Final = 30 * 24 * 3600.0
"""Seconds that a link that expired or was revoked is kept, so that clients can be told so."""
SWEEP_S: Final = 3600.0
"""Seconds between two searches for links that have been kept long enough."""
PAGE_SIZE: Final = 100
_SWEPT: Final = 1000

log = structlog.get_logger(__name__)


class ManagedLink(SealedLink, Protocol):
    """What links of every kind have."""

    @property
    def owner_id(self) -> int:
        """Who made it."""

    @property
    def label(self) -> str:
        """The owner's note."""

    @property
    def password_hash(self) -> str | None:
        """None without a password."""

    @property
    def created_at(self) -> float:
        """In seconds since the epoch."""

    @property
    def expires_at(self) -> float | None:
        """None for never."""

    @property
    def revoked_at(self) -> float | None:
        """None unless it was."""

    @property
    def last_used_at(self) -> float | None:
        """None before the first time."""


LinkT = TypeVar("LinkT", bound=ManagedLink)
LinkT_co = TypeVar("LinkT_co", bound=ManagedLink, covariant=True)
ChangesT = TypeVar("ChangesT", bound=Mapping[str, Any])


class Placed(Protocol[LinkT_co]):
    """A link, and where that to which it leads is."""

    @property
    def link(self) -> LinkT_co:
        """The link."""

    @property
    def folder(self) -> tuple[str, ...] | None:
        """The path of the folder, or of that of the file; None once that is deleted."""


PlacedT = TypeVar("PlacedT", bound=Placed[Any])


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPort(Generic[LinkT, ChangesT]):
    """What the catalog does for a kind of links, as `LinkStore` and `FolderLinkStore` promise.

    Attributes:
        add: adds a link of which the owner may have so many at `most`.
        by_id: finds one.
        change: changes fields.
        revoke: ends one of `owner_id`, or (None) of anybody, `at` a time.
        drop_ended: deletes those that ended before a time, up to `limit`.
    """

    add: Callable[..., Awaitable[None]]
    by_id: Callable[[UUID], Awaitable[LinkT | None]]
    change: Callable[[UUID, ChangesT], Awaitable[LinkT]]
    revoke: Callable[..., Awaitable[LinkT | None]]
    drop_ended: Callable[..., Awaitable[int]]


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkPolicy:
    """How long links last, and how many there are.

    Attributes:
        life_s: seconds that a link lasts about which nothing else is said.
        most_per_user: how many links of a kind a user may have.
    """

    life_s: float
    most_per_user: int


class ManagedLinks(ABC, Generic[LinkT, PlacedT, ChangesT]):
    """The links of one kind."""

    def __init__(
        self,
        port: LinkPort[LinkT, ChangesT],
        tokens: LinkTokens,
        passwords: Passwords,
        audit: AuditLog,
        clock: Callable[[], float],
        policy: LinkPolicy,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Takes what it uses.

        Args:
            port: Has the links.
            tokens: Makes what addresses hold.
            passwords: Hashes those of links.
            audit: Records what is done with links.
            clock: Seconds since the epoch.
            policy: Limits them.
            sleep: Waits for seconds.
        """
        self._port = port
        self._tokens = tokens
        self._passwords = passwords
        self._audit = audit
        self._clock = clock
        self._policy = policy
        self._sleep = sleep

    @abstractmethod
    async def placed(self, link: LinkT) -> PlacedT:
        """The link with that to which it leads."""

    @property
    def life_s(self) -> float:
        """Seconds that a link lasts about which nothing else is said."""
        return self._policy.life_s

    def token_of(self, link: LinkT) -> str | None:
        """What the address of a link holds; None if the master key that encrypted it is missing."""
        return self._tokens.text_of(link)

    def expiry_in(self, life_s: float | None) -> float | None:
        """The time at which a link expires that lasts so long from now on; None for never."""
        return None if life_s is None else self._clock() + life_s

    async def require(self, link_id: UUID, *, owner_id: int) -> LinkT:
        """The link of that id. Raises `NoSuchLink`, also for one of another user."""
        link = await self._port.by_id(link_id)
        if link is None or link.owner_id != owner_id:
            raise NoSuchLink
        return link

    async def change(
        self,
        link: LinkT,
        changes: ChangesT,
        *,
        user: User,
        password: str | None = None,
        address: str | None = None,
    ) -> LinkT:
        """Changes a link; a password is hashed before. Raises `NoSuchLink`, `Overloaded`."""
        changed: Any = dict(changes)
        if password is not None:
            changed["password_hash"] = await self._passwords.hash(password)
        try:
            link = await self._port.change(link.id, changed)
        except LinkMissing as error:
            raise NoSuchLink from error
        self._record(AuditAction.LINK_CHANGED, user, address, link, {"changed": sorted(changed)})
        return link

    async def revoke(
        self, link_id: UUID, *, user: User, of_anybody: bool = False, address: str | None = None
    ) -> LinkT:
        """Ends a link of the user, or that of anybody. Raises `NoSuchLink`."""
        owner_id = None if of_anybody else user.id
        link = await self._port.revoke(link_id, owner_id=owner_id, at=self._clock())
        if link is None:
            raise NoSuchLink
        self._record(AuditAction.LINK_REVOKED, user, address, link, {"owner_id": link.owner_id})
        return link

    def record_denial(
        self, user: User, *, address: str, reason: str, file_id: int | None = None
    ) -> None:
        """Records that a user was refused a link; `file_id`: to which file, if that is known."""
        details: dict[str, Any] = {} if file_id is None else {"file_id": file_id}
        self._audit.record(
            AuditAction.LINK_MADE,
            actor=user,
            address=address,
            outcome=AuditOutcome.FAILURE,
            reason=reason,
            **details,
        )

    async def run(self) -> None:
        """Deletes links that have been kept long enough, until cancelled."""
        while True:
            await self._sleep(SWEEP_S)
            try:
                await self._port.drop_ended(self._clock() - KEPT_S, limit=_SWEPT)
            except CatalogError as error:
                log.log(log_level(error), "ended-links-not-dropped", code=error.code)

    async def _add(self, link: LinkT) -> None:
        """Adds a link. Raises `LinkLimitReached`, and what the catalog says of that to which it leads."""
        try:
            await self._port.add(link, most=self._policy.most_per_user)
        except TooManyLinks as error:
            raise LinkLimitReached(self._policy.most_per_user) from error

    async def _hashed(self, password: str | None) -> str | None:
        return await self._passwords.hash(password) if password else None

    def _record_made(
        self, user: User, link: LinkT, address: str | None, details: dict[str, Any]
    ) -> None:
        details |= {
            "has_password": link.password_hash is not None,
            "expires_at": link.expires_at,
        }
        self._record(AuditAction.LINK_MADE, user, address, link, details)

    def _record(
        self,
        action: AuditAction,
        user: User | None,
        address: str | None,
        link: LinkT,
        details: dict[str, Any],
    ) -> None:
        self._audit.record(action, actor=user, address=address, subject=str(link.id), **details)
