"""`share` with what belongs to it."""

import typer

from cli.output import human_time, say, say_json
from cli.surroundings import surroundings_of


def link(context: typer.Context, path: str, *, as_json: bool) -> None:
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


def add(context: typer.Context, path: str, user: str, *, write: bool) -> None:
    """Share a file with a user, for reading unless --write; changes a share that is there."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            await cloud.share(path, user, can_write=write)
        say(around.err, f"{user} can {'read and write' if write else 'read'} {path}")

    around.run(run())


def remove(context: typer.Context, path: str, user: str) -> None:
    """Take the share of a user away."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            await cloud.unshare(path, user)
        say(around.err, f"{path} is no longer shared with {user}")

    around.run(run())


def set_public(context: typer.Context, path: str, *, is_public: bool) -> None:
    """Let everybody who has an account read and write a file, or take that back."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            await cloud.set_public(path, is_public=is_public)
        say(around.err, f"{path} is {'public' if is_public else 'private'}")

    around.run(run())


def list_(context: typer.Context, path: str, *, as_json: bool) -> None:
    """Show who may use a file of yours."""
    around = surroundings_of(context)

    async def run() -> None:
        async with around.client() as cloud:
            access = await cloud.access_of(path)
        if as_json:
            say_json(around.out, {"is_public": access.is_public, "shares": access.shares})
            return
        if access.is_public:
            say(around.err, f"{path} is public: all users can read and write it")
        for each in access.shares:
            rights = "rw" if each.can_write else "r"
            say(around.out, f"{rights:2}  {human_time(each.shared_at)}  {each.user.name}")

    around.run(run())
