"""Reads a job's file from the manager, on from where a cut-off attempt ended."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

import aiohttp
from yarl import URL

from client_sdk.backoff import Backoff
from processing_service.errors import DownloadFailed

PIECE_BYTES: Final = 1024 * 1024
TRIES: Final = 5
"""How often in a row an attempt may bring nothing."""
_OK: Final = 200
_PARTIAL: Final = 206
_CLIENT_ERRORS: Final = range(400, 500)
_WORTH_ANOTHER_TRY: Final = frozenset({408, 425, 429})


class Download:
    """The beginning of a file, or all of it, on its way to the disk.

    Args:
        http: session to ask with.
        url: where the manager serves the file; a secret.
        length: how many bytes are wanted, from the first.
        backoff: makes the delays between attempts.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        url: URL,
        *,
        length: int,
        backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        self._http = http
        self._url = url
        self._length = length
        self._backoff = backoff()
        self._have = 0

    async def save(self, target: Path) -> None:
        """Write the bytes to a file.

        Raises:
            DownloadFailed: they did not come, in spite of several attempts.
            OSError: the file cannot be written.
        """
        with target.open("wb") as file:
            while self._have < self._length:
                before = self._have
                reason = await self._attempt(file)
                if self._have == self._length:
                    return
                if self._have > before:
                    self._backoff.reset()
                if self._backoff.tries >= TRIES:
                    raise DownloadFailed(reason)
                await self._backoff.wait()

    async def _attempt(self, file: BinaryIO) -> str:
        """Read as much as comes. Returns why no more came."""
        # A proxy that compressed on its way would make ranges meaningless.
        headers = {
            "Range": f"bytes={self._have}-{self._length - 1}",
            "Accept-Encoding": "identity",
        }
        try:
            async with self._http.get(self._url, headers=headers) as response:
                self._check(response, file)
                await self._receive(response, file)
        except (aiohttp.ClientError, TimeoutError) as error:
            return f"the manager could not be read from ({type(error).__name__})"
        return "the manager's answer was cut off"

    def _check(self, response: aiohttp.ClientResponse, file: BinaryIO) -> None:
        status = response.status
        if status in _CLIENT_ERRORS and status not in _WORTH_ANOTHER_TRY:
            raise DownloadFailed(f"the manager does not give the file (HTTP {status})")
        response.raise_for_status()
        if status == _PARTIAL:
            begin = response.headers.get("Content-Range", "").removeprefix("bytes ")
            if not begin.startswith(f"{self._have}-"):
                raise DownloadFailed("the manager answers with another range")
        elif status == _OK:
            # All of it, although a range was asked for: begin anew.
            self._have = 0
            file.seek(0)
            file.truncate()
        else:
            raise DownloadFailed(f"the manager answers with HTTP {status}")

    async def _receive(self, response: aiohttp.ClientResponse, file: BinaryIO) -> None:
        async for piece in response.content.iter_chunked(PIECE_BYTES):
            wanted = piece[: self._length - self._have]
            await asyncio.to_thread(file.write, wanted)
            self._have += len(wanted)
            if self._have == self._length:
                return
