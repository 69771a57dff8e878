"""`register`, `login`, `logout`, `profiles`, `passwd`, `quota` and `users`.

An administrator may list, remove, promote and demote users, set their quotas and reset their passwords;
others may search for names.
"""

import asyncio
import re
import string
import sys
from dataclasses import dataclass, replace
from pathlib import Path

import typer

from cli.context import CommandContext, command_context
from cli.credentials import Credentials
from cli.errors import reported
from cli.login import account_client, account_token, end, log_in, with_code
from cli.output import human_time, print_json, print_line, print_question
from cli.progress import counting_down
from client_sdk import Account, Client, StorageUse, User, UserUsage
from client_sdk.endpoint import base_url
from client_sdk.errors import Forbidden, InvalidInput, NotLoggedIn, SetupCodeNeeded
from client_sdk.storage import UsageOrder
from client_sdk.users import clean_password, clean_username
from common.wording import counted, human_size

MOST_FOUND = 100
"""Users that one search returns at most to a user who is no administrator."""
_LIMIT = re.compile(r"([1-9][0-9]{0,15}) ?([kKmMgGtT]?)(?:i?[bB])?", re.ASCII)
_LIMIT_UNITS = ["", "K", "M", "G", "T"]
NO_USER_FOUND = "no user's name has that in it"


def register(
    context: typer.Context,
    url: str,
    user: str,
    *,
    password_stdin: bool,
    ca_cert: Path | None,
    admin_token: str | None,
    setup_code: str | None,
    invitation: str | None,
) -> None:
    """Create a user."""
    ctx = command_context(context)
    with reported(ctx.err):
        manager = _manager(ctx, url, ca_cert)
        clean_username(user)
        password = _ask_password(ctx, stdin=password_stdin, confirm=True)
    if invitation is not None:
        ctx.run(_register_invited(ctx, manager, user, password, invitation))
    else:
        ctx.run(_register(ctx, manager, user, password, admin_token, setup_code))


def login(
    context: typer.Context,
    url: str,
    user: str,
    *,
    password_stdin: bool,
    ca_cert: Path | None,
    code: str | None,
) -> None:
    """Log in. An app password for this machine is kept in a file that only you can read."""
    ctx = command_context(context)
    with reported(ctx.err):
        manager = _manager(ctx, url, ca_cert)
        clean_username(user)
        password = _ask_password(ctx, stdin=password_stdin, confirm=False)

    async def run() -> None:
        await log_in(ctx, manager.url, manager.ca_cert, user, password, code=code)
        ctx.note(f"logged in at {manager.url} as {user}")

    ctx.run(run())


def logout(context: typer.Context) -> None:
    """End the saved login at the manager, and delete it."""
    ctx = command_context(context)

    async def run() -> None:
        login = ctx.credentials.saved()
        is_ended = login is None or await end(ctx, login)
        ctx.credentials.forget()
        ctx.note("you were not logged in" if login is None else "logged out")
        if not is_ended:
            print_line(
                ctx.err,
                "the manager could not be told: revoke the app password of this machine on its page",
            )

    ctx.run(run())


def list_profiles(context: typer.Context, *, as_json: bool) -> None:
    """Print name, address and user of each login that has a name; a star marks the one in use."""
    ctx = command_context(context)
    with reported(ctx.err):
        logins = {
            name: login
            for name in ctx.credentials.profiles()
            if (login := ctx.credentials.of_profile(name).saved()) is not None
        }
    if as_json:
        print_json(
            ctx.out,
            [{"name": name, "url": each.url, "user": each.user} for name, each in logins.items()],
        )
        return
    for name, each in logins.items():
        mark = "*" if name == ctx.credentials.profile else " "
        print_line(ctx.out, f"{mark} {name}  {each.user or '-'}  {each.url}")


def passwd(
    context: typer.Context,
    url: str,
    user: str,
    *,
    password_stdin: bool,
    ca_cert: Path | None,
    code: str | None,
) -> None:
    """Change a password. All sessions of the user end; app passwords stay, that of this machine too."""
    ctx = command_context(context)
    with reported(ctx.err):
        manager = _manager(ctx, url, ca_cert)
        clean_username(user)
        previous = _ask_password(
            ctx, stdin=password_stdin, confirm=False, label="Previous password"
        )
        new = _ask_password(ctx, stdin=password_stdin, confirm=True, label="New password")
    ctx.run(_passwd(ctx, manager, user, previous, new, code))


