"""`share` with what belongs to it."""

from typing import Annotated

import typer

from cli.output import human_time, say, say_json
from cli.surroundings import Surroundings, surroundings_of

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
            rights = "rw" if each.can_write else "r"
            say(around.out, f"{rights:2}  {human_time(each.shared_at)}  {each.user.name}")

    around.run(run())
