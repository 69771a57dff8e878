"""`mv`, `rm` and `mkdir`."""

from collections.abc import Awaitable, Callable

import typer

from cli.output import say, say_json
from cli.surroundings import Surroundings, surroundings_of
from cli.transfers import Summary, transfer_all
from client_sdk import Client
from client_sdk.errors import InvalidInput, NotFound
from client_sdk.paths import clean_folder, join_remote, split_remote
from common.wording import human_size


def mv(context: typer.Context, sources: list[str], dest: str, *, as_json: bool) -> None:
    """Move or rename files and folders. Nothing is replaced: a taken name is numbered."""
    around = surroundings_of(context)

    async def run(cloud: Client, summary: Summary) -> None:
        into = await cloud.is_folder(dest)
        if not into and (len(sources) > 1 or dest.endswith("/")):
            raise NotFound(f"{dest}: there is no such folder; make it with `discord-cloud mkdir`")

        async def move(source: str) -> None:
            target = join_remote(clean_folder(dest), _name_of(source)) if into else dest
            note = await cloud.move(source, target)
            summary.done.append({"source": source, "path": target, "note": note})
            if note and not as_json:
                say(around.err, f"{source}: {note}")

        await transfer_all(sources, move, str, summary, 1)

    _run(around, run, "moved", as_json=as_json)


def rm(
    context: typer.Context, paths: list[str], *, recursive: bool, force: bool, as_json: bool
) -> None:
    """Delete files, and folders with -r. Asks on a terminal."""
    around = surroundings_of(context)

    async def run(cloud: Client, summary: Summary) -> None:
        async def delete(path: str) -> None:
            deleting = _Deleting(around, cloud, path, recursive=recursive, force=force)
            if done := await deleting.run():
                summary.done.append({"path": path, "kind": done})

        await transfer_all(paths, delete, str, summary, 1)

    _run(around, run, "deleted", as_json=as_json)


def mkdir(context: typer.Context, paths: list[str], *, parents: bool, as_json: bool) -> None:
    """Make folders."""
    around = surroundings_of(context)

    async def run(cloud: Client, summary: Summary) -> None:
        async def make(path: str) -> None:
            is_new = True
            if parents:
                is_new = await cloud.make_folders(path)
            else:
                await _make_alone(cloud, path)
            summary.done.append({"path": clean_folder(path), "is_new": is_new})

        await transfer_all(paths, make, str, summary, 1)

    _run(around, run, "folders", as_json=as_json)


class _Deleting:
    """One path that is to be deleted."""

    def __init__(
        self, around: Surroundings, cloud: Client, path: str, *, recursive: bool, force: bool
    ) -> None:
        self._around = around
        self._cloud = cloud
        self._path = path
        self._recursive = recursive
        self._force = force

    async def run(self) -> str | None:
        """Delete it; what it was, or None if it stays, or was not there."""
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
        if self._force or not self._around.is_interactive:
            return True
        say(self._around.err, f"{self._path}: {question} [y/N]")
        return (await self._around.read_line()).strip().lower() in {"y", "yes"}


def _run(
    around: Surroundings,
    work: Callable[[Client, Summary], Awaitable[None]],
    done: str,
    *,
    as_json: bool,
) -> None:
    async def run() -> None:
        summary = Summary()
        async with around.client() as cloud:
            await work(cloud, summary)
        if as_json:
            say_json(around.out, summary.as_data(done))
        summary.tell_failures(around)
        summary.exit()

    around.run(run())


async def _make_alone(cloud: Client, path: str) -> None:
    if not clean_folder(path).strip("/"):
        raise InvalidInput("the root folder is always there")
    parent, _ = split_remote(clean_folder(path))
    if not await cloud.is_folder(parent):
        raise NotFound(f"there is no folder {parent}: make it too with -p")
    await cloud.create_folder(path)


def _name_of(source: str) -> str:
    return split_remote(clean_folder(source))[1]
