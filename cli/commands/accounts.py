"""`register`, `login`, `logout` and `passwd`."""

import sys
from dataclasses import dataclass
from pathlib import Path

import typer

from cli.credentials import Credentials
from cli.errors import reported
from cli.output import say
from cli.surroundings import Surroundings, surroundings_of
from client_sdk.endpoint import base_url
from client_sdk.errors import Forbidden, InvalidInput, NotLoggedIn, SetupCodeNeeded
from client_sdk.users import clean_password, clean_username


def register(
    context: typer.Context,
    url: str,
    user: str,
    *,
    password_stdin: bool,
    ca_cert: Path | None,
    admin_token: str | None,
    setup_code: str | None,
) -> None:
    """Make a user."""
    around = surroundings_of(context)
    with reported(around.err):
        manager = _manager(around, url, ca_cert)
        clean_username(user)
        # A login from before belongs to nobody where there is no user yet.
        saved = None if setup_code else around.credentials.token_for(manager.url)
        password = asked_password(around, stdin=password_stdin, confirm=True)
    around.run(_register(around, manager, user, password, admin_token or saved, setup_code))


def login(
    context: typer.Context, url: str, user: str, *, password_stdin: bool, ca_cert: Path | None
) -> None:
    """Log in. The login is kept in a file that only you can read."""
    around = surroundings_of(context)
    with reported(around.err):
        manager = _manager(around, url, ca_cert)
        clean_username(user)
        password = asked_password(around, stdin=password_stdin, confirm=False)
    around.run(_login(around, manager, user, password))


def logout(context: typer.Context) -> None:
    """Forget the login of this machine."""
    around = surroundings_of(context)
    with reported(around.err):
        was_there = around.credentials.forget()
    say(around.err, "logged out" if was_there else "you were not logged in")


def passwd(
    context: typer.Context, url: str, user: str, *, password_stdin: bool, ca_cert: Path | None
) -> None:
    """Change a password. All logins of the user end; one of this machine is made anew."""
    around = surroundings_of(context)
    with reported(around.err):
        manager = _manager(around, url, ca_cert)
        clean_username(user)
        previous = asked_password(
            around, stdin=password_stdin, confirm=False, label="Previous password"
        )
        new = asked_password(around, stdin=password_stdin, confirm=True, label="New password")
    around.run(_passwd(around, manager, user, previous, new))


@dataclass(frozen=True)
class _Manager:
    """Where somebody is to be registered or logged in.

    Attributes:
        url: http(s) URL.
        ca_cert: Full path of a file of certificates that are trusted there; None for none.
    """

    url: str
    ca_cert: str | None


def _manager(around: Surroundings, url: str, ca_cert: Path | None) -> _Manager:
    """Raises `InvalidInput` for what is no URL."""
    address = base_url(url)
    if ca_cert is None:
        return _Manager(address, around.credentials.ca_cert_for(address))
    return _Manager(address, str(ca_cert.absolute()))


async def _register(
    around: Surroundings,
    manager: _Manager,
    user: str,
    password: str,
    token: str | None,
    setup_code: str | None,
) -> None:
    async with around.other_client(manager.url, None, manager.ca_cert) as cloud:
        try:
            await cloud.register(user, password, admin_token=token, setup_code=setup_code)
        except SetupCodeNeeded as error:
            if setup_code is not None:
                raise
            code = await _asked_setup_code(around, error)
            await cloud.register(user, password, setup_code=code)
        except Forbidden as error:
            hint = (
                "only an administrator can: log in as one first, or pass --admin-token (the first "
                "user of all: --setup-code)"
            )
            raise Forbidden(hint) from error
    say(around.err, f"registered {user}; next: discord-cloud login {manager.url} {user}")


async def _asked_setup_code(around: Surroundings, error: SetupCodeNeeded) -> str:
    """The code from the terminal. Raises `SetupCodeNeeded`, which says what to do without one."""
    if not around.is_interactive:
        raise SetupCodeNeeded(
            "the first user needs the code that the manager shows when it starts: pass --setup-code"
        ) from error
    around.err.print("Setup code, which the manager shows when it starts: ", end="")
    return (await around.read_line()).strip()


async def _login(around: Surroundings, manager: _Manager, user: str, password: str) -> None:
    async with around.other_client(manager.url, None, manager.ca_cert) as cloud:
        token = await cloud.login(user, password)
    around.credentials.save(Credentials(manager.url, token, manager.ca_cert))
    say(around.err, f"logged in at {manager.url} as {user}")


async def _passwd(
    around: Surroundings, manager: _Manager, user: str, previous: str, new: str
) -> None:
    saved = around.credentials.saved()
    login = saved if saved is not None and saved.url == manager.url else None
    was_good = login is not None and await _is_good(around, login)
    async with around.other_client(manager.url, None, manager.ca_cert) as cloud:
        await cloud.change_password(user, previous, new)
        say(around.err, f"changed the password of {user}")
        # A login that ends with the old password is this user's.
        if login is not None and was_good and not await _is_good(around, login):
            token = await cloud.login(user, new)
            around.credentials.save(Credentials(manager.url, token, manager.ca_cert))


async def _is_good(around: Surroundings, login: Credentials) -> bool:
    try:
        async with around.other_client(login.url, login.token, login.ca_cert):
            return True
    except NotLoggedIn:
        return False


def asked_password(
    around: Surroundings, *, stdin: bool, confirm: bool, label: str = "Password"
) -> str:
    """A password from the terminal, or from a line of standard input. Raises `InvalidInput`."""
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not around.is_interactive:
        raise InvalidInput("there is no terminal to ask on: use --password-stdin")
    else:
        password = typer.prompt(label, hide_input=True, confirmation_prompt=confirm, err=True)
    return clean_password(password)
