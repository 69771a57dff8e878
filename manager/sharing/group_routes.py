"""The routes about groups of users."""

from collections.abc import Callable

from aiohttp import web

from catalog.records import AuditOutcome, User
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import NoSuchGroup
from manager.http.parameters import Parameters, json_object
from manager.sharing.people import (
    People,
    SharingStore,
    checked_group_name,
    group_to_json,
    translated_sharing_errors,
)


class GroupRoutes:
    """The routes for groups. Administrators make them; everybody may see which there are."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: SharingStore,
        addresses: ClientAddresses,
        audit: AuditLog,
        rights_changed: Callable[[], None],
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Authenticates users.
            catalog: Has the groups.
            addresses: Identifies clients.
            audit: Records changes of groups.
            rights_changed: Called when somebody may see something else.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._people = People(catalog)
        self._addresses = addresses
        self._audit = audit
        self._rights_changed = rights_changed

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        return [
            web.get("/groups", self.list_groups, allow_head=False),
            web.post("/admin/groups", self.create),
            web.get("/admin/groups/{group}", self.show, allow_head=False),
            web.delete("/admin/groups/{group}", self.remove),
            web.post("/admin/groups/{group}/members", self.add_member),
            web.delete("/admin/groups/{group}/members/{user}", self.remove_member),
        ]

    async def list_groups(self, request: web.Request) -> web.Response:
        """All groups, by name."""
        await self._accounts.login_of(request)
        groups = await self._catalog.list_groups()
        return success(groups=[group_to_json(group) for group in groups])

    async def create(self, request: web.Request) -> web.Response:
        """A new group without members."""
        administrator = await self._accounts.administrator_of(request)
        name = Parameters(await json_object(request)).required("name", checked_group_name)
        with translated_sharing_errors():
            group = await self._catalog.create_group(name)
        self._record(request, administrator, AuditAction.GROUP_CREATED, group.name)
        return success(group=group_to_json(group))

    async def show(self, request: web.Request) -> web.Response:
        """A group with the names of its members."""
        await self._accounts.administrator_of(request)
        group = await self._people.group(request.match_info["group"])
        members = await self._catalog.group_members(group.id)
        return success(group=group_to_json(group), members=[user.name for user in members])

    async def remove(self, request: web.Request) -> web.Response:
        """Removes a group with all that was granted to it."""
        administrator = await self._accounts.administrator_of(request)
        group = await self._people.group(request.match_info["group"])
        await self._catalog.remove_group(group.id)
        self._record(request, administrator, AuditAction.GROUP_REMOVED, group.name)
        return success()

    async def add_member(self, request: web.Request) -> web.Response:
        """Makes a user a member."""
        administrator = await self._accounts.administrator_of(request)
        group = await self._people.group(request.match_info["group"])
        user = await self._people.user(Parameters(await json_object(request)).required("user", str))
        with translated_sharing_errors():
            await self._catalog.put_member(group.id, user.id)
        self._record(
            request, administrator, AuditAction.GROUP_CHANGED, group.name, joined=user.name
        )
        return success()

    async def remove_member(self, request: web.Request) -> web.Response:
        """Ends a membership."""
        administrator = await self._accounts.administrator_of(request)
        group = await self._people.group(request.match_info["group"])
        user = await self._people.user(request.match_info["user"])
        if not await self._catalog.remove_member(group.id, user.id):
            raise NoSuchGroup
        self._record(request, administrator, AuditAction.GROUP_CHANGED, group.name, left=user.name)
        return success()

    def _record(
        self,
        request: web.Request,
        administrator: User,
        action: AuditAction,
        name: str,
        **details: object,
    ) -> None:
        self._rights_changed()
        self._audit.record(
            action,
            actor=administrator,
            address=self._addresses.of_request(request),
            subject=name,
            outcome=AuditOutcome.SUCCESS,
            **details,
        )
