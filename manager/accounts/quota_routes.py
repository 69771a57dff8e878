"""The routes about what users store, and how much that may be."""

from collections.abc import Callable
from typing import Any

from aiohttp import web

from catalog.errors import UserMissing
from catalog.quota_port import QuotaStore, UsageOrder, UserUsage
from catalog.records import StorageQuota, UserStorage
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.accounts import Accounts
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import InvalidRequest, NoSuchUser
from manager.files.conversion import optional_timestamp
from manager.http.parameters import Parameters, json_object, optional_id
from protocol.values import MAX_SAFE_INTEGER

PAGE_SIZE = 100


class QuotaRoutes:
    """The routes for quotas. Those below `/admin` are for administrators, and about any user."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: QuotaStore,
        addresses: ClientAddresses,
        audit: AuditLog,
        *,
        size_of_running: Callable[[int], tuple[int, int]],
        on_change: Callable[[int], None],
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Authenticates users.
            catalog: Knows what users store.
            addresses: Identifies clients.
            audit: Records new quotas.
            size_of_running: Bytes and number of a user's uploads that the catalog does not count yet.
            on_change: Called with the id of a user who has another quota.
        """
        self._accounts = accounts
        self._catalog = catalog
        self._addresses = addresses
        self._audit = audit
        self._size_of_running = size_of_running
        self._on_change = on_change

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        user = r"/admin/users/{user:\d{1,18}}"
        return [
            web.get("/account/storage", self.show_own, allow_head=False),
            web.get(f"{user}/storage", self.show, allow_head=False),
            web.post(f"{user}/quota", self.set_quota),
            web.get("/admin/usage", self.usage, allow_head=False),
        ]

    async def show_own(self, request: web.Request) -> web.Response:
        """What the user stores, and may store."""
        login = await self._accounts.login_of(request)
        return success(**await self._storage_of(login.user.id))

    async def show(self, request: web.Request) -> web.Response:
        """What another user stores, and may store."""
        await self._accounts.administrator_of(request)
        return success(**await self._storage_of(int(request.match_info["user"])))

    async def usage(self, request: web.Request) -> web.Response:
        """A page of what all users store, in an order: the largest, or latest, first by default."""
        await self._accounts.administrator_of(request)
        order = request.query.get("order", UsageOrder.STORED)
        if order not in set(UsageOrder):
            raise InvalidRequest(f"order: must be one of {', '.join(UsageOrder)}")
        offset = optional_id(request, "offset") or 0
        found = await self._catalog.user_usages(
            order=UsageOrder(order),
            ascending=request.query.get("ascending") == "true",
            offset=offset,
            limit=PAGE_SIZE,
        )
        return success(
            users=[_usage_to_json(each) for each in found],
            next=offset + PAGE_SIZE if len(found) == PAGE_SIZE else None,
        )

    async def set_quota(self, request: web.Request) -> web.Response:
        """Another quota for a user; what is missing or null is not limited."""
        administrator = await self._accounts.administrator_of(request)
        user_id = int(request.match_info["user"])
        parameters = Parameters(await json_object(request))
        quota = StorageQuota(
            bytes=parameters.whole_number("bytes", at_most=MAX_SAFE_INTEGER),
            files=parameters.whole_number("files", at_most=MAX_SAFE_INTEGER),
        )
        user = await self._accounts.user(user_id)
        try:
            await self._catalog.set_quota(user_id, quota)
        except UserMissing as error:
            raise NoSuchUser from error
        self._on_change(user_id)
        self._audit.record(
            AuditAction.QUOTA_SET,
            actor=administrator,
            address=self._addresses.of_request(request),
            subject=user.name,
            bytes=quota.bytes,
            files=quota.files,
        )
        return success(**await self._storage_of(user_id))

    async def _storage_of(self, user_id: int) -> dict[str, Any]:
        storage = await self._catalog.user_storage(user_id)
        if storage is None:
            raise NoSuchUser
        return _storage_to_json(storage, *self._size_of_running(user_id))


def _storage_to_json(
    storage: UserStorage, running_bytes: int, running_files: int
) -> dict[str, Any]:
    return {
        "quota": {"bytes": storage.quota.bytes, "files": storage.quota.files},
        "stored": {"bytes": storage.used_bytes, "files": storage.used_files},
        "temporary": {
            "bytes": storage.temporary_bytes + running_bytes,
            "files": storage.temporary_files + running_files,
        },
    }


def _usage_to_json(usage: UserUsage) -> dict[str, Any]:
    storage = usage.storage
    return {
        "id": usage.user.id,
        "name": usage.user.name,
        "is_admin": usage.user.is_admin,
        "quota": {"bytes": storage.quota.bytes, "files": storage.quota.files},
        "stored": {"bytes": storage.used_bytes, "files": storage.used_files},
        "trash": {"bytes": usage.trash_bytes, "files": usage.trash_files},
        "version_bytes": usage.version_bytes,
        "last_seen_at": optional_timestamp(usage.seen_at),
    }
