"""`/login`, `/register` and `/token-status`."""

from aiohttp import web

from manager.accounts import Accounts
from manager.errors import InvalidToken
from manager.http.parameters import parameters_of
from manager.http.responses import failure, success
from protocol.values import check_password, check_username


class AccountRoutes:
    """Routes for people and their tokens.

    `passwords_in_query` also takes user name and password from the query of a GET, for frontends that
    know nothing else.
    """

    def __init__(self, accounts: Accounts, *, passwords_in_query: bool) -> None:
        self._accounts = accounts
        self._passwords_in_query = passwords_in_query

    def routes(self) -> list[web.RouteDef]:
        """The routes, for `Application.add_routes`."""
        routes = [
            web.post("/login", self._login),
            web.post("/register", self._register),
            web.get("/token-status", self._token_status, allow_head=False),
        ]
        if self._passwords_in_query:
            routes.append(web.get("/login", self._login, allow_head=False))
            routes.append(web.get("/register", self._register, allow_head=False))
        return routes

    async def _login(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        name = parameters.required("username", check_username)
        password = parameters.required("password", check_password)
        return success(token=await self._accounts.login(name, password))

    async def _register(self, request: web.Request) -> web.Response:
        parameters = await parameters_of(request)
        name = parameters.required("username", check_username)
        password = parameters.required("password", check_password)
        admin_token = parameters.optional("adminToken")
        user = await self._accounts.register(name, password, admin_token=admin_token)
        return success(user_id=user.id, is_admin=user.is_admin)

    async def _token_status(self, request: web.Request) -> web.Response:
        try:
            user = await self._accounts.authenticate(request.query.get("token", ""))
        except InvalidToken as error:
            return failure(401, str(error), user_id=None)
        return success(user_id=user.id)
