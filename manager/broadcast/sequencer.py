"""Brings changes into the order of their commits: by number, without a clock or an event loop.

The catalog numbers every change of folders and files within the transaction that makes it, 1, 2, 3, …,
so that the order of the numbers is that of the commits. Answers of the catalog may overtake one another.
A change is therefore held until all with a lower number have been delivered, or cannot come any more:

* A number is missing for good when its call failed after the commit, or when another program made the
  change. Every call is announced beforehand (`expect`); once no call is open that began before an answer
  came, nothing below that answer's number can come any more.
* A call that hangs holds back what was committed after it for a limited time.

After a restart the first number that arrives is where the order begins: what was committed before it was
committed before any client of this process was connected, or by a call that is open.
"""

import heapq
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(order=True, slots=True)
class _Held(Generic[Item]):
    follows: int
    """All changes up to this number come before it."""
    is_change: bool
    """What was read when the catalog stood at a number comes before the change after that number."""
    arrival: int
    item: Item = field(compare=False)
    first_harmless_call: int = field(compare=False)
    """Calls that began before this one may still bring a lower number."""
    due_at: float = field(compare=False)
    is_delivered: bool = field(default=False, compare=False)

    @property
    def reaches(self) -> int:
        """The number up to which everything has been delivered after it."""
        return self.follows + 1 if self.is_change else self.follows


class Sequencer(Generic[Item]):
    """Holds changes back until it is their turn.

    Args:
        patience_s: how long a change waits at most for those that were committed before it.
    """

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self._delivered: int | None = None
        self._held: list[_Held[Item]] = []
        self._by_arrival: deque[_Held[Item]] = deque()
        self._arrivals = count()
        self._call_ids = count()
        self._open_calls: dict[int, None] = {}

    @property
    def due_at(self) -> float | None:
        """When `ready` delivers something at the latest, in the caller's seconds; None: nothing waits."""
        while self._by_arrival and self._by_arrival[0].is_delivered:
            self._by_arrival.popleft()
        return self._by_arrival[0].due_at if self._by_arrival else None

    def expect(self) -> int:
        """A call is about to be made that may change something. Answers the id of the call."""
        call = next(self._call_ids)
        self._open_calls[call] = None
        return call

    def settle(self, call: int) -> None:
        """The call is over: what it changed was added before, or is lost."""
        self._open_calls.pop(call, None)

    def add_change(self, number: int, item: Item, now: float) -> None:
        """Takes the change with that number."""
        self._hold(number - 1, item, now, is_change=True)

    def add_reading(self, number: int, item: Item, now: float) -> None:
        """Takes what was read when the change with that number was the last one."""
        self._hold(number, item, now, is_change=False)

    def ready(self, now: float) -> Iterator[Item]:
        """What is to be delivered now, in order."""
        overdue = self._overdue_number(now)
        while self._held and (self._may_pass(self._held[0]) or self._held[0].reaches <= overdue):
            passing = heapq.heappop(self._held)
            passing.is_delivered = True
            self._delivered = max(self._delivered or 0, passing.reaches)
            yield passing.item

    def _hold(self, follows: int, item: Item, now: float, *, is_change: bool) -> None:
        held = _Held(
            follows=follows,
            is_change=is_change,
            arrival=next(self._arrivals),
            item=item,
            first_harmless_call=next(self._call_ids),
            due_at=now + self._patience_s,
        )
        heapq.heappush(self._held, held)
        self._by_arrival.append(held)

    def _overdue_number(self, now: float) -> int:
        """Up to which number changes have waited long enough; all wait equally long from their arrival."""
        overdue = -1
        while self._by_arrival and self._by_arrival[0].due_at <= now:
            overdue = max(overdue, self._by_arrival.popleft().reaches)
        return overdue

    def _may_pass(self, held: _Held[Item]) -> bool:
        if self._delivered is not None and held.follows <= self._delivered:
            return True
        # Ids grow and a dict keeps the order of insertion: the first one is the oldest open call.
        oldest = next(iter(self._open_calls), None)
        return oldest is None or oldest > held.first_harmless_call
