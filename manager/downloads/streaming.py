"""Sends a file's content: chunk by chunk, checked before a byte goes out, at the reader's pace."""

import contextlib
from itertools import islice
from secrets import token_hex

from aiohttp import web

from manager.downloads.content import Buffer, ContentSource, ReadAhead
from manager.downloads.delivery import BodyWriter, Delivery
from manager.downloads.ranges import ByteRange, Segment
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
        indexes = None if answer.parts == (ByteRange(0, content.size),) else answer.chunk_indexes()
        async with (
            self._delivery.place(request, reader) as writer,
            contextlib.AsyncExitStack() as stack,
        ):
            if len(list(islice(answer.chunk_indexes(), 2))) > 1:
                # A single chunk is read before anything can happen to it.
                await stack.enter_async_context(self._source.kept_alive(content))
            chunks = ReadAhead(self._source.chunks(content, indexes))
            await stack.enter_async_context(chunks)
            await chunks.ready()
            response = web.StreamResponse(status=answer.status, headers=answer.headers)
            await response.prepare(request)
            with writer.body():
                await _write_body(response, answer, chunks, writer)
            return response


async def _write_body(
    response: web.StreamResponse, answer: Answer, chunks: ReadAhead[Buffer], writer: BodyWriter
) -> None:
    index: int | None = None
    chunk: Buffer = b""
    for piece in answer.pieces():
        if not isinstance(piece, Segment):
            await writer.push(response, piece)
            continue
        if piece.index != index:
            chunk, index = await anext(chunks), piece.index
        await writer.push(response, memoryview(chunk)[piece.start : piece.stop])
        writer.count(piece.stop - piece.start)
    await writer.finish(response)
