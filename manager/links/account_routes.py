"""The routes by which users manage links of a kind, and administrators those of everybody."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Final, Generic
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from catalog.port import Catalog
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.errors import InvalidRequest, NoSuchLink, NoSuchUser, OutsideScope
from manager.files.conversion import optional_timestamp, timestamp
from manager.http.parameters import base_url_of, converted, json_object
from manager.links.managing import PAGE_SIZE, ChangesT, LinkT, ManagedLinks, PlacedT
from manager.links.passwords import LONGEST_PASSWORD
from manager.scopes import Login
from protocol.values import MAX_SAFE_INTEGER, is_uuid

LONGEST_LABEL: Final = 100
SHORTEST_PASSWORD: Final = 4
LONGEST_LIFE_S: Final = 100 * 366 * 24 * 3600.0

Label = Annotated[str, Meta(max_length=LONGEST_LABEL)]
LinkPassword = Annotated[str, Meta(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]
LifeS = Annotated[float, Meta(gt=0, le=LONGEST_LIFE_S)]
Limit = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]


class NewLinkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every body that makes a link may say."""

    label: Label = ""
    expires_in_s: LifeS | UnsetType | None = UNSET
    password: LinkPassword | None = None


class ChangedLinkBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every body that changes a link may say: what is left out stays, null takes a limit away."""

    label: Label | UnsetType = UNSET
    expires_in_s: LifeS | UnsetType | None = UNSET
    password: LinkPassword | UnsetType | None = UNSET


class ManagedLinkRoutes(ABC, Generic[LinkT, PlacedT, ChangesT]):
    """`/account/…` and `/admin/…` of a kind of links.

    Attributes:
        kind: the last part of the paths.
        address: the path of the address that a link opens.
        changed_body: what is sent to change a link. Each field that `ChangedLinkBody` lacks is one of the
            catalog's, under the same name.
    """

    kind: ClassVar[str]
    address: ClassVar[str]
    changed_body: ClassVar[type[ChangedLinkBody]]

    def __init__(
        self,
        accounts: Accounts,
        catalog: Catalog,
        links: ManagedLinks[LinkT, PlacedT, ChangesT],
        addresses: ClientAddresses,
        public_url: str | None,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Identifies users.
            catalog: Has files and folders.
            links: The links.
            addresses: Tells where a request comes from.
            public_url: URL of the manager for clients; None: that of the request.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._managed = links
        self._addresses = addresses
        self._public_url = public_url

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        own, any_user = f"/account/{self.kind}", f"/admin/{self.kind}"
        return [
            web.get(own, self.list_own, allow_head=False),
            web.post(own, self.create),
            web.patch(f"{own}/{{link_id}}", self.change),
            web.delete(f"{own}/{{link_id}}", self.revoke_own),
            web.get(any_user, self.list_any, allow_head=False),
            web.delete(f"{any_user}/{{link_id}}", self.revoke_any),
        ]

    @abstractmethod
    async def create(self, request: web.Request) -> web.Response:
        """Makes a link."""

    @abstractmethod
    async def _page(
        self, request: web.Request, user_id: int, after: UUID | None, *, is_own: bool
    ) -> list[PlacedT]:
        """A page of the links of a user, the newest first."""

    @abstractmethod
    async def _visible(self, page: list[PlacedT], login: Login) -> set[UUID]:
        """The ids of those links that lead to what the login may see, or to nothing any more."""

    @abstractmethod
    async def _details(self, placed: PlacedT, login: Login, *, is_visible: bool) -> dict[str, Any]:
        """What only links of this kind have, as JSON; where it leads is said only if that is visible."""

    async def list_own(self, request: web.Request) -> web.Response:
        """A page of the user's links."""
        login = await self._accounts.login_of(request)
        page = await self._page(request, login.user.id, _after(request), is_own=True)
        links = [
            await self._own_json(each, request, login) for each in page if _covers(login, each)
        ]
        return success(links=links, next=_next(page))

    async def change(self, request: web.Request) -> web.Response:
        """Changes label, expiry, password or limits of one of the user's links."""
        login, link = await self._own(request)
        asked = converted(await json_object(request), self.changed_body)
        changes: Any = {}
        if asked.label is not UNSET:
            check_label(asked.label)
            changes["label"] = asked.label
        if asked.expires_in_s is not UNSET:
            changes["expires_at"] = self._managed.expiry_in(asked.expires_in_s)
        if asked.password is None:
            changes["password_hash"] = None
        limits = set(self.changed_body.__struct_fields__) - set(ChangedLinkBody.__struct_fields__)
        changes |= {name: limit for name in limits if (limit := getattr(asked, name)) is not UNSET}
        changed = await self._managed.change(
            link,
            changes,
            user=login.user,
            password=asked.password if isinstance(asked.password, str) else None,
            address=self._addresses.of_request(request),
        )
        return success(
            link=await self._own_json(await self._managed.placed(changed), request, login)
        )

    async def revoke_own(self, request: web.Request) -> web.Response:
        """Ends one of the user's links."""
        login, link = await self._own(request)
        address = self._addresses.of_request(request)
        await self._managed.revoke(link.id, user=login.user, address=address)
        return success()

    async def list_any(self, request: web.Request) -> web.Response:
        """A page of the links of a user, for administrators.

        Without what opens them, and without names of what the administrator may not see.
        """
        login = await self._accounts.administrator_login_of(request)
        user = await self._catalog.user_by_name(request.query.get("user", ""))
        if user is None:
            raise NoSuchUser
        page = await self._page(request, user.id, _after(request), is_own=False)
        visible = await self._visible(page, login)
        links = [
            await self._json(each, login, url=None, is_visible=each.link.id in visible)
            for each in page
        ]
        return success(links=links, next=_next(page))

    async def revoke_any(self, request: web.Request) -> web.Response:
        """Ends a link of any user, for administrators."""
        user = await self._accounts.administrator_of(request)
        address = self._addresses.of_request(request)
        await self._managed.revoke(_id_of(request), user=user, of_anybody=True, address=address)
        return success()

    def _life_s(self, asked: NewLinkBody) -> float | None:
        return self._managed.life_s if asked.expires_in_s is UNSET else asked.expires_in_s

    async def _own(self, request: web.Request) -> tuple[Login, LinkT]:
        """A link of the user, who may change it."""
        login = await self._accounts.login_of(request)
        login.scope.require_change()
        link = await self._managed.require(_id_of(request), owner_id=login.user.id)
        if not _covers(login, await self._managed.placed(link)):
            raise OutsideScope
        return login, link

    async def _own_json(
        self, placed: PlacedT, request: web.Request, login: Login
    ) -> dict[str, Any]:
        token = self._managed.token_of(placed.link)
        base = base_url_of(request, self._public_url)
        url = None if token is None else f"{base}{self.address}?q={token}"
        return await self._json(placed, login, url=url, is_visible=True)

    async def _json(
        self, placed: PlacedT, login: Login, *, url: str | None, is_visible: bool
    ) -> dict[str, Any]:
        """A link as JSON: the label of one that leads to what is hidden is hidden as well."""
        link = placed.link
        return {
            "id": str(link.id),
            "url": url,
            "label": link.label if is_visible else "",
            "is_hidden": not is_visible,
            "has_password": link.password_hash is not None,
            "created_at": timestamp(link.created_at),
            "expires_at": optional_timestamp(link.expires_at),
            "revoked_at": optional_timestamp(link.revoked_at),
            "last_used_at": optional_timestamp(link.last_used_at),
            **await self._details(placed, login, is_visible=is_visible),
        }


def check_label(label: str) -> None:
    """Returns if it can be shown on a line. Raises `InvalidRequest`."""
    if not label.isprintable():
        raise InvalidRequest("label: must have no control characters")


def _covers(login: Login, placed: PlacedT) -> bool:
    """Whether the login's scope has the link in it; what is gone lies in no folder."""
    if login.scope.folder is None:
        return True
    return placed.folder is not None and login.scope.covers(placed.folder)


def _next(page: Sequence[PlacedT]) -> str | None:
    """By which the next page is asked for; None after the last one."""
    return str(page[-1].link.id) if len(page) == PAGE_SIZE else None


def _id_of(request: web.Request) -> UUID:
    """The id in the path. Raises `NoSuchLink`."""
    text = request.match_info["link_id"]
    if not is_uuid(text):
        raise NoSuchLink
    return UUID(text)


def _after(request: web.Request) -> UUID | None:
    """The id after which a page begins; None without one. Raises `InvalidRequest`."""
    text = request.query.get("after")
    if text is None:
        return None
    if not is_uuid(text):
        raise InvalidRequest("after: must be the id of a link")
    return UUID(text)
