"""The routes by which users manage their links to folders, and administrators those of everybody."""

from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from catalog.folder_link_port import FolderLink, FolderLinkChanges, PlacedFolderLink
from catalog.port import Catalog
from catalog.records import Folder
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.errors import (
    AccessDenied,
    LinkLimitReached,
    NoSuchFolder,
    NoSuchUser,
    OutsideScope,
    ScopeRefusal,
)
from manager.files.conversion import optional_timestamp, timestamp
from manager.http.parameters import base_url_of, converted, json_object, parsed
from manager.links.folder_manager import FolderLinkManager, FolderLinkOptions
from manager.links.manager import PAGE_SIZE
from manager.links.routes import (
    Label,
    LifeS,
    LinkPassword,
    check_label,
    link_id_of,
    optional_link_id,
)
from manager.scopes import Login
from protocol.values import MAX_SAFE_INTEGER, format_path, parse_path

FOLDER_LINK_PATH = "/folder-link"

_Limit = Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)]


class NewFolderLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that makes a link."""

    path: str
    label: Label = ""
    expires_in_s: LifeS | UnsetType | None = UNSET
    password: LinkPassword | None = None
    for_uploads: bool = False
    max_files: _Limit | None = None
    max_file_size: _Limit | None = None
    max_total_size: _Limit | None = None


class ChangedFolderLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that changes a link: what is left out stays, null takes a limit away."""

    label: Label | UnsetType = UNSET
    expires_in_s: LifeS | UnsetType | None = UNSET
    password: LinkPassword | UnsetType | None = UNSET
    max_files: _Limit | UnsetType | None = UNSET
    max_file_size: _Limit | UnsetType | None = UNSET
    max_total_size: _Limit | UnsetType | None = UNSET


class AccountFolderLinkRoutes:
    """`/account/folder-links` and `/admin/folder-links`."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: Catalog,
        links: FolderLinkManager,
        addresses: ClientAddresses,
        public_url: str | None,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Identifies users.
            catalog: Has folders.
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
            web.get("/account/folder-links", self.list_own, allow_head=False),
            web.post("/account/folder-links", self.create),
            web.patch("/account/folder-links/{link_id}", self.change),
            web.delete("/account/folder-links/{link_id}", self.revoke_own),
            web.get("/admin/folder-links", self.list_any, allow_head=False),
            web.delete("/admin/folder-links/{link_id}", self.revoke_any),
        ]

    async def list_own(self, request: web.Request) -> web.Response:
        """A page of the user's links."""
        login = await self._accounts.login_of(request)
        page = await self._links.page_of(login.user.id, after=optional_link_id(request))
        return success(
            links=[
                await self._described(each, request, login)
                for each in page
                if _is_inside(login, each)
            ],
            next=_next(page),
        )

    async def create(self, request: web.Request) -> web.Response:
        """Makes a link to a folder that the user may share, or add to."""
        login = await self._accounts.login_of(request)
        asked = converted(await json_object(request), NewFolderLink)
        check_label(asked.label)
        options = FolderLinkOptions(
            label=asked.label,
            life_s=self._links.life_s if asked.expires_in_s is UNSET else asked.expires_in_s,
            password=asked.password,
            is_for_uploads=asked.for_uploads,
            max_files=asked.max_files,
            max_file_size=asked.max_file_size,
            max_total_size=asked.max_total_size,
        )
        address = self._addresses.of_request(request)
        try:
            login.scope.require_change()
            folder = await self._folder(login, asked.path)
            link = await self._links.create(login.user, folder, options, address=address)
        except (AccessDenied, LinkLimitReached, ScopeRefusal) as error:
            self._links.record_denial(login.user, address=address, reason=error.code)
            raise
        return success(link=await self._described(await self._links.placed(link), request, login))

    async def change(self, request: web.Request) -> web.Response:
        """Changes label, expiry, password or limits of one of the user's links."""
        login, link = await self._own(request)
        asked = converted(await json_object(request), ChangedFolderLink)
        changes: FolderLinkChanges = {}
        if asked.label is not UNSET:
            check_label(asked.label)
            changes["label"] = asked.label
        if asked.expires_in_s is not UNSET:
            changes["expires_at"] = self._links.expiry_in(asked.expires_in_s)
        for name in ("max_files", "max_file_size", "max_total_size"):
            if (limit := getattr(asked, name)) is not UNSET:
                changes[name] = limit
        if asked.password is None:
            changes["password_hash"] = None
        changed = await self._links.change(
            link,
            changes,
            user=login.user,
            password=asked.password if isinstance(asked.password, str) else None,
            address=self._addresses.of_request(request),
        )
        return success(
            link=await self._described(await self._links.placed(changed), request, login)
        )

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
        return success(
            links=[await self._described(each, None, None) for each in page], next=_next(page)
        )

    async def revoke_any(self, request: web.Request) -> web.Response:
        """Ends a link of any user, for administrators."""
        user = await self._accounts.administrator_of(request)
        address = self._addresses.of_request(request)
        await self._links.revoke(link_id_of(request), user=user, of_anybody=True, address=address)
        return success()

    async def _own(self, request: web.Request) -> tuple[Login, FolderLink]:
        """A link of the user, who may change it."""
        login = await self._accounts.login_of(request)
        login.scope.require_change()
        link = await self._links.require(link_id_of(request), owner_id=login.user.id)
        if not _is_inside(login, await self._links.placed(link)):
            raise OutsideScope
        return login, link

    async def _folder(self, login: Login, path: str) -> Folder:
        """A folder that the login sees. Raises `NoSuchFolder`, `OutsideScope`."""
        place = login.placed(parsed("path", path, parse_path))
        folder = await self._catalog.folder_at(place)
        is_hidden = login.view.shown(place) is None
        if folder is None or is_hidden or folder.id in login.view.entry_ids:
            raise NoSuchFolder
        return folder

    async def _described(
        self, placed: PlacedFolderLink, request: web.Request | None, login: Login | None
    ) -> dict[str, Any]:
        """A link as JSON; without a request, without the address that opens it.

        The folder is where the login sees it, without a path if it does not; without a login, where it is
        in the catalog.
        """
        link, folder = placed.link, placed.folder
        if login is not None and folder is not None:
            folder = login.view.shown(folder)
        return {
            "id": str(link.id),
            "url": None if request is None else self._url(link, request),
            "state": await self._links.state_of(placed),
            "path": None if folder is None else format_path(folder),
            "label": link.label,
            "for_uploads": link.is_for_uploads,
            "has_password": link.password_hash is not None,
            "max_files": link.max_files,
            "max_file_size": link.max_file_size,
            "max_total_size": link.max_total_size,
            "received_files": link.received_files,
            "received_size": link.received_size,
            "created_at": timestamp(link.created_at),
            "expires_at": optional_timestamp(link.expires_at),
            "revoked_at": optional_timestamp(link.revoked_at),
            "last_used_at": optional_timestamp(link.last_used_at),
        }

    def _url(self, link: FolderLink, request: web.Request) -> str | None:
        token = self._links.token_of(link)
        if token is None:
            return None
        return f"{base_url_of(request, self._public_url)}{FOLDER_LINK_PATH}?q={token}"


def _is_inside(login: Login, placed: PlacedFolderLink) -> bool:
    """Whether the login may see the link; a folder that is gone lies in no other."""
    if login.scope.folder is None:
        return True
    return placed.folder is not None and login.scope.covers(placed.folder)


def _next(page: list[PlacedFolderLink]) -> UUID | None:
    """By which the next page is asked for; None after the last one."""
    return page[-1].link.id if len(page) == PAGE_SIZE else None
