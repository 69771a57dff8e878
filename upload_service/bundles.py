"""The bundles that run here: many small files that come in one body and lie in one parcel.

The body has a record for each file: 16 bytes of its upload id, its size in 4 bytes, big-endian, and its
contents. Each file is sealed as it comes, with its own key, right behind the one before. A body that breaks
off leaves nothing behind and may be sent again; of a bundle that is stored, or on its way, it is not looked
at again. What is wrong with one file, its size say, fails that file alone.
"""

import asyncio
import base64
import hashlib
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from common.wording import counted
from protocol import s2u
from protocol.chunks import content_hash
from protocol.u2s import BundledFileResult, BundleFinish
from protocol.values import CHUNK_SIZE
from storage.envelope import ENVELOPE_OVERHEAD, ChunkSealer
from storage.object_keys import ObjectKey
from upload_service.active_uploads import Backend, Registry
from upload_service.buffers import HeldBuffer, Lane, room_for
from upload_service.errors import BadForm, BodyCut, BodyTooLarge, ChunkError, UploadEnded
from upload_service.mime import HEAD_BYTES, mime_type
from upload_service.parcels import Parcel, ParcelChunk
from upload_service.stall import StallGuard

_RECORD: Final = struct.Struct(">16sI")
_MAX_SEALED_BYTES: Final = CHUNK_SIZE + ENVELOPE_OVERHEAD
_MAX_FILES: Final = 1000
_MAX_BODY_BYTES: Final = _MAX_SEALED_BYTES
"""A body is shorter than what it becomes: the head of a record has fewer bytes than an envelope adds."""
_NOT_SENT: Final = "the file was not sent with its bundle"


class BundleEntry:
    """One file of a bundle: an upload of one chunk.

    Attributes:
        id: the upload.
        size: bytes that it must have.
        backend: where it goes.
        digest: of its contents, once they are stored; None before.
        mime_type: what it is, once its first bytes have come.
        reason: why it is not stored.
    """

    __slots__ = (
        "_bundle",
        "_key",
        "backend",
        "digest",
        "id",
        "mime_type",
        "name",
        "reason",
        "size",
    )

    def __init__(self, bundle: "ActiveBundle", file: s2u.BundledFileStart, key_id: bytes) -> None:
        self._bundle = bundle
        self._key: ObjectKey | None = ObjectKey(base64.b64decode(file.key), key_id)
        self.id = UUID(file.upload_id)
        self.name = file.name
        self.size = file.size
        self.backend = bundle.backend
        self.digest: bytes | None = None
        self.mime_type = ""
        self.reason = _NOT_SENT

    def forget_key(self) -> None:
        """The bundle is over: nothing is sealed any more."""
        self._key = None

    def sealer(self, buffer: memoryview) -> ChunkSealer:
        """What encrypts the file into a buffer. Raises `UploadEnded`."""
        if self._key is None:
            raise UploadEnded("the bundle is over")
        return ChunkSealer(self._key, self.id, 0, 1, buffer)

    def type_of_chunk(self, index: int) -> str | None:
        """None: the type comes with the end of the bundle."""
        del index
        return None

    def require_alive(self) -> None:
        """Check that the bundle has not ended. Raises `UploadEnded`."""
        self._bundle.require_alive()

    def stored(self, index: int, digest: bytes) -> None:
        """The file is stored, and the manager has entered its chunk."""
        del index
        self.digest = digest

    def dropped(self, index: int) -> None:
        """The file did not make it."""
        del index

    def end(self, reason: str) -> None:
        """The bundle cannot be stored."""
        self._bundle.end(reason)

    def result(self) -> BundledFileResult:
        """What the manager is told."""
        upload_id = str(self.id)
        if self.digest is None:
            return BundledFileResult(upload_id=upload_id, reason=self.reason)
        return BundledFileResult(
            upload_id=upload_id, hash=content_hash([self.digest]), type=self.mime_type
        )


