"""`/login`, `/register`, `/update-password` and `/token-status`."""

from aiohttp import web

from manager.errors import InvalidToken
from manager.http.parameters import parameters_of
from manager.http.parts import parts_of
from manager.http.responses import failure, success
from protocol.values import check_password, check_username

FIRST_USER = "(first user)"
"""In the place of a name, which it cannot be: guesses at the setup code are limited like a password's."""


def account_routes(*, passwords_in_query: bool) -> list[web.RouteDef]:
    """The routes for people and their tokens.

    `passwords_in_query` also takes user name and password from the query of a GET, for frontends
    that know nothing else.
    """
    routes = [web.get("/token-status", _token_status, allow_head=False)]
    for path, handler in (
        ("/login", _login),
        ("/register", _register),
        ("/update-password", _update_password),
    ):
        routes.append(web.post(path, handler))
        if passwords_in_query:
            routes.append(web.get(path, handler, allow_head=False))
    return routes


async def _login(request: web.Request) -> web.Response:
    parameters = await parameters_of(request)
    name = parameters.required("username", check_username)
    password = parameters.required("password", check_password)
    parts = parts_of(request)
    with parts.guard.attempt(request, name):
        token = await parts.accounts.login(name, password)
    return success(token=token)


async def _register(request: web.Request) -> web.Response:
    parameters = await parameters_of(request)
    name = parameters.required("username", check_username)
    password = parameters.required("password", check_password)
    admin_token = parameters.optional("adminToken")
    setup_code = parameters.optional("setupCode")
    parts = parts_of(request)
    with parts.guard.attempt(request, FIRST_USER if admin_token is None else None):
        user = await parts.accounts.register(
            name, password, admin_token=admin_token, setup_code=setup_code
        )
    return success(user_id=user.id, is_admin=user.is_admin)


async def _update_password(request: web.Request) -> web.Response:
    parameters = await parameters_of(request)
    name = parameters.required("username", check_username)
    previous = parameters.required("previousPassword", check_password)
    new = parameters.required("newPassword", check_password)
    parts = parts_of(request)
    with parts.guard.attempt(request, name):
        user = await parts.accounts.change_password(name, previous, new)
    parts.control.logins.revoke(user.id, before_epoch=user.token_epoch)
    return success()


async def _token_status(request: web.Request) -> web.Response:
    try:
        user = await parts_of(request).accounts.authenticate(request.query.get("token", ""))
    except InvalidToken as error:
        return failure(401, str(error), user_id=None)
    return success(user_id=user.id)
