"""Small files of a folder, many by one request (`protocol.file_stream`), written to the disk as they come.

Each is compared with the hash that the manager has of it. A file that the manager does not send, that is
damaged, or that cannot be written, is left to be downloaded alone, which also finds out why.
"""

import asyncio
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

import aiohttp

from client_sdk.batches import SMALL_BYTES, TrackedTransfer, TransferredFile
from client_sdk.errors import CloudError, DownloadFailed, NotFound
from client_sdk.http import ManagerHttp
from client_sdk.small_files import write_files
from client_sdk.sources import PIECE_SIZE
from client_sdk.transfers import Outcome, Progress, Stage
from common.tasks import settled
from protocol.chunks import content_hash
from protocol.errors import MalformedFileStream
from protocol.file_stream import FileHeader, FileStreamParser
from protocol.timestamps import is_modification_time

_WRITERS = 2
"""Threads that write. Python runs one at a time, and more than two would wait for each other."""
_Arrival = tuple[TrackedTransfer, bytes, float | None]


class FileStreams:
    """Downloads groups of small files.

    Args:
        http: The manager.
    """

    def __init__(self, http: ManagerHttp) -> None:
        self._http = http
        self._is_offered = True
        self._writing = asyncio.Semaphore(_WRITERS)

    async def fetch(self, files: Sequence[TrackedTransfer]) -> None:
        """Download files, the folders of which must be there; those that are left stay open.

        What breaks off goes on as long as something comes. A manager that cannot do this, as one of
        release 0.2, is asked no second time.
        """
        left, before = list(files), len(files) + 1
        while self._is_offered and 1 < len(left) < before:
            before = len(left)
            try:
                await self._fetch(left)
            except CloudError:
                left = [each for each in left if each.is_open]
            else:
                return

    async def _fetch(self, files: Sequence[TrackedTransfer]) -> None:
        """Download files by one request.

        Raises:
            DownloadFailed, Unreachable, ServerFailed: It broke off.
            NotLoggedIn, Forbidden: The manager gives nothing.
        """
        parser = FileStreamParser(most_bytes=SMALL_BYTES)
        left = dict(enumerate(files))
        try:
            async with self._http.files([each.file.remote for each in files]) as response:
                rate = self._http.rate
                async for piece in response.content.iter_chunked(rate.piece_size(PIECE_SIZE)):
                    await rate.take(len(piece))
                    for tracked, content, _ in await self._written(parser.feed(piece), left):
                        _arrived(tracked, len(content))
        except NotFound:
            self._is_offered = False
        except (aiohttp.ClientError, TimeoutError, MalformedFileStream) as error:
            raise DownloadFailed("the files broke off") from error

    async def _written(
        self, frames: Sequence[tuple[FileHeader, bytes]], left: dict[int, TrackedTransfer]
    ) -> list[_Arrival]:
        """Writes what came whole; returns that."""
        came: list[_Arrival] = []
        for header, content in frames:
            tracked = left.pop(header.index, None)
            if tracked is not None and not header.error and _is_intact(header, content):
                came.append((tracked, content, _modified_at(header)))
        if not came:
            return []
        contents = [(tracked.file.local, content, time) for tracked, content, time in came]
        # A thread that still writes a file would be in the way of who downloads it again.
        async with self._writing:
            written = await settled(asyncio.to_thread(write_files, contents))
        return [arrival for arrival in came if arrival[0].file.local in written]


def _is_intact(header: FileHeader, content: bytes) -> bool:
    # An empty file has nothing that could be damaged.
    return not content or compare_digest(content_hash([sha256(content).digest()]), header.hash)


def _modified_at(header: FileHeader) -> float | None:
    seconds = header.modified_at
    return seconds if seconds is not None and is_modification_time(seconds) else None


def _arrived(tracked: TrackedTransfer, size: int) -> None:
    file = tracked.file
    for transferred in (0, size):
        tracked.progress(Progress(Stage.TRANSFERRING, transferred, size))
    tracked.done(
        TransferredFile(
            local=file.local,
            remote=file.remote,
            size=size,
            outcome=Outcome.RENAMED if file.is_renamed else Outcome.STORED,
        )
    )