@dataclass(frozen=True)
class _Manager:
    """The manager that a user is registered or logged in at.

    Attributes:
        url: http(s) URL.
        ca_cert: Full path of a file of certificates that are trusted there; None for none.
    """

    url: str
    ca_cert: str | None


def _manager(ctx: CommandContext, url: str, ca_cert: Path | None) -> _Manager:
    """Raises `InvalidInput` for what is no URL."""
    address = base_url(url)
    if ca_cert is None:
        return _Manager(address, ctx.credentials.ca_cert_for(address))
    return _Manager(address, str(ca_cert.absolute()))


async def _register_invited(
    ctx: CommandContext, manager: _Manager, user: str, password: str, invitation: str
) -> None:
    token = invitation.rpartition("invitation=")[2]
    async with ctx.other_client(manager.url, None, manager.ca_cert) as cloud:
        await cloud.register(user, password, invitation=token)
    ctx.note(f"registered {user}; next: discord-cloud login {manager.url} {user}")


async def _register(
    ctx: CommandContext,
    manager: _Manager,
    user: str,
    password: str,
    token: str | None,
    setup_code: str | None,
) -> None:
    # A saved login cannot be valid on a manager that has no user yet.
    if token is None and setup_code is None:
        token = await _own_token(ctx, manager)
    async with ctx.other_client(manager.url, None, manager.ca_cert) as cloud:
        try:
            await cloud.register(user, password, admin_token=token, setup_code=setup_code)
        except SetupCodeNeeded as error:
            if setup_code is not None:
                raise
            code = await _ask_setup_code(ctx, error)
            await cloud.register(user, password, setup_code=code)
        except Forbidden as error:
            hint = (
                "only an administrator can: log in as one first, or pass --admin-token (the first "
                "user of all: --setup-code)"
            )
            raise Forbidden(hint) from error
    ctx.note(f"registered {user}; next: discord-cloud login {manager.url} {user}")


async def _ask_setup_code(ctx: CommandContext, error: SetupCodeNeeded) -> str:
    """Ask for the code. Raises `SetupCodeNeeded`, which says what to do without a terminal."""
    if not ctx.is_interactive:
        raise SetupCodeNeeded(
            "the first user needs the code that the manager shows when it starts: pass --setup-code"
        ) from error
    print_question(ctx.err, "Setup code, which the manager shows when it starts: ")
    return (await ctx.read_line()).strip()


async def _own_token(ctx: CommandContext, manager: _Manager) -> str | None:
    """The token of one's own login at that manager, if there is one."""
    login = ctx.credentials.login_for(manager.url)
    return None if login is None else await account_token(ctx, login)


async def _passwd(
    ctx: CommandContext, manager: _Manager, user: str, previous: str, new: str, code: str | None
) -> None:
    saved = ctx.credentials.saved()
    login = saved if saved is not None and saved.url == manager.url else None
    was_good = login is not None and await _is_good(ctx, login)
    async with ctx.other_client(manager.url, None, manager.ca_cert) as cloud:
        await with_code(
            ctx, code, lambda given: cloud.change_password(user, previous, new, code=given)
        )
        ctx.note(f"changed the password of {user}")
    if login is not None and login.account_token is not None:
        ctx.credentials.save(replace(login, account_token=None))
    # If the saved login has ended together with the old password, it was this user's. The app password that
    # is there otherwise outlives a change.
    if login is not None and was_good and not await _is_good(ctx, login):
        await log_in(ctx, manager.url, manager.ca_cert, user, new)


async def _is_good(ctx: CommandContext, login: Credentials) -> bool:
    try:
        async with ctx.other_client(login.url, login.token, login.ca_cert):
            return True
    except NotLoggedIn:
        return False


