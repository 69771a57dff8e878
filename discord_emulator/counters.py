"""What was asked and what was answered, for tests and benchmarks to look at."""

from collections import Counter

from discord_emulator.errors import Scope
from discord_emulator.operations import Operation


class RequestCounters:
    """Counts answers by operation, status and, for a 429, scope."""

    def __init__(self) -> None:
        self.statuses: Counter[tuple[Operation, int]] = Counter()
        self.rate_limited: Counter[Scope] = Counter()

    def record(self, operation: Operation, status: int, scope: Scope | None = None) -> None:
        """Counts one answer."""
        self.statuses[operation, status] += 1
        if scope is not None:
            self.rate_limited[scope] += 1

    def count(self, operation: Operation | str, status: int | None = None) -> int:
        """Returns how many requests of a kind were answered, with one status or with any."""
        return sum(
            number
            for (name, answered), number in self.statuses.items()
            if name == operation and status in (None, answered)
        )

    @property
    def total(self) -> int:
        """All answers."""
        return self.statuses.total()
