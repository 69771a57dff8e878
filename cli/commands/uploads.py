"""`uploads`: the unfinished uploads that the manager keeps."""

import typer

from cli.commands.summary import Summary, transfer_all
from cli.context import command_context
from cli.output import human_time, print_json, print_line
from client_sdk import Client, KeptUploadInfo
from client_sdk.errors import InvalidInput
from common.wording import counted, human_part


def list_uploads(context: typer.Context, *, as_json: bool) -> None:
    """List the unfinished uploads, the oldest first."""
    ctx = command_context(context)

    async def run() -> None:
        async with ctx.client() as cloud:
            found = [kept async for kept in cloud.uploads()]
        if as_json:
            print_json(ctx.out, [_as_data(kept) for kept in found])
            return
        for kept in found:
            print_line(ctx.out, _line(kept))

    ctx.run(run())


def drop(context: typer.Context, ids: list[str], *, drop_all: bool) -> None:
    """Give up unfinished uploads: those named, or all."""
    ctx = command_context(context)

    async def run() -> None:
        if drop_all == bool(ids):
            raise InvalidInput("name the uploads to drop, or all with --all")
        summary = Summary()
        async with ctx.client() as cloud:
            chosen = [kept.id async for kept in cloud.uploads()] if drop_all else ids
            await _drop(cloud, chosen, summary)
        summary.print_failures(ctx)
        if summary.done or not chosen:
            ctx.note(f"dropped {counted(len(summary.done), 'upload')}")
        summary.exit()

    ctx.run(run())


async def _drop(cloud: Client, ids: list[str], summary: Summary) -> None:
    async def drop_one(upload_id: str) -> None:
        await cloud.drop_upload(upload_id)
        summary.done.append({"id": upload_id})

    await transfer_all(ids, drop_one, str, summary, 1)


def _line(kept: KeptUploadInfo) -> str:
    """Id, how much is stored, where it stands, when it is dropped, and its path."""
    stored, until = human_part(kept.stored_size, kept.size), human_time(kept.expires_at)
    return f"{kept.id}  {stored:>16}  {kept.state:17}  {until}  {kept.path}"


def _as_data(kept: KeptUploadInfo) -> dict[str, object]:
    return {
        "id": kept.id,
        "path": kept.path,
        "size": kept.size,
        "stored_size": kept.stored_size,
        "state": kept.state.value,
        "is_public": kept.is_public,
        "created_at": kept.created_at,
        "expires_at": kept.expires_at,
    }
