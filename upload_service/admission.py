"""Admission control for files with tickets: which form gets buffers next, and how many one owner may have.

A form is admitted for a ticket that the manager has accepted, never for the mere promise of one, so
that clients without tickets can keep nobody out. No user and no address gets more than half of the
places, whatever tickets they have: a place becomes free soon for others.
"""

import asyncio
from collections import Counter, deque
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

from upload_service.buffers import Lane
from upload_service.errors import Busy

_WAITING_FOR_EACH_PLACE: Final = 8
"""Forms that wait cost a connection and what their sockets hold, so they are bounded, too; one user or
address may be half of these as well."""


class _Waiting:
    """A form that waits for a place."""

    __slots__ = ("granted", "owners")

    def __init__(self, owners: frozenset[str]) -> None:
        self.owners = owners
        self.granted: asyncio.Future[Lane] = asyncio.get_running_loop().create_future()


class AdmissionQueue:
    """Admits forms in the order in which they ask, passing over owners that have their share.

    Args:
        lanes: one for each place.
        wait_s: seconds after which a form that waits is refused.
    """

    def __init__(self, lanes: Iterable[Lane], *, wait_s: float) -> None:
        # A chunk on its way to Discord keeps its buffer when its form has failed, so the lanes are
        # what bounds the memory, and last longer than the forms.
        self._free = deque(lanes)
        self._wait_s = wait_s
        self._most_held = max(1, len(self._free) // 2)
        self._most_waiting = len(self._free) * _WAITING_FOR_EACH_PLACE
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
        """Wait for a place, to be given back by `release`.

        Args:
            owners: all to whom the place counts.

        Returns:
            The buffers of the place.

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
        """A place is free again."""
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
        """A form stops waiting, perhaps at the moment at which it got its place."""
        if waiting in self._queue:
            self._queue.remove(waiting)
        elif not waiting.granted.cancelled():
            self.release(waiting.granted.result(), waiting.owners)


class Admission:
    """One form that asks for a place; it has the place until the end of the `with` block.

    Args:
        queue: where the place comes from.
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
        """Wait for the place, once the ticket is redeemed. Raises `Busy`.

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
