"""Users: registration, login, and the user behind a token.

A manager without users is open to every client that can connect, and that includes every web page that one
of its users looks at. So the first registration, which makes the administrator, needs a setup code. The
manager writes it to its log, which only its operator reads. A random code is kept in the catalog until
there is a user, so that it survives a restart and is the same for all managers of one catalog.
"""

import hmac
import secrets
from typing import Final

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
from manager.accounts.credentials import Passwords, TokenSigner
from manager.errors import (
    InvalidToken,
    Overloaded,
    RegistrationClosed,
    SetupCodeNeeded,
    UserNameTaken,
    WrongCredentials,
    WrongSetupCode,
)
from manager.settings import NO_CODE

CODE_BYTES: Final = 10
"""Random bytes of a setup code; it is written in hexadecimal."""

log = structlog.get_logger(__name__)


class SetupCode:
    """The code that the first registration needs.

    Args:
        catalog: Stores a random code; has users or none.
        chosen: The code that the operator chose; `NO_CODE` for none, None for a random one.
    """

    def __init__(self, catalog: AccountStore, chosen: str | None) -> None:
        self._catalog = catalog
        self._chosen = chosen

    async def expected(self) -> str | None:
        """The code; None when none is needed. Raises `RegistrationClosed` once there is a user."""
        if self._chosen is None:
            code = await self._catalog.setup_code(secrets.token_hex(CODE_BYTES))
            if code is None:
                raise RegistrationClosed
            return code
        if await self._catalog.search_users("", limit=1):
            raise RegistrationClosed
        return None if self._chosen == NO_CODE else self._chosen

    async def check(self, given: str | None) -> None:
        """Returns if the code allows the first registration.

        Raises `RegistrationClosed`, `SetupCodeNeeded`, `WrongSetupCode`.
        """
        expected = await self.expected()
        if expected is None:
            return
        if given is None:
            raise SetupCodeNeeded
        # A body or a query may hold lone surrogates, which only `surrogatepass` encodes.
        if not hmac.compare_digest(_encoded(given.strip()), _encoded(expected)):
            raise WrongSetupCode

    async def link(self, url: str) -> str | None:
        """The link to the first registration; None once there is a user.

        The web page at `url` takes a random code from the link. A chosen code is never shown.
        """
        try:
            code = await self.expected()
        except RegistrationClosed:
            return None
        return _link(url, code if self._chosen is None else None)

    async def log(self, url: str) -> None:
        """Logs what the first registration needs, unless there is a user."""
        try:
            code = await self.expected()
        except RegistrationClosed:
            return
        if code is None:
            log.warning("no-setup-code", note="who registers first is the administrator")
        elif self._chosen is not None:
            log.warning("setup-code", code="that of SETUP_CODE", link=_link(url, None))
        else:
            log.warning("setup-code", code=code, link=_link(url, code))


class Accounts:
    """Users, their passwords and their tokens. Callers have validated names and passwords."""

    def __init__(
        self,
        catalog: AccountStore,
        tokens: TokenSigner,
        setup: SetupCode,
        *,
        passwords: Passwords | None = None,
    ) -> None:
        self._catalog = catalog
        self._setup = setup
        self._tokens = tokens
        self._passwords = passwords or Passwords()

    async def register(
        self,
        name: str,
        password: str,
        *,
        admin_token: str | None = None,
        setup_code: str | None = None,
    ) -> User:
        """Adds a user. The first one needs the setup code and becomes the administrator.

        Args:
            name: Name of the new user.
            password: Password of the new user.
            admin_token: Token of an administrator; None for the first registration.
            setup_code: The setup code; only the first registration reads it.

        Raises `RegistrationClosed`, `SetupCodeNeeded`, `WrongSetupCode`, `UserNameTaken`,
        `Overloaded`.
        """
        if admin_token is None:
            return await self._register_first(name, password, setup_code)
        await self._require_administrator(admin_token)
        password_hash = await self._passwords.hash(password)
        # Other hashes may have been queued before this one, which takes seconds.
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
        """Replaces the password, which invalidates all tokens of the user.

        Raises `WrongCredentials`, `Overloaded`.
        """
        user = await self._verified(name, previous)
        password_hash = await self._passwords.hash(new)
        try:
            return await self._catalog.set_password(user.id, password_hash, epoch=user.token_epoch)
        except (PasswordChanged, UserMissing) as error:
            # An administrator may have locked the user while the password was hashed.
            raise WrongCredentials from error

    async def authenticate(self, token: str) -> User:
        """The user to whom the token was issued.

        Reads the catalog each time, so a token is invalid from the moment at which any manager changes
        the password. Raises `InvalidToken`.
        """
        user_id, epoch = self._tokens.read(token)
        user = await self._catalog.user_by_id(user_id)
        if user is None or user.token_epoch != epoch:
            raise InvalidToken
        return user

    def is_signed(self, token: str) -> bool:
        """Whether the token has not expired and its key verifies now; its user may be gone."""
        try:
            self._tokens.read(token)
        except InvalidToken:
            return False
        return True

    async def _verified(self, name: str, password: str) -> User:
        user = await self._catalog.user_by_name(name)
        known = user.password_hash if user and user.password_hash != NO_PASSWORD else None
        matches = await self._passwords.matches(password, known)
        if user is None or not matches:
            raise WrongCredentials
        return user

    async def _rehash(self, user: User, password: str) -> None:
        """Hashes a password with the current parameters; when that fails, the next login does it."""
        try:
            renewed = await self._passwords.hash(password)
            await self._catalog.replace_password_hash(
                user.id, previous=user.password_hash, renewed=renewed
            )
        except (Overloaded, CatalogError) as error:
            log.warning("rehash-failed", user=user.name, reason=str(error))

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


def _link(url: str, code: str | None) -> str:
    return f"{url}/" if code is None else f"{url}/?setup={code}"


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
