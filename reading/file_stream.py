"""Sends many small files in one response (`protocol.file_stream`).

Those that lie beside each other in one attachment are fetched together. Each is verified before its frame
begins; one that cannot be sent is answered in its place.
"""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from aiohttp import web

from protocol.file_stream import MEDIA_TYPE, FileHeader, frame_head
from reading.answers import reading_text
from reading.content import ContentSource
from reading.delivery import Delivery
from reading.read_ahead import Load, ReadAhead, ReadAheadMemory
from storage.errors import StorageError
from storage.extents import extents
from storage.reader import ExpectedChunk


class StreamedFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file to be sent.

    Attributes:
        index: Its place in the request.
        hash: That of its content, as `FileHeader` has it.
        modified_at: When its content was last modified, in seconds since the epoch.
        chunk: Its only one.
    """

    index: int
    hash: str
    modified_at: float
    chunk: ExpectedChunk


@dataclass(frozen=True, slots=True)
class FileBatch:
    """Files that were looked up together, and the frames of those of which nothing is read."""

    frames: bytes
    files: Sequence[StreamedFile]


class FileStreamSender:
    """Sends files in frames.

    Args:
        delivery: How they go out.
        memory: Bounds what is read ahead.
    """

    def __init__(self, delivery: Delivery, memory: ReadAheadMemory) -> None:
        self._delivery = delivery
        self._memory = memory

    async def send(
        self,
        request: web.Request,
        batches: AsyncIterable[FileBatch],
        source: ContentSource,
        reader: str,
    ) -> web.StreamResponse:
        """Answers with all files of the batches; the download counts towards the limit of `reader`.

        Raises `TooManyDownloads`, and what the batches raise: all before the first byte. What goes wrong
        later with all of them ends the connection.
        """
        async with (
            self._delivery.admitted(request, reader) as writer,
            ReadAhead(_frames(batches, source), self._memory) as frames,
        ):
            await frames.ready()
            headers = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store"}
            response = web.StreamResponse(headers=headers)
            await response.prepare(request)
            with writer.body():
                async for frame in frames:
                    await writer.push(response, frame)
                    writer.count(len(frame))
                await writer.finish(response)
            return response


async def _frames(
    batches: AsyncIterable[FileBatch], source: ContentSource
) -> AsyncGenerator[Load[bytes], None]:
    """Yields reads of frames, of some files each."""
    async for batch in batches:
        yield Load(0, partial(_made, batch.frames))
        for group in extents([file.chunk.address for file in batch.files]):
            files = [batch.files[position] for position in group]
            size_bytes = sum(file.chunk.address.stored_size for file in files)
            yield Load(size_bytes, partial(_read, source, files))


async def _read(source: ContentSource, files: Sequence[StreamedFile]) -> bytes:
    """The frames of files whose content lies together."""
    pieces: list[bytes | memoryview] = []
    read = await source.read_together([file.chunk for file in files])
    for file, plain in zip(files, read, strict=True):
        if isinstance(plain, StorageError):
            pieces.append(refusal_frame(file.index, plain.code, reading_text(plain)))
        else:
            header = FileHeader(
                index=file.index, size=len(plain), hash=file.hash, modified_at=file.modified_at
            )
            pieces += (frame_head(header), plain)
    return b"".join(pieces)


def refusal_frame(index: int, code: str, details: str) -> bytes:
    """The frame of a file that is not sent, and why not."""
    return frame_head(FileHeader(index=index, error=code, details=details))


async def _made(frames: bytes) -> bytes:
    return frames
