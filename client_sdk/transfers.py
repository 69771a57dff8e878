"""One transfer: its order, its progress, its policy for a name that is taken, and its result.

A policy is fixed, or a callback that is asked at the end of the upload, when the manager asks. Callbacks
are asked one conflict at a time. An answer with `use_on_all` settles every later conflict of the same
callback. This is kept here rather than left to the manager, whose `use_on_all_uploads` would also change
uploads with another policy.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from enum import StrEnum
from inspect import isawaitable, iscoroutinefunction
from typing import Literal

from client_sdk.errors import InvalidInput
from client_sdk.paths import Located, join_remote
from client_sdk.sources import Source
from common.tasks import cancel_and_wait
from protocol import s2c
from protocol.chunks import chunk_count, chunk_length, indices_in, missing_ranges
from protocol.generic import ChunkRange


class Stage(StrEnum):
    """Where a transfer stands."""

    WAITING = "waiting"
    """No upload service is free yet, a retry is due, or nothing moves: the server waits itself."""
    RESTARTING = "restarting"
    """What was stored of a kept upload is of no use any more: it begins anew, as `Progress.reason` says."""
    SPOOLING = "spooling"
    """A stream of unknown size is read into a temporary file; `transferred` counts its bytes."""
    TRANSFERRING = "transferring"
    """Bytes are on their way."""
    SETTLING = "settling"
    """All bytes have arrived; the manager has yet to give them their name."""
    DONE = "done"
    """The transfer is complete."""


@dataclass(frozen=True)
class Progress:
    """One report about one transfer.

    Attributes:
        stage: Where it stands.
        transferred: Bytes that are through. Falls when something has to be sent again.
        total: Size of the whole, in bytes; None while it is not known.
        kept_id: Id of the upload once the manager keeps it; None before.
        reason: Why it begins anew, at `Stage.RESTARTING`; else None.
    """

    stage: Stage
    transferred: int
    total: int | None
    kept_id: str | None = None
    reason: str | None = None


ProgressCallback = Callable[[Progress], None]


class ProgressMeter:
    """Counts the bytes of one transfer and reports every change to a callback.

    Args:
        total: Size of the whole, in bytes; None if it is not known yet.
        report: Called with every change, in the event loop: it must be quick. None reports to
            nobody.

    Attributes:
        sent_bytes: Bytes that were sent, those that had to be sent again each time.
    """

    def __init__(self, total: int | None, report: ProgressCallback | None) -> None:
        self._total = total
        self._report = report
        self._stage = Stage.WAITING
        self._transferred = self._highest = 0
        self._moved = asyncio.Event()
        self._kept_id: str | None = None
        self.sent_bytes = 0

    @contextlib.asynccontextmanager
    async def watched(self, quiet_s: float) -> AsyncIterator[None]:
        """Report `Stage.WAITING` inside whenever nothing new has moved for so many seconds."""
        watching = asyncio.create_task(self._watch(quiet_s), name="watch-progress")
        try:
            yield
        finally:
            await cancel_and_wait(watching)

    async def _watch(self, quiet_s: float) -> None:
        while True:
            self._moved.clear()
            try:
                async with asyncio.timeout(quiet_s):
                    await self._moved.wait()
            except TimeoutError:
                stage = self._stage
                self.enter(Stage.WAITING)
                await self._moved.wait()
                self.enter(stage)

    def keep(self, upload_id: str) -> None:
        """The manager keeps the upload."""
        self._kept_id = upload_id
        self._report_progress()

    def let_go(self) -> None:
        """The manager does not keep the upload any more, or not for this client."""
        self._kept_id = None
        self._report_progress()

    def begin_anew(self, reason: str) -> None:
        """Nothing of what was stored is of use."""
        self._stage, self._transferred, self._kept_id = Stage.RESTARTING, 0, None
        self._report_progress(reason)

    def enter(self, stage: Stage, transferred: int | None = None) -> None:
        """The transfer has come to another stage, with so many bytes there; None for as before."""
        self._stage = stage
        if transferred is not None:
            self._transferred = self._highest = transferred
        self._report_progress()

    def measure(self, total: int) -> None:
        """The size of the whole is known now."""
        self._total = total
        self._report_progress()

    def restart(self, transferred: int = 0) -> None:
        """Begin anew, with so many bytes already there."""
        self._transferred = self._highest = transferred
        self._report_progress()

    def add(self, count: int) -> None:
        """So many bytes more are through; fewer when negative."""
        self._transferred += count
        if self._transferred > self._highest:
            # What goes over once more since its answer is missing is no news.
            self._highest = self._transferred
            self._moved.set()
        self._report_progress()

    def add_sent(self, count: int) -> None:
        """So many bytes more were sent."""
        self.sent_bytes += count
        self.add(count)

    def _report_progress(self, reason: str | None = None) -> None:
        if self._report is not None:
            report = Progress(self._stage, self._transferred, self._total, self._kept_id, reason)
            self._report(report)


class OnConflict(StrEnum):
    """What to do with an upload whose name is taken."""

    OVERWRITE = "overwrite"
    """Replace the old file. A folder is never replaced: then the upload fails."""
    RENAME = "rename"
    """Keep both: the new one becomes `name (1).ext`."""
    SKIP = "skip"
    """Keep the old file, drop the new one."""


@dataclass(frozen=True, kw_only=True)
class Conflict(Located):
    """The name of a finished upload is taken.

    Attributes:
        path: The full path that is taken.
        is_folder: Whether a folder has it, so that the upload can only be renamed or skipped.
    """

    is_folder: bool = False


@dataclass(frozen=True)
class ConflictAnswer:
    """The answer to a conflict.

    Attributes:
        action: What to do.
        use_on_all: Answer all further conflicts of this callback the same way; to overwrite them
            is no answer about folders, of which it is asked again.
    """

    action: OnConflict
    use_on_all: bool = False


ConflictCallback = Callable[[Conflict], ConflictAnswer | Awaitable[ConflictAnswer]]
ConflictPolicy = OnConflict | ConflictCallback
ConflictAction = OnConflict | Literal["overwrite", "rename", "skip"]
"""What callers may hand in where nobody is asked."""
ConflictChoice = ConflictAction | ConflictCallback
"""What callers may hand in for a policy."""


def as_policy(choice: ConflictChoice) -> ConflictPolicy:
    """The policy that a caller chose. Raises `InvalidInput`."""
    return choice if callable(choice) else as_action(choice)


class ConflictResolver:
    """Answers conflicts by policy."""

    def __init__(self) -> None:
        self._asking = asyncio.Lock()
        self._settled: dict[ConflictCallback, OnConflict] = {}

    async def decide(self, conflict: Conflict, policy: ConflictPolicy) -> OnConflict:
        """What to do about a conflict; whatever the callback raises is passed on."""
        if isinstance(policy, OnConflict):
            return policy
        async with self._asking:
            settled = self._settled.get(policy)
            if settled and not (settled is OnConflict.OVERWRITE and conflict.is_folder):
                return settled
            answer = await _ask(policy, conflict)
            action = as_action(answer.action)
            if answer.use_on_all:
                self._settled[policy] = action
            return action


async def _ask(callback: ConflictCallback, conflict: Conflict) -> ConflictAnswer:
    answer: ConflictAnswer | Awaitable[ConflictAnswer]
    if iscoroutinefunction(callback):
        answer = callback(conflict)
    else:
        # It may wait for a person, and must not hold up what else runs in the loop.
        answer = await asyncio.to_thread(_ask_in_thread, callback, conflict)
    return await answer if isawaitable(answer) else answer


def _ask_in_thread(
    callback: ConflictCallback, conflict: Conflict
) -> ConflictAnswer | Awaitable[ConflictAnswer]:
    try:
        return callback(conflict)
    except StopIteration as error:  # which would never come out of the thread
        raise RuntimeError("the callback that answers conflicts raised StopIteration") from error


def as_action(value: str) -> OnConflict:
    """The action that a caller chose. Raises `InvalidInput`."""
    try:
        return OnConflict(value)
    except ValueError:
        known = ", ".join(OnConflict)
        raise InvalidInput(f"on a conflict one of {known} is done, not {value!r}") from None


class Outcome(StrEnum):
    """How the transfer of a file ended well."""

    STORED = "stored"
    """It has the name that was asked for."""
    RENAMED = "renamed"
    """That name was taken; it got another one."""
    SKIPPED = "skipped"
    """That name was taken, and the old file was kept."""


@dataclass(frozen=True, kw_only=True)
class UploadResult(Located):
    """A finished upload.

    Attributes:
        path: Full path that the file has now; when skipped, the path that was taken.
        requested_path: Full path that was asked for.
        size: Size of the file that was uploaded, in bytes; 0 when it was skipped.
        outcome: How it ended.
        sent_bytes: Bytes that this call has sent: fewer than `size` when it went on with a kept
            upload, more when some had to be sent again.
    """

    requested_path: str
    size: int
    outcome: Outcome
    sent_bytes: int = field(default=0, compare=False)


@dataclass(frozen=True, kw_only=True)
class UploadOrder:
    """What is to be uploaded, and how.

    Attributes:
        source: The content.
        path: Folder to upload to.
        name: Name in that folder.
        is_public: Whether everybody may read and write the file.
        on_conflict: What to do when the name is taken.
        meter: Counts and reports its bytes.
        keep_on_cancel: Whether a cancellation leaves it at the manager, if that keeps it.
        modified_at: When the content was last modified, in seconds since the epoch; None: that is not known.
    """

    source: Source
    path: str
    name: str
    is_public: bool
    on_conflict: ConflictPolicy
    meter: ProgressMeter
    keep_on_cancel: bool = False
    modified_at: float | None = None

    @property
    def full_path(self) -> str:
        """Folder and name."""
        return join_remote(self.path, self.name)

    def result(
        self, outcome: Outcome, name: str | None = None, folder: str | None = None
    ) -> UploadResult:
        """The result of this order; `name` and `folder` where they differ from what was ordered."""
        self.meter.enter(Stage.DONE)
        return UploadResult(
            path=join_remote(folder or self.path, name or self.name),
            requested_path=self.full_path,
            size=0 if outcome is Outcome.SKIPPED else self.source.size,
            outcome=outcome,
            sent_bytes=self.meter.sent_bytes,
        )


class AcceptedUpload:
    """An upload that the manager accepted or resumed, and what was heard about it since.

    Attributes:
        missing: The chunks that have to be sent.
        is_kept: Whether the manager keeps it beyond this connection.
        left_service: Set once its service is free, or the upload is over.
        over: Set once it has ended, well or not.
        is_stored: Whether it came to its stage finish with its service still there.
        folder: Folder in which it is entered.
        rename_target: The other name that it got.
        is_lasting: Whether the error is the end of the upload, so that trying again is of no use.
        error: Why it failed.
        decision: How its conflict was answered.
        prompt: The task that answers its conflict.
    """

    def __init__(
        self, order: UploadOrder, response: s2c.UploadResponse | s2c.UploadResumed
    ) -> None:
        self.order = order
        self.upload_id = response.upload_id
        self.address = response.upload_address or ""
        self.chunk_size = response.chunk_size
        self.folder = order.path
        self.rename_target: str | None = None
        self.is_kept = isinstance(response, s2c.UploadResumed)
        self.missing: tuple[ChunkRange, ...] = missing_ranges((), self.chunk_count)
        if isinstance(response, s2c.UploadResumed):
            self._resumed(response)
        self.left_service = asyncio.Event()
        self.over = asyncio.Event()
        self.is_stored = False
        self.is_lasting = False
        self.error: Exception | None = None
        self.decision: OnConflict | None = None
        self.prompt: asyncio.Task[None] | None = None

    def _resumed(self, response: s2c.UploadResumed) -> None:
        """It may have been entered meanwhile, and its folder may have been moved."""
        self.missing, self.folder = response.missing, response.path
        if response.name != self.order.name:
            self.rename_target = response.name

    @property
    def chunk_count(self) -> int:
        """Chunks in all."""
        return chunk_count(self.order.source.size, self.chunk_size)

    @property
    def stored_bytes(self) -> int:
        """Bytes that need not be sent."""
        size = self.order.source.size
        missing = (chunk_length(size, self.chunk_size, at) for at in indices_in(self.missing))
        return size - sum(missing)

    def end(self, error: Exception | None) -> None:
        """It is over. The first error stays."""
        self.error = self.error or error
        self.left_service.set()
        self.over.set()
        if self.prompt is not None:
            self.prompt.cancel()

    def result(self) -> UploadResult:
        """What became of it; raises its error."""
        if self.decision is OnConflict.SKIP:
            return self.order.result(Outcome.SKIPPED)
        if self.error is not None:
            raise self.error
        if self.rename_target is not None:
            return self.order.result(Outcome.RENAMED, self.rename_target, self.folder)
        return self.order.result(Outcome.STORED, folder=self.folder)
