"""Downloads of files to the disk, or to whatever takes bytes.

A large file comes over several connections: the first one brings it from the front, and further ones fetch
segments from its end, until they meet. The manager checks chunk by chunk, and says how long chunks are, so
segments begin where chunks do. A manager that does not say so sends the file over one connection.

Nothing is written that was not asked for, and nothing is missing: the range that the manager announces is
compared with the one that was asked for, and the bytes are counted. What breaks off is continued with
`If-Range` (RFC 9110, 13.1.5), which begins again when the file has changed meanwhile. What has come is kept
with its entity tag (`client_sdk.sinks`), so that a later download can continue it, and the target appears at
the end, in one step.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import aiohttp

from client_sdk.answered_ranges import (
    PARTIAL,
    PIECE_SIZE,
    chunk_size,
    modified_at,
    sent_part,
    strong_tag,
)
from client_sdk.byte_ranges import ByteRanges, Span, cut
from client_sdk.errors import (
    CloudError,
    DownloadFailed,
    ServerFailed,
    TargetUnwritable,
    Unreachable,
)
from client_sdk.http import DOWNLOAD, RANGE_NOT_SATISFIABLE, ManagerHttp
from client_sdk.settings import ClientSettings
from client_sdk.sinks import Sink
from client_sdk.transfers import ProgressCallback, ProgressMeter, Stage
from common.direct_bodies import receiving
from common.tasks import TaskScope, settled
from common.wording import counted

SEGMENT_BYTES = 32 * 1024 * 1024
"""What one request of several brings, at least; twice as much must be missing before there are several."""
FLUSH_S = 5.0
"""Seconds after which the disk is given what was written, while more comes."""
_BROKEN_OFF = (DownloadFailed, Unreachable, ServerFailed)


@dataclass(slots=True)
class ConnectionPermits:
    """How many connections downloads of one client may open besides the first of each.

    Attributes:
        left: That are free.
    """

    left: int

    @contextlib.contextmanager
    def taken(self, most: int) -> Iterator[int]:
        """Takes so many at most for the length of the context; yields how many there were."""
        count = max(0, min(most, self.left))
        self.left -= count
        try:
            yield count
        finally:
            self.left += count


class FileDownload:
    """One file on its way to the disk.

    Args:
        http: The manager.
        path: Remote folder.
        name: Name in that folder.
        sink: Takes the bytes.
        report: Called with every change of the progress; None reports to nobody.
        settings: Retries.
        permits: For further connections.
        version: An earlier content of the file; None for the present one.
    """

    def __init__(
        self,
        http: ManagerHttp,
        path: str,
        name: str,
        sink: Sink,
        report: ProgressCallback | None,
        settings: ClientSettings,
        permits: ConnectionPermits,
        version: int | None = None,
    ) -> None:
        self._version = version
        self._http = http
        self._remote = path, name
        self._sink = sink
        self._report = report
        self._meter = ProgressMeter(None, report)
        self._settings = settings
        self._permits = permits
        self._received = ByteRanges()
        self._tag: str | None = None
        self._modified_at: float | None = None
        self._pending: deque[Span] = deque()
        self._flushed_at = 0.0
        self._flushing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Download.

        Raises:
            NotFound, Forbidden, NotLoggedIn: The manager does not give the file.
            DownloadFailed, Unreachable, ServerFailed: It did not get through.
            TargetUnwritable: The disk is full, or the place cannot be written.
        """
        attempts = self._settings.attempts(self._settings.download_attempts)
        try:
            self._received, self._tag = await asyncio.to_thread(self._sink.open)
            self._flushed_at = asyncio.get_running_loop().time()
            while True:
                before = self._received.total
                try:
                    total = await self._fetch()
                    break
                except _BROKEN_OFF:
                    if self._received.total > before:
                        attempts.reset()
                    if not await attempts.wait():
                        raise
            await self._flushed()
            await asyncio.to_thread(self._sink.finish, total, self._modified_at)
        finally:
            await settled(self._close())

    def _content(
        self, headers: Mapping[str, str]
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._http.content(DOWNLOAD, *self._remote, version=self._version, headers=headers)

    async def _fetch(self) -> int:
        """Fetch what is missing; returns the size of the whole file."""
        start, headers = self._received.prefix, {}
        if self._tag is not None and self._received.total:
            headers = {"Range": f"bytes={start}-", "If-Range": self._tag}
        async with self._content(headers) as response:
            total = await self._begin(response, start)
            self._meter = ProgressMeter(total, self._report)
            self._meter.restart(self._received.total)
            self._meter.enter(Stage.TRANSFERRING)
            gaps = self._received.gaps(total)
            with self._permits.taken(self._most_helpers(gaps, response)) as count:
                await self._plan(gaps, count, response)
                await self._receive_all(response, count)
        if self._received.gaps(total):
            raise DownloadFailed(f"{self._received.total} of {counted(total, 'byte')} arrived")
        self._meter.enter(Stage.DONE)
        return total

    async def _begin(self, response: aiohttp.ClientResponse, start: int) -> int:
        """Compare where the answer begins with what is here; returns the size of the whole file."""
        begin, _, total = sent_part(response)
        self._modified_at = modified_at(response)
        is_range = response.status in {PARTIAL, RANGE_NOT_SATISFIABLE}
        is_same = response.headers.get("ETag", self._tag) == self._tag
        if is_range and begin == start and is_same:
            return total
        self._tag = None if is_range else strong_tag(response)
        self._received = ByteRanges()
        await asyncio.to_thread(self._sink.restart, self._tag)
        if is_range:
            raise DownloadFailed("the manager sent another part of the file than was asked for")
        return total

    def _most_helpers(self, gaps: Sequence[Span], response: aiohttp.ClientResponse) -> int:
        """How many further connections are of use."""
        missing = sum(end - start for start, end in gaps)
        is_divisible = self._tag is not None and chunk_size(response) is not None
        if not (is_divisible and self._sink.takes_any_order):
            return 0
        return min(self._settings.parallel_ranges, missing // SEGMENT_BYTES) - 1

    async def _plan(
        self, gaps: Sequence[Span], helpers: int, response: aiohttp.ClientResponse
    ) -> None:
        """Decide which segments are fetched by a request each."""
        unit = chunk_size(response)
        if not helpers or unit is None:
            self._pending = deque(gaps)
            return
        missing = sum(end - start for start, end in gaps)
        size = max(SEGMENT_BYTES, missing // (4 * (helpers + 1)))
        self._pending = deque(cut(gaps, size, unit))
        await asyncio.to_thread(self._sink.spread)

    async def _receive_all(self, response: aiohttp.ClientResponse, helpers: int) -> None:
        """Receive what is pending: by this answer from the front, and by helpers from the end."""
        async with TaskScope() as scope:
            tasks = [scope.spawn(self._help(), "download-segments") for _ in range(helpers)]
            if self._pending:
                await self._receive(response, *self._pending.popleft(), goes_on=True)
            # The manager need not read on for an answer of which no more is wanted.
            response.close()
            await self._fetch_pending()
            await asyncio.gather(*(task for task in tasks if task is not None))
            # What a helper could not fetch.
            await self._fetch_pending()

    async def _help(self) -> None:
        # What prevents a helper prevents the first connection as well, or not at all.
        with contextlib.suppress(CloudError):
            await self._fetch_pending()

    async def _fetch_pending(self) -> None:
        """Fetch segments from the end on, until none is pending."""
        while self._pending:
            start, end = self._pending.pop()
            try:
                await self._fetch_segment(start, end)
            except CloudError:
                self._pending.extend(self._received.missing(start, end))
                raise

    async def _fetch_segment(self, start: int, end: int) -> None:
        headers = {"Range": f"bytes={start}-{end - 1}", "If-Range": self._tag or ""}
        async with self._content(headers) as response:
            is_same = strong_tag(response) == self._tag
            if not is_same or sent_part(response)[:2] != (start, end):
                raise DownloadFailed("the file has changed while it was downloaded")
            await self._receive(response, start, end)

    async def _receive(
        self, response: aiohttp.ClientResponse, position: int, end: int, *, goes_on: bool = False
    ) -> None:
        """Write what comes, up to an end; `goes_on`: and then the segments behind it that are pending."""
        rate = self._http.rate
        buffer = memoryview(bytearray(min(rate.piece_size(PIECE_SIZE), end - position)))
        try:
            with receiving(response) as body:
                while position < end or (goes_on and self._is_next(end)):
                    if position == end:
                        _, end = self._pending.popleft()
                    count = await body.receive(buffer[: end - position])
                    if not count:
                        break
                    await rate.take(count)
                    await self._write(position, buffer[:count])
                    position += count
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DownloadFailed("the connection broke during the download") from error
        if position < end:
            raise DownloadFailed(f"{counted(end - position, 'byte')} did not arrive")

    def _is_next(self, position: int) -> bool:
        """Whether a segment that begins there is pending."""
        return bool(self._pending) and self._pending[0][0] == position

    async def _write(self, position: int, piece: memoryview) -> None:
        await asyncio.to_thread(self._sink.write, position, piece)
        self._received.add(position, position + len(piece))
        self._meter.add(len(piece))
        await self._flush_if_due()

    async def _flush_if_due(self) -> None:
        now = asyncio.get_running_loop().time()
        is_flushing = self._flushing is not None and not self._flushing.done()
        if now < self._flushed_at + FLUSH_S or is_flushing:
            return
        await self._flushed()
        self._flushed_at = now
        flushing = asyncio.to_thread(self._sink.flush)
        self._flushing = asyncio.create_task(flushing, name="flush-download")

    async def _flushed(self) -> None:
        """Waits for the flush that runs. Raises `TargetUnwritable` as it does."""
        if self._flushing is not None:
            await asyncio.shield(self._flushing)

    async def _close(self) -> None:
        with contextlib.suppress(TargetUnwritable):
            await self._flushed()
        await asyncio.to_thread(self._sink.close, is_kept=self._received.total > 0)
