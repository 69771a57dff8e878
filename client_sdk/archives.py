"""Folders that come down as one zip archive.

The archive is made while it is sent: its length is not known before its end, and an archive that
broke off cannot be gone on with.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from pathlib import Path

import aiohttp

from client_sdk.downloads import PIECE_SIZE
from client_sdk.errors import DownloadFailed
from client_sdk.http import ManagerHttp
from client_sdk.progress import ProgressMeter, Stage
from client_sdk.sinks import sink_at
from common.tasks import settled


async def pieces_of_archive(http: ManagerHttp, path: str) -> AsyncGenerator[bytes, None]:
    """The archive of a folder, to its true end.

    Raises:
        NotFound: There is no such folder.
        DownloadFailed, Unreachable, ServerFailed: It did not get through.
    """
    async with http.archive(path) as response:
        pieces = response.content.iter_chunked(PIECE_SIZE)
        while True:
            try:
                piece = await anext(pieces, None)
            except (aiohttp.ClientError, TimeoutError) as error:
                raise DownloadFailed("the archive broke off") from error
            if piece is None:
                return
            yield piece


async def download_archive(
    http: ManagerHttp, path: str, target: Path, meter: ProgressMeter
) -> Path:
    """Write the archive of a folder to a file, which appears at the end; returns that file.

    Raises:
        TargetUnwritable: The disk is full, or the place cannot be written.
        CloudError: As `pieces_of_archive`.
    """
    async with contextlib.aclosing(pieces_of_archive(http, path)) as pieces:
        # Asked for first: a folder that is not there leaves no trace.
        piece: bytes | None = await anext(pieces, b"")
        sink = await asyncio.to_thread(sink_at, target, resume=False)
        try:
            await asyncio.to_thread(sink.open)
            meter.enter(Stage.TRANSFERRING)
            await asyncio.to_thread(sink.restart, None)
            position = 0
            while piece is not None:
                await asyncio.to_thread(sink.write, position, piece)
                position += len(piece)
                meter.add(len(piece))
                piece = await anext(pieces, None)
            await asyncio.to_thread(sink.finish, position)
        finally:
            await settled(asyncio.to_thread(sink.close, is_kept=False))
    meter.enter(Stage.DONE)
    return target
