"""Sends the content of files: so many at once, at the reader's pace, whole or visibly cut off.

Each chunk is verified before one of its bytes is sent.
"""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, cast

import structlog
from aiohttp import web
from prometheus_client import Counter

from common.addresses import ClientAddresses
from reading.admission import DownloadAdmission
from reading.chunk_cache import Buffer
from reading.content import Content, ContentSource
from reading.plans import ResponsePlan
from reading.ranges import ByteRange, Segment
from reading.read_ahead import ReadAhead, ReadAheadMemory
from storage.errors import StorageError

log = structlog.get_logger(__name__)

WRITE_BYTES = 256 * 1024
"""Bytes written to the socket at once; the rest waits here until the reader has taken them."""
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""`struct linger`: on, and for no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceDemands:
    """What is asked of readers: see `ReaderPace`."""

    max_wait_s: float
    lowest_bytes_per_s: float


class ReaderPace:
    """How long one reader may still be waited for. Durations are passed in.

    Seconds of waiting for the reader use it up, and every byte that is taken gives some back, as many as
    it takes at the lowest pace. So a reader that is at least that fast on average is never given up,
    with pauses of up to `max_wait_s` in between. One that takes nothing is given up after that time, and
    one that is too slow the sooner, the slower.

    Args:
        max_wait_s: Seconds of waiting without a byte after which a reader is given up.
        lowest_bytes_per_s: What a reader has to take on average; 0 for no such demand.

    Attributes:
        left_s: Seconds that may be waited for the reader now; 0 when none are left.
    """

    def __init__(self, *, max_wait_s: float, lowest_bytes_per_s: float) -> None:
        self._max_wait_s = max_wait_s
        self._lowest_bytes_per_s = lowest_bytes_per_s
        self.left_s = max_wait_s

    def took(self, size_bytes: int, waited_s: float) -> None:
        """Notes that the reader has taken so many bytes, for which so many seconds were waited."""
        if self._lowest_bytes_per_s == 0:
            return
        gained_s = size_bytes / self._lowest_bytes_per_s
        self.left_s = max(0.0, min(self._max_wait_s, self.left_s - waited_s + gained_s))


class DeliveryMetrics(Protocol):
    """What is counted about downloads."""

    @property
    def sent_bytes(self) -> Counter:
        """Bytes of files that were sent."""

    @property
    def cut_downloads(self) -> Counter:
        """Downloads that were cut off, by `reason`."""


class CodedError(Protocol):
    """An error with a stable `code`."""

    code: str


class Delivery:
    """What all downloads have in common.

    Args:
        metrics: Counts bytes sent, and downloads that were cut off.
        addresses: Identifies clients.
        admission: Decides which downloads begin.
        demands: How slow a reader may be.
        monotonic: Seconds that never jump.
        failures: Errors that end a download and no more, besides those of storage. Each has a `code`.
    """

    def __init__(
        self,
        metrics: DeliveryMetrics,
        addresses: ClientAddresses,
        admission: DownloadAdmission,
        demands: PaceDemands,
        monotonic: Callable[[], float],
        failures: tuple[type[Exception], ...] = (),
    ) -> None:
        self._failures: tuple[type[Exception], ...] = (StorageError, *failures)
        self._metrics = metrics
        self._addresses = addresses
        self._admission = admission
        self._demands = demands
        self._monotonic = monotonic
        self._running: set[asyncio.Task[object]] = set()
        self._ended = asyncio.Event()

    @contextlib.asynccontextmanager
    async def admitted(self, request: web.Request, reader: str) -> AsyncIterator["BodyWriter"]:
        """Admits a download for the length of the context.

        Args:
            request: What is answered.
            reader: The user, or the link, by which downloads are limited.

        Raises `TooManyDownloads`, and `ConnectionError` when the peer left while it waited.
        """
        # A coroutine always runs in a task.
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._running.add(task)
        try:
            async with self._admission.admitted(self._addresses.of_request(request), reader):
                if request.transport is None:
                    raise ConnectionResetError("the peer left while it waited")
                pace = ReaderPace(
                    max_wait_s=self._demands.max_wait_s,
                    lowest_bytes_per_s=self._demands.lowest_bytes_per_s,
                )
                yield BodyWriter(request, self._metrics, pace, self._monotonic, self._failures)
        finally:
            self._running.remove(task)
            self._ended.set()

    @property
    def running(self) -> int:
        """How many downloads run, or wait for a place."""
        return len(self._running)

    async def all_ended(self) -> None:
        """Waits until none runs."""
        while self._running:
            self._ended.clear()
            await self._ended.wait()

    def end_all(self) -> None:
        """Cuts off what is being sent: otherwise a stop would wait for it. Readers can resume."""
        for task in self._running:
            task.cancel()


