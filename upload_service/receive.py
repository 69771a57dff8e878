"""From the body of a request to a sealed chunk in a buffer, piece by piece.

Each piece is hashed and encrypted while it is warm in the cache, straight into the buffer from
which it is sent: nothing is copied on the way, nothing is collected first. Only when the file comes
before the fields that say what it is, the plain bytes are collected, exactly where their ciphertext
will stand, and sealed in place.
"""

import asyncio
import hashlib
import re
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from aiohttp import StreamReader

from common.wording import counted
from protocol.values import CHUNK_SIZE, is_uuid
from storage.envelope import ENVELOPE_HEADER, ENVELOPE_OVERHEAD, SEALING_SLACK, ChunkSealer
from upload_service.buffers import Lane, Lease
from upload_service.direct import Front
from upload_service.errors import BadField, BadForm, Busy, OtherBytesStored, WrongLength
from upload_service.job import Offer
from upload_service.mime import HEAD_BYTES
from upload_service.multipart import (
    MAX_TAIL_BYTES,
    Event,
    Field,
    FileData,
    FileStart,
    FormParser,
)
from upload_service.stall import StallGuard
from upload_service.unattributed import Collecting
from upload_service.uploads import Claim, Upload, Uploads

BUFFER_BYTES: Final = CHUNK_SIZE + ENVELOPE_OVERHEAD + SEALING_SLACK + MAX_TAIL_BYTES
"""Room for the largest chunk in its envelope, or for it and all that may follow it in the form."""
MAX_BODY_BYTES: Final = CHUNK_SIZE + MAX_TAIL_BYTES
"""No chunk's form is longer than this."""
_SEALING_PIECE_BYTES: Final = 256 * 1024
_DIRECT_BYTES: Final = 64 * 1024
"""For less than this, going around aiohttp is not worth it."""
_INDEX: Final = re.compile(r"[0-9]{1,15}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Body:
    """Where a body comes from.

    Attributes:
        content: aiohttp's reader.
        length: how many bytes it was announced with; 0 if that is not known.
        front: the way around aiohttp, if there is one for this body.
    """

    content: StreamReader
    length: int
    front: Front | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SealedChunk:
    """A whole encrypted chunk. Whoever has it must end its claim and release its lease."""

    claim: Claim
    lease: Lease
    content: memoryview
    size: int
    digest: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedChunk:
    """A chunk that is stored already came again; it is to be compared."""

    upload: Upload
    index: int
    digest: bytes


class Sealing:
    """Takes plain bytes and turns them into a sealed chunk."""

    def __init__(self, claim: Claim, lease: Lease) -> None:
        upload = claim.upload
        self._claim = claim
        self._lease = lease
        self._digest = hashlib.sha256()
        self._sealer = ChunkSealer(
            upload.key, upload.id, claim.index, upload.job.count, lease.buffer
        )
        self._size = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next plain bytes."""
        if self._claim.index == 0 and self._size < HEAD_BYTES:
            self._keep_head(piece)
        self._digest.update(piece)
        self._sealer.update(piece)
        self._size += len(piece)

    def _keep_head(self, piece: bytes | memoryview) -> None:
        upload = self._claim.upload
        known = upload.head if self._size else b""
        upload.head = known + bytes(piece[: HEAD_BYTES - len(known)])

    def room(self, length: int) -> memoryview:
        """Where the next `length` plain bytes may be put before they are written."""
        start = ENVELOPE_HEADER + self._size
        return self._lease.buffer[start : start + length]

    def result(self) -> SealedChunk:
        """The sealed chunk, once all its bytes were written."""
        return SealedChunk(
            claim=self._claim,
            lease=self._lease,
            content=self._sealer.finish(),
            size=self._size,
            digest=self._digest.digest(),
        )

    def discard(self) -> None:
        """Give everything back; the chunk is missing again."""
        self._lease.release()
        self._claim.dropped()


class _Comparing:
    """Takes the bytes of a chunk that is stored already."""

    def __init__(self, upload: Upload, index: int) -> None:
        self.index = index
        self._upload = upload
        self._digest = hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> None:
        self._digest.update(piece)

    def result(self) -> RepeatedChunk:
        return RepeatedChunk(upload=self._upload, index=self.index, digest=self._digest.digest())

    def discard(self) -> None:
        """There is nothing to give back."""


class Reception:
    """The reception of one body.

    Args:
        uploads: the uploads that run here.
        unattributed: the lane of bodies that begin with the file.
        guard: is told of all progress; must be entered already.
        boundary: of the form.
    """

    def __init__(
        self,
        uploads: Uploads,
        unattributed: Lane,
        guard: StallGuard,
        boundary: bytes,
    ) -> None:
        self._uploads = uploads
        self._unattributed = unattributed
        self._guard = guard
        self._parser = FormParser(boundary)
        self._fields: dict[str, str] = {}
        self._sink: Sealing | _Comparing | Collecting | None = None
        self._stack = ExitStack()
        self._taken = 0

    async def receive(self, body: Body) -> SealedChunk | RepeatedChunk:
        """Take the whole body.

        Raises:
            ChunkError: if the body is not that of a chunk to be had here. Nothing is held then.
        """
        try:
            with self._stack:
                await self._read(body)
                return await self._result()
        except BaseException as error:
            if self._sink is not None:
                self._sink.discard()
            if isinstance(error, WrongLength) and isinstance(self._sink, _Comparing):
                # What is stored has the right length, so these are other bytes.
                raise OtherBytesStored(self._sink.index) from None
            raise

    async def _read(self, body: Body) -> None:
        while not body.content.at_eof():
            # Unlike readany(), readchunk() does not join pieces: that would be one more copy.
            piece, _ = await body.content.readchunk()
            self._taken += len(piece)
            await self._take(piece)
            if body.front is not None and isinstance(self._sink, Sealing):
                await self._take_directly(body, body.front, self._sink)
        self._parser.finish()

    async def _take(self, piece: bytes) -> None:
        for event in self._parser.feed(piece):
            if isinstance(event, FileData) and self._sink is not None:
                self._guard.progress()
                self._sink.write(event.data)
            elif isinstance(event, FileStart):
                await self._begin_file()
            else:
                self._keep_field(event)

    async def _take_directly(self, body: Body, front: Front, sink: Sealing) -> None:
        """Let the rest of the file come in around aiohttp, if it is worth it and all of it comes."""
        remaining = self._parser.file_remaining
        all_taken = body.content.total_bytes == self._taken
        if remaining < _DIRECT_BYTES or not all_taken or remaining > body.length - self._taken:
            return

        def take(piece: memoryview) -> None:
            self._guard.progress()
            sink.write(piece)
            self._parser.passed(len(piece))

        await front.receive_into(sink.room(remaining), body.content, take)
        self._taken = body.content.total_bytes

    def _keep_field(self, event: Event) -> None:
        if isinstance(event, Field):
            self._fields[event.name] = event.value

    async def _begin_file(self) -> None:
        if not {"id", "chunk"} <= self._fields.keys():
            self._sink = Collecting(await self._unattributed_lease(), self._guard)
            self._stack.enter_context(self._uploads.receiving_unattributed())
            return
        upload, index = self._target()
        self._parser.expect(upload.job.length(index))
        self._stack.enter_context(upload.receiving(self._guard))
        with self._guard.paused():
            self._sink = await self._admit(upload, index)

    async def _unattributed_lease(self) -> Lease:
        try:
            with self._guard.paused():
                async with asyncio.timeout(self._guard.stall_s):
                    return await self._unattributed.lease()
        except TimeoutError:
            raise Busy("send the fields id and chunk before the file") from None

    async def _admit(self, upload: Upload, index: int) -> Sealing | _Comparing:
        while await upload.settled_offer(index) is Offer.RECEIVE:
            lease = await upload.lane.lease()
            with ExitStack() as undo:
                undo.callback(lease.release)
                # Somebody else may have begun with this chunk while a permit was awaited.
                if upload.job.offer(index) is Offer.RECEIVE:
                    undo.pop_all()
                    return Sealing(upload.claim(index), lease)
        return _Comparing(upload, index)

    def _target(self) -> tuple[Upload, int]:
        """The upload and the chunk that the fields name."""
        missing = {"id", "chunk"} - self._fields.keys()
        if missing:
            raise BadForm(f"the form has no field {' and no field '.join(sorted(missing))}")
        if not is_uuid(self._fields["id"].lower()):
            raise BadField("the field id must be the upload id, a uuid")
        if not _INDEX.fullmatch(self._fields["chunk"]):
            raise BadField("the field chunk must be an index: digits, counted from 0")
        upload = self._uploads.find(UUID(self._fields["id"]))
        index = int(self._fields["chunk"])
        upload.job.offer(index)
        return upload, index

    async def _result(self) -> SealedChunk | RepeatedChunk:
        if self._sink is None:
            raise BadForm("the form has no field file")
        if isinstance(self._sink, Collecting):
            self._sink = await self._attribute(self._sink)
        return self._sink.result()

    async def _attribute(self, sink: Collecting) -> Sealing | _Comparing:
        """Find out which chunk was collected, and seal it where it lies."""
        collected = sink.collected()
        end = self._parser.file_end(collected)
        for event in self._parser.resume(bytes(collected[end:])):
            self._keep_field(event)
        self._parser.finish()
        upload, index = self._target()
        length = upload.job.length(index)
        if end != length:
            if upload.job.offer(index) is Offer.COMPARE:
                raise OtherBytesStored(index)
            raise WrongLength(
                f"chunk {index} has {counted(length, 'byte')}, the file sent has {end}"
            )
        plain = collected[:end]
        self._stack.enter_context(upload.receiving(self._guard))
        with self._guard.paused():
            taken = await self._place(sink.lease, upload, index)
        for start in range(0, end, _SEALING_PIECE_BYTES):
            taken.write(plain[start : start + _SEALING_PIECE_BYTES])
        if isinstance(taken, _Comparing):
            sink.lease.release()
        return taken

    async def _place(self, lease: Lease, upload: Upload, index: int) -> Sealing | _Comparing:
        await lease.move_to(upload.lane)
        if await upload.settled_offer(index) is Offer.RECEIVE:
            return Sealing(upload.claim(index), lease)
        return _Comparing(upload, index)
