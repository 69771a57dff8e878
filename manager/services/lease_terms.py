"""For how long the upload processes of a manager may post, though the allocator does not hear of it.

The allocator gives what a process has to others once it has not heard of the process's manager for long
enough. A manager that has lost NATS must have its processes stop before that; but while NATS is away for
everybody nobody can be elected, and they should go on. Which of both it is the manager finds in the catalog:

* An allocator that wants to give away what processes of a lost manager have first writes the highest
  number of all leases into the catalog, as the *fence*. When that is written it waits for `ABSENCE_S`. Then
  it gives every process that it knows to be alive a lease with a higher number.
* What the allocator has decided may be used for `TERM_S` after the manager has sent a call that it has
  answered. If no answers come, the manager reads the fence; a lease with a higher number may be used for
  `TERM_S` after that question was sent.

So whatever a manager was allowed, by an answer or by a look at the fence, it was allowed before the fence was
written, and ends `MARGIN_S` before another process gets it. No two clocks are compared: each counts
seconds by its own. The margin is for clocks that run at different speed, and for the way to the process.

It decides without I/O; times are seconds of any monotonic clock.
"""

from collections.abc import Iterable, Mapping
from typing import Final

TERM_S: Final = 30.0
"""How long a process may post after its manager had the allocator's word, or has found no fence."""
MARGIN_S: Final = TERM_S / 2
"""By which a process stops before another one may begin."""
ABSENCE_S: Final = TERM_S + MARGIN_S
"""How long after the fence was raised a process that nobody knows to be alive keeps its leases."""
LOOK_EVERY_S: Final = TERM_S / 6
"""The fence is looked at when the allocator has not answered for so long, and again as often."""


class InMemoryFence:
    """A fence of managers that all run in one process."""

    def __init__(self) -> None:
        self.number = 0

    async def raise_lease_fence(self, number: int) -> None:
        """See `catalog.lease_fence_port`."""
        self.number = max(self.number, number)

    async def lease_fence(self) -> int:
        """See `catalog.lease_fence_port`."""
        return self.number


class LeaseTerms:
    """Until when each process of a manager may post."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._confirmed_at = float("-inf")

    def may_post(self, process: str, now: float) -> bool:
        """Whether a process may begin requests."""
        return now < self._until.get(process, float("-inf"))

    def must_look(self, now: float) -> bool:
        """Whether the fence is to be read, since the allocator is silent."""
        return now >= self._confirmed_at + LOOK_EVERY_S

    def confirmed(self, processes: Iterable[str], sent_at: float) -> None:
        """The allocator has answered a call of that time, and these processes have its leases."""
        self._confirmed_at = max(self._confirmed_at, sent_at)
        for process in processes:
            self._extend(process, sent_at)

    def looked(self, fence: int, numbers: Mapping[str, int], asked_at: float) -> None:
        """The fence, asked for at that time; `numbers`: of the leases, by their process."""
        for process, number in numbers.items():
            if number > fence:
                self._extend(process, asked_at)

    def left(self, process: str) -> None:
        """The process has disconnected; when it comes again its leases are confirmed anew."""
        self._until.pop(process, None)

    def _extend(self, process: str, since: float) -> None:
        until = since + TERM_S
        self._until[process] = max(until, self._until.get(process, until))
