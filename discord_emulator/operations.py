"""The kinds of requests, which faults and limits are about, and how many of each were answered."""

from collections import Counter
from enum import StrEnum

from discord_emulator.errors import LimitScope


class Operation(StrEnum):
    """One kind of request."""

    EXECUTE = "execute"
    WEBHOOK = "webhook"
    REMOVE_WEBHOOK = "remove_webhook"
    MESSAGE = "message"
    EDIT = "edit"
    DELETE = "delete"
    BOT_POST = "bot_post"
    BOT_LIST = "bot_list"
    BOT_MESSAGE = "bot_message"
    BOT_DELETE = "bot_delete"
    REFRESH_URLS = "refresh_urls"
    CDN = "cdn"


class RequestCounters:
    """Counts answers by operation, status and, for a 429, scope; for tests and benchmarks."""

    def __init__(self) -> None:
        self.statuses: Counter[tuple[Operation, int]] = Counter()
        self.rate_limited: Counter[LimitScope] = Counter()

    def record(self, operation: Operation, status: int, scope: LimitScope | None = None) -> None:
        """Count one answer."""
        self.statuses[operation, status] += 1
        if scope is not None:
            self.rate_limited[scope] += 1

    def count(self, operation: Operation | str, status: int | None = None) -> int:
        """Return how many requests of a kind were answered, with one status or with any."""
        return sum(
            number
            for (name, answered), number in self.statuses.items()
            if name == operation and status in (None, answered)
        )

    @property
    def total(self) -> int:
        """All answers."""
        return self.statuses.total()
