"""`trash` and `versions`: what was deleted, and earlier contents of files."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import typer

from cli.commands.summary import Summary, transfer_all
from cli.context import command_context
from cli.output import human_time, print_json, print_line
from client_sdk import Client, TrashItem, VersionInfo
from client_sdk.errors import NotFound
from common.wording import counted, human_size


def list_trash(context: typer.Context, *, as_json: bool) -> None:
    """List what is in the trash, the last deletion first."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            found = [item async for item in cloud.trash()]
            use = await cloud.trash_use()
        if as_json:
            print_json(ctx.out, [_as_data(item) for item in found])
            return
        for item in found:
            print_line(ctx.out, _line(item))
        if found:
            files = counted(use.files, "file")
            ctx.note(f"{human_size(use.bytes)} of yours in {files}, which count in your quota")

    ctx.run(run())


def restore(context: typer.Context, chosen: list[str], *, as_json: bool) -> None:
    """Put items back, and print where they are now."""
    ctx = command_context(context)

    async def run() -> None:
        summary = Summary()
        async with ctx.client() as cloud:
            items = await _chosen(cloud, chosen, summary)

            async def restore_one(item: TrashItem) -> None:
                path = await cloud.restore(item)
                summary.done.append({"id": _id_of(item), "path": path})

            await transfer_all(items, restore_one, _id_of, summary, 1)
        if as_json:
            print_json(ctx.out, summary.as_data("restored"))
        else:
            for done in summary.done:
                print_line(ctx.out, done["path"])
            summary.print_failures(ctx)
        summary.exit()

    ctx.run(run())


def delete(context: typer.Context, chosen: list[str]) -> None:
    """Delete items for good."""
    ctx = command_context(context)

    async def run() -> None:
        summary = Summary()
        async with ctx.client() as cloud:
            items = await _chosen(cloud, chosen, summary)
            await cloud.delete_from_trash(items)
        summary.print_failures(ctx)
        ctx.note(f"deleted {counted(len(items), 'item')} for good")
        summary.exit()

    ctx.run(run())


def empty(context: typer.Context) -> None:
    """Delete everything for good."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            await cloud.empty_trash()
        ctx.note("the trash is empty")

    ctx.run(run())


def list_versions(context: typer.Context, path: str, *, as_json: bool) -> None:
    """List the earlier contents of a file, the last one first."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            found = await cloud.versions(path)
        if as_json:
            print_json(ctx.out, [asdict(version) for version in found])
            return
        for version in found:
            print_line(ctx.out, _version_line(version))

    ctx.run(run())


def get_version(context: typer.Context, path: str, version_id: int, target: Path) -> None:
    """Download an earlier content."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            local = await cloud.download(path, target, version=version_id)
        ctx.note(f"downloaded version {version_id} to {local}")

    ctx.run(run())


def restore_version(context: typer.Context, path: str, version_id: int) -> None:
    """Give a file an earlier content again."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            await cloud.restore_version(path, version_id)
        ctx.note(f"{path} has the content of version {version_id} again")

    ctx.run(run())


def delete_version(context: typer.Context, path: str, version_id: int) -> None:
    """Delete an earlier content for good."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            await cloud.delete_version(path, version_id)
        ctx.note(f"deleted version {version_id} of {path}")

    ctx.run(run())


async def _chosen(cloud: Client, chosen: Sequence[str], summary: Summary) -> list[TrashItem]:
    """The items of these ids or paths; what is not there is a failure in the summary."""
    by_name: dict[str, TrashItem] = {}
    async for item in cloud.trash():
        by_name.setdefault(_id_of(item), item)
        by_name.setdefault(item.path, item)
    for each in chosen:
        if each not in by_name:
            summary.fail(each, NotFound("this is not in your trash"))
    found = [by_name[each] for each in chosen if each in by_name]
    return list({_id_of(item): item for item in found}.values())


def _id_of(item: TrashItem) -> str:
    return f"{item.kind}-{item.id}"


def _line(item: TrashItem) -> str:
    """Id, size, when it was deleted and goes for good, and its path; that of a folder ends with a slash."""
    times = f"{human_time(item.deleted_at)}  {human_time(item.expires_at)}"
    slash = "/" if item.kind == "folder" else ""
    return f"{_id_of(item):<12}  {human_size(item.size):>10}  {times}  {item.path}{slash}"


def _version_line(version: VersionInfo) -> str:
    times = f"{human_time(version.stored_at)}  {human_time(version.replaced_at)}"
    return f"{version.id:>8}  {human_size(version.size):>10}  {times}"


def _as_data(item: TrashItem) -> dict[str, object]:
    return {**asdict(item), "id": _id_of(item)}
