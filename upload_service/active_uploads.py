"""The uploads that run here: the states of their chunks, and what it takes to receive and store them."""

import asyncio
import base64
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from client_sdk.connection import Connection
from protocol import s2u
from protocol.generic import ChunkRange
from protocol.u2s import UploadFinish
from storage.discord.messages import ChunkAddress
from storage.envelope import ChunkSealer
from storage.object_keys import ObjectKey
from storage.outgoing import FileSender
from upload_service.buffers import HeldBuffer, Lane, room_for
from upload_service.chunk_states import ChunkStates, Offer, UploadPhase
from upload_service.errors import NotStored, Stopping, UnknownUpload, UploadEnded
from upload_service.mime import mime_type
from upload_service.stall import StallGuard


def object_key(sent: s2u.EncodedObjectKey | None) -> ObjectKey:
    """The key that the manager has sent with an upload. Raises `NotStored` if it has sent none."""
    if sent is None:
        raise NotStored("the manager sent no key for this upload: it must be upgraded first")
    return ObjectKey(base64.b64decode(sent.key), bytes.fromhex(sent.key_id))


class Backend(Protocol):
    """Where the chunks of an upload go: its slot, or any slot for an upload with a ticket."""

    async def store(
        self, content: memoryview, ended: asyncio.Future[None], sender: FileSender
    ) -> ChunkAddress:
        """Post a parcel to Discord, however long Discord takes nothing.

        A post that waits is given up once `ended` is resolved. Raises `storage.errors.StorageError`.
        """
        ...

    @property
    def links(self) -> Iterator[Connection]:
        """The links over which a stored chunk may be reported, best first.

        Each is looked up when the one before it is lost.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSpec:
    """What the manager says about an upload when it starts, or is resumed.

    Attributes:
        missing: the chunks that are due here; None for all of a new upload.
        type: the MIME type, if the first chunk was stored before; else None.
        reports_type: whether the manager wants the MIME type with the report of the first chunk.
    """

    upload_id: UUID
    name: str
    size: int
    chunk_size: int
    missing: Sequence[ChunkRange] | None = None
    type: str | None = None
    reports_type: bool = False


class ActiveUpload:
    """One upload: `ChunkStates` on an event loop, with timers, and the requests that send its chunks.

    Args:
        spec: what is uploaded. Raises ValueError when its sizes or missing chunks make no sense.
        key: seals the chunks; dropped once the upload is complete or has ended.
        lane: bounds how many chunks are on their way at once.
        backend: where they go.
        inactivity_timeout_s: seconds without any chunk after which the upload ends.

    Attributes:
        spec: what is uploaded.
        chunks: what is stored, in flight and missing.
        finished: resolved as soon as the upload is complete or has ended.
        head: the first bytes of the file, once its first chunk has come.
    """

    def __init__(
        self,
        spec: UploadSpec,
        *,
        key: ObjectKey,
        lane: Lane,
        backend: Backend,
        inactivity_timeout_s: float,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.spec = spec
        self.id = spec.upload_id
        self._key: ObjectKey | None = key
        self.lane = lane
        self.backend = backend
        self.head = b""
        self.finished: asyncio.Future[None] = self._loop.create_future()
        self.chunks = ChunkStates(
            size=spec.size,
            chunk_size=spec.chunk_size,
            now=self._loop.time(),
            inactivity_timeout_s=inactivity_timeout_s,
            missing=spec.missing,
        )
        self._inactivity_timeout_s = inactivity_timeout_s
        self._outcomes: dict[int, asyncio.Future[None]] = {}
        self._guards: set[StallGuard] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._ends_idle: str | None = None
        self._watch_deadline()

    @cached_property
    def mime_type(self) -> str:
        """What the file is; to be asked for once its first chunk is stored."""
        return self.spec.type or mime_type(self.head, self.spec.name)

    @property
    def is_complete(self) -> bool:
        """Whether all that was due is stored."""
        return self.chunks.state is UploadPhase.COMPLETE

    def finish(self) -> UploadFinish:
        """What the manager is told at the end."""
        if not self.is_complete:
            return UploadFinish(success=False, reason=self.chunks.end_reason)
        return UploadFinish(
            success=True,
            # Of a resumed upload this service does not know all chunks.
            hash=self.chunks.content_hash() if self.spec.missing is None else None,
            is_encrypted=True,
            type=self.mime_type,
        )

    def type_of_chunk(self, index: int) -> str | None:
        """The MIME type that the report of a chunk holds; None for none."""
        return self.mime_type if self.spec.reports_type and index == 0 else None

    def require_alive(self) -> None:
        """Check that it has not ended. Raises `UploadEnded`."""
        self.chunks.require_alive()

    def sealer(self, index: int, buffer: memoryview) -> ChunkSealer:
        """What encrypts a chunk that was admitted into a buffer.

        Raises:
            UploadEnded: if the upload takes nothing any more.
        """
        if self._key is None:
            raise UploadEnded(self.chunks.end_reason or "all chunks of the upload are stored")
        return ChunkSealer(self._key, self.id, index, self.chunks.count, buffer)

    def shorten(self) -> None:
        """Undo `chunks.prolong`."""
        self.chunks.shorten()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._watch_deadline()

    @contextmanager
    def receiving(self, guard: StallGuard) -> Iterator[None]:
        """Stop the inactivity time, and let the upload's end interrupt the block inside."""
        self.chunks.enter()
        self._guards.add(guard)
        try:
            yield
        finally:
            self._guards.discard(guard)
            self._leave()

    async def admit(self, index: int, collected: HeldBuffer | None = None) -> HeldBuffer | None:
        """Put a missing chunk in flight once no other send of it is, and there is a buffer for it.

        Args:
            index: the chunk.
            collected: holds the chunk already, under a permit of another lane; None to get a buffer.

        Returns:
            The chunk's buffer, and the caller must end the flight with `stored` or `dropped`; None when
            the chunk is stored already, and what comes is to be compared.

        Raises:
            NoSuchChunk: if the upload has no such index.
            UploadEnded: if it takes nothing any more.
        """
        if collected is not None:
            await collected.move_to(self.lane)
        while await self._settled_offer(index) is Offer.RECEIVE:
            size = room_for(self.chunks.length(index))
            held = collected or await self.lane.acquire_buffer(size)
            with ExitStack() as undo:
                if held is not collected:
                    undo.callback(held.release)
                # Another request may have begun with this chunk while this one waited.
                if self.chunks.offer(index) is Offer.RECEIVE:
                    undo.pop_all()
                    self.claim(index)
                    return held
        return None

    def claim(self, index: int) -> None:
        """Put a missing chunk in flight; the caller must end the flight with `stored` or `dropped`.

        Raises:
            ChunkError: if the upload has no such index, or takes nothing any more.
            ValueError: if the chunk is not missing.
        """
        self.chunks.claim(index)
        self._outcomes[index] = self._loop.create_future()
        self.chunks.enter()

    async def _settled_offer(self, index: int) -> Offer:
        """Whether to `RECEIVE` or to `COMPARE` a chunk, once no other send of it is in flight."""
        while (offer := self.chunks.offer(index)) is Offer.WAIT:
            await asyncio.shield(self._outcomes[index])
        return offer

    def stored(self, index: int, digest: bytes) -> None:
        """End a flight: the chunk is stored, and the manager has entered it."""
        self.chunks.stored(index, digest)
        self._end_flight(index)

    def dropped(self, index: int) -> None:
        """End a flight: the chunk is missing again."""
        self.chunks.dropped(index)
        self._end_flight(index)

    def end(self, reason: str) -> None:
        """Take nothing any more and interrupt bodies under way. A complete upload stays so."""
        self.chunks.end(reason)
        self._settle()
        if self.chunks.state is UploadPhase.ENDED:
            for guard in self._guards:
                guard.interrupt(UploadEnded(reason))

    def end_when_idle(self, reason: str) -> None:
        """End as `end` does, as soon as no chunk is being received or forwarded."""
        self._ends_idle = reason
        self._end_if_idle()

    def _end_if_idle(self) -> None:
        if self._ends_idle is not None and not self.chunks.is_busy:
            self.end(self._ends_idle)

    def _end_flight(self, index: int) -> None:
        self._outcomes.pop(index).set_result(None)
        self._leave()
        self._settle()

    def _leave(self) -> None:
        """Undo one `chunks.enter`."""
        self.chunks.leave(self._loop.time())
        self._watch_deadline()
        self._end_if_idle()

    def _settle(self) -> None:
        if self.chunks.state is UploadPhase.RUNNING:
            return
        self._key = None
        if self._timer is not None:
            self._timer.cancel()
        if not self.finished.done():
            self.finished.set_result(None)

    def _watch_deadline(self) -> None:
        if self._timer is None and self.chunks.deadline is not None:
            self._timer = self._loop.call_at(self.chunks.deadline, self._check_deadline)

    def _check_deadline(self) -> None:
        self._timer = None
        deadline = self.chunks.deadline
        if deadline is not None and deadline <= self._loop.time():
            self.end(f"no chunk came for {self._inactivity_timeout_s:g} s")
        else:
            self._watch_deadline()


