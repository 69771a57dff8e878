"""The routes `/logout` and `/account/…`, and those with which administrators end the logins of others."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from aiohttp import web

from catalog.port import FolderPath
from catalog.records import User
from common.addresses import ClientAddresses
from common.http_answers import success
from manager.accounts.account_json import (
    app_password_to_json,
    session_to_json,
    tokens_to_json,
)
from manager.accounts.accounts import Accounts
from manager.accounts.app_passwords import AppPasswords
from manager.accounts.sessions import Sessions
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.errors import (
    NoSuchAppPassword,
    NoSuchSession,
    NotAdministrator,
    RenewalSpent,
)
from manager.http.parameters import Parameters, json_object, parsed
from manager.scopes import Login
from protocol.values import parse_path

Handler = Callable[[web.Request], Awaitable[web.Response]]


class SessionRoutes:
    """The routes for login sessions and app passwords.

    Those below `/admin/users/{user}` are for administrators, and about any user. None of them but `/logout`
    takes an app password.
    """

    def __init__(
        self,
        accounts: Accounts,
        sessions: Sessions,
        app_passwords: AppPasswords,
        addresses: ClientAddresses,
        audit: AuditLog,
    ) -> None:
        self._accounts = accounts
        self._sessions = sessions
        self._app_passwords = app_passwords
        self._addresses = addresses
        self._audit = audit

    @property
    def routes(self) -> list[web.RouteDef]:
        """What is answered here."""
        routes = [
            web.post("/logout", self.logout),
            web.post("/account/token", self.renew),
            web.post("/account/app-passwords", self.create_app_password),
        ]
        for base in ("/account", r"/admin/users/{user:\d{1,18}}"):
            routes += [
                web.get(f"{base}/sessions", self.list_sessions, allow_head=False),
                web.delete(f"{base}/sessions", self.end_sessions),
                web.delete(f"{base}/sessions/{{id}}", self.end_session),
                web.get(f"{base}/app-passwords", self.list_app_passwords, allow_head=False),
                web.delete(f"{base}/app-passwords/{{id}}", self.revoke_app_password),
            ]
        return routes

    async def logout(self, request: web.Request) -> web.Response:
        """Ends the session whose token is sent, or revokes the app password that is.

        A token of an earlier release belongs to no session: only another password ends it.
        """
        login = await self._accounts.login_of(request)
        if login.session_id is not None:
            await self._sessions.end(login.session_id, user_id=login.user.id)
        if login.app_password_id is not None:
            await self._app_passwords.revoke(login.app_password_id, user_id=login.user.id)
        self._record(request, AuditAction.LOGOUT, login.user)
        return success()

    async def renew(self, request: web.Request) -> web.Response:
        """The next token for a renewal secret, and the next secret."""
        parameters = Parameters(await json_object(request))
        renewal = parameters.required("renewal", str)
        try:
            issued = await self._sessions.renew(renewal)
        except RenewalSpent:
            self._record(request, AuditAction.RENEWAL_REFUSED, None)
            raise
        return success(**tokens_to_json(issued))

    async def list_sessions(self, request: web.Request) -> web.Response:
        """Where the user is logged in."""
        login, user = await self._about(request)
        sessions = await self._sessions.of(user.id)
        return success(
            sessions=[
                session_to_json(each, is_current=each.id == login.session_id) for each in sessions
            ]
        )

    async def end_session(self, request: web.Request) -> web.Response:
        """Ends one session, at once."""
        login, user = await self._about(request)
        session_id = _id_of(request, NoSuchSession())
        await self._sessions.end(session_id, user_id=user.id)
        self._record(request, AuditAction.SESSIONS_ENDED, login.user, user.name, ended=1)
        return success()

    async def end_sessions(self, request: web.Request) -> web.Response:
        """Ends all sessions of the user but the one that asks."""
        login, user = await self._about(request)
        ended = await self._sessions.end_all_of(user.id, keep=login.session_id)
        self._record(request, AuditAction.SESSIONS_ENDED, login.user, user.name, ended=ended)
        return success(ended=ended)

    async def list_app_passwords(self, request: web.Request) -> web.Response:
        """The app passwords of the user."""
        login, user = await self._about(request)
        found = await self._app_passwords.of(user.id)
        is_own = user.id == login.user.id
        return success(
            app_passwords=[app_password_to_json(each, login.view, is_own=is_own) for each in found]
        )

    async def create_app_password(self, request: web.Request) -> web.Response:
        """A new app password. Its text is answered once."""
        login, user = await self._about(request)
        parameters = Parameters(await json_object(request))
        app_password, text = await self._app_passwords.create(
            user.id,
            parameters.required("name", str),
            is_read_only=parameters.flag("read_only"),
            folder=_folder_of(parameters, login),
            expires_at=parameters.moment("expires_at"),
        )
        self._record(
            request,
            AuditAction.APP_PASSWORD_CREATED,
            login.user,
            app_password.name,
            read_only=app_password.is_read_only,
            is_confined=app_password.folder_id is not None,
        )
        return success(app_password=text, **app_password_to_json(app_password, login.view))

    async def revoke_app_password(self, request: web.Request) -> web.Response:
        """Revokes one, at once."""
        login, user = await self._about(request)
        app_password_id = _id_of(request, NoSuchAppPassword())
        await self._app_passwords.revoke(app_password_id, user_id=user.id)
        self._record(
            request,
            AuditAction.APP_PASSWORD_REVOKED,
            login.user,
            str(app_password_id),
            user=user.name,
        )
        return success()

    async def _about(self, request: web.Request) -> tuple[Login, User]:
        """Who asks, and the user it is about.

        Raises `InvalidToken`, `LoginNeeded`, `NotAdministrator`, `NoSuchUser`.
        """
        login = await self._accounts.login_of(request)
        user = login.require_account()
        if "user" not in request.match_info:
            return login, user
        if not user.is_admin:
            raise NotAdministrator
        return login, await self._accounts.user(int(request.match_info["user"]))

    def _record(
        self,
        request: web.Request,
        action: AuditAction,
        actor: User | None,
        subject: str | None = None,
        **details: object,
    ) -> None:
        address = self._addresses.of_request(request)
        outcome = "failure" if action is AuditAction.RENEWAL_REFUSED else "success"
        self._audit.record(
            action, actor=actor, address=address, subject=subject, outcome=outcome, **details
        )


def _id_of(request: web.Request, missing: Exception) -> UUID:
    try:
        return UUID(request.match_info["id"])
    except ValueError:
        raise missing from None


def _folder_of(parameters: Parameters, login: Login) -> FolderPath | None:
    """Where the folder is that is asked for; None for none, and for the root."""
    text = parameters.optional("folder")
    path = None if text is None else parsed("folder", text, parse_path)
    return login.view.placed(path) if path else None
