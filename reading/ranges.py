"""Byte ranges of a file, after RFC 9110 section 14. No I/O.

A `Range` header that is malformed, in another unit, or asks for more parts than is sensible is
ignored, as the RFC allows; the whole file is the answer then. One that asks only for bytes that do
not exist raises `RangeNotSatisfiable`.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reading.errors import RangeNotSatisfiable

MAX_RANGES = 16
"""More parts than this in one request are taken for an attack (RFC 9110 section 17.15)."""

_SPEC = re.compile(r"(\d{0,19})-(\d{0,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `start` up to, and without, `stop` of a file."""

    start: int
    stop: int

    @property
    def length(self) -> int:
        """How many bytes these are."""
        return self.stop - self.start

    def content_range(self, size: int) -> str:
        """The value of `Content-Range` for this part of a file of `size` bytes."""
        return f"bytes {self.start}-{self.stop - 1}/{size}"


@dataclass(frozen=True, slots=True)
class Segment:
    """Bytes `start` up to `stop` of the chunk `index`, counted within that chunk."""

    index: int
    start: int
    stop: int


def parse_range(header: str | None, size: int) -> tuple[ByteRange, ...] | None:
    """The parts asked for, in the order asked for; None for the whole file.

    Parts that overlap or touch are joined, and then the parts come in the file's order.
    Raises `RangeNotSatisfiable`.
    """
    specs = _specs(header)
    if specs is None:
        return None
    wanted = tuple(part for spec in specs if (part := _resolve(*spec, size)) is not None)
    if not wanted:
        raise RangeNotSatisfiable(size)
    return _joined(wanted)


def segments(part: ByteRange, chunk_size: int) -> Iterator[Segment]:
    """The pieces of chunks that make up a part, in order."""
    position = part.start
    while position < part.stop:
        index = position // chunk_size
        base = index * chunk_size
        stop = min(part.stop, base + chunk_size)
        yield Segment(index, position - base, stop - base)
        position = stop


@dataclass(frozen=True, slots=True)
class MultipartFraming:
    """The text around the parts of a `multipart/byteranges` body (RFC 9110 section 14.6)."""

    boundary: str
    content_type: str
    size: int

    @property
    def media_type(self) -> str:
        """The `Content-Type` of the whole body."""
        return f"multipart/byteranges; boundary={self.boundary}"

    def head(self, part: ByteRange) -> bytes:
        """What goes before the bytes of a part."""
        lines = (
            f"\r\n--{self.boundary}",
            f"Content-Type: {self.content_type}",
            f"Content-Range: {part.content_range(self.size)}",
            "\r\n",
        )
        return "\r\n".join(lines).encode("latin-1")

    @property
    def tail(self) -> bytes:
        """What goes after the last part."""
        return f"\r\n--{self.boundary}--\r\n".encode("latin-1")

    def body_length(self, parts: Iterable[ByteRange]) -> int:
        """Bytes of the whole body."""
        return sum(len(self.head(part)) + part.length for part in parts) + len(self.tail)


def _specs(header: str | None) -> list[tuple[str, str]] | None:
    """The pairs of first and last position as written, or None when the header is to be ignored."""
    unit, _, listed = (header or "").partition("=")
    if unit.strip().lower() != "bytes":
        return None
    # An empty element of a list is allowed and means nothing (RFC 9110 section 5.6.1).
    matches = [_SPEC.fullmatch(item) for text in listed.split(",") if (item := text.strip(" \t"))]
    if not 0 < len(matches) <= MAX_RANGES:
        return None
    specs = [(match[1], match[2]) for match in matches if match and _is_valid(match[1], match[2])]
    return specs if len(specs) == len(matches) else None


def _is_valid(first: str, last: str) -> bool:
    if first and last:
        return int(first) <= int(last)
    return bool(first or last)


def _resolve(first: str, last: str, size: int) -> ByteRange | None:
    """The bytes that exist of one spec; None when there are none."""
    start = int(first) if first else max(0, size - int(last))
    stop = min(size, int(last) + 1) if first and last else size
    return ByteRange(start, stop) if start < stop else None


def _joined(wanted: tuple[ByteRange, ...]) -> tuple[ByteRange, ...]:
    joined: list[ByteRange] = []
    for part in sorted(wanted, key=lambda part: part.start):
        if joined and part.start <= joined[-1].stop:
            joined[-1] = ByteRange(joined[-1].start, max(joined[-1].stop, part.stop))
        else:
            joined.append(part)
    return wanted if len(joined) == len(wanted) else tuple(joined)
