"""What an answer's headers say about rate limits, and the three kinds of budget that a request spends.

No I/O and no clock: time is an argument. All budgets count a request that is under way as spent.
Discord counts a request when it arrives, which lies somewhere between sending it and its answer, up
to a minute on a slow line; so a request without an answer may yet fall into the present window,
whenever it was sent.
"""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

ROUNDING_MARGIN_S = 0.01
"""Discord rounds its times to milliseconds; this much later is surely late enough."""

_SAME_WINDOW_S = 0.25

TOO_MANY_REQUESTS = 429
LONGEST_WAIT_S = 24 * 3600.0
"""No limit of Discord's lasts longer. A wrong header must not stop a process for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitHeaders:
    """The rate limit headers of one answer; None where it has none.

    Attributes:
        limit: Requests that one window of the bucket takes.
        remaining: How many of them are left.
        reset_at: When the window ends, on Discord's clock (seconds since the epoch). It only
            identifies windows: our own clock need not agree with Discord's.
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


class Bucket:
    """One bucket of fixed windows, as its headers announce it.

    Until the first answer its size is unknown, and one request at a time probes it. An answer
    without bucket headers means that nothing is limited here (see `limits.py`).
    """

    __slots__ = (
        "_blocked_until",
        "_hash",
        "_is_known",
        "_limit",
        "_lost",
        "_period_s",
        "_remaining",
        "_reset_at",
        "_window",
        "in_flight",
    )

    def __init__(self) -> None:
        self.in_flight = 0
        self._lost: deque[float] = deque()
        self._hash: str | None = None
        self._blocked_until = -math.inf
        self._forget_window()

    def _forget_window(self) -> None:
        self._is_known = False
        self._limit: int | None = None
        self._remaining = 0
        self._reset_at = -math.inf
        self._window = -math.inf
        self._period_s = 0.0

    def delay(self, now: float) -> float:
        """Seconds until a request may go; infinite when an answer has to come first."""
        if now < self._blocked_until:
            return self._blocked_until - now
        if self.left(now) > 0:
            return 0.0
        if self._limit is None or self.in_flight >= self._limit:
            return math.inf
        changes = (time for time in (self._reset_at, *self._lost) if time > now)
        return min(changes, default=math.inf) - now

    def left(self, now: float) -> float:
        """How many requests may go now, when one may; infinite when nothing is limited."""
        if not self._is_known:
            return 1 - self.in_flight
        if self._limit is None:
            return math.inf
        return (self._limit if now >= self._reset_at else self._remaining) - self._unanswered(now)

    def _unanswered(self, now: float) -> int:
        """Requests that may yet count, or count in the present window without our knowing."""
        while self._lost and self._lost[0] <= now:
            self._lost.popleft()
        return self.in_flight + len(self._lost)

    def begin(self) -> None:
        """A request goes out."""
        self.in_flight += 1

    def withdraw(self) -> None:
        """A request that was to go out did not."""
        self.in_flight -= 1

    def answered(self, headers: LimitHeaders, now: float) -> None:
        """An answer with bucket headers arrived for a request that had gone out."""
        self.in_flight -= 1
        if headers.bucket != self._hash:
            self._forget_window()
            self._hash = headers.bucket
        self._learn(
            limit=max(1, headers.limit or 0),
            remaining=headers.remaining or 0,
            reset_after_s=headers.reset_after_s or 0.0,
            window=headers.reset_at,
            now=now,
        )

    def _learn(
        self, *, limit: int, remaining: int, reset_after_s: float, window: float | None, now: float
    ) -> None:
        reset_at = now + reset_after_s + ROUNDING_MARGIN_S
        self._is_known = True
        self._limit = limit
        self._period_s = max(self._period_s, reset_after_s)
        remaining = min(remaining, limit)
        # Once a window is over, its name is of no use: a wrong one must not shadow all that follow.
        is_over = now >= self._reset_at
        if window is None:
            self._learn_unnamed_window(remaining, reset_at, now)
        elif window > self._window + _SAME_WINDOW_S or is_over:
            self._window, self._reset_at, self._remaining = window, reset_at, remaining
        elif window >= self._window - _SAME_WINDOW_S:
            # Answers overtake each other: the lowest count of a window is the true one. Each of
            # their times is late by the way of the answer, so the earliest is the best.
            self._remaining = min(self._remaining, remaining)
            self._reset_at = min(self._reset_at, reset_at)

    def _learn_unnamed_window(self, remaining: int, reset_at: float, now: float) -> None:
        """Without a name for the window it may be the present one or the next: take the worse."""
        if now < self._reset_at:
            remaining = min(remaining, self._remaining)
            reset_at = max(reset_at, self._reset_at)
        self._remaining, self._reset_at = remaining, reset_at

    def answered_without_limits(self) -> None:
        """A request succeeded, and the server announced no bucket for it."""
        self.in_flight -= 1
        self._forget_window()
        self._is_known = True

    def lost(self, now: float) -> None:
        """A request ended without a meaningful answer; Discord may have counted it.

        If so, then before now, and so in a window that is over one period from now.
        """
        self.in_flight -= 1
        if self._limit is not None:
            self._lost.append(now + self._period_s + ROUNDING_MARGIN_S)

    def block(self, until: float) -> None:
        """Nothing goes before `until`."""
        self._blocked_until = max(self._blocked_until, until)