class ActiveBundle:
    """One bundle, from its start to its end here.

    Args:
        start: what the manager says about it. Raises ValueError when its files do not fit.
        lane: bounds how many bodies are on their way at once.
        backend: where the files go.
        inactivity_timeout_s: seconds without any body after which the bundle ends.

    Attributes:
        id: of the bundle.
        backend: where the files go.
        finished: resolved as soon as the bundle is stored or has ended.
    """

    def __init__(
        self, start: s2u.BundleStart, *, lane: Lane, backend: Backend, inactivity_timeout_s: float
    ) -> None:
        sealed = sum(file.size + ENVELOPE_OVERHEAD for file in start.files)
        if len(start.files) > _MAX_FILES or sealed > _MAX_SEALED_BYTES:
            raise ValueError("the files of the bundle do not fit into one chunk")
        self._loop = asyncio.get_running_loop()
        self.id = UUID(start.bundle_id)
        self.backend = backend
        self.finished: asyncio.Future[None] = self._loop.create_future()
        key_id = bytes.fromhex(start.key_id)
        entries = [BundleEntry(self, file, key_id) for file in start.files]
        self._entries = {entry.id.bytes: entry for entry in entries}
        if len(self._entries) < len(entries):
            raise ValueError("two files of the bundle have the same upload id")
        self._sealed_bytes = sealed
        self._lane = lane
        self._inactivity_timeout_s = inactivity_timeout_s
        self._timer: asyncio.TimerHandle | None = None
        self._guard: StallGuard | None = None
        self._is_busy = self._is_stored = False
        self._is_idle = asyncio.Event()
        self._end_reason: str | None = None
        self._ends_idle: str | None = None
        self._leave()

    def require_alive(self) -> None:
        """Check that the bundle has not ended. Raises `UploadEnded`."""
        if self._end_reason is not None:
            raise UploadEnded(self._end_reason)

    def find(self, upload_id: bytes) -> BundleEntry:
        """The file with this id. Raises `BadForm` when the bundle has none."""
        try:
            return self._entries[upload_id]
        except KeyError:
            raise BadForm("a record names an upload that is not in this bundle") from None

    async def is_wanted(self) -> bool:
        """Whether a body is to be received, once no other one is on its way. Raises `UploadEnded`."""
        while self._is_busy:
            await self._is_idle.wait()
        self.require_alive()
        return not self._is_stored

    @contextmanager
    def receiving(self, guard: StallGuard) -> Iterator[None]:
        """A body is received in the block inside, which the end of the bundle interrupts."""
        self._is_busy, self._guard = True, guard
        self._is_idle.clear()
        self._stop_timer()
        try:
            yield
        except BaseException:
            self._leave()
            raise
        finally:
            self._guard = None

    async def buffer(self) -> HeldBuffer:
        """Wait for the memory that a body is sealed into."""
        return await self._lane.acquire_buffer(room_for(self._sealed_bytes))

    def forwarded(
        self, parcel: Parcel, task: "asyncio.Task[tuple[ChunkError | None, ...]]"
    ) -> None:
        """The parcel is stored, or it is not and the body may be sent again."""
        if task.cancelled() or task.exception() is not None:
            self._leave()
            return
        for chunk, refusal in zip(parcel.chunks, task.result(), strict=True):
            if refusal is not None and isinstance(chunk.upload, BundleEntry):
                chunk.upload.reason = str(refusal)
        self.complete()

    def complete(self) -> None:
        """What came is stored; what did not come will not."""
        if self._end_reason is None:
            self._is_stored = True
        self._leave()
        self._settle()

    def end(self, reason: str) -> None:
        """Take nothing any more and interrupt a body under way. A bundle that is stored stays so."""
        if self._is_stored or self._end_reason is not None:
            return
        self._end_reason = reason
        self._settle()
        if self._guard is not None:
            self._guard.interrupt(UploadEnded(reason))

    def end_when_idle(self, reason: str) -> None:
        """End as `end` does, as soon as no body is received or forwarded."""
        self._ends_idle = reason
        if not self._is_busy:
            self.end(reason)

    @property
    def is_complete(self) -> bool:
        """Whether all that came is stored."""
        return self._is_stored

    def finish(self) -> BundleFinish:
        """What the manager is told at the end."""
        bundle_id = str(self.id)
        if self._end_reason is not None:
            return BundleFinish(bundle_id=bundle_id, success=False, reason=self._end_reason)
        results = tuple(entry.result() for entry in self._entries.values())
        return BundleFinish(bundle_id=bundle_id, success=True, files=results)

    def _leave(self) -> None:
        self._is_busy = False
        self._is_idle.set()
        if self._ends_idle is not None:
            self.end(self._ends_idle)
        elif not self._is_stored and self._end_reason is None:
            self._timer = self._loop.call_later(
                self._inactivity_timeout_s,
                self.end,
                f"no body came for {self._inactivity_timeout_s:g} s",
            )

    def _settle(self) -> None:
        self._stop_timer()
        for entry in self._entries.values():
            entry.forget_key()
        if not self.finished.done():
            self.finished.set_result(None)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class ActiveBundles(Registry[ActiveBundle]):
    """All bundles of this process, by id."""


