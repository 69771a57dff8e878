"""The routes by which users manage their links to folders, and administrators those of everybody."""

from typing import Any
from uuid import UUID

from aiohttp import web
from msgspec import UNSET, UnsetType

from catalog.folder_link_port import FolderLink, FolderLinkChanges, PlacedFolderLink
from catalog.port import Catalog
from catalog.records import Folder
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.errors import AccessDenied, LinkLimitReached, NoSuchFolder, ScopeRefusal
from manager.http.parameters import converted, json_object, parsed
from manager.links.account_routes import (
    ChangedLinkBody,
    Limit,
    ManagedLinkRoutes,
    NewLinkBody,
    check_label,
)
from manager.links.folder_manager import FolderLinkManager, FolderLinkOptions
from manager.scopes import Login
from protocol.values import format_path, parse_path

FOLDER_LINK_PATH = "/folder-link"


class NewFolderLink(NewLinkBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that makes a link."""

    path: str
    for_uploads: bool = False
    max_files: Limit | None = None
    max_file_size: Limit | None = None
    max_total_size: Limit | None = None


class ChangedFolderLink(ChangedLinkBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that changes a link."""

    max_files: Limit | UnsetType | None = UNSET
    max_file_size: Limit | UnsetType | None = UNSET
    max_total_size: Limit | UnsetType | None = UNSET


class AccountFolderLinkRoutes(ManagedLinkRoutes[FolderLink, PlacedFolderLink, FolderLinkChanges]):
    """`/account/folder-links` and `/admin/folder-links`."""

    kind = "folder-links"
    address = FOLDER_LINK_PATH
    changed_body = ChangedFolderLink

    def __init__(
        self,
        accounts: Accounts,
        catalog: Catalog,
        links: FolderLinkManager,
        addresses: ClientAddresses,
        public_url: str | None,
    ) -> None:
        """Takes what `ManagedLinkRoutes` takes."""
        super().__init__(accounts, catalog, links, addresses, public_url)
        self._links = links

    async def create(self, request: web.Request) -> web.Response:
        """Makes a link to a folder that the user may share, or add to."""
        login = await self._accounts.login_of(request)
        asked = converted(await json_object(request), NewFolderLink)
        check_label(asked.label)
        options = FolderLinkOptions(
            label=asked.label,
            life_s=self._life_s(asked),
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
        return success(link=await self._own_json(await self._links.placed(link), request, login))

    async def _page(
        self, request: web.Request, user_id: int, after: UUID | None, *, is_own: bool
    ) -> list[PlacedFolderLink]:
        return await self._links.page_of(user_id, after=after)

    async def _visible(self, page: list[PlacedFolderLink], login: Login) -> set[UUID]:
        return {
            each.link.id
            for each in page
            if each.folder is None or login.view.shown(each.folder) is not None
        }

    async def _details(
        self, placed: PlacedFolderLink, login: Login, *, is_visible: bool
    ) -> dict[str, Any]:
        link = placed.link
        # The owner of a link need not see its folder any more.
        folder = None if placed.folder is None else login.view.shown(placed.folder)
        return {
            "state": await self._links.state_of(placed),
            "path": None if folder is None else format_path(folder),
            "for_uploads": link.is_for_uploads,
            "max_files": link.max_files,
            "max_file_size": link.max_file_size,
            "max_total_size": link.max_total_size,
            "received_files": link.received_files,
            "received_size": link.received_size,
        }

    async def _folder(self, login: Login, path: str) -> Folder:
        """A folder that the login sees. Raises `NoSuchFolder`, `OutsideScope`."""
        place = login.placed(parsed("path", path, parse_path))
        folder = await self._catalog.folder_at(place)
        is_hidden = login.view.shown(place) is None
        if folder is None or is_hidden or folder.id in login.view.entry_ids:
            raise NoSuchFolder
        return folder
