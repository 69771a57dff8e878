"""The routes by which users share folders, and see what is shared with them."""

from typing import Any

from aiohttp import web

from catalog.folder_rights import FolderRight
from catalog.port import FolderPath
from catalog.records import AuditOutcome, Folder
from catalog.space_port import Grantee, VisibleFolder
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import AccessDenied, NoSuchFolder, NotAdministrator, NotPersonal, NotShared
from manager.files.conversion import timestamp
from manager.files.rights import folder_permit
from manager.http.parameters import Parameters, json_object
from manager.scopes import Login
from manager.sharing.people import (
    People,
    SharingStore,
    right_of,
    right_to_json,
    translated_sharing_errors,
)
from manager.space_views import COMMON_NAME, SHARED_NAME, PersonalView
from protocol.values import format_path, parse_path


class SharingRoutes:
    """The routes for rights on folders. They exist where users have homes."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: SharingStore,
        addresses: ClientAddresses,
        audit: AuditLog,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Authenticates users.
            catalog: Holds users to their rights.
            addresses: Identifies clients.
            audit: Records who shares what.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._people = People(catalog)
        self._addresses = addresses
        self._audit = audit

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/folders/sharing", self.show, allow_head=False),
            web.post("/folders/sharing", self.share),
            web.post("/folders/leave", self.leave),
            web.post("/folders/owner", self.give),
            web.get("/account/shared", self.shared, allow_head=False),
        ]

    async def show(self, request: web.Request) -> web.Response:
        """The user's right on a folder, its owner, and for who manages it with whom it is shared."""
        login, _ = await self._login(request)
        folder, _ = await self._folder(login, Parameters(request.query))
        rights = await self._catalog.rights_on(login.user.id, [folder.id])
        right = rights.get(folder.id)
        if right is None:
            raise NoSuchFolder
        with translated_sharing_errors():
            sharing = await self._catalog.folder_sharing(folder.id)
        grants = sharing.grants if right is FolderRight.MANAGE else ()
        owner = None
        if sharing.owner_id is not None and right is FolderRight.MANAGE:
            owner = await self._catalog.user_by_id(sharing.owner_id)
        return success(
            right=right_to_json(right),
            owner=owner and owner.name,
            grants=[await self._people.grant_to_json(grant) for grant in grants],
        )

    async def share(self, request: web.Request) -> web.Response:
        """Grants a right on a folder, changes one, or without `right` takes it back."""
        login, _ = await self._login(request)
        login.scope.require_change()
        parameters = Parameters(await json_object(request))
        folder, place = await self._folder(login, parameters)
        grantee, text = await self._people.grantee(parameters), parameters.optional("right")
        if grantee == Grantee() and not login.user.is_admin:
            # What everybody gets, nobody can turn down.
            raise NotAdministrator
        permit = folder_permit(login.user)
        with translated_sharing_errors():
            if text is not None:
                right = right_of(text)
                await self._catalog.put_grant(folder.id, grantee, right, permit=permit)
            elif not await self._catalog.remove_grant(folder.id, grantee, permit=permit):
                raise NotShared
        self._record(request, login, AuditAction.FOLDER_SHARED, place, right=text)
        return success()

    async def leave(self, request: web.Request) -> web.Response:
        """Gives up what was granted to the user alone."""
        login, view = await self._login(request)
        login.scope.require_change()
        folder, place = await self._folder(login, Parameters(await json_object(request)))
        if folder.id not in {seen.folder.id for seen in view.folders.values()}:
            raise NoSuchFolder
        own = Grantee(user_id=login.user.id)
        if not await self._catalog.remove_grant(folder.id, own):
            raise AccessDenied(
                "leave this folder: it is shared with a group of yours, or with everybody"
            )
        self._record(request, login, AuditAction.FOLDER_SHARED, place, right=None)
        return success()

    async def give(self, request: web.Request) -> web.Response:
        """Gives a folder another owner, who may manage it from then on."""
        login, _ = await self._login(request)
        login.scope.require_change()
        parameters = Parameters(await json_object(request))
        folder, place = await self._folder(login, parameters)
        receiver = await self._people.user(parameters.required("user", str))
        if len(place) == 1:
            raise AccessDenied("give this folder away: it is a space")
        with translated_sharing_errors():
            await self._catalog.set_folder_owner(
                folder.id, receiver.id, permit=folder_permit(login.user)
            )
        self._record(request, login, AuditAction.FOLDER_GIVEN, place, to=receiver.name)
        return success()

    async def shared(self, request: web.Request) -> web.Response:
        """What others share with the user, and the paths at which it is seen."""
        login, view = await self._login(request)
        login.scope.require_inside(())
        folders = [_shared_to_json(name, seen) for name, seen in view.folders.items()]
        files = [
            {
                "path": format_path((SHARED_NAME,)),
                "name": name,
                "file_id": seen.file.id,
                "size": seen.file.size,
                "updated_at": timestamp(seen.file.updated_at),
            }
            for name, seen in view.files.items()
        ]
        common = None if view.common is None else format_path((COMMON_NAME,))
        return success(folders=folders, files=files, common=common)

    async def _login(self, request: web.Request) -> tuple[Login, PersonalView]:
        login = await self._accounts.login_of(request)
        if not isinstance(login.view, PersonalView):
            raise NotPersonal
        return login, login.view

    async def _folder(self, login: Login, parameters: Parameters) -> tuple[Folder, FolderPath]:
        """A folder that the user sees, and where it is in the catalog. Raises `NoSuchFolder`."""
        place = login.placed(parameters.required("path", parse_path))
        folder = await self._catalog.folder_at(place)
        if folder is None or folder.id in login.view.entry_ids:
            raise NoSuchFolder
        return folder, place

    def _record(
        self,
        request: web.Request,
        login: Login,
        action: AuditAction,
        place: FolderPath,
        **details: object,
    ) -> None:
        self._audit.record(
            action,
            actor=login.user,
            address=self._addresses.of_request(request),
            subject=format_path(place),
            outcome=AuditOutcome.SUCCESS,
            **details,
        )


def _shared_to_json(name: str, seen: VisibleFolder) -> dict[str, Any]:
    return {
        "path": format_path((SHARED_NAME, name)),
        "name": name,
        "folder_id": seen.folder.id,
        "right": right_to_json(seen.right),
    }
