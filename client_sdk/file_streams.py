"""Small files of a folder, many by one request (`protocol.file_stream`), written to the disk as they come.

Each is compared with the hash that the manager has of it. A file that the manager does not send, that is
damaged, or that cannot be written, is left to be downloaded alone, which also finds out why.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

import aiohttp

from client_sdk.batches import SMALL_BYTES, Arrived, PlannedTransfer, TransferredFile
from client_sdk.errors import DownloadFailed, NotFound, TargetUnwritable
from client_sdk.http import ManagerHttp
from client_sdk.sinks import sink_at
from client_sdk.transfers import Outcome
from common.tasks import settled
from protocol.chunks import content_hash
from protocol.errors import MalformedFileStream
from protocol.file_stream import FileHeader, FileStreamParser

_Arrival = tuple[PlannedTransfer, bytes]


class FileStreams:
    """Downloads groups of small files.

    Args:
        http: The manager.
    """

    def __init__(self, http: ManagerHttp) -> None:
        self._http = http
        self._is_offered = True

    async def fetch(self, files: Sequence[PlannedTransfer], arrived: Arrived) -> None:
        """Download files; their folders must be there. `arrived` is told each one that is complete.

        A manager that cannot do this, as one of release 0.2, is asked no second time.

        Raises:
            DownloadFailed, Unreachable, ServerFailed: It broke off.
            NotLoggedIn, Forbidden: The manager gives nothing.
        """
        if not self._is_offered:
            return
        parser = FileStreamParser(most_bytes=SMALL_BYTES)
        left = dict(enumerate(files))
        try:
            async with self._http.files([file.remote for file in files]) as response:
                async for piece in response.content.iter_any():
                    for file, content in await self._written(parser.feed(piece), left):
                        arrived(file, _transferred(file, len(content)))
        except NotFound:
            self._is_offered = False
        except (aiohttp.ClientError, TimeoutError, MalformedFileStream) as error:
            raise DownloadFailed("the files broke off") from error

    async def _written(
        self, frames: Sequence[tuple[FileHeader, bytes]], left: dict[int, PlannedTransfer]
    ) -> list[_Arrival]:
        """Writes what came whole; returns that."""
        came: list[_Arrival] = []
        for header, content in frames:
            file = left.pop(header.index, None)
            if file is not None and not header.error and _is_intact(header, content):
                came.append((file, content))
        # A thread that still writes a file would be in the way of who downloads it again.
        return await settled(asyncio.to_thread(_write_all, came)) if came else []


def _is_intact(header: FileHeader, content: bytes) -> bool:
    # An empty file has nothing that could be damaged.
    return not content or compare_digest(content_hash([sha256(content).digest()]), header.hash)


def _write_all(came: Sequence[_Arrival]) -> list[_Arrival]:
    written: list[_Arrival] = []
    for file, content in came:
        with contextlib.suppress(TargetUnwritable):
            # A wait for the disk at every small file would take longer than the download.
            sink = sink_at(file.local, resume=False, is_durable=False)
            try:
                sink.open()
                sink.write(0, content)
                sink.finish(len(content))
            finally:
                sink.close(is_kept=False)
            written.append((file, content))
    return written


def _transferred(file: PlannedTransfer, size: int) -> TransferredFile:
    return TransferredFile(
        local=file.local,
        remote=file.remote,
        size=size,
        outcome=Outcome.RENAMED if file.is_renamed else Outcome.STORED,
    )
