"""The routes by which users manage their links, and administrators those of everybody."""

from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from catalog.link_port import FileLink, LinkChanges, PlacedLink
from catalog.port import Catalog
from catalog.records import File
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.errors import (
    AccessDenied,
    InvalidRequest,
    LinkLimitReached,
    NoSuchLink,
    NoSuchUser,
    OutsideScope,
    ScopeRefusal,
)
from manager.files.conversion import optional_timestamp, timestamp
from manager.files.lookup import file_by_id, require_access
from manager.files.rights import FileOperation
from manager.http.parameters import base_url_of, converted, json_object, optional_id, parsed
from manager.links.manager import PAGE_SIZE, LinkManager, LinkOptions, require_link_scope
from manager.links.passwords import LONGEST_PASSWORD
from manager.scopes import Login
from protocol.values import MAX_SAFE_INTEGER, check_name, format_path, is_uuid, parse_path

LONGEST_LABEL = 100
SHORTEST_PASSWORD = 4
LONGEST_LIFE_S = 100 * 366 * 24 * 3600.0

Label = Annotated[str, Meta(max_length=LONGEST_LABEL)]
LinkPassword = Annotated[str, Meta(min_length=SHORTEST_PASSWORD, max_length=LONGEST_PASSWORD)]
LifeS = Annotated[float, Meta(gt=0, le=LONGEST_LIFE_S)]
_Downloads = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]


class NewLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that makes a link. The file is named by its id, or by folder and name."""

    file_id: Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)] | None = None
    path: str | None = None
    name: str | None = None
    label: Label = ""
    expires_in_s: LifeS | UnsetType | None = UNSET
    password: LinkPassword | None = None
    max_downloads: _Downloads | None = None
    follows_content: bool = False


class ChangedLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that changes a link: what is left out stays, null takes a limit away."""

    label: Label | UnsetType = UNSET
    expires_in_s: LifeS | UnsetType | None = UNSET
    password: LinkPassword | UnsetType | None = UNSET
    max_downloads: _Downloads | UnsetType | None = UNSET


