"""`zip`: a folder comes down as one archive."""

import asyncio
import contextlib
import os
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from cli.errors import reported
from cli.output import human_size, say
from cli.progress import TransferDisplay
from cli.surroundings import Surroundings, surroundings_of
from client_sdk.errors import InvalidInput, TargetUnwritable

STDOUT = "-"


def zip_(
    context: typer.Context,
    remote: Annotated[str, typer.Argument(help="Remote folder.")],
    file: Annotated[
        str | None,
        typer.Argument(
            help="File to write, or folder to put it in; `-` is standard output. "
            "The folder's name and .zip, if not given."
        ),
    ] = None,
) -> None:
    """Download a folder with everything in it as a zip archive, but for what you may not read."""
    around = surroundings_of(context)
    if file != STDOUT:
        around.run(_to_file(around, remote, Path(file or ".")))
        return
    output = typer.get_binary_stream("stdout")
    with reported(around.err):
        if output.isatty():
            raise InvalidInput("an archive is not for a terminal: name a file, or use a pipe")
    around.run(_to_stream(around, remote, output))


async def _to_file(around: Surroundings, remote: str, target: Path) -> None:
    async with around.client() as cloud:
        size = (await cloud.folder_size(remote)).total_size
        with (
            TransferDisplay(around.err, size, is_shown=True) as display,
            display.file(target.name, size) as report,
        ):
            path = await cloud.download_folder(remote, target, progress=report)
    written = await asyncio.to_thread(path.stat)
    say(around.err, f"wrote {path}, {human_size(written.st_size)}")


async def _to_stream(around: Surroundings, remote: str, output: BinaryIO) -> None:
    async with around.client() as cloud, contextlib.aclosing(cloud.read_archive(remote)) as pieces:
        async for piece in pieces:
            await asyncio.to_thread(_write, output, piece)


def _write(output: BinaryIO, piece: bytes) -> None:
    try:
        output.write(piece)
        output.flush()
    except OSError as error:
        # What is still in its buffer would be tried, and fail, once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), output.fileno())
        raise TargetUnwritable(f"standard output: {error.strerror}") from error
