"""`get`: files and folders come down."""

from pathlib import Path
from typing import BinaryIO

import typer

from cli.errors import reported
from cli.output import say_json
from cli.progress import TransferDisplay
from cli.standard_output import STDOUT, binary_stdout, output_may_end
from cli.surroundings import Surroundings, surroundings_of
from cli.transfers import Summary, raise_if_gone
from client_sdk import Client, FailedTransfer, FileInfo, FolderProgress, OnConflict, TransferredFile
from client_sdk.batches import DownloadPlan, PlannedTransfer, local_child
from client_sdk.errors import InvalidInput, NotFound, TargetUnwritable
from client_sdk.paths import clean_folder
from client_sdk.transferring import download_planned, plan_download


def get(
    context: typer.Context,
    remotes: list[str],
    local: str,
    *,
    jobs: int,
    resume: bool,
    as_json: bool,
) -> None:
    """Download files and folders. A download that broke off goes on where it stopped."""
    around = surroundings_of(context)
    with reported(around.err):
        for remote in remotes:
            clean_folder(remote)  # a path that cannot be one is an error of the command line
        _check_target(remotes, local, as_json=as_json)
    if local == STDOUT:
        around.run(_to_stream(around, remotes[0], binary_stdout()))
        return
    getting = _Get(around, jobs=jobs, resume=resume, as_json=as_json)
    around.run(getting.run(remotes, local))


def _check_target(remotes: list[str], local: str, *, as_json: bool) -> None:
    if local == STDOUT:
        if len(remotes) > 1 or as_json:
            raise InvalidInput("standard output takes one file, and nothing else")
    elif len(remotes) > 1 and Path(local).exists() and not Path(local).is_dir():
        raise InvalidInput(f"{local} is not a folder, and several things do not fit in a file")


async def _to_stream(around: Surroundings, remote: str, output: BinaryIO) -> None:
    async with around.client() as cloud:
        with output_may_end():
            await cloud.download_to(remote, output)


class _Get:
    def __init__(self, around: Surroundings, *, jobs: int, resume: bool, as_json: bool) -> None:
        self._around = around
        self._jobs = jobs
        self._resume = resume
        self._as_json = as_json
        self._summary = Summary()

    async def run(self, remotes: list[str], local: str) -> None:
        async with self._around.client() as cloud:
            plan = DownloadPlan()
            is_alone = len(remotes) == 1 and not local.endswith("/")
            for remote in remotes:
                try:
                    await _plan(cloud, plan, remote, Path(local), is_alone=is_alone)
                except (NotFound, InvalidInput, TargetUnwritable) as error:
                    plan.fail(Path(local), remote, error)
            await self._download_all(cloud, plan)
        if self._as_json:
            say_json(self._around.out, self._summary.as_data())
        targets = [done["target"] for done in self._summary.done]
        self._summary.tell(self._around, "fetched", targets, f"into {local}")
        self._summary.exit()

    async def _download_all(self, cloud: Client, plan: DownloadPlan) -> None:
        with TransferDisplay(self._around.err, is_shown=not self._as_json) as display:

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
        raise_if_gone(result)

    def _take(self, progress: FolderProgress) -> None:
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
