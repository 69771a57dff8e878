"""Memory for chunks: buffers that are used again and again, and permits that bound how many there are.

Writing 10 MiB into memory that is in use takes a sixth of the time that fresh pages take, so
buffers are kept. A buffer is held under permits of a lane, one for each 10 MiB or part of them: larger
chunks mean fewer of them at a time, and not more memory. Every slot has a lane of its own (its
chunks in flight), and bodies whose upload is not known yet share one small lane, so that they can
never take what the uploads need. Memory is bounded by the sum of all permits; a lane with fewer of
them than a buffer needs gives it out alone. A request that waits for permits does not read its
socket: that is the backpressure.

A file with a ticket gets a lane of its own from the `AdmissionQueue`. It is admitted for a ticket that
the manager has accepted, never for the mere promise of one, so that clients without tickets can keep
nobody out. No user and no address gets more than half of the lanes, whatever tickets they have: a
lane becomes free soon for others.
"""

import asyncio
import ctypes
import sys
from collections import Counter, deque
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from protocol.values import CHUNK_SIZE
from storage.envelope import ENVELOPE_OVERHEAD, SEALING_SLACK
from upload_service.errors import Busy
from upload_service.multipart import MAX_TAIL_BYTES


def room_for(size: int) -> int:
    """Bytes of a buffer for a chunk of that size: in its envelope, or with all that follows it in a form."""
    return size + ENVELOPE_OVERHEAD + SEALING_SLACK + MAX_TAIL_BYTES


BUFFER_UNIT_BYTES: Final = room_for(CHUNK_SIZE)
"""A chunk of the usual size needs one unit."""
_WAITING_FOR_EACH_LANE: Final = 8
"""Forms that wait cost a connection and what their sockets hold, so they are bounded, too; one user or
address may be half of these as well."""
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_KEPT_BYTES: Final = 32 * 1024 * 1024
_LARGEST_PIECE_BYTES: Final = 4 * 1024 * 1024


