"""The routes by which users manage their links to files, and administrators those of everybody."""

from typing import Annotated, Any
from uuid import UUID

from aiohttp import web
from msgspec import UNSET, Meta, UnsetType

from catalog.link_port import FileLink, LinkChanges, PlacedLink
from catalog.port import Catalog
from catalog.records import File
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.errors import AccessDenied, InvalidRequest, LinkLimitReached, ScopeRefusal
from manager.files.lookup import file_by_id, require_access
from manager.files.rights import FileOperation
from manager.http.parameters import converted, json_object, optional_id, parsed
from manager.links.account_routes import (
    ChangedLinkBody,
    Limit,
    ManagedLinkRoutes,
    NewLinkBody,
    check_label,
)
from manager.links.manager import LinkManager, LinkOptions, require_link_scope
from manager.scopes import Login
from protocol.values import MAX_SAFE_INTEGER, check_name, format_path, parse_path


class NewLink(NewLinkBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that makes a link. The file is named by its id, or by folder and name."""

    file_id: Annotated[int, Meta(ge=1, le=MAX_SAFE_INTEGER)] | None = None
    path: str | None = None
    name: str | None = None
    max_downloads: Limit | None = None
    follows_content: bool = False


class ChangedLink(ChangedLinkBody, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The body that changes a link."""

    max_downloads: Limit | UnsetType | None = UNSET


class AccountLinkRoutes(ManagedLinkRoutes[FileLink, PlacedLink, LinkChanges]):
    """`/account/links` and `/admin/links`."""

    kind = "links"
    address = "/signed-download"
    changed_body = ChangedLink

    def __init__(
        self,
        accounts: Accounts,
        catalog: Catalog,
        links: LinkManager,
        addresses: ClientAddresses,
        public_url: str | None,
    ) -> None:
        """Takes what `ManagedLinkRoutes` takes."""
        super().__init__(accounts, catalog, links, addresses, public_url)
        self._links = links

    async def create(self, request: web.Request) -> web.Response:
        """Makes a link to a file that the user may share."""
        login = await self._accounts.login_of(request)
        asked = converted(await json_object(request), NewLink)
        check_label(asked.label)
        options = LinkOptions(
            label=asked.label,
            life_s=self._life_s(asked),
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
            self._links.record_denial(
                login.user, address=address, reason=error.code, file_id=asked.file_id
            )
            raise
        return success(link=await self._own_json(await self._links.placed(link), request, login))

    async def _page(
        self, request: web.Request, user_id: int, after: UUID | None, *, is_own: bool
    ) -> list[PlacedLink]:
        file_id = optional_id(request, "file_id") if is_own else None
        return await self._links.page_of(user_id, file_id=file_id, after=after)

    async def _visible(self, page: list[PlacedLink], login: Login) -> set[UUID]:
        if not login.view.is_personal:
            return {each.link.id for each in page}
        names: dict[int, set[str]] = {}
        for each in page:
            if each.file is not None:
                names.setdefault(each.file.folder_id, set()).add(each.file.name)
        readable = {
            file.id
            for folder_id, wanted in names.items()
            for file in await self._catalog.files_in(
                folder_id, sorted(wanted), viewer_id=login.user.id
            )
        }
        return {each.link.id for each in page if each.file is None or each.file.id in readable}

    async def _details(
        self, placed: PlacedLink, login: Login, *, is_visible: bool
    ) -> dict[str, Any]:
        link = placed.link
        path, name = _shown(placed, login) if is_visible else (None, None)
        return {
            "state": self._links.state_of(placed),
            "file_id": link.file_id,
            "path": path,
            "name": name,
            "max_downloads": link.max_downloads,
            "downloads": link.downloads,
            "follows_content": link.object_id is None,
        }

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


def _shown(placed: PlacedLink, login: Login) -> tuple[str | None, str | None]:
    """Path and name of the file as the login sees it; None of one that is gone."""
    if placed.file is None or placed.folder is None:
        return None, None
    folder, file = login.view.shown_file(placed.folder, placed.file)
    return format_path(folder), file.name
