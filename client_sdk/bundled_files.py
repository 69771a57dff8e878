"""The files of a bundle on their way: what is sent of each, and how each ends."""

import asyncio
import os
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from aiohttp.abc import AbstractStreamWriter

from client_sdk.batches import SMALL_BYTES, TrackedTransfer, TransferredFile
from client_sdk.chunks import ServiceBody
from client_sdk.errors import SourceUnreadable
from client_sdk.local_files import modification_time
from client_sdk.paths import join_remote, split_remote
from client_sdk.rate_limit import RateLimit
from client_sdk.transfers import OnConflict, Outcome, Progress, Stage
from protocol import s2c

_RECORD: Final = struct.Struct(">16sI")
_PIECE_BYTES: Final = 256 * 1024


@dataclass(eq=False)
class BundledTransfer:
    """One file on its way.

    Attributes:
        tracked: Reports how far it is, and how it ended.
        content: All of it.
        modified_at: When it was last modified, as in `UploadOrder`.
        path: Folder to upload to.
        name: Name in that folder.
        upload_id: Of the last try; None before.
        decision: How its conflict was answered in that try.
        end: What the manager says about its end in that try.
        sent_bytes: Bytes of it that were sent, in all tries.
    """

    tracked: TrackedTransfer
    content: bytes
    modified_at: float | None
    path: str
    name: str
    upload_id: str | None = None
    decision: OnConflict | None = None
    end: s2c.BundledFileEnd | s2c.UploadFinishInfo | None = None
    sent_bytes: int = 0

    @property
    def full_path(self) -> str:
        """Folder and name."""
        return join_remote(self.path, self.name)

    def progress(self, stage: Stage, transferred: int) -> None:
        """Report how far it is."""
        self.tracked.progress(Progress(stage, transferred, len(self.content)))

    def stored(self, name: str | None = None, path: str | None = None) -> None:
        """It is entered, under another name or in another folder if one is given."""
        remote = join_remote(path or self.path, name or self.name)
        outcome = Outcome.STORED if name in {None, self.name} else Outcome.RENAMED
        self.tracked.done(self._transferred(remote, len(self.content), outcome))

    def skipped(self) -> None:
        """Its name is taken, and that file stays."""
        self.tracked.done(self._transferred(self.full_path, 0, Outcome.SKIPPED))

    def _transferred(self, remote: str, size: int, outcome: Outcome) -> TransferredFile:
        self.progress(Stage.DONE, size)
        return TransferredFile(
            local=self.tracked.file.local,
            remote=remote,
            size=size,
            outcome=outcome,
            sent_bytes=self.sent_bytes,
        )


@dataclass(eq=False)
class AcceptedBundle:
    """A bundle that the manager accepted.

    Attributes:
        bundle_id: Its id.
        address: Where its body goes.
        files: Those that are to be sent, by upload id.
        left_service: Set once its service is free, or it is over.
        over: Set once every file has ended.
        asked: Files about whose names the manager asks.
        ended: Files as they end; None at the end of the bundle.
        is_stored: Whether it came to its stage finish with its service still there.
        error: Why it is over although files have not ended.
    """

    bundle_id: str
    address: str
    files: dict[str, BundledTransfer]
    left_service: asyncio.Event = field(default_factory=asyncio.Event)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    is_stored: bool = False
    error: Exception | None = None
    asked: "asyncio.Queue[BundledTransfer]" = field(default_factory=asyncio.Queue)
    ended: "asyncio.Queue[BundledTransfer | None]" = field(default_factory=asyncio.Queue)

    def end(self, error: Exception | None) -> None:
        """It is over."""
        self.error = self.error or error
        self.left_service.set()
        self.over.set()
        self.ended.put_nowait(None)

    def note_end(
        self, file: BundledTransfer, end: s2c.BundledFileEnd | s2c.UploadFinishInfo
    ) -> None:
        """A file has ended."""
        file.end = end
        self.ended.put_nowait(file)

    def end_if_settled(self) -> None:
        """It is over once each file has ended."""
        if all(file.end is not None for file in self.files.values()):
            self.end(None)


class BundleBody(ServiceBody):
    """The body of a bundle: a record for each file."""

    def __init__(
        self, files: Sequence[BundledTransfer], stall_timeout_s: float, rate: RateLimit
    ) -> None:
        super().__init__(files, "application/octet-stream", stall_timeout_s, rate)
        self._files = files
        self._size = sum(_RECORD.size + len(file.content) for file in files)

    def take_back(self) -> None:
        """The try failed: its bytes do not count."""
        for file in self._files:
            file.progress(Stage.WAITING, 0)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write all records, several at a time."""
        pieces: list[bytes] = []
        files: list[BundledTransfer] = []
        waiting = 0
        for file in self._files:
            pieces += (_head_of(file), file.content)
            files.append(file)
            waiting += _RECORD.size + len(file.content)
            if waiting >= _PIECE_BYTES:
                await self._write(writer, pieces, files)
                pieces, files, waiting = [], [], 0
        await self._write(writer, pieces, files)

    async def _write(
        self, writer: AbstractStreamWriter, pieces: list[bytes], files: list[BundledTransfer]
    ) -> None:
        await self._write_paced(writer, b"".join(pieces), lambda _: None)
        for file in files:
            file.sent_bytes += len(file.content)
            file.progress(Stage.TRANSFERRING, len(file.content))


def _head_of(file: BundledTransfer) -> bytes:
    return _RECORD.pack(UUID(file.upload_id).bytes, len(file.content))


ReadFile = tuple[bytes, float | None]
"""Content, and when it was last modified."""


def read_all(transfers: Sequence[TrackedTransfer]) -> list[ReadFile | OSError]:
    """Read all files into memory."""
    contents: list[ReadFile | OSError] = []
    for transfer in transfers:
        try:
            with transfer.file.local.open("rb") as file:
                modified_at = modification_time(os.fstat(file.fileno()))
                contents.append((file.read(SMALL_BYTES + 1), modified_at))
        except OSError as error:
            contents.append(error)
    return contents


def readable(
    transfers: Sequence[TrackedTransfer], contents: Sequence[ReadFile | OSError]
) -> list[BundledTransfer]:
    """The files that can be sent. Those that do not fit any more are left open, others fail."""
    files: list[BundledTransfer] = []
    for transfer, read in zip(transfers, contents, strict=True):
        if isinstance(read, OSError):
            reason = f"{transfer.file.local} cannot be read: {read.strerror}"
            transfer.failed(SourceUnreadable(reason))
        elif 0 < len(read[0]) <= SMALL_BYTES:
            path, name = split_remote(transfer.file.remote)
            files.append(BundledTransfer(transfer, *read, path, name))
    return files
