"""Brings changes into the order of their commits: by number, without a clock or an event loop.

The catalog numbers every change of folders and files within the transaction that makes it, 1, 2, 3, …,
so that the order of the numbers is that of the commits. Answers of the catalog may overtake one another.
A change therefore waits until all with a lower number have been delivered, or cannot come any more:

* A number never comes when its call failed after the commit, or when another program made the
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
class _Waiting(Generic[Item]):
    follows: int
    """All changes up to this number come before it."""
    is_change: bool
    """What was read when the catalog stood at a number comes before the change after that number."""
    covers: int
    """The number up to which everything has been delivered after it."""
    arrival: int
    item: Item = field(compare=False)
    first_harmless_call: int = field(compare=False)
    """Calls that began before this one may still bring a lower number."""
    due_at: float = field(compare=False)
    is_delivered: bool = field(default=False, compare=False)


class Sequencer(Generic[Item]):
    """Delivers changes in order; a change waits for earlier ones.

    Args:
        max_wait_s: seconds for which a change waits at most for those committed before it.
    """

    def __init__(self, max_wait_s: float) -> None:
        self._max_wait_s = max_wait_s
        self._delivered: int | None = None
        self._waiting: list[_Waiting[Item]] = []
        self._by_arrival: deque[_Waiting[Item]] = deque()
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
        self.add_changes(number, number, item, now)

    def add_changes(self, first: int, last: int, item: Item, now: float) -> None:
        """Takes the changes with these numbers and all between them, which are delivered together."""
        self._add(first - 1, last, item, now)

    def add_reading(self, number: int, item: Item, now: float) -> None:
        """Takes what was read when the change with that number was the last one."""
        self._add(number, number, item, now)

    def ready(self, now: float) -> Iterator[Item]:
        """What is to be delivered now, in order."""
        overdue = self._overdue_number(now)
        while self._waiting and (
            self._may_pass(self._waiting[0]) or self._waiting[0].covers <= overdue
        ):
            passing = heapq.heappop(self._waiting)
            passing.is_delivered = True
            self._delivered = max(self._delivered or 0, passing.covers)
            yield passing.item

    def _add(self, follows: int, covers: int, item: Item, now: float) -> None:
        waiting = _Waiting(
            follows=follows,
            is_change=covers > follows,
            covers=covers,
            arrival=next(self._arrivals),
            item=item,
            first_harmless_call=next(self._call_ids),
            due_at=now + self._max_wait_s,
        )
        heapq.heappush(self._waiting, waiting)
        self._by_arrival.append(waiting)

    def _overdue_number(self, now: float) -> int:
        """Up to which number changes have waited long enough; all wait equally long from their arrival."""
        overdue = -1
        while self._by_arrival and self._by_arrival[0].due_at <= now:
            overdue = max(overdue, self._by_arrival.popleft().covers)
        return overdue

    def _may_pass(self, waiting: _Waiting[Item]) -> bool:
        if self._delivered is not None and waiting.follows <= self._delivered:
            return True
        # Ids grow and a dict keeps the order of insertion: the first one is the oldest open call.
        oldest = next(iter(self._open_calls), None)
        return oldest is None or oldest > waiting.first_harmless_call
