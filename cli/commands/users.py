"""`users`: finding them, and what administrators do with them."""

import asyncio
import string

import typer

from cli.commands.accounts import asked_password
from cli.errors import reported
from cli.output import say, say_json
from cli.progress import counting_down
from cli.surroundings import Surroundings, surroundings_of
from client_sdk import Account, Client, User
from client_sdk.errors import Forbidden, InvalidInput
from common.wording import counted, human_size

MOST_FOUND = 100
"""Users that one search tells, at most, to who is no administrator."""
NOBODY_FOUND = "no user's name has that in it"


def list_(context: typer.Context, query: str | None, *, as_json: bool) -> None:
    """Find users by a part of their names, or list all; for administrators with what they own."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            try:
                accounts = [account async for account in cloud.list_users(query)]
            except Forbidden:
                _tell_names(around, await _found(cloud, query), query, as_json=as_json)
                return
        _tell_accounts(around, accounts, as_json=as_json)

    around.run(run())


def remove(
    context: typer.Context,
    name: str,
    *,
    heir: str | None,
    delete_files: bool,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove a user (administrators only). If it breaks off, run it again."""
    around = surroundings_of(context)
    with reported(around.err):
        if (heir is not None) == delete_files:
            both = "not both" if delete_files else "one of the two"
            raise InvalidInput(
                f"say what becomes of the files: --give-files-to or --delete-files, {both}"
            )
        if not yes and not around.is_interactive:
            raise InvalidInput("there is no terminal to ask on: use --yes")
    around.run(_remove(around, name, heir, is_sure=yes, as_json=as_json))


def reset_password(context: typer.Context, name: str, *, password_stdin: bool) -> None:
    """Give another user a new password, which ends the user's logins (administrators only)."""
    around = surroundings_of(context)
    with reported(around.err):
        password = asked_password(around, stdin=password_stdin, confirm=True, label="New password")

    async def run() -> None:
        async with around.client() as cloud:
            await cloud.set_user_password(name, password)
        say(around.err, f"changed the password of {name}")

    around.run(run())


def set_role(context: typer.Context, name: str, *, is_admin: bool) -> None:
    """Make a user an administrator, or an administrator a user like others."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            await cloud.set_role(name, is_admin=is_admin)
        say(around.err, f"{name} is {'an' if is_admin else 'no'} administrator")

    around.run(run())


async def _remove(
    around: Surroundings, name: str, heir: str | None, *, is_sure: bool, as_json: bool
) -> None:
    async with around.client() as cloud:
        account = await cloud.find_account(name)
        if heir is not None:
            heir = (await cloud.find_account(heir)).name
        is_wanted = is_sure or await _is_wanted(around, account, heir)
        if is_wanted:
            what = f"removing {account.name}"
            with counting_down(around.err, what, account.file_count, is_shown=not as_json) as tell:
                await cloud.remove_user(
                    account.name, heir=heir, delete_files=heir is None, progress=tell
                )
    if as_json:
        facts = {"id": account.id, "name": account.name, "is_removed": is_wanted, "heir": heir}
        owned = {"file_count": account.file_count, "total_size": account.total_size}
        say_json(around.out, {**facts, **owned})
    elif is_wanted:
        fate = "deleted" if heir is None else f"gave {heir}"
        say(around.err, f"removed {account.name}, and {fate} {_owned(account)}")


async def _is_wanted(around: Surroundings, account: Account, heir: str | None) -> bool:
    fate = "delete" if heir is None else f"give {heir}"
    question = f"remove this user, and {fate} {_owned(account)}? [y/N]"
    say(around.err, f"{account.name}: {question}")
    return (await around.read_line()).strip().lower() in {"y", "yes"}


def _owned(account: Account) -> str:
    return f"{counted(account.file_count, 'file')} ({human_size(account.total_size)})"


async def _found(cloud: Client, query: str | None) -> list[list[User]]:
    """What others than administrators may search for: all names hold some letter or digit."""
    searches = [query] if query is not None else list(string.ascii_lowercase + string.digits)
    return await asyncio.gather(*(cloud.search_users(each) for each in searches))


def _tell_names(
    around: Surroundings, found: list[list[User]], query: str | None, *, as_json: bool
) -> None:
    distinct = {user.id: user for some in found for user in some}
    told = list(distinct.values())
    if query is None:
        told.sort(key=lambda user: user.name.lower())
    if as_json:
        say_json(around.out, told)
    else:
        for user in told:
            say(around.out, user.name)
        if not told:
            say(around.err, NOBODY_FOUND)
    if any(len(some) >= MOST_FOUND for some in found):
        say(around.err, "there may be more: name more of the name")


def _tell_accounts(around: Surroundings, accounts: list[Account], *, as_json: bool) -> None:
    if as_json:
        say_json(around.out, accounts)
        return
    if not accounts:
        say(around.err, NOBODY_FOUND)
    for each in accounts:
        role = "administrator" if each.is_admin else "user"
        number, files = counted(each.file_count, "file").split()
        size = human_size(each.total_size)
        say(around.out, f"{role:13}  {number:>7} {files:5}  {size:>9}  {each.name}")
