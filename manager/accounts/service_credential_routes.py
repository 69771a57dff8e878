"""`/admin/services/credentials`: administrators see the credentials of services, and revoke them.

They cannot make any: a service sees content and webhooks that administrators may not see. The operator makes
them where the catalog is (`discord-cloud services add`).
"""

from collections.abc import Awaitable, Callable

from aiohttp import web

from catalog.records import User
from catalog.service_credential_port import ServiceCredentialStore
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.account_json import service_credential_to_json
from manager.accounts.accounts import Accounts
from manager.errors import NoSuchServiceCredential

Revoke = Callable[[str, User, str], Awaitable[bool]]
"""Ends the credential of a name, for an administrator at an address. False when none is in force."""


class ServiceCredentialRoutes:
    """The routes for credentials of services."""

    def __init__(
        self,
        accounts: Accounts,
        catalog: ServiceCredentialStore,
        addresses: ClientAddresses,
        revoke: Revoke,
    ) -> None:
        self._accounts = accounts
        self._catalog = catalog
        self._addresses = addresses
        self._revoke = revoke

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        path = "/admin/services/credentials"
        return [
            web.get(path, self.list_credentials, allow_head=False),
            web.delete(f"{path}/{{name}}", self.revoke),
        ]

    async def list_credentials(self, request: web.Request) -> web.Response:
        """All of them, revoked ones too."""
        await self._accounts.administrator_of(request)
        found = await self._catalog.list_service_credentials()
        return success(credentials=[service_credential_to_json(each) for each in found])

    async def revoke(self, request: web.Request) -> web.Response:
        """Ends one, and its connections."""
        administrator = await self._accounts.administrator_of(request)
        address = self._addresses.of_request(request)
        if not await self._revoke(request.match_info["name"], administrator, address):
            raise NoSuchServiceCredential
        return success()
