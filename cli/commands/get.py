"""`get`, `cat` and `zip`: download files and folders, and a folder as one archive."""

import asyncio
import contextlib
from functools import partial
from pathlib import Path
from typing import BinaryIO

import typer

from cli.commands.accounts import limit_of
from cli.commands.summary import Summary, raise_if_manager_lost
from cli.context import CommandContext, command_context
from cli.errors import reported
from cli.output import print_json
from cli.progress import transfer_display
from cli.standard_output import STDOUT, exits_on_closed_output, unbuffered_stdout
from client_sdk import Client, FailedTransfer, FileInfo, FolderProgress, OnConflict, TransferredFile
from client_sdk.batches import DownloadPlan, PlannedTransfer, local_child
from client_sdk.errors import InvalidInput, NotFound, TargetUnwritable
from client_sdk.paths import clean_folder
from client_sdk.sinks import OpenOutput
from client_sdk.transferring import download_planned, plan_download
from common.wording import human_size


def get(
    context: typer.Context,
    remotes: list[str],
    local: str,
    *,
    jobs: int,
    limit_rate: str | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Download files and folders. With `resume` a partial download continues."""
    ctx = command_context(context)
    with reported(ctx.err):
        for remote in remotes:
            clean_folder(
                remote
            )  # checked before connecting: a wrong path is an error of the command line
        _check_target(remotes, local, as_json=as_json)
        ctx = ctx.with_rate_limit(limit_of("--limit-rate", limit_rate))
    if local == STDOUT:
        ctx.run(_files_to_stream(ctx, remotes, unbuffered_stdout()))
        return
    getting = _Get(ctx, jobs=jobs, resume=resume, as_json=as_json)
    ctx.run(getting.run(remotes, local))


def _check_target(remotes: list[str], local: str, *, as_json: bool) -> None:
    if local == STDOUT:
        if len(remotes) > 1 or as_json:
            raise InvalidInput("standard output takes one file, and nothing else")
    elif len(remotes) > 1 and Path(local).exists() and not Path(local).is_dir():
        raise InvalidInput(f"{local} is not a folder, and several things do not fit in a file")


def cat(context: typer.Context, remotes: list[str]) -> None:
    """Write files to standard output, one after the other, and nothing else."""
    ctx = command_context(context)
    ctx.run(_files_to_stream(ctx, remotes, unbuffered_stdout()))


async def _files_to_stream(ctx: CommandContext, remotes: list[str], output: BinaryIO) -> None:
    async with ctx.client() as cloud:
        with exits_on_closed_output():
            for remote in remotes:
                await cloud.download_to(remote, output)


class _Get:
    def __init__(self, ctx: CommandContext, *, jobs: int, resume: bool, as_json: bool) -> None:
        self._ctx = ctx
        self._jobs = jobs
        self._resume = resume
        self._as_json = as_json
        self._summary = Summary()

    async def run(self, remotes: list[str], local: str) -> None:
        async with self._ctx.client() as cloud:
            plan = DownloadPlan()
            is_alone = len(remotes) == 1 and not local.endswith("/")
            for remote in remotes:
                try:
                    await _plan(cloud, plan, remote, Path(local), is_alone=is_alone)
                except (NotFound, InvalidInput, TargetUnwritable) as error:
                    plan.fail(Path(local), remote, error)
            await self._download_all(cloud, plan)
        if self._as_json:
            print_json(self._ctx.out, self._summary.as_data())
        targets = [done["target"] for done in self._summary.done]
        self._summary.print(self._ctx, "fetched", targets, f"into {local}")
        self._summary.exit()

    async def _download_all(self, cloud: Client, plan: DownloadPlan) -> None:
        with transfer_display(
            self._ctx.err, is_shown=self._ctx.shows_progress and not self._as_json
        ) as display:

            def report(progress: FolderProgress) -> None:
                display.show(progress)
                self._take(progress)

            result = await download_planned(
                cloud,
                plan,
                on_conflict=OnConflict.OVERWRITE,
                resume=self._resume,
                progress=report,
                workers=self._jobs,
            )
        raise_if_manager_lost(result)

    def _take(self, progress: FolderProgress) -> None:
        self._summary.follow(progress)
        match progress.finished:
            case FailedTransfer(remote=remote, error=error):
                self._summary.fail(remote, error)
            case TransferredFile() as file:
                self._summary.add(file.size, path=file.remote, target=str(file.local))


async def _plan(
    cloud: Client, plan: DownloadPlan, remote: str, local: Path, *, is_alone: bool
) -> None:
    file = None if remote.endswith("/") else await _file(cloud, remote)
    if file is not None:
        is_target = is_alone and not local.is_dir()  # noqa: ASYNC240 - one look at the disk
        target = local if is_target else local_child(local, file.name)
        plan.files.append(PlannedTransfer(local=target, remote=remote, size=file.size))
        return
    folder = clean_folder(remote)
    if not await cloud.is_folder(folder):
        raise NotFound("there is no such file or folder")
    name = folder.rpartition("/")[2]
    await plan_download(cloud, plan, folder, local_child(local, name) if name else local)


async def _file(cloud: Client, remote: str) -> FileInfo | None:
    try:
        return await cloud.find_file(remote)
    except NotFound:
        return None


def zip_(context: typer.Context, remote: str, file: str | None) -> None:
    """Download a folder with everything in it as a zip archive, but for what you may not read."""
    ctx = command_context(context)
    if file != STDOUT:
        ctx.run(_archive_to_file(ctx, remote, Path(file or ".")))
        return
    output = unbuffered_stdout()
    with reported(ctx.err):
        if output.isatty():
            raise InvalidInput("an archive is not for a terminal: name a file, or use a pipe")
    ctx.run(_archive_to_stream(ctx, remote, output))


async def _archive_to_file(ctx: CommandContext, remote: str, target: Path) -> None:
    async with ctx.client() as cloud:
        await _check_folder(cloud, remote)
        with transfer_display(ctx.err, is_shown=ctx.shows_progress) as display:
            report = partial(display.show_one, remote)
            path = await cloud.download_archive(remote, target, progress=report)
    written = await asyncio.to_thread(path.stat)
    ctx.note(f"wrote {path}, {human_size(written.st_size)}")


async def _archive_to_stream(ctx: CommandContext, remote: str, output: BinaryIO) -> None:
    async with ctx.client() as cloud:
        await _check_folder(cloud, remote)
        sink, position = OpenOutput(output, "standard output"), 0
        with exits_on_closed_output():
            async with contextlib.aclosing(cloud.read_archive(remote)) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(sink.write, position, piece)
                    position += len(piece)


async def _check_folder(cloud: Client, remote: str) -> None:
    if not await cloud.is_folder(remote) and await cloud.is_file(remote):
        raise InvalidInput(f"{remote} is a file: fetch it with `discord-cloud get`")
