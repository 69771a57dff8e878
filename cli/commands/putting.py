"""`put`: files and folders go up."""

import asyncio
from pathlib import Path

import typer

from cli.command_line.options import ConflictOption
from cli.errors import reported
from cli.output import say, say_json
from cli.progress import TransferDisplay
from cli.surroundings import Surroundings, surroundings_of
from cli.transfers import Summary, raise_if_gone
from cli.upload_plan import check_destination, find_destination, plan_uploads
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
from client_sdk.errors import InvalidInput
from client_sdk.transferring import AHEAD, upload_planned
from client_sdk.transfers import ConflictPolicy

_KEYS = {
    "o": OnConflict.OVERWRITE,
    "r": OnConflict.RENAME,
    "s": OnConflict.SKIP,
}
_QUESTION_FILE = "exists: [o]verwrite, [r]ename, [s]kip? (oo, rr, ss: all)", "ors"
_QUESTION_FOLDER = "is a folder: [r]ename the file, [s]kip it? (rr, ss: all)", "rs"


def put(
    context: typer.Context,
    sources: list[Path],
    dest: str,
    *,
    jobs: int,
    on_conflict: ConflictOption | None,
    public: bool,
    as_json: bool,
) -> None:
    """Upload files and folders."""
    around = surroundings_of(context)
    with reported(around.err):
        check_destination(dest)  # what cannot be one is an error of the command line
        option = _conflict_option(around, on_conflict)
    putting = _Put(around, option, jobs=jobs, is_public=public, as_json=as_json)
    around.run(putting.run(sources, dest))


def _conflict_option(around: Surroundings, chosen: ConflictOption | None) -> ConflictOption:
    if chosen is None:
        return ConflictOption.ASK if around.is_interactive else ConflictOption.RENAME
    if chosen is ConflictOption.ASK and not around.is_interactive:
        raise InvalidInput(
            "there is no terminal to ask on: use --on-conflict overwrite|rename|skip"
        )
    return chosen


class _Put:
    def __init__(
        self,
        around: Surroundings,
        option: ConflictOption,
        *,
        jobs: int,
        is_public: bool,
        as_json: bool,
    ) -> None:
        self._around = around
        self._option = option
        self._jobs = jobs
        self._is_public = is_public
        self._as_json = as_json
        self._summary = Summary()

    async def run(self, sources: list[Path], destination: str) -> None:
        try:
            async with self._around.client(parallel_uploads=self._jobs) as cloud:
                place = await find_destination(cloud, sources, destination)
                plan = await asyncio.to_thread(plan_uploads, sources, place)
                await self._upload_all(cloud, plan)
        finally:
            # Also when the manager is gone or somebody pressed Ctrl-C: what is stored is stored.
            self._report(destination)
        self._summary.exit()

    def _report(self, destination: str) -> None:
        if self._as_json:
            say_json(self._around.out, self._summary.as_data())
        paths = [done["path"] for done in self._summary.done]
        self._summary.tell(self._around, "stored", paths, f"in {destination}")

    async def _upload_all(self, cloud: Client, plan: UploadPlan) -> None:
        with TransferDisplay(self._around.err, is_shown=not self._as_json) as display:

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
            )
        raise_if_gone(result)

    def _take(self, progress: FolderProgress) -> None:
        source = str(progress.local)
        match progress.finished:
            case FailedTransfer(error=error):
                self._summary.fail(source, error)
            case TransferredFile() as file:
                self._take_file(source, file)

    def _take_file(self, source: str, file: TransferredFile) -> None:
        is_skipped = file.outcome is Outcome.SKIPPED
        if file.outcome is not Outcome.STORED and not self._as_json:
            how = "skipped, is there" if is_skipped else f"stored as {file.remote}"
            say(self._around.err, f"{source}: {how}")
        self._summary.skipped += is_skipped
        self._summary.add(file.size, source=source, path=file.remote, outcome=file.outcome.value)

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
            say(self._around.err, f"{conflict.path} {question}")
            answer = (await self._around.read_line()).strip().lower()
            if answer and answer[0] in keys and answer in {answer[0], answer[0] * 2}:
                return ConflictAnswer(_KEYS[answer[0]], use_on_all=len(answer) > 1)
