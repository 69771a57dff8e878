"""How long bodies go out: so many at once, at the reader's pace, whole or visibly cut off."""

import asyncio
import contextlib
from collections.abc import Iterator
from typing import cast

import structlog
from aiohttp import web

from catalog.errors import CatalogError
from manager.errors import Overloaded
from manager.http.read_ahead import Buffer
from manager.metrics import ManagerMetrics
from storage.errors import StorageError

_log = structlog.get_logger()

WRITE_BYTES = 256 * 1024
"""Bytes handed to the socket at once; the rest waits here until the reader has taken them."""


class Delivery:
    """What all downloads have in common.

    Args:
        metrics: Counts bytes sent, and downloads that were cut off.
        stall_s: Seconds without any progress after which a reader is given up.
        at_once: Downloads that may run at the same time.
    """

    def __init__(self, metrics: ManagerMetrics, *, stall_s: float, at_once: int) -> None:
        self._metrics = metrics
        self._stall_s = stall_s
        self._at_once = at_once
        self._running: set[asyncio.Task[object]] = set()

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        """One of the places for downloads, for the length of the context. Raises `Overloaded`."""
        if len(self._running) >= self._at_once:
            raise Overloaded("downloads", retry_after_s=10)
        # A coroutine always runs in a task.
        task = cast("asyncio.Task[object]", asyncio.current_task())
        self._running.add(task)
        try:
            yield
        finally:
            self._running.remove(task)

    def end_all(self) -> None:
        """Cuts off what is being sent: a stop would wait for it in vain. Readers can resume."""
        for task in self._running:
            task.cancel()

    @contextlib.contextmanager
    def body(self, request: web.Request) -> Iterator[None]:
        """Around sending a body whose head is out: what goes wrong ends the connection at once.

        The reader must not take what it has for the whole.
        """
        try:
            yield
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

    async def push(self, response: web.StreamResponse, piece: Buffer) -> None:
        """Sends a piece at the reader's pace. Raises `ConnectionError`, `TimeoutError`."""
        content = memoryview(piece)
        for start in range(0, len(content), WRITE_BYTES):
            async with asyncio.timeout(self._stall_s):
                await response.write(content[start : start + WRITE_BYTES])

    def count(self, sent_bytes: int) -> None:
        """Notes how much of a file has been sent."""
        self._metrics.sent_bytes.inc(sent_bytes)

    def _cut_off(self, request: web.Request, reason: str) -> None:
        self._metrics.cut_downloads.labels(reason).inc()
        if request.transport is not None:
            request.transport.abort()
