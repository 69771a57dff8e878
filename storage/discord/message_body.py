"""The body of a post: a message with files, from the caller's buffers, copied nowhere."""

import asyncio
import re
import secrets
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Protocol

import msgspec
from aiohttp import Payload
from aiohttp.abc import AbstractStreamWriter

PIECE_SIZE = 1024 * 1024
"""Large enough that few calls are made, small enough that TLS does not double the memory."""
_NUMBERED = re.compile(r"[0-9a-f]{16}-([0-9])\.bin")


class FileContent(Protocol):
    """The bytes of a file, which are read in slices."""

    def __len__(self) -> int:
        """How many there are."""

    def __getitem__(self, part: slice, /) -> bytes | memoryview:
        """Some of them; the slice has a start and a stop, and no step."""


class RandomFile:
    """So many random bytes, of which only one piece is in memory."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._piece = memoryview(secrets.token_bytes(min(size, PIECE_SIZE)))

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, part: slice) -> memoryview:
        return self._piece[: min(part.stop, self._size) - part.start]


class JoinedFile:
    """Several contents as one file, one behind the other.

    A slice within one of them is a view of it; only where two of them meet bytes are copied.

    Args:
        parts: The contents, in their order.
    """

    def __init__(self, parts: Sequence[memoryview]) -> None:
        self._parts = parts
        self._ends = list(accumulate(map(len, parts)))

    def __len__(self) -> int:
        return self._ends[-1]

    def __getitem__(self, part: slice) -> bytes | memoryview:
        stop = min(part.stop, len(self))
        first = bisect_right(self._ends, part.start)
        views: list[memoryview] = []
        for content, end in zip(self._parts[first:], self._ends[first:], strict=True):
            begin = end - len(content)
            if begin >= stop:
                break
            views.append(content[max(0, part.start - begin) : stop - begin])
        return views[0] if len(views) == 1 else b"".join(views)


def in_order(filenames: Sequence[str]) -> list[int]:
    """The positions of attachments, as an answer lists them, in the order in which they were posted.

    Their filenames tell; if they do not, the order is taken as it is.
    """
    numbers = [match and int(match[1]) for match in map(_NUMBERED.fullmatch, filenames)]
    listed = list(range(len(filenames)))
    if sorted(number for number in numbers if number is not None) != listed:
        return listed
    return [numbers.index(number) for number in listed]


class FilesPayload(Payload):
    """`multipart/form-data` of a webhook message: heads, files and a tail.

    The files go out in pieces of the caller's buffers, under meaningless names. Writing
    them once more sends the same bytes. The connection may keep references to them, so `abort_unsent` must be
    called before the buffers change.

    Args:
        files: The files, at least one, in their order. They must not change until the post has ended.
        stall_s: Seconds in which one piece must have gone out; a longer one ends the request.

    Attributes:
        filenames: Opaque ASCII with the file's number; Discord strips other characters.
        is_written: Whether all of it was written to the connection in the last try.
    """

    _autoclose = True

    def __init__(self, files: Sequence[FileContent], *, stall_s: float) -> None:
        boundary = secrets.token_hex(16)
        super().__init__(files, content_type=f"multipart/form-data; boundary={boundary}")
        name = secrets.token_hex(8)
        self.filenames = [f"{name}-{number}.bin" for number in range(len(files))]
        self._files = files
        self._heads = _heads(boundary, self.filenames)
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._stall_s = stall_s
        self._size = sum(map(len, (*self._heads, *files, self._tail)))
        self._transport: asyncio.WriteTransport | None = None
        self.is_written = False

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """The body as text, for those who print requests."""
        return b"".join(self._pieces()).decode(encoding, errors)

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Writes the body. Raises TimeoutError when the other side stops taking it."""
        self._transport, self.is_written = writer.transport, False
        loop = asyncio.get_running_loop()
        # One timer that is put off: one for each piece costs a fiftieth of a chunk's CPU time.
        async with asyncio.timeout(None) as stalled:
            for piece in self._pieces():
                stalled.reschedule(loop.time() + self._stall_s)
                await writer.write(piece)
        self.is_written = True

    def _pieces(self) -> Iterator[bytes | memoryview]:
        for head, file in zip(self._heads, self._files, strict=True):
            yield head
            for start in range(0, len(file), PIECE_SIZE):
                yield file[start : start + PIECE_SIZE]
        yield self._tail

    def abort_unsent(self) -> None:
        """Breaks the connection if it still has bytes of the files to send.

        That is so after an answer that came too early, and after most failures. Closed in good
        order, a connection would send what it has first, by then with the next file's bytes in it.
        """
        transport = self._transport
        if transport is None:
            return
        if not self.is_written or transport.get_write_buffer_size():
            transport.abort()


def _heads(boundary: str, filenames: Sequence[str]) -> list[bytes]:
    """What stands before each file; before the first one, the description of all."""
    attachments = [{"id": n, "filename": filename} for n, filename in enumerate(filenames)]
    description = b"".join(
        (
            f"--{boundary}\r\n".encode(),
            b'Content-Disposition: form-data; name="payload_json"\r\n',
            b"Content-Type: application/json\r\n\r\n",
            msgspec.json.encode({"attachments": attachments}),
        )
    )
    heads = [
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="files[{n}]"; '
        f'filename="{filename}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode("ascii")
        for n, filename in enumerate(filenames)
    ]
    return [description + heads[0], *heads[1:]]
