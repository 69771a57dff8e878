"""Standard output as a target of content, and how a command ends when its reader closes it."""

import contextlib
import errno
import os
import signal
import sys
from collections.abc import Iterator
from typing import IO, BinaryIO, cast

import typer

STDOUT = "-"
"""What stands for standard output on the command line."""
BROKEN_PIPE = 128 + signal.SIGPIPE
"""The exit code that a shell reports for a program that SIGPIPE ended."""


def unbuffered_stdout() -> BinaryIO:
    """Standard output without a buffer.

    After an error Python would try to write the rest of a buffer once more when the process ends,
    and fail again.
    """
    stream = typer.get_binary_stream("stdout")
    return cast("BinaryIO", getattr(stream, "raw", stream))


@contextlib.contextmanager
def exits_on_closed_output() -> Iterator[None]:
    """End the command when standard output can no longer be written.

    If its reader has closed it, as in `… | head`, the command ends silently, like programs that SIGPIPE
    ends. Python ignores that signal, and has to: sockets would raise it as well.
    """
    try:
        yield
    except Exception as error:
        if any(isinstance(each, BrokenPipeError) for each in (error, error.__cause__)):
            discard(sys.stdout)
            raise typer.Exit(BROKEN_PIPE) from None
        if _is_full(error):
            discard(sys.stdout)
            typer.echo(f"discord-cloud: standard output: {os.strerror(errno.ENOSPC)}", err=True)
            raise typer.Exit(os.EX_CANTCREAT) from None
        raise


def _is_full(error: Exception) -> bool:
    """Whether a full disk stopped a stream, which unlike a file has no name."""
    return isinstance(error, OSError) and error.errno == errno.ENOSPC and error.filename is None


def discard(stream: IO[str]) -> None:
    """Discard what is still buffered for a stream, since flushing it at exit would fail again."""
    with contextlib.suppress(OSError, ValueError):
        descriptor = stream.fileno()
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, descriptor)
        os.close(null)