def _ask_password(
    ctx: CommandContext, *, stdin: bool, confirm: bool, label: str = "Password"
) -> str:
    """Read a password from the terminal, or a line of standard input. Raises `InvalidInput`."""
    if stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    elif not ctx.is_interactive:
        raise InvalidInput("there is no terminal to ask on: use --password-stdin")
    else:
        password = typer.prompt(label, hide_input=True, confirmation_prompt=confirm, err=True)
    return clean_password(password)


def list_users(context: typer.Context, query: str | None, *, as_json: bool) -> None:
    """Find users by a part of their names, or list all; for administrators with what they own."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            you = (await cloud.status()).you
            if you is None or not you.is_admin:
                _print_names(ctx, await _found(cloud, query), query, as_json=as_json)
                return
        async with account_client(ctx) as cloud:
            accounts = [account async for account in cloud.list_users(query)]
        _print_accounts(ctx, accounts, as_json=as_json)

    ctx.run(run())


def show_usage(
    context: typer.Context, *, order: UsageOrder, ascending: bool, as_json: bool
) -> None:
    """Print what each user stores."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            found = [each async for each in cloud.usage(order=order, ascending=ascending)]
        if as_json:
            print_json(ctx.out, found)
            return
        for each in found:
            print_line(ctx.out, _usage_line(each))

    ctx.run(run())


def _usage_line(usage: UserUsage) -> str:
    quota = "-" if usage.quota.bytes is None else human_size(usage.quota.bytes)
    seen = "never" if usage.last_seen_at is None else human_time(usage.last_seen_at)
    sizes = (usage.stored.bytes, usage.trash.bytes, usage.version_bytes)
    columns = "  ".join(f"{human_size(size):>9}" for size in sizes)
    return f"{usage.name:16}  {columns}  {usage.stored.files:>8}  {quota:>9}  {seen}"


