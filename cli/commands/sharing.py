"""`share` with what belongs to it, and `users`."""

import asyncio
import string
from typing import Annotated

import typer

from cli.output import say, say_json
from cli.surroundings import Surroundings, surroundings_of
from protocol import s2c

MOST_FOUND = 100
"""Users that one search tells, at most."""

Path = Annotated[str, typer.Argument(help="Remote file.")]
User = Annotated[str, typer.Argument(help="Name of the other user.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

share = typer.Typer(name="share", no_args_is_help=True, help="Let others read or write your files.")


@share.command("link", no_args_is_help=True)
def link(context: typer.Context, path: Path, *, as_json: Json = False) -> None:
    """Print an address that downloads a file without an account, until its content changes."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            url = await cloud.signed_link(path)
        if as_json:
            say_json(around.out, {"url": url})
        else:
            say(around.out, url)

    around.run(run())


@share.command("add", no_args_is_help=True)
def add(
    context: typer.Context,
    path: Path,
    user: User,
    *,
    write: Annotated[bool, typer.Option("--write", help="Let them write it too.")] = False,
) -> None:
    """Share a file with a user, for reading unless --write; changes a share that is there."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            await cloud.share(path, user, can_write=write)
        say(around.err, f"{user} can {'read and write' if write else 'read'} {path}")

    around.run(run())


@share.command("remove", no_args_is_help=True)
def remove(context: typer.Context, path: Path, user: User) -> None:
    """Take the share of a user away."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            await cloud.unshare(path, user)
        say(around.err, f"{path} is not shared with {user} any more")

    around.run(run())


@share.command("public", no_args_is_help=True)
def public(context: typer.Context, path: Path) -> None:
    """Let everybody who has an account read and write a file."""
    _set_public(surroundings_of(context), path, is_public=True)


@share.command("private", no_args_is_help=True)
def private(context: typer.Context, path: Path) -> None:
    """Leave a file to you, and to whom you share it with."""
    _set_public(surroundings_of(context), path, is_public=False)


def _set_public(around: Surroundings, path: str, *, is_public: bool) -> None:
    async def run() -> None:
        async with around.client() as cloud:
            await cloud.set_public(path, is_public=is_public)
        say(around.err, f"{path} is {'public' if is_public else 'private'}")

    around.run(run())


@share.command("list", no_args_is_help=True)
def list_(context: typer.Context, path: Path, *, as_json: Json = False) -> None:
    """Show who may use a file of yours."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            access = await cloud.access_of(path)
        if as_json:
            say_json(around.out, {"is_public": access.is_public, "shares": access.shares})
            return
        if access.is_public:
            say(around.err, f"{path} is public: everybody can read and write it")
        for each in access.shares:
            time = each.shared_at[:19].replace("T", " ")
            say(around.out, f"{'rw' if each.can_write else 'r':2}  {time}  {each.user.name}")

    around.run(run())


def users(
    context: typer.Context,
    query: Annotated[str | None, typer.Argument(help="A part of the name.")] = None,
    *,
    as_json: Json = False,
) -> None:
    """Find users by a part of their names, or list all."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            searches = (
                [query] if query is not None else list(string.ascii_lowercase + string.digits)
            )
            found = await asyncio.gather(*(cloud.search_users(each) for each in searches))
        _tell_users(around, found, is_search=query is not None, as_json=as_json)

    around.run(run())


def _tell_users(
    around: Surroundings, found: list[list[s2c.UserHandle]], *, is_search: bool, as_json: bool
) -> None:
    distinct = {user.id: user for users in found for user in users}
    told = list(distinct.values())
    if not is_search:
        told.sort(key=lambda user: user.name.lower())
    if as_json:
        say_json(around.out, told)
    else:
        for user in told:
            say(around.out, user.name)
    if any(len(users) >= MOST_FOUND for users in found):
        say(around.err, "there may be more: name more of the name")
