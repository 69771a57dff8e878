"""`ls`, `tree`, `du` and `stat`: show what is on the manager, without its content."""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from cli.context import command_context
from cli.output import human_time, print_json, print_line
from client_sdk import Client, FileInfo, FolderInfo
from client_sdk.errors import InvalidInput, NotFound
from client_sdk.models import Entry
from client_sdk.paths import clean_folder
from common.wording import counted, human_size

_ACCESS = {(True, True): "rw", (True, False): "r", (False, False): "none"}


def ls(context: typer.Context, path: str, *, long: bool, as_json: bool) -> None:
    """List a folder: folders first, then files, each by name."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            entries = await _entries(cloud, path)
        if as_json:
            print_json(ctx.out, [entry_data(entry) for entry in entries])
            return
        for entry in entries:
            print_line(ctx.out, (entry_facts(entry) if long else "") + _name(entry))

    ctx.run(run())


async def _entries(cloud: Client, path: str) -> list[Entry]:
    try:
        return [entry async for entry in cloud.list(path)]
    except NotFound:
        if path.endswith("/"):
            raise
        return [await _file(cloud, path)]


async def _file(cloud: Client, path: str) -> FileInfo:
    try:
        return await cloud.find_file(path)
    except NotFound:
        raise NotFound(f"{path}: there is no such file or folder") from None


def _name(entry: Entry) -> str:
    return f"{entry.name}/" if isinstance(entry, FolderInfo) else entry.name


def entry_facts(entry: Entry) -> str:
    """Size, time and access, as columns in front of the name."""
    if isinstance(entry, FolderInfo):
        return f"{'-':>9}  {'':19}  {'':10}  "
    modified_at = entry.modified_at or entry.updated_at
    time = human_time(modified_at) if modified_at else ""
    size, access = human_size(entry.size), entry.ownership
    return f"{size:>9}  {time:19}  {access:10}  "


def entry_data(entry: Entry) -> dict[str, Any]:
    """A file or folder for `--json`."""
    if isinstance(entry, FolderInfo):
        return {"kind": "folder", "id": entry.id, "name": entry.name}
    return {
        "kind": "file",
        "id": entry.id,
        "name": entry.name,
        "size": entry.size,
        "type": entry.content_type,
        "created_at": entry.created_at,
        "updated_at": entry.updated_at,
        "modified_at": entry.modified_at,
        "ownership": entry.ownership,
        "can": _ACCESS[entry.can_read, entry.can_write],
    }


def tree(context: typer.Context, path: str, *, depth: int | None, as_json: bool) -> None:
    """Print a folder with everything below it, at most `depth` levels; None: all of them."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            branches = await _branches(cloud, clean_folder(path), depth)
        if as_json:
            print_json(ctx.out, [_branch_data(each) for each in branches])
            return
        print_line(ctx.out, path)
        for line in _drawn(branches):
            print_line(ctx.out, line)
        folders, files = _counts(branches)
        ctx.note(f"{counted(folders, 'folder')}, {counted(files, 'file')}")

    ctx.run(run())


@dataclass(frozen=True)
class _Branch:
    """A file, or a folder with what lies in it."""

    entry: Entry
    entries: Sequence["_Branch"] = ()

    @property
    def is_folder(self) -> bool:
        return isinstance(self.entry, FolderInfo)


async def _branches(cloud: Client, path: str, depth: int | None) -> list[_Branch]:
    if depth == 0:
        return []
    below = None if depth is None else depth - 1
    return [
        _Branch(each, await _branches(cloud, each.path, below))
        if isinstance(each, FolderInfo)
        else _Branch(each)
        async for each in cloud.list(path)
    ]


def _drawn(branches: Sequence[_Branch], indent: str = "") -> Iterator[str]:
    for number, each in enumerate(branches, start=1):
        is_last = number == len(branches)
        yield f"{indent}{'└── ' if is_last else '├── '}{_name(each.entry)}"
        yield from _drawn(each.entries, f"{indent}{'    ' if is_last else '│   '}")


def _counts(branches: Sequence[_Branch]) -> tuple[int, int]:
    """Folders and files among the branches and below them."""
    inner = [_counts(each.entries) for each in branches]
    folders = sum(each.is_folder for each in branches)
    return (
        folders + sum(count for count, _ in inner),
        len(branches) - folders + sum(count for _, count in inner),
    )


def _branch_data(branch: _Branch) -> dict[str, Any]:
    data = entry_data(branch.entry)
    if branch.is_folder:
        data["entries"] = [_branch_data(each) for each in branch.entries]
    return data


def du(context: typer.Context, path: str, *, depth: int, as_json: bool) -> None:
    """Print how much each folder holds with everything below it, `depth` levels down; itself last."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            sizes = [each async for each in _sizes(cloud, clean_folder(path), depth)]
        if as_json:
            print_json(ctx.out, [{"path": each, "size": size} for each, size in sizes])
            return
        for each, size in sizes:
            print_line(ctx.out, f"{human_size(size):>9}  {each}")

    ctx.run(run())


async def _sizes(cloud: Client, path: str, depth: int) -> AsyncIterator[tuple[str, int]]:
    total = (await cloud.folder_size(path)).total_size
    if depth > 0:
        async for each in cloud.list(path):
            if isinstance(each, FileInfo):
                break
            async for inner in _sizes(cloud, each.path, depth - 1):
                yield inner
    yield path, total


def stat(context: typer.Context, paths: Sequence[str], *, as_json: bool) -> None:
    """Print everything that is known of files and folders."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            found = [await _stated(cloud, path) for path in paths]
        if as_json:
            print_json(ctx.out, found)
            return
        for number, data in enumerate(found):
            if number:
                print_line(ctx.out, "")
            for key, value in data.items():
                print_line(ctx.out, f"{key.replace('_', ' ') + ':':12} {_shown(key, value)}")

    ctx.run(run())


async def _stated(cloud: Client, path: str) -> dict[str, Any]:
    if not path.endswith("/"):
        try:
            file = await cloud.find_file(path)
        except (NotFound, InvalidInput):  # the root is no file's path
            pass
        else:
            return {"path": file.path, **entry_data(file)}
    status = await cloud.folder_status(path)
    if not status.exists:
        raise NotFound(f"{path}: there is no such file or folder")
    size = await cloud.folder_size(path)
    return {
        "path": status.path,
        "kind": "folder",
        "id": status.id,
        "size": size.total_size,
        "folders": status.folder_count,
        "files": status.file_count,
    }


def _shown(key: str, value: Any) -> str:  # noqa: ANN401 - whatever is known
    match key, value:
        case _, None:
            return "-"
        case "size", int():
            return f"{human_size(value)} ({value} bytes)"
        case "created_at" | "updated_at" | "modified_at", _:
            return f"{human_time(value)} UTC"
        case _:
            return str(value)
