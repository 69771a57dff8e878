"""What callers may hand in to be uploaded."""

import asyncio
import io
import os
from collections.abc import AsyncIterable, Iterable
from pathlib import Path
from typing import TypeGuard

from client_sdk.errors import InvalidInput
from client_sdk.sources import Bytes, BytesSource, FileSource, Source
from client_sdk.spool import OneTimeStream
from client_sdk.streams import (
    ByteStream,
    StreamFactory,
    StreamSource,
    factory_opening,
    rewindable,
    stream_opening,
)
from common.wording import counted

UploadSource = str | os.PathLike[str] | Bytes | ByteStream | StreamFactory
"""A local path; the bytes themselves; an open binary file or another reader; an iterable of bytes; or a
function that opens one of these streams. Streams may be asynchronous."""


async def as_source(source: UploadSource, size: int | None = None) -> Source | OneTimeStream:
    """Make a source of what a caller handed in.

    Args:
        source: What is to be uploaded.
        size: Its size in bytes; None if the caller does not know it.

    Raises:
        InvalidInput: The source is known to have another size.
        SourceUnreadable: There is no regular file at the path, or the file is closed.
        TypeError: It is none of these, a file that is open as text for example.
    """
    if size is not None and size < 0:
        raise InvalidInput("a size cannot be negative")
    made = await _known(source)
    if made is not None:
        if size not in {None, made.size}:
            raise InvalidInput(f"the size is {counted(made.size, 'byte')}, not {size}")
        return made
    if _is_stream(source):
        return OneTimeStream(stream_opening(source), size)
    if not callable(source):
        raise TypeError(
            "what is uploaded is a path, bytes, an open binary file, an iterable of bytes, or a "
            f"function that opens one, not {type(source).__name__}"
        )
    opening = factory_opening(source)
    return OneTimeStream(opening, None) if size is None else StreamSource(opening, size)


async def _known(source: UploadSource) -> Source | None:
    """The source, if its size can be found out and it can be read more than once."""
    if isinstance(source, Bytes):
        return BytesSource(source)
    if isinstance(source, str | os.PathLike):
        return await asyncio.to_thread(FileSource, Path(source))
    if not _is_stream(source):
        return None
    file = await asyncio.to_thread(rewindable, source)
    return None if file is None else StreamSource(file.opening, file.size)


def _is_stream(source: object) -> TypeGuard[ByteStream]:
    # A class with a method `read` is a function that makes readers. What is open as text is none.
    if isinstance(source, type | io.TextIOBase):
        return False
    has_read = callable(getattr(source, "read", None))
    return has_read or isinstance(source, AsyncIterable | Iterable)
