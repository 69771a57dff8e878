"""Who somebody is: registration, login, and the user behind a token."""

from collections.abc import Callable

import structlog

from catalog.account_port import NO_PASSWORD, AccountStore
from catalog.errors import (
    AlreadyClaimed,
    CatalogError,
    PasswordChanged,
    UserExists,
    UserMissing,
)
from catalog.records import User
from manager.accounts.passwords import Passwords
from manager.accounts.setup_code import SetupCode
from manager.accounts.tokens import TokenSigner
from manager.errors import (
    InvalidToken,
    Overloaded,
    RegistrationClosed,
    UserNameTaken,
    WrongCredentials,
)

_log = structlog.get_logger()


class Accounts:
    """Users, their passwords and their tokens. Callers have validated names and passwords."""

    def __init__(
        self,
        catalog: AccountStore,
        token_secret: bytes,
        clock: Callable[[], float],
        setup: SetupCode,
        *,
        passwords: Passwords | None = None,
    ) -> None:
        self._catalog = catalog
        self._setup = setup
        self._tokens = TokenSigner(token_secret, clock)
        self._passwords = passwords or Passwords()

    async def register(
        self,
        name: str,
        password: str,
        *,
        admin_token: str | None = None,
        setup_code: str | None = None,
    ) -> User:
        """Adds a user; the very first one, for whom the setup code is needed, is the administrator.

        Raises `RegistrationClosed`, `SetupCodeNeeded`, `WrongSetupCode`, `UserNameTaken`,
        `Overloaded`.
        """
        if admin_token is None:
            return await self._register_first(name, password, setup_code)
        await self._require_administrator(admin_token)
        password_hash = await self.hashed(password)
        # Many may have been hashed before this one, which takes seconds.
        await self._require_administrator(admin_token)
        try:
            return await self._catalog.create_user(name, password_hash)
        except UserExists as error:
            raise UserNameTaken(name) from error

    async def login(self, name: str, password: str) -> str:
        """A token for the user. Raises `WrongCredentials`, `Overloaded`."""
        user = await self._verified(name, password)
        if self._passwords.is_outdated(user.password_hash):
            await self._rehash(user, password)
        return self._tokens.issue(user.id, user.token_epoch)

    async def change_password(self, name: str, previous: str, new: str) -> User:
        """Replaces the password, upon which the user's tokens are worth nothing any more.

        Raises `WrongCredentials`, `Overloaded`.
        """
        user = await self._verified(name, previous)
        password_hash = await self._passwords.hash(new)
        try:
            return await self._catalog.set_password(user.id, password_hash, epoch=user.token_epoch)
        except (PasswordChanged, UserMissing) as error:
            # Hashing takes a while, in which an administrator may have locked the user out.
            raise WrongCredentials from error

    async def hashed(self, password: str) -> str:
        """A password as the catalog keeps it. Raises `Overloaded`."""
        return await self._passwords.hash(password)

    async def authenticate(self, token: str) -> User:
        """The user whose token this is.

        Reads the catalog each time, so a token dies at the moment the password changes, whichever
        manager changed it. Raises `InvalidToken`.
        """
        user_id, epoch = self._tokens.read(token)
        user = await self._catalog.user_by_id(user_id)
        if user is None or user.token_epoch != epoch:
            raise InvalidToken
        return user

    async def _verified(self, name: str, password: str) -> User:
        user = await self._catalog.user_by_name(name)
        known = user.password_hash if user and user.password_hash != NO_PASSWORD else None
        matches = await self._passwords.matches(password, known)
        if user is None or not matches:
            raise WrongCredentials
        return user

    async def _rehash(self, user: User, password: str) -> None:
        """Hashes a password with today's parameters; when that fails, another login will do it."""
        try:
            renewed = await self._passwords.hash(password)
            await self._catalog.replace_password_hash(
                user.id, previous=user.password_hash, renewed=renewed
            )
        except (Overloaded, CatalogError) as error:
            _log.warning("rehash-failed", user=user.name, reason=str(error))

    async def _register_first(self, name: str, password: str, setup_code: str | None) -> User:
        await self._setup.check(setup_code)
        try:
            return await self._catalog.create_first_user(name, await self._passwords.hash(password))
        except AlreadyClaimed as error:
            raise RegistrationClosed from error

    async def _require_administrator(self, token: str) -> None:
        try:
            user = await self.authenticate(token)
        except InvalidToken as error:
            raise RegistrationClosed from error
        if not user.is_admin:
            raise RegistrationClosed
