"""What is to be uploaded, what is known about it meanwhile, and what became of it."""

import asyncio
from dataclasses import dataclass
from enum import StrEnum

from client_sdk.conflicts import ConflictPolicy, OnConflict
from client_sdk.paths import Located, join_remote
from client_sdk.progress import ProgressMeter, Stage
from client_sdk.sources import Source
from protocol import s2c


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
    """

    requested_path: str
    size: int
    outcome: Outcome


@dataclass(frozen=True, kw_only=True)
class UploadOrder:
    """What is to be uploaded, and how.

    Attributes:
        source: The content.
        path: Folder to upload to.
        name: Name in that folder.
        is_public: Whether everybody may read and write the file.
        on_conflict: What to do when the name is taken.
        meter: Is told how far it has come.
    """

    source: Source
    path: str
    name: str
    is_public: bool
    on_conflict: ConflictPolicy
    meter: ProgressMeter

    @property
    def full_path(self) -> str:
        """Folder and name."""
        return join_remote(self.path, self.name)

    def result(self, outcome: Outcome, name: str | None = None) -> UploadResult:
        """The result of this order."""
        self.meter.enter(Stage.DONE)
        return UploadResult(
            path=join_remote(self.path, name) if name else self.full_path,
            requested_path=self.full_path,
            size=0 if outcome is Outcome.SKIPPED else self.source.size,
            outcome=outcome,
        )


class Job:
    """An upload that the manager accepted, and what was heard about it since.

    Attributes:
        left_service: Set once its service is free, or the upload is over.
        over: Set once it has ended, well or not.
        is_stored: Whether it came to its stage finish with its service still there.
        rename_target: The other name that it got.
        error: Why it failed.
        decision: How its conflict was answered.
        prompt: The task that answers its conflict.
    """

    def __init__(self, order: UploadOrder, response: s2c.UploadResponse) -> None:
        self.order = order
        self.upload_id = response.upload_id
        self.address = response.upload_address or ""
        self.chunk_size = response.chunk_size
        self.left_service = asyncio.Event()
        self.over = asyncio.Event()
        self.is_stored = False
        self.rename_target: str | None = None
        self.error: Exception | None = None
        self.decision: OnConflict | None = None
        self.prompt: asyncio.Task[None] | None = None

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
            return self.order.result(Outcome.RENAMED, self.rename_target)
        return self.order.result(Outcome.STORED)
