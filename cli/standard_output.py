"""Standard output as the place where bytes go."""

from typing import BinaryIO, cast

import typer

STDOUT = "-"
"""What stands for it on the command line."""


def binary_stdout() -> BinaryIO:
    """Standard output without a buffer.

    What a buffer still held after an error would be tried, and fail, once more when the process
    ends.
    """
    stream = typer.get_binary_stream("stdout")
    return cast("BinaryIO", getattr(stream, "raw", stream))
