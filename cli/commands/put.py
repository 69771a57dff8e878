"""`put`: uploads files and folders."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import typer

from cli.command_line.options import ConflictOption
from cli.commands.accounts import limit_of
from cli.commands.summary import Summary, raise_if_manager_lost
from cli.context import CommandContext, command_context
from cli.errors import reported
from cli.output import print_json, print_line
from cli.progress import TransferDisplay, transfer_display
from client_sdk import (
    Client,
    Conflict,
    ConflictAnswer,
    FailedTransfer,
    FolderProgress,
    OnConflict,
    Outcome,
    TransferredFile,
)
from client_sdk.batches import UploadPlan
from client_sdk.errors import InvalidInput, NotFound
from client_sdk.paths import clean_folder, join_remote, split_remote
from client_sdk.transferring import AHEAD, upload_planned
from client_sdk.transfers import ConflictPolicy

_KEYS = {
    "o": OnConflict.OVERWRITE,
    "r": OnConflict.RENAME,
    "s": OnConflict.SKIP,
}
_QUESTION_FILE = "exists: [o]verwrite, [r]ename, [s]kip? (oo, rr, ss: all)", "ors"
_QUESTION_FOLDER = "is a folder: [r]ename the file, [s]kip it? (rr, ss: all)", "rs"


@dataclass(frozen=True)
class Destination:
    """Where uploads go.

    Attributes:
        path: Full path of the folder that they go into, or of the file that the only one becomes.
        is_folder: Which of the two it is.
    """

    path: str
    is_folder: bool = True

    def path_of(self, name: str) -> str:
        """The full path of a source of that name."""
        return join_remote(self.path, name) if self.is_folder else self.path


def check_destination(path: str) -> None:
    """Raises `InvalidInput` for what can be neither the path of a folder nor that of a file."""
    if path.endswith("/"):
        clean_folder(path)
    else:
        split_remote(path)


async def find_destination(cloud: Client, sources: Sequence[Path], path: str) -> Destination:
    """What a path means for these sources.

    A folder that exists, or a slash at the end, means into the folder. A single file may take the place of
    a file, or be a new one in a folder that exists. Other folders are made.

    Raises:
        InvalidInput: It is no path, or that of a file where only a folder will do.
        NotFound: The folder of the new file does not exist.
    """
    is_lone_file = len(sources) == 1 and await asyncio.to_thread(sources[0].is_file)
    if is_lone_file and not path.endswith("/"):
        return await _named_or_into(cloud, path)
    folder = clean_folder(path)
    if folder != "/" and await cloud.is_file(folder):
        what = "several sources need" if len(sources) > 1 else "this needs"
        raise InvalidInput(f"{folder} is a file: {what} a folder")
    return Destination(folder)


async def _named_or_into(cloud: Client, path: str) -> Destination:
    parent, _ = split_remote(path)
    if await cloud.is_file(path):
        return Destination(path, is_folder=False)
    if await cloud.exists(path):
        return Destination(path)
    if not await cloud.is_folder(parent):
        raise NotFound(
            f"{path}: there is no folder {parent}; make it with `discord-cloud mkdir`, or write "
            f"{path}/ for a new folder"
        )
    return Destination(path, is_folder=False)


def plan_uploads(sources: Iterable[Path], destination: Destination) -> UploadPlan:
    """Plan the upload of files and folders.

    `holiday` becomes `destination/holiday/…`, with or without a slash at its end.
    """
    plan = UploadPlan()
    for source in sources:
        name = source.name if source.name not in {"", ".."} else source.resolve().name
        if name:
            plan.add(source, destination.path_of(name))
        else:
            error = InvalidInput("this folder has no name: name the folders inside it")
            plan.fail(source, destination.path, error)
    return plan


def put(
    context: typer.Context,
    sources: list[Path],
    dest: str,
    *,
    jobs: int,
    limit_rate: str | None,
    on_conflict: ConflictOption | None,
    public: bool,
    as_json: bool,
) -> None:
    """Upload files and folders."""
    ctx = command_context(context)
    with reported(ctx.err):
        check_destination(
            dest
        )  # checked before connecting: a wrong path is an error of the command line
        option = _conflict_option(ctx, on_conflict)
        ctx = ctx.with_rate_limit(limit_of("--limit-rate", limit_rate))
    putting = _Put(ctx, option, jobs=jobs, is_public=public, as_json=as_json)
    ctx.run(putting.run(sources, dest))


def kept_line(ids: list[str]) -> str:
    """What the user can do about uploads that are not finished."""
    what, them = ("upload is", "it") if len(ids) == 1 else ("uploads are", "them")
    return (
        f"discord-cloud: {len(ids)} unfinished {what} kept: run the same command again to go on, or "
        f"give {them} up with `discord-cloud uploads drop {' '.join(ids)}`"
    )


def _conflict_option(ctx: CommandContext, chosen: ConflictOption | None) -> ConflictOption:
    if chosen is None:
        return ConflictOption.ASK if ctx.is_interactive else ConflictOption.RENAME
    if chosen is ConflictOption.ASK and not ctx.is_interactive:
        raise InvalidInput(
            "there is no terminal to ask on: use --on-conflict overwrite|rename|skip"
        )
    return chosen


class _Put:
    def __init__(
        self,
        ctx: CommandContext,
        option: ConflictOption,
        *,
        jobs: int,
        is_public: bool,
        as_json: bool,
    ) -> None:
        self._ctx = ctx
        self._option = option
        self._jobs = jobs
        self._is_public = is_public
        self._as_json = as_json
        self._summary = Summary()
        self._kept: dict[Path, str] = {}

    async def run(self, sources: list[Path], destination: str) -> None:
        try:
            async with self._ctx.client(parallel_uploads=self._jobs) as cloud:
                place = await find_destination(cloud, sources, destination)
                plan = await asyncio.to_thread(plan_uploads, sources, place)
                await self._upload_all(cloud, plan)
        finally:
            # Also after Ctrl-C or the loss of the manager, since some files may be stored already.
            self._report(destination)
        self._summary.exit()

    def _report(self, destination: str) -> None:
        if self._as_json:
            print_json(self._ctx.out, self._summary.as_data())
        paths = [done["path"] for done in self._summary.done]
        self._summary.print(self._ctx, "stored", paths, f"in {destination}")
        if self._kept:
            self._ctx.note(kept_line(list(self._kept.values())))

    async def _upload_all(self, cloud: Client, plan: UploadPlan) -> None:
        with transfer_display(
            self._ctx.err, is_shown=self._ctx.shows_progress and not self._as_json
        ) as display:

            def report(progress: FolderProgress) -> None:
                display.show(progress)
                self._take(progress)

            result = await upload_planned(
                cloud,
                plan,
                on_conflict=self._policy(display),
                progress=report,
                is_public=self._is_public,
                workers=self._jobs * AHEAD,
                keep_on_cancel=True,
            )
        raise_if_manager_lost(result)

    def _take(self, progress: FolderProgress) -> None:
        self._summary.follow(progress)
        source = str(progress.local)
        self._follow(progress)
        match progress.finished:
            case FailedTransfer(error=error):
                self._summary.fail(source, error)
            case TransferredFile() as file:
                self._take_file(source, file)

    def _follow(self, progress: FolderProgress) -> None:
        """Remember the uploads that the manager keeps until they are stored."""
        kept_id, reason = progress.progress.kept_id, progress.progress.reason
        if kept_id is not None and not isinstance(progress.finished, TransferredFile):
            self._kept[progress.local] = kept_id
        else:
            self._kept.pop(progress.local, None)
        if reason is not None:
            self._ctx.note(f"{progress.local}: begins anew: {reason}")

    def _take_file(self, source: str, file: TransferredFile) -> None:
        is_skipped = file.outcome is Outcome.SKIPPED
        if file.outcome is not Outcome.STORED and not self._as_json:
            how = "skipped, is there" if is_skipped else f"stored as {file.remote}"
            self._ctx.note(f"{source}: {how}")
        self._summary.skipped += is_skipped
        self._summary.add(
            file.size,
            source=source,
            path=file.remote,
            outcome=file.outcome.value,
            sent_bytes=file.sent_bytes,
        )

    def _policy(self, display: TransferDisplay) -> ConflictPolicy:
        if self._option is not ConflictOption.ASK:
            return OnConflict(self._option.value)

        async def ask(conflict: Conflict) -> ConflictAnswer:
            with display.paused():
                return await self._ask(conflict)

        return ask

    async def _ask(self, conflict: Conflict) -> ConflictAnswer:
        question, keys = _QUESTION_FOLDER if conflict.is_folder else _QUESTION_FILE
        while True:
            print_line(self._ctx.err, f"{conflict.path} {question}")
            answer = (await self._ctx.read_line()).strip().lower()
            if answer and answer[0] in keys and answer in {answer[0], answer[0] * 2}:
                return ConflictAnswer(_KEYS[answer[0]], use_on_all=len(answer) > 1)
