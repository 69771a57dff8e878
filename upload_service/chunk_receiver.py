"""From the body of a request to a sealed chunk in a buffer, piece by piece.

Each piece is hashed and encrypted while it is warm in the cache, straight into the buffer from
which it is sent: nothing is copied on the way, nothing is collected first.

Only when the file comes before the fields `id` and `chunk`, the plain bytes are collected, exactly
where their ciphertext will stand, and sealed in place. Any client can send such a body without
knowing of any upload. So few of them are received at once, and each must keep the lowest rate.
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
from protocol.values import LARGEST_CHUNK_SIZE, is_uuid
from storage.envelope import ENVELOPE_HEADER
from upload_service.active_uploads import ActiveUpload, ActiveUploads
from upload_service.buffers import HeldBuffer, Lane, room_for
from upload_service.chunk_states import Offer
from upload_service.errors import (
    BadField,
    BadForm,
    BodyTooLarge,
    Busy,
    OtherBytesStored,
    WrongLength,
)
from upload_service.mime import HEAD_BYTES
from upload_service.multipart import MAX_TAIL_BYTES, Field, FileData, FileStart, FormParser
from upload_service.parcels import Parcel, ParcelChunk
from upload_service.stall import MIN_BYTES_PER_S, MinimumRate, StallGuard
from upload_service.zero_copy import ZeroCopyProtocol

MAX_BODY_BYTES: Final = LARGEST_CHUNK_SIZE + MAX_TAIL_BYTES
"""No chunk's form is longer than this."""
_SEALING_PIECE_BYTES: Final = 256 * 1024
_DIRECT_BYTES: Final = 64 * 1024
"""For less than this, going around aiohttp is not worth it."""
_INDEX: Final = re.compile(r"[0-9]{1,15}", re.ASCII)
_PATIENCE: Final = 1 / 6
"""How far a body that begins with the file may fall behind, as a part of the time in which it may
stand still. A request that waits for its buffer gives up after that time, so the buffers change
hands several times before."""
_TOO_SLOW: Final = (
    f"a body that begins with the file must come at {MIN_BYTES_PER_S // 1024} KiB/s at least; "
    "send the fields id and chunk before the file"
)


@dataclass(frozen=True, slots=True)
class RequestBody:
    """Where a body comes from.

    Attributes:
        content: aiohttp's reader.
        length: how many bytes it was announced with; 0 if that is not known.
        connection: the way around aiohttp, None if there is none for this body.
    """

    content: StreamReader
    length: int
    connection: ZeroCopyProtocol | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatedChunk:
    """A chunk that is stored already came again; its digest is to be compared."""

    upload: ActiveUpload
    index: int
    digest: bytes


class SealingSink:
    """Turns plain bytes into a sealed chunk.

    Args:
        upload: what the chunk belongs to.
        index: the chunk, which is in flight.
        held: where the ciphertext goes.
        guard: of the reception; notes the progress.
    """

    def __init__(
        self, upload: ActiveUpload, index: int, held: HeldBuffer, guard: StallGuard
    ) -> None:
        self._guard = guard
        self._upload = upload
        self._index = index
        self._held = held
        self._digest = hashlib.sha256()
        self._sealer = upload.sealer(index, held.memory)
        self._size = 0

    def write(self, piece: bytes | memoryview) -> None:
        """Take the next plain bytes."""
        self._guard.progress()
        if self._index == 0 and self._size < HEAD_BYTES:
            known = self._upload.head if self._size else b""
            self._upload.head = known + bytes(piece[: HEAD_BYTES - len(known)])
        self._digest.update(piece)
        self._sealer.update(piece)
        self._size += len(piece)

    def room(self, length: int) -> memoryview:
        """Where the next `length` plain bytes may be put before they are written."""
        start = ENVELOPE_HEADER + self._size
        return self._held.memory[start : start + length]

    def result(self) -> Parcel:
        """A parcel of the sealed chunk, once all its bytes were written."""
        content = self._sealer.finish()
        chunk = ParcelChunk(
            upload=self._upload,
            index=self._index,
            offset=0,
            stored_size=len(content),
            size=self._size,
            digest=self._digest.digest(),
        )
        ended = self._upload.finished
        return Parcel(content=content, chunks=(chunk,), ended=ended, release=self._held.release)

    def discard(self) -> None:
        """Give everything back; the chunk is missing again."""
        self._held.release()
        self._upload.dropped(self._index)


