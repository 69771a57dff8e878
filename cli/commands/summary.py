"""Many transfers, or other deeds, of which each may fail alone."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import typer

from cli.context import CommandContext
from cli.errors import PARTIAL, exit_code, explain
from cli.output import say
from client_sdk import FolderResult
from client_sdk.errors import CloudError, NotLoggedIn, Unreachable
from common.wording import counted, human_size

GONE = (NotLoggedIn, Unreachable)
"""What makes all that is still to be done fail."""

Item = TypeVar("Item")


@dataclass(frozen=True)
class Failure:
    """What could not be transferred."""

    what: str
    error: CloudError

    def as_data(self) -> dict[str, str]:
        """For JSON."""
        return {"file": self.what, "error": explain(self.error), "code": self.error.code}


@dataclass
class Summary:
    """What a command has done.

    Attributes:
        done: One entry per finished file, for JSON.
        size: Bytes of the finished files.
        skipped: How many of them were left alone, as something of their name was there.
        failures: What failed.
        started_at: When it began, in seconds of the monotonic clock.
    """

    done: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    skipped: int = 0
    failures: list[Failure] = field(default_factory=list)
    started_at: float = field(default_factory=time.monotonic)

    def fail(self, what: str, error: CloudError) -> None:
        """Something has failed; that the manager is gone for all is said once, by who notices."""
        if not isinstance(error, GONE):
            self.failures.append(Failure(what, error))

    def add(self, size: int, **facts: object) -> None:
        """A file is finished."""
        self.done.append({**facts, "size": size})
        self.size += size

    def as_data(self, done: str = "files") -> dict[str, Any]:
        """For JSON; `done` is the key of what has been done."""
        return {done: self.done, "failed": [failure.as_data() for failure in self.failures]}

    def tell_failures(self, ctx: CommandContext) -> None:
        """Print what failed."""
        for failure in self.failures:
            prefix, text = f"{failure.what}: ", explain(failure.error)
            say(ctx.err, text if text.startswith(prefix) else f"{prefix}{text}")

    def tell(self, ctx: CommandContext, verb: str, targets: Sequence[str], where: str) -> None:
        """Print what failed, and one line about the rest.

        Args:
            ctx: Where to print.
            verb: What was done to the files, as in "stored".
            targets: What became of each entry of `done`; a single one is named.
            where: Where several are, as in "in /archive".
        """
        self.tell_failures(ctx)
        if not self.done:
            return
        seconds = time.monotonic() - self.started_at
        speed = human_size(int(self.size / max(seconds, 0.001)))
        finished = len(self.done) - self.skipped
        named = targets[0] if len(targets) == finished == 1 else None
        what = named or f"{counted(finished, 'file')} {where}"
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        failed = f", {len(self.failures)} failed" if self.failures else ""
        line = f"{verb} {what}: {human_size(self.size)} in {seconds:.1f} s ({speed}/s)"
        say(ctx.err, f"{line}{skipped}{failed}")

    def exit(self) -> None:
        """End the command with its exit code if something failed.

        When nothing worked, and all for the same kind of reason, the code tells that reason.
        """
        if self.failures:
            codes = {exit_code(failure.error) for failure in self.failures}
            raise typer.Exit(codes.pop() if len(codes) == 1 and not self.done else PARTIAL)


def raise_if_gone(result: FolderResult) -> None:
    """Raise the error for which all the rest was not tried, if there is one."""
    for failure in result.failures:
        if isinstance(failure.error, GONE):
            raise failure.error


async def transfer_all(
    items: Iterable[Item],
    transfer: Callable[[Item], Awaitable[None]],
    name_of: Callable[[Item], str],
    summary: Summary,
    workers: int,
) -> None:
    """Transfer items, so many at once. What fails is noted, and the others go on.

    Raises:
        NotLoggedIn, Unreachable: The manager is gone for all of them.
    """
    queue = iter(items)

    async def work() -> None:
        for item in queue:
            try:
                await transfer(item)
            except GONE:
                raise
            except CloudError as error:
                summary.failures.append(Failure(name_of(item), error))

    try:
        async with asyncio.TaskGroup() as group:
            for number in range(workers):
                group.create_task(work(), name=f"transfer-{number}")
    except* CloudError as errors:
        raise errors.exceptions[0] from None
