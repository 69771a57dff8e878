"""Who asks over GraphQL: a user with a token, or another service with an API key."""

import base64
import hashlib
import secrets
from dataclasses import dataclass

from catalog.port import Catalog
from catalog.records import ApiKey, User
from catalog.service_port import SERVICE_PREFIX, USER_PREFIX
from manager.accounts.accounts import Accounts
from manager.errors import InvalidRequest, InvalidToken, NotAdministrator, NotAService

KEY_BYTES = 32
MAX_NAME_LENGTH = 64
_NAME_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-_.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Whoever asks. `user` is None for a service."""

    holder: str
    user: User | None

    @property
    def is_service(self) -> bool:
        """Whether another service asks."""
        return self.user is None

    def require_service(self) -> str:
        """The service's name as its references have it. Raises `NotAService`."""
        if not self.is_service:
            raise NotAService
        return self.holder

    def require_administrator(self) -> User:
        """The administrator. Raises `NotAdministrator`."""
        if self.user is None or not self.user.is_admin:
            raise NotAdministrator
        return self.user


class Callers:
    """Finds out who asks, and lets services in."""

    def __init__(self, catalog: Catalog, accounts: Accounts) -> None:
        self._catalog = catalog
        self._accounts = accounts

    async def identify(self, credentials: str) -> Caller:
        """Whose a user token or an API key is. Raises `InvalidToken`."""
        if "." in credentials:
            user = await self._accounts.authenticate(credentials)
            return Caller(holder=f"{USER_PREFIX}{user.id}", user=user)
        key = await self._catalog.key_by_hash(_hashed(credentials))
        if key is None:
            raise InvalidToken("this needs a valid user token or API key")
        return Caller(holder=f"{SERVICE_PREFIX}{key.name}", user=None)

    async def create_key(self, name: str, administrator: User) -> tuple[ApiKey, str]:
        """A new key for a service, which is not kept, and so cannot be shown again.

        Raises `InvalidRequest`, `KeyNameTaken`.
        """
        if not 1 <= len(name) <= MAX_NAME_LENGTH or not _NAME_CHARACTERS.issuperset(name):
            raise InvalidRequest(
                f"name: must be 1 to {MAX_NAME_LENGTH} of a-z, 0-9, dot, dash and underscore"
            )
        text = base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).rstrip(b"=").decode()
        key = await self._catalog.create_key(name, _hashed(text), created_by=administrator.id)
        return key, text


def _hashed(text: str) -> bytes:
    # Keys are random, so that a plain hash gives nothing away.
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
