"""The places for files with tickets: who gets the next one, and how many anybody may have.

A place is taken for a ticket that the manager has accepted, never for the mere promise of one, so
that nobody without tickets can keep others out. And of the places no user and no address gets more
than half, whatever tickets they have: there is always one to be had soon for somebody else.
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


class Places:
    """Hands out places in the order in which they are asked for, passing over whoever has enough.

    Args:
        lanes: one for each place.
        wait_s: seconds after which a form that waits is sent away.
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
        """Find out before a ticket is used up whether there is any use in waiting. Raises `Busy`."""
        of_owner = sum(owner in waiting.owners for waiting in self._queue)
        if len(self._queue) >= self._most_waiting or of_owner >= max(1, self._most_waiting // 2):
            raise Busy("too many files are being sent at the moment: try again shortly")

    async def take(self, owners: frozenset[str]) -> Lane:
        """Wait for a place, to be given back with `put_back`.

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
        self._hand_out()
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

    def put_back(self, lane: Lane, owners: frozenset[str]) -> None:
        """A place is free again."""
        self._held -= Counter(owners)
        self._free.append(lane)
        self._hand_out()

    def _hand_out(self) -> None:
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
            self.put_back(waiting.granted.result(), waiting.owners)


class Admission:
    """The way of one form to its place, which it has until the end of the `with` block.

    Args:
        places: where the place comes from.
        address: where the form comes from.
    """

    def __init__(self, places: Places, address: str) -> None:
        self._places = places
        self._address = f"address {address}"
        self._owners = frozenset({self._address})
        self._lane: Lane | None = None

    def check(self) -> None:
        """Find out whether there is any use in redeeming the ticket now. Raises `Busy`."""
        self._places.check(self._address)

    async def admit(self, holder: str | None) -> Lane:
        """Wait for the place, once the ticket is redeemed. Raises `Busy`.

        Args:
            holder: the user whose ticket it is, None if it is nobody's in particular.
        """
        if holder is not None:
            self._owners |= {f"holder {holder}"}
        self._lane = await self._places.take(self._owners)
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
            self._places.put_back(self._lane, self._owners)
