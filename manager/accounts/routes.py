"""The routes `/login`, `/register`, `/update-password` and `/token-status`."""

from aiohttp import web

from catalog.records import User
from common.addresses import ClientAddresses
from common.http_answers import failure, success
from common.password_guard import PasswordGuard
from manager.accounts.account_json import tokens_to_json
from manager.accounts.accounts import Accounts
from manager.accounts.login_routes import WebsiteOf
from manager.accounts.logins import LoginRevocation
from manager.accounts.sessions import device_of
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import InvalidRequest, InvalidToken
from manager.http.parameters import Parameters, parameters_of
from manager.scopes import Login
from manager.space_views import SpacesMode
from protocol.values import MAX_SAFE_INTEGER, check_password, check_username

FIRST_USER = "(first user)"
"""Used instead of a user name, and no valid one: guesses at the setup code are limited like a password's."""


class AccountRoutes:
    """The routes for users and their tokens."""

    def __init__(
        self,
        accounts: Accounts,
        logins: LoginRevocation,
        guard: PasswordGuard,
        addresses: ClientAddresses,
        audit: AuditLog,
        website_of: WebsiteOf,
        *,
        passwords_in_query: bool,
    ) -> None:
        """Takes what it uses.

        Args:
            accounts: Registers and authenticates users.
            logins: Ends connections when a password was changed.
            guard: Limits guesses.
            addresses: Tells where clients are.
            audit: Records logins and changes.
            website_of: Tells for which website passkeys are.
            passwords_in_query: Also take user name and password from the query of a GET, for frontends
                that know nothing else.
        """
        self._accounts = accounts
        self._logins = logins
        self._guard = guard
        self._addresses = addresses
        self._audit = audit
        self._website_of = website_of
        self._passwords_in_query = passwords_in_query

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        routes = [web.get("/token-status", self.token_status, allow_head=False)]
        for path, handler in (
            ("/login", self.login),
            ("/register", self.register),
            ("/update-password", self.update_password),
        ):
            routes.append(web.post(path, handler))
            if self._passwords_in_query:
                routes.append(web.get(path, handler, allow_head=False))
        return routes

    async def login(self, request: web.Request) -> web.Response:
        """A token for a user name and a password, unless the user has a second factor.

        With `"renewable": true` it is short, and comes with the secret that gets the next one. `expires_in`
        is a number of seconds after which the session ends, if that is sooner than usual.
        """
        parameters = await parameters_of(request)
        name = parameters.required("username", check_username)
        password = parameters.required("password", check_password)
        with self._guard.attempt(request, name):
            issued = await self._accounts.login(
                name,
                password,
                device=device_of(parameters.optional("device"), request.headers.get("User-Agent")),
                address=self._addresses.of_request(request),
                is_renewable=parameters.flag("renewable"),
                life_s=parameters.whole_number("expires_in", at_most=MAX_SAFE_INTEGER),
                website=self._website_of(request),
            )
        self._record(AuditAction.LOGIN, request, issued.login.user)
        return success(**tokens_to_json(issued))

    async def register(self, request: web.Request) -> web.Response:
        """Makes a user: with a setup code, an administrator's token, or an invitation."""
        parameters = await parameters_of(request)
        name = parameters.required("username", check_username)
        password = parameters.required("password", check_password)
        invitation = parameters.optional("invitation")
        if invitation is not None:
            return await self._register_invited(request, name, password, invitation)
        admin_token = parameters.optional("adminToken")
        setup_code = parameters.optional("setupCode")
        spaces = _spaces_of(parameters)
        with self._guard.attempt(request, FIRST_USER if admin_token is None else None):
            user, administrator = await self._accounts.register(
                name,
                password,
                admin_token=admin_token,
                setup_code=setup_code,
                spaces=spaces,
            )
        self._record(AuditAction.USER_CREATED, request, administrator or user, subject=user.name)
        return success(user_id=user.id, is_admin=user.is_admin)

    async def _register_invited(
        self, request: web.Request, name: str, password: str, invitation: str
    ) -> web.Response:
        # What an invitation holds cannot be guessed, so that guesses are limited for their address alone.
        with self._guard.attempt(request, None):
            user, found = await self._accounts.register_invited(name, password, invitation)
        self._audit.record(
            AuditAction.USER_CREATED,
            actor=user,
            address=self._addresses.of_request(request),
            subject=user.name,
            invitation=str(found.id),
        )
        return success(user_id=user.id, is_admin=user.is_admin)

    async def update_password(self, request: web.Request) -> web.Response:
        """Changes a password, and ends all sessions of the user but the one whose token is sent."""
        session = await self._session_of(request)
        parameters = await parameters_of(request)
        name = parameters.required("username", check_username)
        previous = parameters.required("previousPassword", check_password)
        new = parameters.required("newPassword", check_password)
        with self._guard.attempt(request, name):
            user = await self._accounts.change_password(name, previous, new, session=session)
        if session is not None and session.session_id is not None:
            self._logins.carry(session.session_id, user)
        self._logins.revoke(user.id, before_epoch=user.token_epoch)
        self._record(AuditAction.PASSWORD_CHANGED, request, user)
        return success()

    async def token_status(self, request: web.Request) -> web.Response:
        """Whose token it is, if it is valid."""
        try:
            login = await self._accounts.authenticate(request.query.get("token", ""))
        except InvalidToken as error:
            return failure(401, str(error), user_id=None)
        return success(user_id=login.user.id)

    def _record(
        self,
        action: AuditAction,
        request: web.Request,
        actor: User,
        *,
        subject: str | None = None,
    ) -> None:
        address = self._addresses.of_request(request)
        self._audit.record(action, actor=actor, address=address, subject=subject)

    async def _session_of(self, request: web.Request) -> Login | None:
        """The login of a request that need not have one."""
        try:
            return await self._accounts.login_of(request)
        except InvalidToken:
            return None


def _spaces_of(parameters: Parameters) -> SpacesMode:
    """What users of a new cloud are to see. Raises `InvalidRequest`."""
    text = parameters.optional("spaces")
    try:
        return SpacesMode.COMMON if text is None else SpacesMode(text)
    except ValueError:
        raise InvalidRequest(f"spaces: must be {' or '.join(SpacesMode)}") from None