class _DigestSink:
    """Takes the digest of a chunk that is stored already."""

    def __init__(self, upload: ActiveUpload, index: int, guard: StallGuard) -> None:
        self._guard = guard
        self.index = index
        self._upload = upload
        self._digest = hashlib.sha256()

    def write(self, piece: bytes | memoryview) -> None:
        self._guard.progress()
        self._digest.update(piece)

    def result(self) -> RepeatedChunk:
        return RepeatedChunk(upload=self._upload, index=self.index, digest=self._digest.digest())

    def discard(self) -> None:
        """Nothing is held."""


class _CollectingSink:
    """Collects all that comes from the file on, exactly where its ciphertext will stand.

    Args:
        held: where it goes.
        guard: of the reception; must be entered already.
    """

    def __init__(self, held: HeldBuffer, guard: StallGuard) -> None:
        self.held = held
        self._guard = guard
        self._rate = MinimumRate(guard, patience_s=guard.stall_s * _PATIENCE, reason=_TOO_SLOW)
        self._size = 0

    def write(self, piece: bytes | memoryview) -> None:
        self._guard.progress()
        start = ENVELOPE_HEADER + self._size
        if start + len(piece) > len(self.held.memory):
            raise BodyTooLarge("the body is larger than any chunk")
        self.held.memory[start : start + len(piece)] = piece
        self._size += len(piece)
        self._rate.received(len(piece))

    def collected(self) -> memoryview:
        """All bytes, once the body is over."""
        self._rate.stop()
        return self.held.memory[ENVELOPE_HEADER : ENVELOPE_HEADER + self._size]

    def discard(self) -> None:
        self._rate.stop()
        self.held.release()


