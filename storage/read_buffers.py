"""Memory for chunks that are read: used again as soon as nobody holds a view of it.

Fresh pages for every chunk cost a fifth of the CPU time of a large download: the kernel clears them, and
gives them back one by one. Linux is asked for huge pages, of which it clears one in a seventh of
the time that 512 small ones take. A chunk is handed on as a view of its buffer, to threads, to caches, and to
transports that have not sent it yet, and nobody says when the last of them is done. Nobody needs to: Python
counts the views of a buffer, and lets none be resized that has one.
"""

import asyncio
import contextlib
import mmap
from typing import Final

UNIT_BYTES: Final = 1024 * 1024
"""Sizes are rounded up to multiples of this, so that a buffer fits for chunks that differ a little."""
CAPACITY_BYTES: Final = 256 * 1024 * 1024
"""So much is remembered at most; chunks beyond that are read into memory that is used once."""
IDLE_S: Final = 2.0
"""Buffers that were not used for so long are given back to the system."""
_HAS_HUGE_PAGES: Final = hasattr(mmap, "MADV_HUGEPAGE")
"""On Linux. Elsewhere a mapping cannot be resized, so that nothing would say whether it has views."""

_Buffer = mmap.mmap | bytearray


class ReadBuffers:
    """Hands out buffers, and remembers them for their next use.

    Args:
        capacity_bytes: Of all buffers that are remembered.
    """

    def __init__(self, capacity_bytes: int = CAPACITY_BYTES) -> None:
        self._capacity_bytes = capacity_bytes
        self._buffers: list[_Buffer] = []
        self._used: set[int] = set()
        self._trimming: asyncio.TimerHandle | None = None

    @property
    def remembered_bytes(self) -> int:
        """How large the buffers are together that are remembered, whether they are in use or not."""
        return sum(map(len, self._buffers))

    def take(self, size: int) -> memoryview:
        """A buffer of that size, in bytes, with any content. It is used again once no view of it is left."""
        if size < UNIT_BYTES:
            return memoryview(bytearray(size))
        whole_bytes = -(-size // UNIT_BYTES) * UNIT_BYTES
        buffer = self._free(whole_bytes) or self._new(whole_bytes)
        self._used.add(id(buffer))
        return memoryview(buffer)[:size]

    def trim(self) -> None:
        """Forget the buffers that were not handed out since the last time."""
        self._buffers = [each for each in self._buffers if id(each) in self._used]
        self._used.clear()
        self._trimming = None
        if self._buffers:
            self._trim_later()

    def _free(self, size: int | None = None) -> _Buffer | None:
        """One that nobody uses, of that size or of any."""
        # The last one first: fewer are used then, and more of it may still be in the CPU's cache.
        for buffer in reversed(self._buffers):
            if size in {None, len(buffer)} and not _has_views(buffer):
                return buffer
        return None

    def _new(self, size: int) -> _Buffer:
        while self.remembered_bytes + size > self._capacity_bytes and (other := self._free()):
            self._buffers = [each for each in self._buffers if each is not other]
        buffer = _allocated(size)
        if self.remembered_bytes + size <= self._capacity_bytes:
            self._buffers.append(buffer)
        if self._trimming is None:
            self._trim_later()
        return buffer

    def _trim_later(self) -> None:
        self._trimming = asyncio.get_running_loop().call_later(IDLE_S, self.trim)


def _allocated(size: int) -> _Buffer:
    if not _HAS_HUGE_PAGES:
        return bytearray(size)
    mapping = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with contextlib.suppress(OSError):  # a kernel that is built without them
        mapping.madvise(mmap.MADV_HUGEPAGE)
    return mapping


def _has_views(buffer: _Buffer) -> bool:
    try:
        # Neither moves the content; both are refused while there is a view.
        if isinstance(buffer, bytearray):
            buffer.append(buffer.pop())
        else:
            buffer.resize(len(buffer))
    except BufferError:
        return True
    return False
