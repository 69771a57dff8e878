"""The uploads that run here: a job, and what is needed to receive and store its chunks."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from protocol.generic import Boolean
from protocol.u2s import ChunkStored
from storage.address import ChunkAddress
from storage.envelope import MasterKey
from upload_service.buffers import Lane
from upload_service.errors import UnknownUpload, UploadEnded
from upload_service.job import JobState, Offer, UploadJob
from upload_service.stall import StallGuard


class Backend(Protocol):
    """Where the chunks of an upload go: the slot that it runs on."""

    async def store(self, content: memoryview, ended: asyncio.Future[None]) -> ChunkAddress:
        """Post an envelope to Discord, however long Discord takes nothing.

        A post that waits is given up once `ended` is resolved. Raises `storage.errors.StorageError`.
        """
        ...

    async def report(self, chunk: ChunkStored) -> Boolean:
        """Tell the manager of a stored chunk, whose report is kept, until it answers for good.

        Raises `NotStored` when the link to the manager is lost.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOrder:
    """What the manager says about an upload when it starts."""

    upload_id: UUID
    name: str
    size: int
    chunk_size: int


class Upload:
    """A job with its surroundings. Made and used on one event loop.

    Args:
        order: what is uploaded.
        key: seals the chunks.
        lane: bounds how many chunks are on their way at once.
        backend: where they go.
        inactivity_timeout_s: how long nothing may come.

    Attributes:
        finished: resolved as soon as the job is complete or has ended.
        head: the first bytes of the file, once its first chunk has come.
    """

    def __init__(
        self,
        order: UploadOrder,
        *,
        key: MasterKey,
        lane: Lane,
        backend: Backend,
        inactivity_timeout_s: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.id = order.upload_id
        self.name = order.name
        self.key = key
        self.lane = lane
        self.backend = backend
        self.head = b""
        self.finished: asyncio.Future[None] = self._loop.create_future()
        self.job = UploadJob(
            size=order.size,
            chunk_size=order.chunk_size,
            now=self._loop.time(),
            inactivity_timeout_s=inactivity_timeout_s,
        )
        self._inactivity_timeout_s = inactivity_timeout_s
        self._outcomes: dict[int, asyncio.Future[None]] = {}
        self._guards: set[StallGuard] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._watch_deadline()

    def enter(self) -> None:
        """Stop the inactivity time until the matching `leave`."""
        self.job.enter()

    def leave(self) -> None:
        """Undo one `enter`."""
        self.job.leave(self._loop.time())
        self._watch_deadline()

    def prolong(self) -> None:
        """Double the inactivity time until `shorten`."""
        self.job.prolong()

    def shorten(self) -> None:
        """Undo `prolong`."""
        self.job.shorten()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._watch_deadline()

    @contextmanager
    def receiving(self, guard: StallGuard) -> Iterator[None]:
        """Stop the inactivity time, and let the upload's end interrupt the block inside."""
        self.enter()
        self._guards.add(guard)
        try:
            yield
        finally:
            self._guards.discard(guard)
            self.leave()

    async def settled_offer(self, index: int) -> Offer:
        """Whether to `RECEIVE` or to `COMPARE` a chunk, once no other send of it is in flight.

        Raises:
            NoSuchChunk: if the upload has no such index.
            UploadEnded: if it takes nothing any more.
        """
        while (offer := self.job.offer(index)) is Offer.WAIT:
            await asyncio.shield(self._outcomes[index])
        return offer

    def claim(self, index: int) -> "Claim":
        """Put a missing chunk in flight.

        Raises:
            ValueError: if it is not missing.
        """
        self.job.claim(index)
        self._outcomes[index] = self._loop.create_future()
        self.enter()
        return Claim(self, index)

    def end(self, reason: str) -> None:
        """Take nothing any more and interrupt bodies under way. A complete upload stays so."""
        self.job.end(reason)
        self._settle()
        if self.job.state is JobState.ENDED:
            for guard in self._guards:
                guard.interrupt(UploadEnded(reason))

    def close_claim(self, index: int) -> None:
        """Wake who waits for a chunk's outcome. Called by `Claim` alone."""
        self._outcomes.pop(index).set_result(None)
        self.leave()
        self._settle()

    def _settle(self) -> None:
        if self.job.state is JobState.RUNNING:
            return
        if self._timer is not None:
            self._timer.cancel()
        if not self.finished.done():
            self.finished.set_result(None)

    def _watch_deadline(self) -> None:
        if self._timer is None and self.job.deadline is not None:
            self._timer = self._loop.call_at(self.job.deadline, self._look_at_deadline)

    def _look_at_deadline(self) -> None:
        self._timer = None
        deadline = self.job.deadline
        if deadline is not None and deadline <= self._loop.time():
            self.end(f"no chunk came for {self._inactivity_timeout_s:g} s")
        else:
            self._watch_deadline()


class Claim:
    """A chunk in flight; exactly one of its methods is called, once."""

    def __init__(self, upload: Upload, index: int) -> None:
        self.upload = upload
        self.index = index

    def stored(self, digest: bytes) -> None:
        """The chunk is stored and the manager knows."""
        self.upload.job.stored(self.index, digest)
        self.upload.close_claim(self.index)

    def dropped(self) -> None:
        """The chunk is missing again."""
        self.upload.job.dropped(self.index)
        self.upload.close_claim(self.index)


class Uploads:
    """All uploads of this process, by id."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, Upload] = {}
        self._unattributed = 0

    def add(self, upload: Upload) -> None:
        """Take an upload in. Its id must be new."""
        self._by_id[upload.id] = upload
        if self._unattributed:
            upload.prolong()

    def remove(self, upload: Upload) -> None:
        """Forget an upload."""
        if self._by_id.get(upload.id) is upload:
            del self._by_id[upload.id]

    def end_all(self, reason: str) -> None:
        """End every upload that still runs."""
        for upload in self._by_id.values():
            upload.end(reason)

    def find(self, upload_id: UUID) -> Upload:
        """The upload with this id.

        Raises:
            UnknownUpload: if there is none.
        """
        try:
            return self._by_id[upload_id]
        except KeyError:
            raise UnknownUpload from None

    def __contains__(self, upload_id: UUID) -> bool:
        return upload_id in self._by_id

    def __len__(self) -> int:
        return len(self._by_id)

    @contextmanager
    def receiving_unattributed(self) -> Iterator[None]:
        """A body is received that may belong to any upload: all of them wait somewhat longer."""
        self._unattributed += 1
        for upload in self._by_id.values():
            upload.prolong()
        try:
            yield
        finally:
            self._unattributed -= 1
            if not self._unattributed:
                for upload in self._by_id.values():
                    upload.shorten()
