"""`mv`, `cp`, `rm`, `mkdir` and `share`: change what is on the manager, without its content."""

from collections.abc import Awaitable, Callable

import typer

from cli.commands.summary import Summary, transfer_all
from cli.context import CommandContext, command_context
from cli.output import human_time, print_json, print_line
from client_sdk import Client
from client_sdk.errors import InvalidInput, NotFound
from client_sdk.paths import clean_folder, join_remote, split_remote
from common.wording import human_size


def mv(context: typer.Context, sources: list[str], dest: str, *, as_json: bool) -> None:
    """Move or rename files and folders. Nothing is replaced: a taken name is numbered."""

    async def move(cloud: Client, source: str, target: str) -> str | None:
        return await cloud.move(source, target)

    _place(context, sources, dest, move, "moved", as_json=as_json)


def cp(
    context: typer.Context, sources: list[str], dest: str, *, recursive: bool, as_json: bool
) -> None:
    """Copy files, and folders with -r. Nothing is replaced: a taken name is numbered."""

    async def copy(cloud: Client, source: str, target: str) -> str | None:
        is_file = not source.endswith("/") and await cloud.is_file(source)
        if not is_file and not recursive and await cloud.is_folder(source):
            raise InvalidInput("this is a folder: copy it and everything in it with -r")
        return await cloud.copy(source, target)

    _place(context, sources, dest, copy, "copied", as_json=as_json)


def rm(
    context: typer.Context, paths: list[str], *, recursive: bool, force: bool, as_json: bool
) -> None:
    """Delete files, and folders with -r. Asks on a terminal."""
    ctx = command_context(context)

    async def run(cloud: Client, summary: Summary) -> None:
        async def delete(path: str) -> None:
            deleting = _Deleting(ctx, cloud, path, recursive=recursive, force=force)
            if done := await deleting.run():
                summary.done.append({"path": path, "kind": done})

        await transfer_all(paths, delete, str, summary, 1)

    _run(ctx, run, "deleted", as_json=as_json)


def mkdir(context: typer.Context, paths: list[str], *, parents: bool, as_json: bool) -> None:
    """Create folders."""
    ctx = command_context(context)

    async def run(cloud: Client, summary: Summary) -> None:
        async def make(path: str) -> None:
            is_new = True
            if parents:
                is_new = await cloud.make_folders(path)
            else:
                await _make_alone(cloud, path)
            summary.done.append({"path": clean_folder(path), "is_new": is_new})

        await transfer_all(paths, make, str, summary, 1)

    _run(ctx, run, "folders", as_json=as_json)


class _Deleting:
    """Deletes one path, after asking if necessary."""

    def __init__(
        self, ctx: CommandContext, cloud: Client, path: str, *, recursive: bool, force: bool
    ) -> None:
        self._ctx = ctx
        self._cloud = cloud
        self._path = path
        self._recursive = recursive
        self._force = force

    async def run(self) -> str | None:
        """Delete the path; "file" or "folder", or None if it was kept or does not exist."""
        if not self._path.endswith("/") and await self._cloud.is_file(self._path):
            if not await self._is_wanted("delete it?"):
                return None
            await self._cloud.delete_file(self._path)
            return "file"
        if not await self._cloud.is_folder(self._path):
            if self._force:
                return None
            raise NotFound("there is no such file or folder")
        return await self._delete_folder()

    async def _delete_folder(self) -> str | None:
        if not self._recursive:
            raise InvalidInput("this is a folder: delete it and everything in it with -r")
        size = (await self._cloud.folder_size(self._path)).total_size
        if not await self._is_wanted(f"delete it with everything in it, {human_size(size)}?"):
            return None
        await self._cloud.delete_folder(self._path)
        return "folder"

    async def _is_wanted(self, question: str) -> bool:
        if self._force or not self._ctx.is_interactive:
            return True
        print_line(self._ctx.err, f"{self._path}: {question} [y/N]")
        return (await self._ctx.read_line()).strip().lower() in {"y", "yes"}


def _place(
    context: typer.Context,
    sources: list[str],
    dest: str,
    place: Callable[[Client, str, str], Awaitable[str | None]],
    done: str,
    *,
    as_json: bool,
) -> None:
    """Gives each source its place in the folder `dest`, or a single one that path."""
    ctx = command_context(context)

    async def run(cloud: Client, summary: Summary) -> None:
        into = await cloud.is_folder(dest)
        if not into and (len(sources) > 1 or dest.endswith("/")):
            raise NotFound(f"{dest}: there is no such folder; make it with `discord-cloud mkdir`")

        async def place_one(source: str) -> None:
            target = join_remote(clean_folder(dest), _name_of(source)) if into else dest
            note = await place(cloud, source, target)
            summary.done.append({"source": source, "path": target, "note": note})
            if note and not as_json:
                ctx.note(f"{source}: {note}")

        await transfer_all(sources, place_one, str, summary, 1)

    _run(ctx, run, done, as_json=as_json)


def _run(
    ctx: CommandContext,
    work: Callable[[Client, Summary], Awaitable[None]],
    done: str,
    *,
    as_json: bool,
) -> None:
    async def run() -> None:
        summary = Summary()
        async with ctx.client() as cloud:
            await work(cloud, summary)
        if as_json:
            print_json(ctx.out, summary.as_data(done))
        summary.print_failures(ctx)
        summary.exit()

    ctx.run(run())


async def _make_alone(cloud: Client, path: str) -> None:
    if not clean_folder(path).strip("/"):
        raise InvalidInput("the root folder is always there")
    parent, _ = split_remote(clean_folder(path))
    if not await cloud.is_folder(parent):
        raise NotFound(f"there is no folder {parent}: make it too with -p")
    await cloud.create_folder(path)


def _name_of(source: str) -> str:
    return split_remote(clean_folder(source))[1]


def share_with(context: typer.Context, path: str, user: str, *, write: bool) -> None:
    """Share a file with a user, for reading unless --write; changes a share that is there."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            await cloud.share(path, user, can_write=write)
        ctx.note(f"{user} can {'read and write' if write else 'read'} {path}")

    ctx.run(run())


def unshare(context: typer.Context, path: str, user: str) -> None:
    """Stop sharing a file with a user."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            await cloud.unshare(path, user)
        ctx.note(f"{path} is no longer shared with {user}")

    ctx.run(run())


def set_public(context: typer.Context, path: str, *, is_public: bool) -> None:
    """Let all users read and write a file, or stop letting them."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            await cloud.set_public(path, is_public=is_public)
        ctx.note(f"{path} is {'public' if is_public else 'private'}")

    ctx.run(run())


def list_shares(context: typer.Context, path: str, *, as_json: bool) -> None:
    """Print which users may read and write a file."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            access = await cloud.access_of(path)
        if as_json:
            print_json(ctx.out, {"is_public": access.is_public, "shares": access.shares})
            return
        if access.is_public:
            ctx.note(f"{path} is public: all users can read and write it")
        for each in access.shares:
            rights = "rw" if each.can_write else "r"
            print_line(ctx.out, f"{rights:2}  {human_time(each.shared_at)}  {each.user.name}")

    ctx.run(run())
