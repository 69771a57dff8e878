"""`/login`, `/register` and `/token-status`."""

from aiohttp import web

from manager.errors import InvalidToken
from manager.http.parameters import parameters_of
from manager.http.parts import parts_of
from manager.http.responses import failure, success
from protocol.values import check_password, check_username


def account_routes(*, passwords_in_query: bool) -> list[web.RouteDef]:
    """The routes for people and their tokens.

    `passwords_in_query` also takes user name and password from the query of a GET, for frontends
    that know nothing else.
    """
    routes = [
        web.post("/login", _login),
        web.post("/register", _register),
        web.get("/token-status", _token_status, allow_head=False),
    ]
    if passwords_in_query:
        routes.append(web.get("/login", _login, allow_head=False))
        routes.append(web.get("/register", _register, allow_head=False))
    return routes


async def _login(request: web.Request) -> web.Response:
    parameters = await parameters_of(request)
    name = parameters.required("username", check_username)
    password = parameters.required("password", check_password)
    return success(token=await parts_of(request).accounts.login(name, password))


async def _register(request: web.Request) -> web.Response:
    parameters = await parameters_of(request)
    name = parameters.required("username", check_username)
    password = parameters.required("password", check_password)
    admin_token = parameters.optional("adminToken")
    user = await parts_of(request).accounts.register(name, password, admin_token=admin_token)
    return success(user_id=user.id, is_admin=user.is_admin)


async def _token_status(request: web.Request) -> web.Response:
    try:
        user = await parts_of(request).accounts.authenticate(request.query.get("token", ""))
    except InvalidToken as error:
        return failure(401, str(error), user_id=None)
    return success(user_id=user.id)
