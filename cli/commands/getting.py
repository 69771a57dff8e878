"""`get`: files and folders come down."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from cli.errors import reported
from cli.output import say_json
from cli.progress import TransferDisplay
from cli.standard_output import STDOUT, binary_stdout
from cli.surroundings import Surroundings, surroundings_of
from cli.transfers import Failure, Summary, transfer_all
from client_sdk import Client, FolderInfo
from client_sdk.errors import InvalidInput, NotFound, TargetUnwritable
from client_sdk.paths import clean_folder, join_remote, split_remote


@dataclass(frozen=True)
class PlannedDownload:
    """One file to download.

    Attributes:
        remote: Its full path.
        target: File to write.
        size: Its size in bytes; 0 while it is not known.
    """

    remote: str
    target: Path
    size: int = 0


def get(
    context: typer.Context,
    remotes: Annotated[list[str], typer.Argument(help="Remote files and folders.")],
    local: Annotated[
        str,
        typer.Argument(
            help="Folder to put them in; or, for one file, its name, or `-` for standard output."
        ),
    ],
    *,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Files at once.")] = 4,
    resume: Annotated[
        bool, typer.Option("--resume/--no-resume", help="Go on with partial downloads.")
    ] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
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
            plan: list[PlannedDownload] = []
            is_alone = len(remotes) == 1 and not local.endswith("/")
            for remote in remotes:
                try:
                    plan += await self._plan(cloud, remote, Path(local), is_alone=is_alone)
                except (NotFound, InvalidInput, TargetUnwritable) as error:
                    self._summary.failures.append(Failure(remote, error))
            await self._download_all(cloud, self._without_clashes(plan))
        if self._as_json:
            say_json(self._around.out, self._summary.as_data())
        targets = [done["target"] for done in self._summary.done]
        self._summary.tell(self._around, "fetched", targets, f"into {local}")
        self._summary.exit()

    async def _plan(
        self, cloud: Client, remote: str, local: Path, *, is_alone: bool
    ) -> list[PlannedDownload]:
        if not remote.endswith("/") and await cloud.is_file(remote):
            is_target = is_alone and not local.is_dir()  # noqa: ASYNC240 - one look at the disk
            target = local if is_target else _inside(local, split_remote(remote)[1])
            return [PlannedDownload(remote, target)]
        folder = clean_folder(remote)
        if not await cloud.is_folder(folder):
            raise NotFound("there is no such file or folder")
        name = folder.rpartition("/")[2]
        inside = _inside(local, name) if name else local
        return [file async for file in _walk(cloud, folder, inside)]

    def _without_clashes(self, plan: list[PlannedDownload]) -> list[PlannedDownload]:
        """What can be put where it belongs; the rest are failures.

        Two remote files of one name go to one target, and a remote folder may have the name of a
        file beside it.
        """
        taken = {folder for file in plan for folder in file.target.parents}
        fitting = []
        for file in plan:
            if file.target in taken:
                error = InvalidInput(f"{file.target} is the place of another file or folder, too")
                self._summary.failures.append(Failure(file.remote, error))
            else:
                taken.add(file.target)
                fitting.append(file)
        return fitting

    async def _download_all(self, cloud: Client, plan: list[PlannedDownload]) -> None:
        total = sum(file.size for file in plan)
        with TransferDisplay(self._around.err, total, is_shown=not self._as_json) as display:

            async def download(file: PlannedDownload) -> None:
                await self._download(cloud, file, display)

            await transfer_all(plan, download, lambda file: file.remote, self._summary, self._jobs)

    async def _download(
        self, cloud: Client, file: PlannedDownload, display: TransferDisplay
    ) -> None:
        await asyncio.to_thread(_make_folder, file.target.parent)
        if await asyncio.to_thread(file.target.is_dir):
            raise TargetUnwritable(f"{file.target} is a folder; move it, or choose another target")
        with display.file(file.target.name, file.size) as report:
            target = await cloud.download(
                file.remote, file.target, resume=self._resume, progress=report
            )
        size = (await asyncio.to_thread(target.stat)).st_size
        self._summary.add(size, path=file.remote, target=str(target))


async def _walk(cloud: Client, folder: str, local: Path) -> AsyncIterator[PlannedDownload]:
    await asyncio.to_thread(_make_folder, local)
    async for entry in cloud.list(folder):
        remote, target = join_remote(folder, entry.name), _inside(local, entry.name)
        if isinstance(entry, FolderInfo):
            async for file in _walk(cloud, remote, target):
                yield file
        else:
            yield PlannedDownload(remote, target, entry.size)


def _inside(folder: Path, name: str) -> Path:
    """The path of a name in a folder, which on some systems may lead out of it."""
    path = folder / name
    if path.parent != folder or path.name != name:
        raise InvalidInput(f"{name}: this name cannot be used on this system")
    return path


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TargetUnwritable(f"{path} cannot be made: {error.strerror}") from error
