"""`zip`: a folder comes down as one archive."""

import asyncio
import contextlib
from functools import partial
from pathlib import Path
from typing import BinaryIO

import typer

from cli.errors import reported
from cli.output import say
from cli.progress import TransferDisplay
from cli.standard_output import STDOUT, binary_stdout, output_may_end
from cli.surroundings import Surroundings, surroundings_of
from client_sdk import Client
from client_sdk.errors import InvalidInput
from client_sdk.sinks import Stream
from common.wording import human_size


def zip_(context: typer.Context, remote: str, file: str | None) -> None:
    """Download a folder with everything in it as a zip archive, but for what you may not read."""
    around = surroundings_of(context)
    if file != STDOUT:
        around.run(_to_file(around, remote, Path(file or ".")))
        return
    output = binary_stdout()
    with reported(around.err):
        if output.isatty():
            raise InvalidInput("an archive is not for a terminal: name a file, or use a pipe")
    around.run(_to_stream(around, remote, output))


async def _to_file(around: Surroundings, remote: str, target: Path) -> None:
    async with around.client() as cloud:
        await _check_folder(cloud, remote)
        with TransferDisplay(around.err, is_shown=True) as display:
            report = partial(display.show_one, remote)
            path = await cloud.download_archive(remote, target, progress=report)
    written = await asyncio.to_thread(path.stat)
    say(around.err, f"wrote {path}, {human_size(written.st_size)}")


async def _to_stream(around: Surroundings, remote: str, output: BinaryIO) -> None:
    async with around.client() as cloud:
        await _check_folder(cloud, remote)
        sink, position = Stream(output, "standard output"), 0
        with output_may_end():
            async with contextlib.aclosing(cloud.read_archive(remote)) as pieces:
                async for piece in pieces:
                    await asyncio.to_thread(sink.write, position, piece)
                    position += len(piece)


async def _check_folder(cloud: Client, remote: str) -> None:
    if not await cloud.is_folder(remote) and await cloud.is_file(remote):
        raise InvalidInput(f"{remote} is a file: fetch it with `discord-cloud get`")
