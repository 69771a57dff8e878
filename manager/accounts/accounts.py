"""Users: registration, login, and the user behind a token.

A manager without users is open to every client that can connect, and that includes every web page that one
of its users looks at. So the first registration, which makes the administrator, needs a setup code. The
manager writes it to its log, which only its operator reads. A random code is kept in the catalog until
there is a user, so that it survives a restart and is the same for all managers of one catalog.
"""

import hmac
import secrets
from dataclasses import replace
from typing import Final, Protocol
from uuid import UUID

import structlog
from aiohttp import web

from catalog.account_port import NO_PASSWORD, AccountStore
from catalog.errors import (
    AlreadyClaimed,
    CatalogError,
    InvitationMissing,
    PasswordChanged,
    UserExists,
    UserMissing,
)
from catalog.invitation_port import Invitation, InvitationStore
from catalog.records import NO_QUOTA, StorageQuota, User
from common.addresses import ClientAddresses
from common.secret_texts import hash_of_secret
from manager.accounts.app_passwords import AppPasswords, is_app_password
from manager.accounts.credentials import Passwords, TokenSigner
from manager.accounts.passkeys import Website
from manager.accounts.second_factors import FactorManager
from manager.accounts.sessions import UNKNOWN_DEVICE, IssuedTokens, Sessions
from manager.errors import (
    InvalidToken,
    InvitationRefused,
    NoSuchUser,
    NotAdministrator,
    Overloaded,
    RegistrationClosed,
    SessionNeeded,
    SetupCodeNeeded,
    UserNameTaken,
    WrongCredentials,
    WrongSetupCode,
)
from manager.http.parameters import token_of
from manager.scopes import Login
from manager.settings import NO_CODE
from manager.space_views import SpacesMode
from manager.spaces.spaces import Spaces

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


class RegisteringStore(AccountStore, InvitationStore, Protocol):
    """Users, and invitations to become one."""


