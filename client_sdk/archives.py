"""Folders that come down as one zip archive.

The archive is made while it is sent: its length is not known before its end, and an archive that
broke off cannot be gone on with.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import BinaryIO

import aiohttp

from client_sdk.downloads import PIECE_SIZE, translated
from client_sdk.errors import DownloadFailed
from client_sdk.http import ManagerHttp
from client_sdk.progress import ProgressMeter, Stage


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
    part = target.with_name(f"{target.name}.part")
    async with contextlib.aclosing(pieces_of_archive(http, path)) as pieces:
        # Asked for first: a folder that is not there leaves no trace.
        first = await anext(pieces, b"")
        with translated(part):
            output = await asyncio.to_thread(part.open, "wb")
        try:
            meter.enter(Stage.TRANSFERRING)
            await _write(output, part, first, meter)
            async for piece in pieces:
                await _write(output, part, piece, meter)
            with translated(part):
                await asyncio.to_thread(_finish, output, part, target)
        finally:
            output.close()
            part.unlink(missing_ok=True)
    meter.enter(Stage.DONE)
    return target


async def _write(output: BinaryIO, part: Path, piece: bytes, meter: ProgressMeter) -> None:
    with translated(part):
        await asyncio.to_thread(output.write, piece)
    meter.add(len(piece))


def _finish(output: BinaryIO, part: Path, target: Path) -> None:
    output.flush()
    os.fsync(output.fileno())
    part.replace(target)
