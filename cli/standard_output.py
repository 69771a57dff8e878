"""Standard output as the place where bytes go, and what happens when nobody reads them any more."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

import typer

STDOUT = "-"
"""What stands for it on the command line."""
CANNOT_WRITE = 73
"""EX_CANTCREAT of sysexits(3)."""
NOBODY_READS = 141
"""The exit code that a shell has for a program that SIGPIPE ended."""


def binary_stdout() -> BinaryIO:
    """Standard output without a buffer.

    What a buffer still held after an error would be tried, and fail, once more when the process
    ends.
    """
    stream = typer.get_binary_stream("stdout")
    return cast("BinaryIO", getattr(stream, "raw", stream))


@contextlib.contextmanager
def output_may_end() -> Iterator[None]:
    """Ends the command when standard output takes no more.

    When nobody reads it, as in `… | head`, that happens without a word, as for programs that SIGPIPE
    ends. Python ignores that signal, and has to: it would come for sockets as well.
    """
    try:
        yield
    except Exception as error:
        if any(isinstance(each, BrokenPipeError) for each in (error, error.__cause__)):
            discard(sys.stdout)
            raise typer.Exit(NOBODY_READS) from None
        if _is_full(error):
            discard(sys.stdout)
            typer.echo(f"discord-cloud: standard output: {os.strerror(errno.ENOSPC)}", err=True)
            raise typer.Exit(CANNOT_WRITE) from None
        raise


def _is_full(error: Exception) -> bool:
    """Whether that is an error of a stream, which unlike a file has no name."""
    return isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None


def discard(stream: IO[str]) -> None:
    """Lets whatever is still buffered for a stream go nowhere: it would fail again at the end."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)