class BufferPool:
    """Buffers whose sizes are multiples of one size.

    Args:
        unit_bytes: that size.
    """

    def __init__(self, unit_bytes: int) -> None:
        self._unit_bytes = unit_bytes
        self._free: dict[int, list[memoryview]] = {}
        self._held_units = 0
        self._free_units = 0
        self._most_units = 0

    @property
    def allocated(self) -> int:
        """How many units the buffers have together, free ones included."""
        return self._held_units + self._free_units

    def units_of(self, size: int) -> int:
        """How many units a buffer of at least so many bytes has."""
        return -(-size // self._unit_bytes)

    def take(self, units: int) -> memoryview:
        """A free buffer, made if there is none. Its content is left over from its last use.

        Free buffers of other sizes are given up for it, so that there is never more memory than was
        once held at the same time.
        """
        self._held_units += units
        self._most_units = max(self._most_units, self._held_units)
        if free := self._free.get(units):
            self._free_units -= units
            return free.pop()
        for other_units, others in self._free.items():
            while others and self.allocated > self._most_units:
                others.pop()
                self._free_units -= other_units
        return memoryview(bytearray(units * self._unit_bytes))

    def give_back(self, buffer: memoryview) -> None:
        """Keep a buffer for its next use."""
        units = self.units_of(len(buffer))
        self._held_units -= units
        self._free_units += units
        self._free.setdefault(units, []).append(buffer)


class Lane:
    """A number of permits to hold buffers, given in order of asking.

    Args:
        pool: where the buffers come from.
        permits: how many units of buffers may be held at once, at least 1.
    """

    def __init__(self, pool: BufferPool, permits: int) -> None:
        self.pool = pool
        self._permits = permits
        self._semaphore = asyncio.Semaphore(permits)
        self._turn = asyncio.Lock()

    async def acquire(self, units: int) -> int:
        """Wait for the permits of a buffer. Returns how many those are, to be given to `release`."""
        needed = min(units, self._permits)
        # One after the other: two that each had a part of their permits would wait for each other.
        async with self._turn:
            for taken in range(needed):
                try:
                    await self._semaphore.acquire()
                except BaseException:
                    self.release(taken)
                    raise
        return needed

    def release(self, permits: int) -> None:
        """Give permits back."""
        for _ in range(permits):
            self._semaphore.release()

    async def acquire_buffer(self, size: int) -> "HeldBuffer":
        """Wait for permits and take a buffer of at least so many bytes."""
        units = self.pool.units_of(size)
        return HeldBuffer(self, await self.acquire(units), self.pool.take(units))


class HeldBuffer:
    """A buffer held under permits, until `release`.

    Attributes:
        memory: the buffer.
    """

    def __init__(self, lane: Lane, permits: int, memory: memoryview) -> None:
        self._lane: Lane | None = lane
        self._permits = permits
        self.memory = memory

    async def move_to(self, lane: Lane) -> None:
        """Wait for permits of another lane and hold the same buffer under those."""
        permits = await lane.acquire(lane.pool.units_of(len(self.memory)))
        if self._lane is not None:
            self._lane.release(self._permits)
        self._lane, self._permits = lane, permits

    def release(self) -> None:
        """Give buffer and permits back. Doing it again does nothing."""
        if self._lane is None:
            return
        self._lane.pool.give_back(self.memory)
        self._lane.release(self._permits)
        self._lane = None


class _Waiting:
    """A form that waits for a lane."""

    __slots__ = ("granted", "owners")

    def __init__(self, owners: frozenset[str]) -> None:
        self.owners = owners
        self.granted: asyncio.Future[Lane] = asyncio.get_running_loop().create_future()


class AdmissionQueue:
    """Admits forms in the order in which they ask, passing over owners that have their share.

    Args:
        lanes: one for each form that is received.
        wait_s: seconds after which a form that waits is refused.
    """

    def __init__(self, lanes: Iterable[Lane], *, wait_s: float) -> None:
        # A chunk on its way to Discord keeps its buffer when its form has failed, so the lanes are
        # what bounds the memory, and last longer than the forms.
        self._free = deque(lanes)
        self._wait_s = wait_s
        self._most_held = max(1, len(self._free) // 2)
        self._most_waiting = len(self._free) * _WAITING_FOR_EACH_LANE
        self._queue: list[_Waiting] = []
        self._held: Counter[str] = Counter()

    @property
    def waiting(self) -> int:
        """How many forms wait."""
        return len(self._queue)

    def check(self, owner: str) -> None:
        """Check before a ticket is used up that there is any use in waiting. Raises `Busy`."""
        of_owner = sum(owner in waiting.owners for waiting in self._queue)
        if len(self._queue) >= self._most_waiting or of_owner >= max(1, self._most_waiting // 2):
            raise Busy("too many files are being sent at the moment: try again shortly")

    async def acquire(self, owners: frozenset[str]) -> Lane:
        """Wait for a lane, to be given back by `release`.

        Args:
            owners: all to whom the lane counts.

        Returns:
            The lane.

        Raises:
            Busy: there was none in time, or too many wait already.
        """
        for owner in owners:
            self.check(owner)
        waiting = _Waiting(owners)
        self._queue.append(waiting)
        self._grant()
        try:
            async with asyncio.timeout(self._wait_s):
                return await waiting.granted
        except BaseException as error:
            self._withdraw(waiting)
            if not isinstance(error, TimeoutError):
                raise
            raise Busy(
                "too many files are being sent at the moment: ask for a new ticket and try again"
            ) from None

    def release(self, lane: Lane, owners: frozenset[str]) -> None:
        """A lane is free again."""
        self._held -= Counter(owners)
        self._free.append(lane)
        self._grant()

    def _grant(self) -> None:
        for waiting in tuple(self._queue):
            if not self._free:
                return
            if any(self._held[owner] >= self._most_held for owner in waiting.owners):
                continue
            self._queue.remove(waiting)
            if not waiting.granted.done():
                self._held.update(waiting.owners)
                waiting.granted.set_result(self._free.popleft())

    def _withdraw(self, waiting: _Waiting) -> None:
        """A form stops waiting, perhaps at the moment at which it got its lane."""
        if waiting in self._queue:
            self._queue.remove(waiting)
        elif not waiting.granted.cancelled():
            self.release(waiting.granted.result(), waiting.owners)


class Admission:
    """One form that asks for a lane; it has the lane until the end of the `with` block.

    Args:
        queue: where the lane comes from.
        address: the client's address.
    """

    def __init__(self, queue: AdmissionQueue, address: str) -> None:
        self._queue = queue
        self._address = f"address {address}"
        self._owners = frozenset({self._address})
        self._lane: Lane | None = None

    def check(self) -> None:
        """Check that there is any use in redeeming the ticket now. Raises `Busy`."""
        self._queue.check(self._address)

    async def admit(self, holder: str | None) -> Lane:
        """Wait for the lane, once the ticket is redeemed. Raises `Busy`.

        Args:
            holder: the user whose ticket it is; None if it is no user's.
        """
        if holder is not None:
            self._owners |= {f"holder {holder}"}
        self._lane = await self._queue.acquire(self._owners)
        return self._lane

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lane is not None:
            self._queue.release(self._lane, self._owners)


def keep_freed_memory() -> None:
    """Let this process keep up to 32 MiB of freed memory. Does nothing without glibc.

    Every piece of a body lives in an allocation of some 100 KiB for a moment. With its defaults glibc
    returns such memory to the system at once, and the next piece pays for fresh pages: a fifth of all
    the CPU time of a chunk.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except AttributeError:
        return
    mallopt(_M_MMAP_THRESHOLD, _LARGEST_PIECE_BYTES)
    mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)