class ChunkReceiver:
    """Receives one body.

    Args:
        uploads: the uploads that run here.
        unattributed: the lane of bodies that begin with the file.
        guard: notes all progress; must be entered already.
        boundary: of the form.
    """

    def __init__(
        self,
        uploads: ActiveUploads,
        unattributed: Lane,
        guard: StallGuard,
        boundary: bytes,
    ) -> None:
        self._uploads = uploads
        self._unattributed = unattributed
        self._guard = guard
        self._parser = FormParser(boundary)
        self._fields: dict[str, str] = {}
        self._sink: SealingSink | _DigestSink | _CollectingSink | None = None
        self._stack = ExitStack()
        self._taken = 0
        self._longest_file = LARGEST_CHUNK_SIZE

    async def receive(self, body: RequestBody) -> Parcel | RepeatedChunk:
        """Take the whole body.

        Raises:
            ChunkError: if the body is not that of a chunk to be had here. Nothing is held then.
        """
        # Where the length is not known the file may be as long as any chunk.
        self._longest_file = min(body.length, LARGEST_CHUNK_SIZE) or LARGEST_CHUNK_SIZE
        try:
            with self._stack:
                await self._read(body)
                if self._sink is None:
                    raise BadForm("the form has no field file")
                if isinstance(self._sink, _CollectingSink):
                    self._sink = await self._attribute(self._sink)
                return self._sink.result()
        except BaseException as error:
            if self._sink is not None:
                self._sink.discard()
            if isinstance(error, WrongLength) and isinstance(self._sink, _DigestSink):
                # What is stored has the right length, so these are other bytes.
                raise OtherBytesStored(self._sink.index) from None
            raise

    async def _read(self, body: RequestBody) -> None:
        while not body.content.at_eof():
            # Unlike readany(), readchunk() does not join pieces: that would be one more copy.
            piece, _ = await body.content.readchunk()
            self._taken += len(piece)
            for event in self._parser.feed(piece):
                if isinstance(event, Field):
                    self._fields[event.name] = event.value
                elif isinstance(event, FileStart):
                    await self._begin_file()
                elif isinstance(event, FileData) and self._sink is not None:
                    self._sink.write(event.data)
            if body.connection is not None and isinstance(self._sink, SealingSink):
                await self._take_directly(body, body.connection, self._sink)
        self._parser.finish()

    async def _begin_file(self) -> None:
        if not {"id", "chunk"} <= self._fields.keys():
            self._sink = _CollectingSink(await self._unattributed_buffer(), self._guard)
            self._stack.enter_context(self._uploads.receiving_unattributed())
            return
        upload, index = self._target()
        self._parser.expect(upload.chunks.length(index))
        self._stack.enter_context(upload.receiving(self._guard))
        with self._guard.paused():
            held = await upload.admit(index)
        self._sink = self._sink_for(upload, index, held)

    def _sink_for(
        self, upload: ActiveUpload, index: int, held: HeldBuffer | None
    ) -> SealingSink | _DigestSink:
        if held is None:
            return _DigestSink(upload, index, self._guard)
        return SealingSink(upload, index, held, self._guard)

    async def _unattributed_buffer(self) -> HeldBuffer:
        try:
            with self._guard.paused():
                async with asyncio.timeout(self._guard.stall_s):
                    size = room_for(self._longest_file)
                    return await self._unattributed.acquire_buffer(size)
        except TimeoutError:
            raise Busy("send the fields id and chunk before the file") from None

    def _target(self) -> tuple[ActiveUpload, int]:
        """The upload and the chunk that the fields name, which may be sent."""
        missing = {"id", "chunk"} - self._fields.keys()
        if missing:
            raise BadForm(f"the form has no field {' and no field '.join(sorted(missing))}")
        if not is_uuid(self._fields["id"].lower()):
            raise BadField("the field id must be the upload id, a uuid")
        if not _INDEX.fullmatch(self._fields["chunk"]):
            raise BadField("the field chunk must be an index: digits, counted from 0")
        upload = self._uploads.find(UUID(self._fields["id"]))
        index = int(self._fields["chunk"])
        upload.chunks.offer(index)
        return upload, index

    async def _take_directly(
        self, body: RequestBody, connection: ZeroCopyProtocol, sink: SealingSink
    ) -> None:
        """Let the rest of the file come in around aiohttp, if it is worth it and all of it comes."""
        remaining = self._parser.file_remaining
        all_taken = body.content.total_bytes == self._taken
        if remaining < _DIRECT_BYTES or not all_taken or remaining > body.length - self._taken:
            return
        await connection.receive_into(sink.room(remaining), body.content, sink.write)
        self._parser.passed(remaining)
        self._taken = body.content.total_bytes

    async def _attribute(self, sink: _CollectingSink) -> SealingSink | _DigestSink:
        """Find out which chunk was collected, and seal it where it lies."""
        collected = sink.collected()
        end = self._parser.file_end(collected)
        for event in self._parser.resume(bytes(collected[end:])):
            if isinstance(event, Field):
                self._fields[event.name] = event.value
        self._parser.finish()
        upload, index = self._target()
        length = upload.chunks.length(index)
        if end != length:
            if upload.chunks.offer(index) is Offer.COMPARE:
                raise OtherBytesStored(index)
            raise WrongLength(
                f"chunk {index} has {counted(length, 'byte')}, the file sent has {end}"
            )
        self._stack.enter_context(upload.receiving(self._guard))
        with self._guard.paused():
            held = await upload.admit(index, sink.held)
        taken = self._sink_for(upload, index, held)
        for start in range(0, end, _SEALING_PIECE_BYTES):
            taken.write(collected[start : min(start + _SEALING_PIECE_BYTES, end)])
        if held is None:
            sink.held.release()
        return taken
