"""How long bodies go out: so many at once, at the reader's pace, whole or visibly cut off."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import cast

import structlog
from aiohttp import web

from catalog.errors import CatalogError
from common.addresses import ClientAddresses
from manager.downloads.admission import DownloadAdmission
from manager.downloads.read_ahead import Buffer
from manager.downloads.reader_pace import ReaderPace
from manager.metrics import ManagerMetrics
from storage.errors import StorageError

_log = structlog.get_logger()

WRITE_BYTES = 256 * 1024
"""Bytes handed to the socket at once; the rest waits here until the reader has taken them."""
_RESET_AT_CLOSE = struct.pack("ii", 1, 0)
"""`struct linger`: on, and for no time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceDemands:
    """What is asked of readers: see `ReaderPace`."""

    patience_s: float
    lowest_bytes_per_s: float

    def new_pace(self) -> ReaderPace:
        """For a reader who begins."""
        return ReaderPace(patience_s=self.patience_s, lowest_bytes_per_s=self.lowest_bytes_per_s)


class Delivery:
    """What all downloads have in common.

    Args:
        metrics: Counts bytes sent, and downloads that were cut off.
        addresses: Tells clients apart.
        admission: Decides which downloads begin.
        demands: How slow a reader may be.
        monotonic: Seconds that never jump.
    """

    def __init__(
        self,
        metrics: ManagerMetrics,
        addresses: ClientAddresses,
        admission: DownloadAdmission,
        demands: PaceDemands,
        monotonic: Callable[[], float],
    ) -> None:
        self._metrics = metrics
        self._addresses = addresses
        self._admission = admission
        self._demands = demands
        self._monotonic = monotonic
        self._running: set[asyncio.Task[object]] = set()

    @contextlib.asynccontextmanager
    async def place(self, request: web.Request, reader: str) -> AsyncIterator["BodyWriter"]:
        """One of the places for downloads, for the length of the context.

        Args:
            request: What is answered.
            reader: The user, or what stands for all who have the same link.

        Raises `Overloaded`, and `ConnectionError` when the peer left while it waited.
        """
        # A coroutine always runs in a task.
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._running.add(task)
        try:
            async with self._admission.place(self._addresses.of_request(request), reader):
                if request.transport is None:
                    raise ConnectionResetError("the peer left while it waited for a place")
                yield BodyWriter(request, self._metrics, self._demands.new_pace(), self._monotonic)
        finally:
            self._running.remove(task)

    def end_all(self) -> None:
        """Cuts off what is being sent: a stop would wait for it in vain. Readers can resume."""
        for task in self._running:
            task.cancel()


class BodyWriter:
    """Sends the body of one response. Made by `Delivery.place`."""

    def __init__(
        self,
        request: web.Request,
        metrics: ManagerMetrics,
        pace: ReaderPace,
        monotonic: Callable[[], float],
    ) -> None:
        self._request = request
        self._metrics = metrics
        self._pace = pace
        self._monotonic = monotonic

    @contextlib.contextmanager
    def body(self) -> Iterator[None]:
        """Around sending a body whose head is out: what goes wrong ends the connection at once.

        The reader must not take what it has for the whole.
        """
        try:
            yield
        except ConnectionError:
            self._cut_off("reader-left")
        except TimeoutError:
            self._discard_what_is_sent()
            self._cut_off("reader-stalled")
        except OSError as error:
            _log.error("download-cut", code="disk", reason=error.strerror)
            self._cut_off("disk")
        except (StorageError, CatalogError) as error:
            _log.error("download-cut", code=error.code, reason=str(error))
            self._cut_off(error.code)
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
        """Lets the kernel forget, too, what it holds for a reader who does not take it: megabytes."""
        transport = self._request.transport
        connection = None if transport is None else transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_CLOSE)

    def _cut_off(self, reason: str) -> None:
        self._metrics.cut_downloads.labels(reason).inc()
        if self._request.transport is not None:
            self._request.transport.abort()
