"""How content is divided into chunks, and how the whole is hashed. All sizes are in bytes."""

import hashlib
from collections.abc import Iterable, Iterator

from protocol.generic import ChunkRange

MAX_RANGES = 4096
"""The most ranges of chunks that a packet lists; four times as many would still fit a frame."""


def chunk_count(size: int, chunk_size: int) -> int:
    """Return how many chunks hold `size` bytes; an empty file has none."""
    return -(-size // chunk_size)


def chunk_length(size: int, chunk_size: int, index: int) -> int:
    """Return the bytes in chunk `index` (from 0): `chunk_size`, and the rest in the last one.

    Raises:
        IndexError: there is no such chunk.
    """
    if not 0 <= index < chunk_count(size, chunk_size):
        raise IndexError(f"there is no chunk {index}")
    return min(chunk_size, size - index * chunk_size)


def missing_ranges(
    stored: Iterable[int], count: int, *, most: int = MAX_RANGES
) -> tuple[ChunkRange, ...]:
    """Return which of `count` chunks are not stored, in order; `stored` are indices in order.

    There are `most` ranges at most, so that they fit a frame. Where there would be more, those with the
    fewest stored chunks between them are joined, and these stored chunks are due again.
    """
    missing: list[ChunkRange] = []
    due = 0
    for index in (*stored, count):
        if index > due:
            missing.append(ChunkRange(first=due, last=index - 1))
        due = index + 1
    return _joined(missing, most)


def _joined(ranges: list[ChunkRange], most: int) -> tuple[ChunkRange, ...]:
    excess = len(ranges) - most
    if excess <= 0:
        return tuple(ranges)
    later = range(1, len(ranges))
    by_gap = sorted(later, key=lambda at: ranges[at].first - ranges[at - 1].last)
    without_gap = set(by_gap[:excess])
    joined: list[ChunkRange] = []
    for at, each in enumerate(ranges):
        if at in without_gap:
            joined[-1] = ChunkRange(first=joined[-1].first, last=each.last)
        else:
            joined.append(each)
    return tuple(joined)


def indices_in(ranges: Iterable[ChunkRange]) -> Iterator[int]:
    """Yield the indices of the chunks in the ranges, range by range."""
    for each in ranges:
        yield from range(each.first, each.last + 1)


def content_hash(digests: Iterable[bytes]) -> str:
    """Return the hash of content from the SHA-256 digests of its plain chunks, in chunk order.

    It is the SHA-256 over the concatenated lowercase hex digests, itself in lowercase hex.
    """
    whole = hashlib.sha256()
    for digest in digests:
        whole.update(digest.hex().encode("ascii"))
    return whole.hexdigest()