class Accounts:
    """Users, their passwords, and who is behind a token. Callers have validated names and passwords."""

    def __init__(
        self,
        catalog: RegisteringStore,
        tokens: TokenSigner,
        sessions: Sessions,
        app_passwords: AppPasswords,
        factors: FactorManager,
        setup: SetupCode,
        addresses: ClientAddresses,
        spaces: Spaces,
        *,
        passwords: Passwords | None = None,
        quota: StorageQuota = NO_QUOTA,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Stores users.
            tokens: Reads tokens.
            sessions: Begins logins, and has the last word about tokens.
            app_passwords: Have the last word about themselves.
            factors: Demand a second factor of who logs in with a password.
            setup: The code that the first registration needs.
            addresses: Tells where a request comes from.
            spaces: Know what users see.
            passwords: Hashes and checks passwords; None: with the usual parameters.
            quota: How much users may store that administrators create.
        """
        self._catalog = catalog
        self._setup = setup
        self._tokens = tokens
        self._sessions = sessions
        self._app_passwords = app_passwords
        self._factors = factors
        self._addresses = addresses
        self._spaces = spaces
        self._passwords = passwords or Passwords()
        self._quota = quota

    async def register(
        self,
        name: str,
        password: str,
        *,
        admin_token: str | None = None,
        setup_code: str | None = None,
        spaces: SpacesMode = SpacesMode.COMMON,
    ) -> tuple[User, User | None]:
        """Adds a user, and answers the user and the administrator who did it.

        The first one needs the setup code and becomes the administrator; nobody else did it then.

        Args:
            name: Name of the new user.
            password: Password of the new user.
            admin_token: Token of an administrator; None for the first registration.
            setup_code: The setup code; only the first registration reads it.
            spaces: What users are to see, likewise, unless that is decided already.

        Raises `RegistrationClosed`, `SetupCodeNeeded`, `WrongSetupCode`, `UserNameTaken`,
        `Overloaded`.
        """
        if admin_token is None:
            return await self._register_first(name, password, setup_code, spaces), None
        await self._require_administrator(admin_token)
        password_hash = await self._passwords.hash(password)
        # Other hashes may have been queued before this one, which takes seconds.
        administrator = await self._require_administrator(admin_token)
        try:
            return await self._catalog.create_user(
                name, password_hash, quota=self._quota
            ), administrator
        except UserExists as error:
            raise UserNameTaken(name) from error

    async def register_invited(
        self, name: str, password: str, invitation: str
    ) -> tuple[User, Invitation]:
        """Adds a user who was invited. `invitation`: what its address holds.

        Raises `InvitationRefused`, `UserNameTaken`, `Overloaded`.
        """
        token_hash = hash_of_secret(invitation)
        # Hashing a password takes long: nobody gets it who has made an invitation up.
        found = await self._catalog.invitation_by_hash(token_hash)
        if found is None:
            raise InvitationRefused
        password_hash = await self._passwords.hash(password)
        try:
            user = await self._catalog.create_invited_user(token_hash, name, password_hash)
        except InvitationMissing as error:
            raise InvitationRefused from error
        except UserExists as error:
            raise UserNameTaken(name) from error
        return user, found

    async def login(
        self,
        name: str,
        password: str,
        *,
        device: str = UNKNOWN_DEVICE,
        address: str = "",
        is_renewable: bool = False,
        life_s: float | None = None,
        website: Website | None = None,
    ) -> IssuedTokens:
        """Begins a session of the user, for whom the password is enough.

        Raises `WrongCredentials`, `Overloaded`, `SecondFactorRequired`, `SecondFactorDemanded`.

        Args:
            name: Name of the user.
            password: Password of the user.
            device: What the session is called.
            address: Where the client is.
            is_renewable: Whether the client renews its token, which is short then.
            life_s: Seconds after which the session ends, if that is sooner than usual.
            website: For which website passkeys are; None where there are none.
        """
        user = await self.verify_password(name, password)
        await self._factors.check_login(user, website)
        return await self._sessions.begin(
            user, device=device, address=address, is_renewable=is_renewable, life_s=life_s
        )

    async def verify_password(self, name: str, password: str) -> User:
        """The user, whose password this is. Raises `WrongCredentials`, `Overloaded`."""
        user = await self._verified(name, password)
        if self._passwords.is_outdated(user.password_hash):
            await self._rehash(user, password)
        return user

    async def change_password(
        self, name: str, previous: str, new: str, *, session: Login | None = None
    ) -> User:
        """Replaces the password, which ends all sessions of the user but this one, if it is the user's.

        App passwords stay. A user with a second factor needs such a session.
        Raises `WrongCredentials`, `Overloaded`, `SessionNeeded`.
        """
        user = await self._verified(name, previous)
        is_own = session is not None and session.user.id == user.id
        keep = session.session_id if session is not None and is_own else None
        if keep is None and await self._factors.has_any(user):
            raise SessionNeeded
        password_hash = await self._passwords.hash(new)
        try:
            changed = await self._catalog.set_password(
                user.id, password_hash, epoch=user.token_epoch
            )
        except (PasswordChanged, UserMissing) as error:
            # An administrator may have locked the user while the password was hashed.
            raise WrongCredentials from error
        if keep is not None:
            await self._sessions.carry(
                keep, from_epoch=user.token_epoch, to_epoch=changed.token_epoch
            )
        await self._sessions.end_all_of(user.id, keep=keep)
        return changed

    async def login_of(self, request: web.Request) -> Login:
        """Who sends a request, with a token or an app password. Raises `InvalidToken`."""
        return await self.authenticate(
            token_of(request), address=self._addresses.of_request(request)
        )

    async def login_of_session(self, session_id: UUID, request: web.Request) -> Login:
        """Who sends a request of a session that the caller has verified. Raises `InvalidToken`."""
        address = self._addresses.of_request(request)
        return await self._sessions.authenticate(session_id, address)

    async def authenticate(self, credential: str, *, address: str | None = None) -> Login:
        """The user of a token or an app password, what it is confined to, and what the user sees.

        One query of the catalog each time, so that it is invalid from the moment at which any manager ends
        its session, revokes it or changes the password; and more where users have homes.

        Args:
            credential: The token, or the app password.
            address: Where it is used, if known.

        Raises `InvalidToken`.
        """
        login = await self._authenticated(credential, address)
        return replace(login, view=await self._spaces.view_of(login.user))

    async def _authenticated(self, credential: str, address: str | None) -> Login:
        if is_app_password(credential):
            return await self._app_passwords.authenticate(credential)
        token = self._tokens.read(credential)
        if token.session_id is not None:
            return await self._sessions.authenticate(token.session_id, address)
        user = await self._catalog.user_by_id(token.user_id)
        if user is None or user.token_epoch != token.epoch:
            raise InvalidToken
        return Login(user=user)

    async def user(self, user_id: int) -> User:
        """The user with that id. Raises `NoSuchUser`."""
        user = await self._catalog.user_by_id(user_id)
        if user is None:
            raise NoSuchUser
        return user

    async def administrator_of(self, request: web.Request) -> User:
        """The administrator who sends a request. Raises `InvalidToken`, `LoginNeeded`, `NotAdministrator`."""
        return (await self.administrator_login_of(request)).user

    async def administrator_login_of(self, request: web.Request) -> Login:
        """The login of the administrator who sends a request. Raises as `administrator_of`."""
        login = await self.login_of(request)
        if not login.require_account().is_admin:
            raise NotAdministrator
        return login

    def is_signed(self, credential: str) -> bool:
        """Whether a token has not expired and its key verifies now; its session may have ended.

        An app password is not signed, so that no lost key makes it invalid.
        """
        if is_app_password(credential):
            return True
        try:
            self._tokens.read(credential)
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

    async def _register_first(
        self, name: str, password: str, setup_code: str | None, spaces: SpacesMode
    ) -> User:
        await self._setup.check(setup_code)
        password_hash = await self._passwords.hash(password)
        await self._spaces.choose(spaces)
        try:
            return await self._catalog.create_first_user(name, password_hash)
        except AlreadyClaimed as error:
            raise RegistrationClosed from error

    async def _require_administrator(self, token: str) -> User:
        try:
            login = await self.authenticate(token)
        except InvalidToken as error:
            raise RegistrationClosed from error
        user = login.require_account()
        if not user.is_admin:
            raise RegistrationClosed
        return user


def _link(url: str, code: str | None) -> str:
    return f"{url}/" if code is None else f"{url}/?setup={code}"


def _encoded(text: str) -> bytes:
    return text.encode(errors="surrogatepass")
