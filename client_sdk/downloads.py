"""Downloads that go on where they stopped.

What has come is kept with the entity tag that it belongs to (`client_sdk.sinks`). Whoever comes back
asks for the rest with `If-Range`: when the file has changed meanwhile, the manager sends the whole of
it (RFC 9110, 13.1.5). The target appears at the end, in one step, with the length that was announced.
"""

import asyncio
import re

import aiohttp

from client_sdk.errors import DownloadFailed, ServerFailed, Unreachable
from client_sdk.http import RANGE_NOT_SATISFIABLE, ManagerHttp
from client_sdk.progress import ProgressCallback, ProgressMeter, Stage
from client_sdk.settings import ClientSettings
from client_sdk.sinks import Sink
from common.tasks import settled
from common.wording import counted

PIECE_SIZE = 1024 * 1024
PARTIAL = 206
_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-\d+|\*)/(\d+)\Z")


class Download:
    """One file on its way to the disk.

    Args:
        http: The manager.
        path: Remote folder.
        name: Name in that folder.
        sink: Takes the bytes.
        report: Is told how far it has come.
        settings: Retries.
    """

    def __init__(
        self,
        http: ManagerHttp,
        path: str,
        name: str,
        sink: Sink,
        report: ProgressCallback | None,
        settings: ClientSettings,
    ) -> None:
        self._http = http
        self._remote = path, name
        self._sink = sink
        self._report = report
        self._settings = settings
        self._position = 0
        self._tag: str | None = None

    async def run(self) -> None:
        """Download.

        Raises:
            NotFound, Forbidden, NotLoggedIn: The manager does not give the file.
            DownloadFailed, Unreachable, ServerFailed: It did not get through.
            TargetUnwritable: The disk is full, or the place cannot be written.
        """
        try:
            self._position, self._tag = await asyncio.to_thread(self._sink.open)
            await self._fetch_all()
            await asyncio.to_thread(self._sink.finish, self._position)
        finally:
            await settled(asyncio.to_thread(self._sink.close, is_kept=self._position > 0))

    async def _fetch_all(self) -> None:
        backoff = self._settings.backoff()
        while True:
            before = self._position
            try:
                return await self._fetch()
            except (DownloadFailed, Unreachable, ServerFailed):
                if self._position > before:
                    backoff.reset()
                if backoff.tries + 1 >= self._settings.download_attempts:
                    raise
            await backoff.wait()

    async def _fetch(self) -> None:
        async with self._http.download(*self._remote, headers=self._range()) as response:
            total = await self._begin(response)
            meter = ProgressMeter(total, self._report)
            meter.restart(self._position)
            meter.enter(Stage.TRANSFERRING)
            if response.status != RANGE_NOT_SATISFIABLE:
                await self._receive(response, meter)
        if self._position != total:
            raise DownloadFailed(f"{self._position} of {counted(total, 'byte')} arrived")
        meter.enter(Stage.DONE)

    def _range(self) -> dict[str, str]:
        if self._tag is None or not self._position:
            return {}
        return {"Range": f"bytes={self._position}-", "If-Range": self._tag}

    async def _begin(self, response: aiohttp.ClientResponse) -> int:
        """Find out where the answer begins; returns the size of the whole file."""
        if response.status == RANGE_NOT_SATISFIABLE:
            return await self._check_complete(response)
        if response.status == PARTIAL:
            start, total = _content_range(response)
            if start == self._position:
                return total
            await self._restart(None)
            raise DownloadFailed("the manager sent another part of the file than was asked for")
        if response.content_length is None:
            raise DownloadFailed("the manager did not say how long the file is")
        await self._restart(response.headers.get("ETag"))
        return response.content_length

    async def _check_complete(self, response: aiohttp.ClientResponse) -> int:
        """There is nothing after our position: right if that is the end of the same file."""
        _, total = _content_range(response)
        if total == self._position and response.headers.get("ETag", self._tag) == self._tag:
            return total
        await self._restart(None)
        raise DownloadFailed("the file has changed since the last try")

    async def _restart(self, tag: str | None) -> None:
        # A weak tag does not promise equal bytes, so nothing can be resumed by it.
        self._tag = tag if tag is not None and not tag.startswith("W/") else None
        self._position = 0
        await asyncio.to_thread(self._sink.restart, self._tag)

    async def _receive(self, response: aiohttp.ClientResponse, meter: ProgressMeter) -> None:
        try:
            async for piece in response.content.iter_chunked(PIECE_SIZE):
                await asyncio.to_thread(self._sink.write, self._position, piece)
                self._position += len(piece)
                meter.add(len(piece))
        except (aiohttp.ClientError, TimeoutError) as error:
            raise DownloadFailed("the connection broke during the download") from error


def _content_range(response: aiohttp.ClientResponse) -> tuple[int | None, int]:
    match = _CONTENT_RANGE.match(response.headers.get("Content-Range", ""))
    if match is None:
        raise DownloadFailed("the manager did not say which part of the file it sends")
    start, total = match.groups()
    return (None if start is None else int(start)), int(total)