def remove_user(
    context: typer.Context,
    name: str,
    *,
    heir: str | None,
    delete_files: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove a user (administrators only). If it breaks off, run it again."""
    ctx = command_context(context)
    with reported(ctx.err):
        if (heir is not None) == delete_files:
            both = "not both" if delete_files else "one of the two"
            raise InvalidInput(
                f"say what becomes of the files: --give-files-to or --delete-files, {both}"
            )
        if not yes and not ctx.is_interactive:
            raise InvalidInput("there is no terminal to ask on: use --yes")
    ctx.run(_remove_user(ctx, name, heir, is_sure=yes, as_json=as_json))


def reset_password(context: typer.Context, name: str, *, password_stdin: bool) -> None:
    """Give another user a new password, which ends the user's logins (administrators only)."""
    ctx = command_context(context)
    with reported(ctx.err):
        password = _ask_password(ctx, stdin=password_stdin, confirm=True, label="New password")

    async def run() -> None:
        async with account_client(ctx) as cloud:
            await cloud.set_user_password(name, password)
        ctx.note(f"changed the password of {name}")

    ctx.run(run())


def show_quota(context: typer.Context, name: str | None, *, as_json: bool) -> None:
    """Print how much a user stores and may store; None for oneself."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() if name is None else account_client(ctx) as cloud:
            use = await cloud.storage(name)
        _print_storage(ctx, use, as_json=as_json)

    ctx.run(run())


def set_quota(
    context: typer.Context, name: str, *, size: str | None, files: str | None, as_json: bool
) -> None:
    """Change how much a user may store; what is None stays."""
    ctx = command_context(context)
    with reported(ctx.err):
        new_size = limit_of("--bytes", size)
        new_files = limit_of("--files", files)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            before = (await cloud.storage(name)).quota
            use = await cloud.set_quota(
                name,
                size=before.bytes if size is None else new_size,
                files=before.files if files is None else new_files,
            )
        _print_storage(ctx, use, as_json=as_json)

    ctx.run(run())


def limit_of(option: str, text: str | None) -> int | None:
    """A number as `500`, `2k` or `10G`, in binary units; None for `none` and None. Raises `InvalidInput`."""
    if text is None or text.strip().lower() in {"none", "0"}:
        return None
    match = _LIMIT.fullmatch(text.strip())
    if match is None:
        raise InvalidInput(f"{option} takes a number from 1 on, as 500M or 10G, or `none`")
    factor: int = 1024 ** _LIMIT_UNITS.index(match[2].upper())
    return int(match[1]) * factor


def _print_storage(ctx: CommandContext, use: StorageUse, *, as_json: bool) -> None:
    if as_json:
        print_json(ctx.out, use)
        return
    for title, amount in (("stored", use.stored), ("temporary", use.temporary)):
        size, files = human_size(amount.bytes), counted(amount.files, "file")
        print_line(ctx.out, f"{title + ':':11}{size:>10} in {files}")
    limits = [
        *([human_size(use.quota.bytes)] if use.quota.bytes is not None else []),
        *([counted(use.quota.files, "file")] if use.quota.files is not None else []),
    ]
    print_line(ctx.out, f"{'quota:':11}{' and '.join(limits) or 'none'}")


def set_role(context: typer.Context, name: str, *, is_admin: bool) -> None:
    """Make a user an administrator, or an administrator a user like others."""
    ctx = command_context(context)

    async def run() -> None:
        async with account_client(ctx) as cloud:
            await cloud.set_role(name, is_admin=is_admin)
        ctx.note(f"{name} is {'an' if is_admin else 'no'} administrator")

    ctx.run(run())


async def _remove_user(
    ctx: CommandContext, name: str, heir: str | None, *, is_sure: bool, as_json: bool
) -> None:
    async with account_client(ctx) as cloud:
        account = await cloud.find_account(name)
        if heir is not None:
            heir = (await cloud.find_account(heir)).name
        is_wanted = is_sure or await _is_wanted(ctx, account, heir)
        if is_wanted:
            what = f"removing {account.name}"
            with counting_down(
                ctx.err, what, account.file_count, is_shown=ctx.shows_progress and not as_json
            ) as report:
                await cloud.remove_user(
                    account.name, heir=heir, delete_files=heir is None, progress=report
                )
    if as_json:
        row = {"id": account.id, "name": account.name, "is_removed": is_wanted, "heir": heir}
        owned = {"file_count": account.file_count, "total_size": account.total_size}
        print_json(ctx.out, {**row, **owned})
    elif is_wanted:
        fate = "deleted" if heir is None else f"gave {heir}"
        ctx.note(f"removed {account.name}, and {fate} {_owned(account)}")


async def _is_wanted(ctx: CommandContext, account: Account, heir: str | None) -> bool:
    fate = "delete" if heir is None else f"give {heir}"
    question = f"remove this user, and {fate} {_owned(account)}? [y/N]"
    print_line(ctx.err, f"{account.name}: {question}")
    return (await ctx.read_line()).strip().lower() in {"y", "yes"}


def _owned(account: Account) -> str:
    return f"{counted(account.file_count, 'file')} ({human_size(account.total_size)})"


async def _found(cloud: Client, query: str | None) -> list[list[User]]:
    """The results of a search; without a query, of one search for each letter and digit."""
    searches = [query] if query is not None else list(string.ascii_lowercase + string.digits)
    return await asyncio.gather(*(cloud.search_users(each) for each in searches))


def _print_names(
    ctx: CommandContext, found: list[list[User]], query: str | None, *, as_json: bool
) -> None:
    distinct = {user.id: user for some in found for user in some}
    users = list(distinct.values())
    if query is None:
        users.sort(key=lambda user: user.name.lower())
    if as_json:
        print_json(ctx.out, users)
    else:
        for user in users:
            print_line(ctx.out, user.name)
        if not users:
            ctx.note(NO_USER_FOUND)
    if any(len(some) >= MOST_FOUND for some in found):
        ctx.note("there may be more: give more of the name")


def _print_accounts(ctx: CommandContext, accounts: list[Account], *, as_json: bool) -> None:
    if as_json:
        print_json(ctx.out, accounts)
        return
    if not accounts:
        ctx.note(NO_USER_FOUND)
    for each in accounts:
        role = "administrator" if each.is_admin else "user"
        number, files = counted(each.file_count, "file").split()
        size = human_size(each.total_size)
        print_line(ctx.out, f"{role:13}  {number:>7} {files:5}  {size:>9}  {each.name}")
