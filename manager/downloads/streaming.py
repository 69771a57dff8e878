"""Sends a file's content: chunk by chunk, checked before a byte goes out, at the reader's pace."""

import contextlib
from itertools import islice
from secrets import token_hex

from aiohttp import web

from catalog.records import StoredObject
from manager.downloads.content import ContentSource
from manager.downloads.delivery import BodyWriter, Delivery
from manager.downloads.ranges import ByteRange, Segment
from manager.downloads.read_ahead import Buffer, ReadAhead, ReadChunk, in_order
from manager.downloads.representation import Answer, Representation


class ContentSender:
    """Answers requests for the content of files."""

    def __init__(self, source: ContentSource, delivery: Delivery) -> None:
        self._source = source
        self._delivery = delivery

    async def send(
        self, request: web.Request, representation: Representation, reader: str
    ) -> web.StreamResponse:
        """Answers a GET or HEAD with the content, parts of it, or the news that nothing changed.

        `reader` is whose share of the places for downloads it takes.

        Raises `RangeNotSatisfiable`, `NoSuchFile`, `Overloaded`, `StorageError`,
        `CatalogUnavailable`: all before the first byte. What goes wrong later ends the connection.
        """
        boundary = token_hex(16)
        answer = representation.answer(request.method, request.headers, boundary=boundary)
        if request.method == "HEAD" or not answer.parts:
            return web.Response(status=answer.status, headers=answer.headers)
        content = representation.content
        async with self._delivery.place(request, reader) as writer:
            chunks = in_order(self._chunk_reader(content, answer), answer.chunk_indexes())
            async with self._kept_alive(content, answer), ReadAhead(chunks) as ahead:
                await ahead.ready()
                return await _respond(request, answer, ahead, writer)

    def _chunk_reader(self, content: StoredObject, answer: Answer) -> ReadChunk:
        is_whole = answer.parts == (ByteRange(0, content.size),)
        return self._source.whole(content) if is_whole else self._source.chunks(content)

    def _kept_alive(
        self, content: StoredObject, answer: Answer
    ) -> contextlib.AbstractAsyncContextManager[None]:
        """Holds the content, unless a single chunk is all that is needed of it."""
        if len(list(islice(answer.chunk_indexes(), 2))) < 2:
            return contextlib.nullcontext()
        return self._source.kept_alive(content)


async def _respond(
    request: web.Request, answer: Answer, ahead: ReadAhead[Buffer], writer: BodyWriter
) -> web.StreamResponse:
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    await response.prepare(request)
    with writer.body():
        await _write_body(response, answer, ahead, writer)
    return response


async def _write_body(
    response: web.StreamResponse, answer: Answer, ahead: ReadAhead[Buffer], writer: BodyWriter
) -> None:
    index: int | None = None
    chunk: Buffer = b""
    for piece in answer.pieces():
        if not isinstance(piece, Segment):
            await writer.push(response, piece)
            continue
        if piece.index != index:
            chunk, index = await anext(ahead), piece.index
        await writer.push(response, memoryview(chunk)[piece.start : piece.stop])
        writer.count(piece.stop - piece.start)
    await writer.finish(response)
