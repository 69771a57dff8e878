"""A priority queue whose entries can be moved and removed.

`heapq` alone cannot do either. Entries that were superseded stay in the heap until they come to its
top (the "lazy deletion" of the heapq documentation, "Priority Queue Implementation Notes"), and the
heap is rebuilt when most of it is superseded, so that every operation costs amortised O(log n).
"""

from heapq import heapify, heappop, heappush

Rank = tuple[float, ...]

_SLACK = 16


class Ranking:
    """Keys ordered by rank, the lowest first."""

    def __init__(self) -> None:
        self._ranks: dict[str, Rank] = {}
        self._heap: list[tuple[Rank, str]] = []

    def put(self, key: str, rank: Rank) -> None:
        """Adds the key, or moves it to another rank."""
        if self._ranks.get(key) == rank:
            return
        self._ranks[key] = rank
        heappush(self._heap, (rank, key))
        if len(self._heap) > 2 * len(self._ranks) + _SLACK:
            self._heap = [(rank, key) for key, rank in self._ranks.items()]
            heapify(self._heap)

    def discard(self, key: str) -> None:
        """Removes the key; a missing one is no error."""
        self._ranks.pop(key, None)

    def first(self) -> str | None:
        """The key of the lowest rank, or None when there is none."""
        while self._heap:
            rank, key = self._heap[0]
            if self._ranks.get(key) == rank:
                return key
            heappop(self._heap)
        return None
