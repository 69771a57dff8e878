"""Which chunks are fetched together: neighbours in one attachment. No I/O.

Many small chunks may lie in one attachment, one behind the other. Each request to the CDN takes its time,
whatever its size, so those that lie close together are fetched by one request, with what lies between them.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from storage.discord.messages import ChunkAddress

MAX_EXTENT_BYTES: Final = 8 * 1024 * 1024
"""Of chunks that are fetched together; a larger chunk is fetched alone."""
MAX_HOLE_BYTES: Final = 64 * 1024
"""Bytes between two chunks that are fetched for nothing, at most: they cost less than a request."""


def extents(addresses: Sequence[ChunkAddress]) -> list[list[int]]:
    """Groups addresses, given by their positions, that are best fetched by one request each.

    The groups are in the order of what they have first, and a group is in the order of its offsets.
    """
    by_attachment: dict[tuple[int, int | None], list[int]] = {}
    for position, address in enumerate(addresses):
        by_attachment.setdefault((address.message_id, address.attachment_id), []).append(position)
    found: list[list[int]] = []
    for positions in by_attachment.values():
        positions.sort(key=lambda position: addresses[position].offset)
        start = end = -1
        for position in positions:
            address = addresses[position]
            stop = max(end, address.offset + address.stored_size)
            is_near = start >= 0 and address.offset <= end + MAX_HOLE_BYTES
            if is_near and stop - start <= MAX_EXTENT_BYTES:
                found[-1].append(position)
            else:
                found.append([position])
                start, stop = address.offset, address.offset + address.stored_size
            end = stop
    return sorted(found, key=min)


def covering(addresses: Sequence[ChunkAddress]) -> ChunkAddress:
    """The bytes of an attachment that hold all these addresses; there must be one."""
    start = min(address.offset for address in addresses)
    end = max(address.offset + address.stored_size for address in addresses)
    return replace(addresses[0], offset=start, stored_size=end - start)
