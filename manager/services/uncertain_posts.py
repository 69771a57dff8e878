"""How many messages on Discord may be known to nobody, as the upload services tell."""

from manager.metrics import ManagerMetrics

MOST_PROCESSES = 1000
"""Processes whose totals are told apart; the earliest are then added up for good."""


class UncertainPostTally:
    """Adds up what upload processes count of their own posts whose answer was lost."""

    def __init__(self, metrics: ManagerMetrics) -> None:
        self._metrics = metrics
        self._totals: dict[str, int] = {}
        self.number = 0

    def told(self, process: str, total: int) -> None:
        """A process has had so many since its start; it says so over each of its connections."""
        more = total - self._totals.get(process, 0)
        if more <= 0:
            return
        self._totals[process] = total
        self.number += more
        self._metrics.uncertain_posts.inc(more)
        if len(self._totals) > MOST_PROCESSES:
            self._totals.pop(next(iter(self._totals)))
