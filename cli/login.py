"""Logs in on this machine, and keeps what is needed of it.

What is kept for long is an app password: it reads and changes all that its user may, can be revoked by
itself, and manages no account. Commands that do manage accounts use the token of the login itself, which is
kept for as long as its short session lives. After that they ask for the password again.
"""

import contextlib
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

import typer

from cli.context import CommandContext
from cli.credentials import Credentials, is_app_password
from client_sdk import Client
from client_sdk.errors import CloudError, NotFound, NotLoggedIn, SecondFactorNeeded

T = TypeVar("T")

ACCOUNT_S = 15 * 60
"""Seconds after a login for which commands that manage accounts do not ask for the password."""
MARGIN_S = 10
"""Seconds before the end of a token at which it is not used any more."""


async def log_in(
    ctx: CommandContext,
    url: str,
    ca_cert: str | None,
    user: str,
    password: str,
    *,
    code: str | None = None,
) -> None:
    """Log in, and save the login instead of the one before, which is ended.

    `code` is of the second factor; None: asked for if it is needed.
    """
    before = ctx.credentials.saved()
    async with ctx.other_client(url, None, ca_cert) as cloud:
        token = await _token(ctx, cloud, user, password, code)
    saved = Credentials(url, token, ca_cert, user=user)
    with contextlib.suppress(NotFound):  # a manager before release 0.3, whose token lives for long
        async with ctx.other_client(url, token, ca_cert) as cloud:
            text = await _app_password(cloud)
        account_until = time.time() + ACCOUNT_S - MARGIN_S
        saved = replace(saved, token=text, account_token=token, account_until=account_until)
    ctx.credentials.save(saved)
    # A token that an earlier release has saved may be in use elsewhere.
    if before is not None and before.url == url and is_app_password(before.token):
        await end(ctx, before)


async def with_code(
    ctx: CommandContext, code: str | None, attempt: Callable[[str | None], Awaitable[T]]
) -> T:
    """The result of an attempt that may need the code of a second factor, which is asked for then.

    Raises `SecondFactorNeeded` if there is no terminal to ask on.
    """
    try:
        return await attempt(code)
    except SecondFactorNeeded:
        if not ctx.is_interactive:
            raise
    return await attempt(typer.prompt("Code of your second factor", err=True))


async def _token(
    ctx: CommandContext, cloud: Client, user: str, password: str, code: str | None
) -> str:
    def attempt(given: str | None) -> Awaitable[str]:
        return cloud.login(user, password, device=_device(), life_s=ACCOUNT_S, code=given)

    return await with_code(ctx, code, attempt)


async def _app_password(cloud: Client) -> str:
    taken = {each.name for each in await cloud.app_passwords()}
    wanted = _device()
    names = [wanted, *(f"{wanted} ({number})" for number in range(2, len(taken) + 2))]
    return await cloud.create_app_password(next(name for name in names if name not in taken))


def _device() -> str:
    # With room for a number behind it.
    return f"discord-cloud on {socket.gethostname()}"[:58]


async def end(ctx: CommandContext, login: Credentials) -> bool:
    """End a login at its manager. False if that could not be told, or does not know it any more."""
    is_ended = True
    for token in filter(None, (login.account_token, login.token)):
        try:
            async with ctx.other_client(login.url, token, login.ca_cert) as cloud:
                await cloud.logout()
        except NotLoggedIn:
            continue
        except CloudError:
            is_ended = False
    return is_ended


@contextlib.asynccontextmanager
async def account_client(ctx: CommandContext) -> AsyncIterator[Client]:
    """A client that may manage accounts; asks for the password if the login is too old.

    Raises:
        NotLoggedIn: There is no login, or one that is too old and no terminal to ask on.
        WrongPassword: The password is not that of the user.
    """
    login = ctx.credentials.current()
    token = await account_token(ctx, login)
    async with ctx.other_client(login.url, token, login.ca_cert) as cloud:
        yield cloud


async def account_token(ctx: CommandContext, login: Credentials) -> str:
    """A token of this login that may manage accounts, as `account_client` uses it. Raises as that does."""
    # One from the environment has no user, and is used as it is.
    if not is_app_password(login.token) or login.user is None:
        return login.token
    if login.account_token is not None and time.time() < login.account_until:
        return login.account_token
    return await _renewed(ctx, login, login.user)


async def _renewed(ctx: CommandContext, login: Credentials, user: str) -> str:
    if not ctx.is_interactive:
        raise NotLoggedIn(
            "this needs a login of the last minutes, and there is no terminal to ask on"
        )
    password = typer.prompt(f"Password of {user}", hide_input=True, err=True)
    async with ctx.other_client(login.url, None, login.ca_cert) as cloud:
        token = await _token(ctx, cloud, user, password, None)
    until = time.time() + ACCOUNT_S - MARGIN_S
    ctx.credentials.save(replace(login, account_token=token, account_until=until))
    return token