class BundleReceiver:
    """Takes the records of one body, and seals each file behind the one before.

    Args:
        bundle: whose body it is.
        held: where the ciphertexts go.
        guard: of the reception; notes the progress.
    """

    def __init__(self, bundle: ActiveBundle, held: HeldBuffer, guard: StallGuard) -> None:
        self._bundle = bundle
        self._held = held
        self._guard = guard
        self._head = bytearray()
        self._taken = 0
        self._remaining = 0
        self._file: _SealedFile | None = None
        self._seen: set[UUID] = set()
        self._chunks: list[ParcelChunk] = []
        self._end = 0

    def feed(self, piece: bytes) -> None:
        """Take the next bytes. Raises `BadForm`, `BodyTooLarge`."""
        self._guard.progress()
        self._taken += len(piece)
        if self._taken > _MAX_BODY_BYTES:
            raise BodyTooLarge("the body is larger than any bundle")
        view = memoryview(piece)
        while view:
            if self._remaining:
                length = min(self._remaining, len(view))
                self._take_contents(view[:length])
            else:
                length = min(_RECORD.size - len(self._head), len(view))
                self._take_head(view[:length])
            view = view[length:]

    def finish(self) -> Parcel | None:
        """What is to be stored; None when nothing has come. Raises `BodyCut` within a record."""
        if self._head or self._remaining:
            raise BodyCut("the body ended within a record")
        if not self._chunks:
            self._held.release()
            return None
        return Parcel(
            content=self._held.memory[: self._end],
            chunks=tuple(self._chunks),
            ended=self._bundle.finished,
            release=self._held.release,
        )

    def _take_head(self, piece: memoryview) -> None:
        self._head += piece
        if len(self._head) < _RECORD.size:
            return
        upload_id, size = _RECORD.unpack(self._head)
        self._head.clear()
        entry = self._bundle.find(upload_id)
        if entry.id in self._seen:
            raise BadForm("two records name the same upload")
        self._seen.add(entry.id)
        self._remaining = size
        if size != entry.size:
            self._file = None
            what = counted(entry.size, "byte")
            entry.reason = f"the file has {what}, {counted(size, 'byte')} were sent"
        else:
            self._file = _SealedFile(entry, self._held.memory[self._end :])

    def _take_contents(self, piece: memoryview) -> None:
        self._remaining -= len(piece)
        if self._file is None:
            return
        self._file.write(piece)
        if not self._remaining:
            chunk = self._file.chunk(self._end)
            self._chunks.append(chunk)
            self._end += chunk.stored_size


class _SealedFile:
    """The contents of one file on their way into a buffer."""

    __slots__ = ("_digest", "_entry", "_head", "_sealer")

    def __init__(self, entry: BundleEntry, buffer: memoryview) -> None:
        self._entry = entry
        self._head = b""
        self._digest = hashlib.sha256()
        self._sealer = entry.sealer(buffer)

    def write(self, piece: memoryview) -> None:
        if len(self._head) < HEAD_BYTES:
            self._head += piece[: HEAD_BYTES - len(self._head)]
        self._digest.update(piece)
        self._sealer.update(piece)

    def chunk(self, offset: int) -> ParcelChunk:
        """The sealed file, which begins at `offset` of its parcel."""
        self._entry.mime_type = mime_type(self._head, self._entry.name)
        return ParcelChunk(
            upload=self._entry,
            index=0,
            offset=offset,
            stored_size=len(self._sealer.finish()),
            size=self._entry.size,
            digest=self._digest.digest(),
        )
