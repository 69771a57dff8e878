"""`put`: files and folders go up."""

import asyncio
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cli.errors import reported
from cli.output import say, say_json
from cli.progress import TransferDisplay
from cli.surroundings import Surroundings, surroundings_of
from cli.transfers import Failure, Summary, transfer_all
from cli.upload_plan import (
    PlannedFile,
    UploadPlan,
    check_destination,
    find_destination,
    plan_uploads,
)
from client_sdk import Client, Conflict, ConflictAnswer, OnConflict, Outcome
from client_sdk.conflicts import ConflictPolicy
from client_sdk.errors import CloudError, InvalidInput

AHEAD = 2
"""Uploads that wait or settle beside each that is sent, so that no booked service stands idle."""


class ConflictOption(StrEnum):
    """What `--on-conflict` may be."""

    ASK = "ask"
    OVERWRITE = "overwrite"
    RENAME = "rename"
    SKIP = "skip"


_KEYS = {
    "o": OnConflict.OVERWRITE,
    "r": OnConflict.RENAME,
    "s": OnConflict.SKIP,
}
_QUESTION_FILE = "exists: [o]verwrite, [r]ename, [s]kip? (oo, rr, ss: all)", "ors"
_QUESTION_FOLDER = "is a folder: [r]ename the file, [s]kip it? (rr, ss: all)", "rs"


def put(
    context: typer.Context,
    sources: Annotated[list[Path], typer.Argument(help="Files and folders.")],
    dest: Annotated[
        str, typer.Argument(help="Remote folder to put them in; or, for one file, its path.")
    ],
    *,
    jobs: Annotated[int, typer.Option("--jobs", "-j", min=1, max=64, help="Files at once.")] = 4,
    on_conflict: Annotated[
        ConflictOption | None,
        typer.Option(
            help="When a name is taken. Asks on a terminal, renames elsewhere, if not given."
        ),
    ] = None,
    public: Annotated[
        bool, typer.Option("--public/--private", help="Let everybody read and write the files.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Upload files and folders; `put holiday /archive` makes the folder /archive/holiday.

    A folder that is missing is made; for one file only if DEST ends with a slash.
    """
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
                self._summary.failures += [
                    Failure(str(path), error) for path, error in plan.problems
                ]
                await self._make_folders(cloud, plan)
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

    async def _make_folders(self, cloud: Client, plan: UploadPlan) -> None:
        for path in plan.empty_folders:
            try:
                await cloud.make_folders(path)
            except CloudError as error:
                self._summary.failures.append(Failure(path, error))

    async def _upload_all(self, cloud: Client, plan: UploadPlan) -> None:
        console, is_shown = self._around.err, not self._as_json
        with TransferDisplay(console, plan.size, is_shown=is_shown) as display:
            policy = self._policy(display)

            async def upload(file: PlannedFile) -> None:
                await self._upload(cloud, file, display, policy)

            await transfer_all(
                plan.files,
                upload,
                lambda file: str(file.source),
                self._summary,
                self._jobs * AHEAD,
            )

    async def _upload(
        self, cloud: Client, file: PlannedFile, display: TransferDisplay, policy: ConflictPolicy
    ) -> None:
        with display.file(file.source.name, file.size) as report:
            result = await cloud.upload(
                file.source,
                file.remote,
                on_conflict=policy,
                progress=report,
                is_public=self._is_public,
            )
        is_skipped = result.outcome is Outcome.SKIPPED
        if result.outcome is not Outcome.STORED and not self._as_json:
            how = "skipped, is there" if is_skipped else f"stored as {result.path}"
            say(self._around.err, f"{file.source}: {how}")
        size = 0 if is_skipped else file.size
        self._summary.skipped += is_skipped
        self._summary.add(
            size, source=str(file.source), path=result.path, outcome=result.outcome.value
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
            say(self._around.err, f"{conflict.path} {question}")
            answer = (await self._around.read_line()).strip().lower()
            if answer and answer[0] in keys and answer in {answer[0], answer[0] * 2}:
                return ConflictAnswer(_KEYS[answer[0]], use_on_all=len(answer) > 1)
