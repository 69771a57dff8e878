"""How often the allocator does what costs the more the more managers and upload processes there are.

A change that every manager is to know costs each of them a doorbell, a call and its answer; shares of
channels cost a look at every process. With a few of either both are done at once. With many, what changes
within a moment is done together: the moments grow with the number, so the work of a second stays the same.

It decides without I/O: times are seconds of any monotonic clock, and the owner comes back at `due_at`.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from manager.services.leases import Configure, LeaseAllocator

FEW_MANAGERS: Final = 8
"""So many hear of everything at once."""
RING_S_PER_MANAGER: Final = 0.002
"""For so long what concerns nobody in particular is gathered, for each manager: 0.2 s for a hundred."""
FEW_PROCESSES: Final = 32
"""So many are given their channels at once."""
SETTLE_S_PER_PROCESS: Final = 0.0002
"""Between two divisions of the channels, for each process: 0.2 s for a thousand."""


class Doorbells:
    """Which managers are to be told that there are news for them."""

    def __init__(self) -> None:
        self._now: set[str] = set()
        self._soon: set[str] = set()
        self.due_at: float | None = None

    def ring(self, manager: str) -> None:
        """There are news that concern this manager's own clients or processes."""
        self._now.add(manager)

    def ring_soon(self, managers: Collection[str], now: float, members: int) -> None:
        """There are news that concern these as much as everybody; `members`: how many managers there are."""
        if members <= FEW_MANAGERS:
            self._now.update(managers)
        elif managers:
            self._soon.update(managers)
            if self.due_at is None:
                self.due_at = now + RING_S_PER_MANAGER * members

    def forget(self, manager: str) -> None:
        """The manager has just been told all there is, or is gone."""
        self._now.discard(manager)
        self._soon.discard(manager)

    def take(self, now: float) -> Collection[str]:
        """Those to be rung now, once."""
        rung, self._now = self._now, set()
        if self.due_at is not None and now >= self.due_at:
            rung |= self._soon
            self._soon, self.due_at = set(), None
        return rung


class PacedLeases:
    """Has channels divided anew once for all changes of a moment.

    Args:
        leases: Divides them. It must hold its decisions back until `settle`.
        uploads: How many uploads run now, by their process.
    """

    def __init__(self, leases: LeaseAllocator, uploads: Callable[[], Mapping[str, int]]) -> None:
        self._leases = leases
        self._uploads = uploads
        self._demands: dict[str, bool] = {}
        self._may_settle_at = float("-inf")

    @property
    def due_at(self) -> float | None:
        """When `settle` has something to decide; None: nothing has changed."""
        is_due = self._leases.is_unsettled or self._demands
        return self._may_settle_at if is_due else None

    def demand_told(self, process: str, *, is_waiting: bool) -> None:
        """A process has said whether its posts wait; only the last word counts."""
        self._demands[process] = is_waiting

    def settle(self, now: float) -> Sequence[Configure]:
        """The configurations that are to be sent, if it is time."""
        due_at = self.due_at
        if due_at is None or now < due_at:
            return ()
        if self._demands:
            demands, self._demands = self._demands, {}
            self._leases.demands_told(demands, self._uploads())
        count = self._leases.process_count
        self._may_settle_at = now + (SETTLE_S_PER_PROCESS * count if count > FEW_PROCESSES else 0.0)
        return self._leases.settle()
