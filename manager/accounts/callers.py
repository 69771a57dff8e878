"""Callers of the GraphQL interface: users with a token, and other services with an API key."""

from dataclasses import dataclass

from catalog.port import Catalog
from catalog.records import ApiKey, User
from catalog.service_port import SERVICE_PREFIX, USER_PREFIX
from common.secret_texts import HOLDER_NAME_RULE, hash_of_secret, is_holder_name, new_secret_text
from manager.accounts.accounts import Accounts
from manager.accounts.app_passwords import is_app_password
from manager.errors import InvalidRequest, InvalidToken, NotAdministrator, NotAService
from manager.scopes import Login


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A user or a service that sends a request.

    Attributes:
        holder: the caller in tickets and references, such as `user:7` or `service:blog`.
        login: the user's login; None for a service.
    """

    holder: str
    login: Login | None

    @property
    def user(self) -> User | None:
        """The user; None for a service."""
        return None if self.login is None else self.login.user

    @property
    def is_service(self) -> bool:
        """Whether the caller is a service."""
        return self.user is None

    def require_service(self) -> str:
        """The holder of a service's references. Raises `NotAService`."""
        if not self.is_service:
            raise NotAService
        return self.holder

    def require_administrator(self) -> User:
        """The user, who is an administrator. Raises `NotAdministrator`, `LoginNeeded`."""
        if self.login is None or not self.login.user.is_admin:
            raise NotAdministrator
        return self.login.require_account()

    def require_change(self) -> None:
        """Returns unless the caller only reads. Raises `ReadOnlyScope`."""
        if self.login is not None:
            self.login.scope.require_change()


class Authenticator:
    """Identifies callers by their credentials, and creates the API keys of services."""

    def __init__(self, catalog: Catalog, accounts: Accounts) -> None:
        self._catalog = catalog
        self._accounts = accounts

    async def identify(self, credentials: str) -> Caller:
        """The caller to whom a user token, an app password or an API key belongs.

        What this interface has to do with lies in no folder, so that an app password that is confined to
        one is refused. Raises `InvalidToken`, `OutsideScope`.
        """
        if "." in credentials or is_app_password(credentials):
            login = await self._accounts.authenticate(credentials)
            login.scope.require_inside(())
            return Caller(holder=f"{USER_PREFIX}{login.user.id}", login=login)
        key = await self._catalog.key_by_hash(hash_of_secret(credentials))
        if key is None:
            raise InvalidToken("this needs a valid user token or API key")
        return Caller(holder=f"{SERVICE_PREFIX}{key.name}", login=None)

    async def create_key(self, name: str, administrator: User) -> tuple[ApiKey, str]:
        """A new key and its text. Only its hash is stored, so the text cannot be shown again.

        Raises `InvalidRequest`, `KeyNameTaken`.
        """
        if not is_holder_name(name):
            raise InvalidRequest(f"name: {HOLDER_NAME_RULE}")
        text = new_secret_text()
        key = await self._catalog.create_key(
            name, hash_of_secret(text), created_by=administrator.id
        )
        return key, text
