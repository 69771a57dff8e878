"""What an answer of Discord says about rate limits."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

TOO_MANY_REQUESTS = 429
LONGEST_WAIT_S = 24 * 3600.0
"""No limit of Discord's lasts longer. What claims to must not stop a process for good."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitHeaders:
    """The rate limit headers of one answer; None where it has none.

    Attributes:
        limit: Requests that one window of the bucket takes.
        remaining: How many of them are left.
        reset_at: When the window ends, on Discord's clock (seconds since the epoch). It only tells
            windows apart: our own clock need not agree with Discord's.
        reset_after_s: Seconds until the window ends.
        bucket: Hash that names the bucket.
        retry_after_s: Seconds to wait before the next try; overrides all others.
        scope: Of a 429: `user`, `shared` or `global`.
    """

    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None
    reset_after_s: float | None = None
    bucket: str | None = None
    retry_after_s: float | None = None
    scope: str | None = None

    @classmethod
    def parse(cls, headers: Mapping[str, str]) -> "LimitHeaders":
        """Reads what is there; a value that makes no sense counts as missing."""
        is_global = headers.get("X-RateLimit-Global", "").lower() == "true"
        return cls(
            limit=_whole(headers.get("X-RateLimit-Limit")),
            remaining=_whole(headers.get("X-RateLimit-Remaining")),
            reset_at=_seconds(headers.get("X-RateLimit-Reset")),
            reset_after_s=_wait(headers.get("X-RateLimit-Reset-After")),
            bucket=headers.get("X-RateLimit-Bucket"),
            retry_after_s=_wait(headers.get("Retry-After")),
            scope="global" if is_global else headers.get("X-RateLimit-Scope"),
        )

    @property
    def announces_bucket(self) -> bool:
        """Whether all that is needed to keep a bucket is there."""
        return None not in (self.limit, self.remaining, self.reset_after_s)


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text) if text is not None else None
    except ValueError:
        return None
    return value if value is not None and math.isfinite(value) and value >= 0 else None


def _wait(text: str | None) -> float | None:
    value = _seconds(text)
    return min(value, LONGEST_WAIT_S) if value is not None else None


def _whole(text: str | None) -> int | None:
    value = _seconds(text)
    return int(value) if value is not None else None