class SlidingBudget:
    """At most `limit` requests in any `window_s` seconds.

    Requests under way count, and those answered in the last `window_s`. An answer comes after the
    moment at which Discord counted, so the count is never below Discord's own, whether its windows
    slide or are fixed.
    """

    __slots__ = (
        "_answers",
        "_blocked_until",
        "_full_limit",
        "_limit",
        "_quiet_since",
        "_window_s",
        "in_flight",
    )

    def __init__(self, limit: int, window_s: float) -> None:
        self.in_flight = 0
        self._full_limit = limit
        self._limit = limit
        self._window_s = window_s + ROUNDING_MARGIN_S
        self._answers: deque[float] = deque()
        self._blocked_until = -math.inf
        self._quiet_since = 0.0

    def spent(self, now: float) -> int:
        """How many requests count at the moment."""
        while self._answers and self._answers[0] <= now - self._window_s:
            self._answers.popleft()
        return len(self._answers) + self.in_flight

    def limit(self, now: float) -> int:
        """How many requests a window takes at the moment; see `throttle`."""
        quiet_windows = max(0, math.floor((now - self._quiet_since) / self._window_s))
        step = max(1, self._full_limit // 6)
        return min(self._full_limit, self._limit + quiet_windows * step)

    def left(self, now: float) -> int:
        """How many requests it takes now; none if less."""
        return max(0, self.limit(now) - self.spent(now))

    def refills_in(self, now: float) -> float:
        """Seconds until the oldest answered request no longer counts; a window if there is none."""
        self.spent(now)
        return self._answers[0] + self._window_s - now if self._answers else self._window_s

    def delay(self, now: float) -> float:
        """Seconds until a request may go; infinite when an answer has to come first."""
        if now < self._blocked_until:
            return self._blocked_until - now
        too_many = self.spent(now) - self.limit(now) + 1
        if too_many <= 0:
            return 0.0
        if too_many > len(self._answers):
            return math.inf
        return max(0.0, self._answers[too_many - 1] + self._window_s - now)

    def begin(self) -> None:
        """A request goes out."""
        self.in_flight += 1

    def withdraw(self) -> None:
        """A request that was to go out did not."""
        self.in_flight -= 1

    def ended(self, now: float) -> None:
        """A request ended, with an answer or without."""
        self.in_flight -= 1
        self._answers.append(now)

    def resize(self, limit: int) -> None:
        """From now on a window takes `limit` requests."""
        self._full_limit = limit
        self._limit = limit

    def block(self, until: float) -> None:
        """Nothing goes before `until`."""
        self._blocked_until = max(self._blocked_until, until)

    def throttle(self, now: float, until: float) -> None:
        """Discord has reported an exceeded limit: nothing goes before `until`, and then half as much.

        The limit comes back by a sixth with every window that passes without another complaint.
        """
        if now >= self._blocked_until:
            self._limit = max(1, self.limit(now) // 2)
            self._quiet_since = until
        self.block(until)


class InvalidAnswerGuard:
    """Counts the answers for which Discord bans an address, and stops long before it does."""

    __slots__ = ("_limit", "_times", "_window_s")

    def __init__(self, limit: int, window_s: float) -> None:
        self._limit = limit
        self._window_s = window_s
        self._times: deque[float] = deque(maxlen=limit)

    def count(self, now: float) -> None:
        """Another such answer came."""
        self._times.append(now)

    def delay(self, now: float) -> float:
        """Seconds until a request may go."""
        if len(self._times) < self._limit:
            return 0.0
        return max(0.0, self._times[0] + self._window_s - now)