class Running(Protocol):
    """An upload, or a bundle, that runs here."""

    @property
    def id(self) -> UUID:
        """By which it is found."""

    @property
    def finished(self) -> asyncio.Future[None]:
        """Resolved as soon as it is complete or has ended."""

    def end(self, reason: str) -> None:
        """Take nothing any more."""

    def end_when_idle(self, reason: str) -> None:
        """End as soon as nothing is being received or forwarded."""


AnyRunning = TypeVar("AnyRunning", bound=Running)


class Registry(Generic[AnyRunning]):
    """All that runs in this process of one kind, by id.

    Attributes:
        is_closing: whether nothing further is taken, as the process stops.
    """

    def __init__(self) -> None:
        self._by_id: dict[UUID, AnyRunning] = {}
        self.is_closing = False

    def add(self, running: AnyRunning) -> None:
        """Take one in. Its id must be new."""
        self._by_id[running.id] = running

    def remove(self, running: AnyRunning) -> None:
        """Forget one."""
        if self._by_id.get(running.id) is running:
            del self._by_id[running.id]

    async def close(self, reason: str, *, patience_s: float) -> None:
        """Take nothing further, and end each once what is under way for it is stored.

        So whoever goes on with an upload elsewhere need not send its chunks again. What takes longer
        than `patience_s` seconds is given up.
        """
        self.is_closing = True
        running = [each for each in self._by_id.values() if not each.finished.done()]
        for each in running:
            each.end_when_idle(reason)
        if running:
            await asyncio.wait([each.finished for each in running], timeout=patience_s)
        for each in running:
            each.end(reason)

    def find(self, id_: UUID) -> AnyRunning:
        """The one with this id.

        Raises:
            UnknownUpload: if there is none.
            Stopping: if none of them takes anything any more.
        """
        if self.is_closing:
            raise Stopping
        try:
            return self._by_id[id_]
        except KeyError:
            raise UnknownUpload from None

    def __contains__(self, id_: UUID) -> bool:
        return id_ in self._by_id

    def __len__(self) -> int:
        return len(self._by_id)


class ActiveUploads(Registry[ActiveUpload]):
    """All uploads of this process, by id."""

    def __init__(self) -> None:
        super().__init__()
        self._unattributed = 0

    def add(self, running: ActiveUpload) -> None:
        """Take an upload in. Its id must be new."""
        super().add(running)
        if self._unattributed:
            running.chunks.prolong()

    @contextmanager
    def receiving_unattributed(self) -> Iterator[None]:
        """A body is received that may belong to any upload: all of them wait somewhat longer."""
        self._unattributed += 1
        for upload in self._by_id.values():
            upload.chunks.prolong()
        try:
            yield
        finally:
            self._unattributed -= 1
            if not self._unattributed:
                for upload in self._by_id.values():
                    upload.shorten()