class AccountLinkRoutes:
    """`/account/links` and `/admin/links`."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: Catalog,
        links: LinkManager,
        addresses: ClientAddresses,
        public_url: str | None,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Identifies users.
            catalog: Has their files.
            links: The links.
            addresses: Tells where a request comes from.
            public_url: URL of the manager for clients; None: that of the request.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._links = links
        self._addresses = addresses
        self._public_url = public_url

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/account/links", self.list_own, allow_head=False),
            web.post("/account/links", self.create),
            web.patch("/account/links/{link_id}", self.change),
            web.delete("/account/links/{link_id}", self.revoke_own),
            web.get("/admin/links", self.list_any, allow_head=False),
            web.delete("/admin/links/{link_id}", self.revoke_any),
        ]

    async def list_own(self, request: web.Request) -> web.Response:
        """A page of the user's links, of one file or of all."""
        login = await self._accounts.login_of(request)
        page = await self._links.page_of(
            login.user.id,
            file_id=optional_id(request, "file_id"),
            after=optional_link_id(request),
        )
        return success(
            links=[
                self._described(each, request, login) for each in page if _is_inside(login, each)
            ],
            next=_next(page),
        )

    async def create(self, request: web.Request) -> web.Response:
        """Makes a link to a file that the user may share."""
        login = await self._accounts.login_of(request)
        asked = converted(await json_object(request), NewLink)
        check_label(asked.label)
        life_s = self._links.life_s if asked.expires_in_s is UNSET else asked.expires_in_s
        options = LinkOptions(
            label=asked.label,
            life_s=life_s,
            password=asked.password,
            max_downloads=asked.max_downloads,
            follows_content=asked.follows_content,
        )
        address = self._addresses.of_request(request)
        try:
            file = await self._file(login, asked)
            await require_link_scope(self._catalog, login.scope, file)
            link = await self._links.create(login.user, file, options, address=address)
        except (AccessDenied, LinkLimitReached, ScopeRefusal) as error:
            self._links.record_denial(login.user, asked.file_id, address=address, reason=error.code)
            raise
        return success(link=self._described(await self._links.placed(link), request, login))

    async def change(self, request: web.Request) -> web.Response:
        """Changes label, expiry, password or number of downloads of one of the user's links."""
        login, link = await self._own(request)
        asked = converted(await json_object(request), ChangedLink)
        changes: LinkChanges = {}
        if asked.label is not UNSET:
            check_label(asked.label)
            changes["label"] = asked.label
        if asked.expires_in_s is not UNSET:
            changes["expires_at"] = self._links.expiry_in(asked.expires_in_s)
        if asked.max_downloads is not UNSET:
            changes["max_downloads"] = asked.max_downloads
        if asked.password is None:
            changes["password_hash"] = None
        password = asked.password if isinstance(asked.password, str) else None
        address = self._addresses.of_request(request)
        changed = await self._links.change(
            link, changes, user=login.user, password=password, address=address
        )
        return success(link=self._described(await self._links.placed(changed), request, login))

    async def revoke_own(self, request: web.Request) -> web.Response:
        """Ends one of the user's links."""
        login, link = await self._own(request)
        address = self._addresses.of_request(request)
        await self._links.revoke(link.id, user=login.user, address=address)
        return success()

    async def list_any(self, request: web.Request) -> web.Response:
        """A page of the links of a user, for administrators; without what opens them."""
        await self._accounts.administrator_of(request)
        user = await self._catalog.user_by_name(request.query.get("user", ""))
        if user is None:
            raise NoSuchUser
        page = await self._links.page_of(user.id, after=optional_link_id(request))
        return success(links=[self._described(each, None, None) for each in page], next=_next(page))

    async def revoke_any(self, request: web.Request) -> web.Response:
        """Ends a link of any user, for administrators."""
        user = await self._accounts.administrator_of(request)
        address = self._addresses.of_request(request)
        await self._links.revoke(link_id_of(request), user=user, of_anybody=True, address=address)
        return success()

    async def _own(self, request: web.Request) -> tuple[Login, FileLink]:
        """A link of the user, who may change it."""
        login = await self._accounts.login_of(request)
        login.scope.require_change()
        link = await self._links.require(link_id_of(request), owner_id=login.user.id)
        if not _is_inside(login, await self._links.placed(link)):
            raise OutsideScope
        return login, link

    async def _file(self, login: Login, asked: NewLink) -> File:
        user = login.user
        if asked.file_id is not None and asked.path is None and asked.name is None:
            return await file_by_id(self._catalog, user, asked.file_id, FileOperation.SHARE)
        if asked.file_id is None and asked.path is not None and asked.name is not None:
            path, name = (
                parsed("path", asked.path, parse_path),
                parsed("name", asked.name, check_name),
            )
            place, file_name = login.view.placed_file(path, name)
            file = await self._catalog.file_at(place, file_name, viewer_id=user.id)
            return require_access(user, file, FileOperation.SHARE)
        raise InvalidRequest("name the file either by file_id, or by path and name")

    def _described(
        self, placed: PlacedLink, request: web.Request | None, login: Login | None
    ) -> dict[str, Any]:
        """A link as JSON; without a request, without the address that opens it.

        The file is where the login sees it; without one, where it is in the catalog.
        """
        link, file, folder = placed.link, placed.file, placed.folder or ()
        if login is not None and file is not None:
            folder, file = login.view.shown_file(folder, file)
        return {
            "id": str(link.id),
            "url": None if request is None else self._url(placed, request),
            "state": self._links.state_of(placed),
            "file_id": link.file_id,
            "path": None if placed.folder is None else format_path(folder),
            "name": file and file.name,
            "label": link.label,
            "has_password": link.password_hash is not None,
            "max_downloads": link.max_downloads,
            "downloads": link.downloads,
            "follows_content": link.object_id is None,
            "created_at": timestamp(link.created_at),
            "expires_at": optional_timestamp(link.expires_at),
            "revoked_at": optional_timestamp(link.revoked_at),
            "last_used_at": optional_timestamp(link.last_used_at),
        }

    def _url(self, placed: PlacedLink, request: web.Request) -> str | None:
        token = self._links.token_of(placed.link)
        if token is None:
            return None
        return f"{base_url_of(request, self._public_url)}/signed-download?q={token}"


def _is_inside(login: Login, placed: PlacedLink) -> bool:
    """Whether the login may see the link; a file that is gone lies in no folder."""
    if login.scope.folder is None:
        return True
    return placed.folder is not None and login.scope.covers(placed.folder)


def _next(page: Sequence[PlacedLink]) -> str | None:
    """By which the next page is asked for; None after the last one."""
    return str(page[-1].link.id) if len(page) == PAGE_SIZE else None


def check_label(label: str) -> None:
    """Returns if it can be shown on a line. Raises `InvalidRequest`."""
    if not label.isprintable():
        raise InvalidRequest("label: must have no control characters")


def link_id_of(request: web.Request) -> UUID:
    """The id in the path. Raises `NoSuchLink`."""
    text = request.match_info["link_id"]
    if not is_uuid(text):
        raise NoSuchLink
    return UUID(text)


def optional_link_id(request: web.Request) -> UUID | None:
    """The id after which a page begins; None without one. Raises `InvalidRequest`."""
    text = request.query.get("after")
    if text is None:
        return None
    if not is_uuid(text):
        raise InvalidRequest("after: must be the id of a link")
    return UUID(text)
