"""Sends a file's content: chunk by chunk, checked before a byte goes out, at the reader's pace."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from itertools import islice
from secrets import token_hex
from typing import cast

import structlog
from aiohttp import web

from catalog.errors import CatalogError, ObjectMissing
from catalog.port import ObjectStore
from catalog.records import StoredObject
from manager.errors import NoSuchFile, Overloaded
from manager.holds import TemporaryHolds
from manager.http.ranges import ByteRange, Segment
from manager.http.read_ahead import Buffer, ObjectChunks, ReadAhead
from manager.http.representation import Answer, Representation
from manager.http.whole_hash import ReadChunk, checked_whole
from manager.metrics import ManagerMetrics
from manager.webhooks import WebhookDirectory
from storage.errors import StorageError, WebhookUnusable
from storage.reader import ChunkReader

_log = structlog.get_logger()

WRITE_BYTES = 256 * 1024
"""Bytes handed to the socket at once; the rest waits here until the reader has taken them."""


class ContentSender:
    """Answers requests for the content of files.

    Args:
        catalog: Where chunks are looked up.
        reader: Fetches and verifies chunks.
        holds: Keeps content alive while it is being sent.
        webhooks: Is told of webhooks that turn out to be gone.
        metrics: Counts bytes sent, and downloads that were cut off.
        stall_s: Seconds without any progress after which a reader is given up.
        at_once: Downloads that may run at the same time.
    """

    def __init__(
        self,
        catalog: ObjectStore,
        reader: ChunkReader,
        holds: TemporaryHolds,
        webhooks: WebhookDirectory,
        metrics: ManagerMetrics,
        *,
        stall_s: float,
        at_once: int,
    ) -> None:
        self._catalog = catalog
        self._reader = reader
        self._holds = holds
        self._webhooks = webhooks
        self._metrics = metrics
        self._stall_s = stall_s
        self._at_once = at_once
        self._running: set[asyncio.Task[object]] = set()

    async def send(
        self, request: web.Request, representation: Representation
    ) -> web.StreamResponse:
        """Answers a GET or HEAD with the content, parts of it, or the news that nothing changed.

        Raises `RangeNotSatisfiable`, `NoSuchFile`, `Overloaded`, `StorageError`,
        `CatalogUnavailable`: all before the first byte. What goes wrong later ends the connection.
        """
        boundary = token_hex(16)
        answer = representation.answer(request.method, request.headers, boundary=boundary)
        if request.method == "HEAD" or not answer.parts:
            return web.Response(status=answer.status, headers=answer.headers)
        content = representation.content
        with self._place():
            async with (
                self._kept_alive(content, answer),
                ReadAhead(self._chunk_reader(content, answer), answer.chunk_indexes()) as ahead,
            ):
                await ahead.ready()
                return await self._respond(request, answer, ahead)

    def end_all(self) -> None:
        """Cuts off what is being sent: a stop would wait for it in vain. Readers can resume."""
        for task in self._running:
            task.cancel()

    def _chunk_reader(self, content: StoredObject, answer: Answer) -> ReadChunk:
        chunks = ObjectChunks(self._catalog, self._reader, content)

        async def read(index: int) -> Buffer:
            try:
                return await chunks.read(index)
            except WebhookUnusable as error:
                self._webhooks.lost(error)
                raise

        is_whole = answer.parts == (ByteRange(0, content.size),)
        return checked_whole(read, content) if is_whole else read

    async def _respond(
        self, request: web.Request, answer: Answer, ahead: ReadAhead
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=answer.headers)
        await response.prepare(request)
        try:
            await self._write_body(response, answer, ahead)
        except ConnectionError:
            self._cut_off(request, "reader-left")
        except TimeoutError:
            self._cut_off(request, "reader-stalled")
        except (StorageError, CatalogError) as error:
            _log.error("download-cut", code=error.code, reason=str(error))
            self._cut_off(request, error.code)
        except BaseException:
            self._cut_off(request, "stopped")
            raise
        return response

    async def _write_body(
        self, response: web.StreamResponse, answer: Answer, ahead: ReadAhead
    ) -> None:
        index: int | None = None
        chunk: Buffer = b""
        for piece in answer.pieces():
            if not isinstance(piece, Segment):
                await self._push(response, memoryview(piece))
                continue
            if piece.index != index:
                chunk, index = await ahead.next(), piece.index
            await self._push(response, memoryview(chunk)[piece.start : piece.stop])
            self._metrics.sent_bytes.inc(piece.stop - piece.start)
        await response.write_eof()

    async def _push(self, response: web.StreamResponse, content: memoryview) -> None:
        for start in range(0, len(content), WRITE_BYTES):
            async with asyncio.timeout(self._stall_s):
                await response.write(content[start : start + WRITE_BYTES])

    def _cut_off(self, request: web.Request, reason: str) -> None:
        """Ends the connection at once: the reader must not take what it has for the whole."""
        self._metrics.cut_downloads.labels(reason).inc()
        if request.transport is not None:
            request.transport.abort()

    @contextlib.contextmanager
    def _place(self) -> Iterator[None]:
        if len(self._running) >= self._at_once:
            raise Overloaded("downloads", retry_after_s=10)
        # A coroutine always runs in a task.
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._running.add(task)
        try:
            yield
        finally:
            self._running.remove(task)

    @contextlib.asynccontextmanager
    async def _kept_alive(self, content: StoredObject, answer: Answer) -> AsyncIterator[None]:
        """Holds the content, unless a single chunk is all that is needed of it."""
        if len(list(islice(answer.chunk_indexes(), 2))) < 2:
            yield
            return
        async with contextlib.AsyncExitStack() as stack:
            try:
                await stack.enter_async_context(self._holds.hold(content.id))
            except ObjectMissing as error:
                raise NoSuchFile from error
            yield
