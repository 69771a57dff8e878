"""Collects the results of a command on many files, of which each may fail alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import typer

from cli.context import CommandContext
from cli.errors import PARTIAL, exit_code, explain
from cli.output import print_line
from client_sdk import FolderProgress, FolderResult, Stage
from client_sdk.errors import CloudError, NotLoggedIn, Unreachable
from common.wording import counted, human_size

MANAGER_LOST = (NotLoggedIn, Unreachable)
"""Errors after which the remaining files fail as well."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Failure:
    """A file or folder that failed."""

    what: str
    error: CloudError

    def as_data(self) -> dict[str, str]:
        """For JSON."""
        return {"file": self.what, "error": explain(self.error), "code": self.error.code}


@dataclass
class Summary:
    """The results of a command.

    Attributes:
        done: One entry per finished file, for JSON.
        size: Bytes of the finished files.
        moved: Bytes that this command has transferred, those that went over again each time.
        skipped: How many of the finished files were skipped because their name was taken.
        failures: What failed.
        started_at: When it began, in seconds of the monotonic clock.
    """

    done: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    moved: int = 0
    skipped: int = 0
    failures: list[Failure] = field(default_factory=list)
    started_at: float = field(default_factory=time.monotonic)
    _positions: dict[tuple[Path, str], int] = field(default_factory=dict)

    def follow(self, report: FolderProgress) -> None:
        """Count what a file moves; what an earlier command has moved of it is not counted."""
        progress, file = report.progress, (report.local, report.remote)
        if progress.stage is not Stage.TRANSFERRING:
            self._positions.pop(file, None)
            return
        before = self._positions.get(file, progress.transferred)
        self.moved += max(0, progress.transferred - before)
        self._positions[file] = progress.transferred

    def fail(self, what: str, error: CloudError) -> None:
        """Record a failure, except for the loss of the manager, which ends the command with one error."""
        if not isinstance(error, MANAGER_LOST):
            self.failures.append(Failure(what, error))

    def add(self, size: int, **fields: object) -> None:
        """Record a finished file."""
        self.done.append({**fields, "size": size})
        self.size += size

    def as_data(self, done: str = "files") -> dict[str, Any]:
        """For JSON; `done` is the key of what has been done."""
        return {done: self.done, "failed": [failure.as_data() for failure in self.failures]}

    def print_failures(self, ctx: CommandContext) -> None:
        """Print what failed."""
        for failure in self.failures:
            prefix, text = f"{failure.what}: ", explain(failure.error)
            print_line(ctx.err, text if text.startswith(prefix) else f"{prefix}{text}")

    def print(self, ctx: CommandContext, verb: str, targets: Sequence[str], where: str) -> None:
        """Print what failed, and one line about the rest.

        Args:
            ctx: Where to print.
            verb: What the command did with the files, as in "stored".
            targets: Where each entry of `done` is now; a single one is named.
            where: Where several of them are, as in "in /archive".
        """
        self.print_failures(ctx)
        if not self.done:
            return
        seconds = time.monotonic() - self.started_at
        speed = human_size(int(self.moved / max(seconds, 0.001)))
        finished = len(self.done) - self.skipped
        named = targets[0] if len(targets) == finished == 1 else None
        what = named or f"{counted(finished, 'file')} {where}"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        failed = f", {len(self.failures)} failed" if self.failures else ""
        part = f", {human_size(self.moved)} of it now," if self.moved < self.size else ""
        line = f"{verb} {what}: {human_size(self.size)}{part} in {seconds:.1f} s ({speed}/s)"
        ctx.note(f"{line}{skipped}{failed}")

    def exit(self) -> None:
        """End the command with an exit code if something failed.

        It is that of the errors if everything failed with the same one, and `PARTIAL` otherwise.
        """
        if self.failures:
            codes = {exit_code(failure.error) for failure in self.failures}
            raise typer.Exit(codes.pop() if len(codes) == 1 and not self.done else PARTIAL)


def raise_if_manager_lost(result: FolderResult) -> None:
    """Raise the error because of which the remaining files were not tried, if there is one."""
    for failure in result.failures:
        if isinstance(failure.error, MANAGER_LOST):
            raise failure.error


async def transfer_all(
    items: Iterable[Item],
    transfer: Callable[[Item], Awaitable[None]],
    name_of: Callable[[Item], str],
    summary: Summary,
    workers: int,
) -> None:
    """Transfer items with `workers` at a time. A failure is recorded, and the others continue.

    Raises:
        NotLoggedIn, Unreachable: No item can be transferred any more.
    """
    queue = iter(items)

    async def work() -> None:
        for item in queue:
            try:
                await transfer(item)
            except MANAGER_LOST:
                raise
            except CloudError as error:
                summary.failures.append(Failure(name_of(item), error))

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(work(), name=f"transfer-{number}")
    except* CloudError as errors:
        raise errors.exceptions[0] from None