class BodyWriter:
    """Sends the body of one response. Made by `Delivery.admitted`."""

    def __init__(
        self,
        request: web.Request,
        metrics: DeliveryMetrics,
        pace: ReaderPace,
        monotonic: Callable[[], float],
        failures: tuple[type[Exception], ...],
    ) -> None:
        self._failures = failures
        self._request = request
        self._metrics = metrics
        self._pace = pace
        self._monotonic = monotonic

    @contextlib.contextmanager
    def body(self) -> Iterator[None]:
        """Around sending a body whose head is out: what goes wrong ends the connection at once.

        The reader must not mistake a part for the whole.
        """
        try:
            yield
        except ConnectionError:
            self._cut_off("reader-left")
        except TimeoutError:
            self._discard_what_is_sent()
            self._cut_off("reader-stalled")
        except OSError as error:
            log.error("download-cut", code="disk", reason=error.strerror)
            self._cut_off("disk")
        except self._failures as error:
            code = cast("CodedError", error).code
            log.error("download-cut", code=code, reason=str(error))
            self._cut_off(code)
        except BaseException:
            self._cut_off("stopped")
            raise

    async def push(self, response: web.StreamResponse, piece: Buffer) -> None:
        """Sends a piece at the reader's pace. Raises `ConnectionError`, `TimeoutError`."""
        content = memoryview(piece)
        for start in range(0, len(content), WRITE_BYTES):
            part = content[start : start + WRITE_BYTES]
            await self._at_readers_pace(response.write(part), len(part))

    async def finish(self, response: web.StreamResponse) -> None:
        """Ends the body. Raises `ConnectionError`, `TimeoutError`."""
        await self._at_readers_pace(response.write_eof(), 0)

    def count(self, sent_bytes: int) -> None:
        """Notes how much of a file has been sent."""
        self._metrics.sent_bytes.inc(sent_bytes)

    async def _at_readers_pace(self, writing: Awaitable[None], size_bytes: int) -> None:
        began_at = self._monotonic()
        async with asyncio.timeout(self._pace.left_s):
            await writing
        self._pace.took(size_bytes, self._monotonic() - began_at)
        if self._pace.left_s == 0:
            raise TimeoutError

    def _discard_what_is_sent(self) -> None:
        """Discards what the kernel has buffered for a reader who does not take it: megabytes."""
        transport = self._request.transport
        connection = None if transport is None else transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)

    def _cut_off(self, reason: str) -> None:
        self._metrics.cut_downloads.labels(reason).inc()
        if self._request.transport is not None:
            self._request.transport.abort()


BeforeBody = Callable[[], Awaitable[None]]
"""Called when the first bytes are there and none is sent. Whatever it raises is answered instead."""


class BodySender:
    """Sends what a plan says of some content.

    Args:
        delivery: How it goes out.
        memory: Bounds what is read ahead.
    """

    def __init__(self, delivery: Delivery, memory: ReadAheadMemory) -> None:
        self._delivery = delivery
        self._memory = memory

    async def send(
        self,
        request: web.Request,
        plan: ResponsePlan,
        content: Content,
        source: ContentSource,
        reader: str,
        before_body: BeforeBody | None = None,
    ) -> web.StreamResponse:
        """Answers a request.

        Args:
            request: What is answered.
            plan: Head and body of the response, which has a body.
            content: The content that the plan is about.
            source: Where it comes from.
            reader: Towards whose limit the download counts.
            before_body: What is done before the first byte; None for nothing.

        Raises `TooManyDownloads`, `StorageError`, and what the source raises: all before the first byte.
        What goes wrong later ends the connection.
        """
        indexes = None if plan.parts == (ByteRange(0, content.size),) else plan.chunk_indexes()
        async with (
            self._delivery.admitted(request, reader) as writer,
            contextlib.AsyncExitStack() as stack,
        ):
            # A reader who wants a part of a chunk is likely to want another one.
            kept = plan.chunks_in_part(content.size)
            loads = source.loads(content, indexes, kept=kept)
            chunks = ReadAhead(loads, self._memory)
            await stack.enter_async_context(chunks)
            if len(list(islice(plan.chunk_indexes(), 2))) > 1:
                # Written while the first chunk is read. A single one is read before anything can
                # happen to it.
                await stack.enter_async_context(source.kept_alive(content))
            await chunks.ready()
            if before_body is not None:
                await before_body()
            response = web.StreamResponse(status=plan.status, headers=plan.headers)
            await response.prepare(request)
            with writer.body():
                await _write_body(response, plan, chunks, writer)
            return response


async def _write_body(
    response: web.StreamResponse, plan: ResponsePlan, chunks: ReadAhead[Buffer], writer: BodyWriter
) -> None:
    index: int | None = None
    chunk: Buffer = b""
    for piece in plan.pieces():
        if not isinstance(piece, Segment):
            await writer.push(response, piece)
            continue
        if piece.index != index:
            chunk, index = await anext(chunks), piece.index
        await writer.push(response, memoryview(chunk)[piece.start : piece.stop])
        writer.count(piece.stop - piece.start)
    await writer.finish(response)
