"""Discord's rate limits, without I/O: whether a request may pass now, and what the headers say.

Four budgets apply one after the other, each a window that opens with its first request and is
refilled when it ends: the caller's global one, the bucket of the route and its webhook or channel, the
channel's hidden one (announced by nothing but the `Retry-After` of a 429), and the count of invalid
answers that ends in a ban. Routes share no bucket; deleting has two, chosen by the message's age.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from discord_emulator.errors import Banned, LimitScope, RateLimited
from discord_emulator.operations import Operation

TWO_WEEKS_S = 14 * 86_400
_PRUNE_ABOVE = 4096


@dataclass(frozen=True, slots=True)
class WindowLimit:
    """A limit of `limit` requests in each window of `window_s` seconds."""

    limit: int
    window_s: float


GLOBAL = WindowLimit(50, 1.0)
HIDDEN_CHANNEL = WindowLimit(30, 60.0)
INVALID = WindowLimit(10_000, 600.0)
BAN_S = 3600.0
DELETE_OLD = WindowLimit(30, 120.0)
BUCKETS = {
    Operation.EXECUTE: WindowLimit(5, 2.0),
    Operation.WEBHOOK: WindowLimit(5, 2.0),
    Operation.REMOVE_WEBHOOK: WindowLimit(5, 2.0),
    Operation.MESSAGE: WindowLimit(5, 1.0),
    Operation.EDIT: WindowLimit(5, 5.0),
    Operation.DELETE: WindowLimit(5, 1.0),
    Operation.BOT_POST: WindowLimit(5, 5.0),
    Operation.BOT_LIST: WindowLimit(5, 5.0),
    Operation.BOT_MESSAGE: WindowLimit(5, 1.0),
    Operation.BOT_DELETE: WindowLimit(5, 1.0),
    Operation.REFRESH_URLS: WindowLimit(5, 1.0),
}
_DELETES = frozenset({Operation.DELETE, Operation.BOT_DELETE})


class FixedWindows:
    """The windows of one limit, one for each key. Windows that have ended are dropped."""

    def __init__(self, limit: WindowLimit) -> None:
        self.rule = limit
        self._open: dict[str, tuple[float, int]] = {}

    def take(self, key: str, now: float) -> bool:
        """Use one request of the key's budget; False when none is left."""
        resets_at, used = self._state(key, now)
        if used >= self.rule.limit:
            return False
        if len(self._open) > _PRUNE_ABOVE:
            self._open = {k: state for k, state in self._open.items() if state[0] > now}
        self._open[key] = (resets_at, used + 1)
        return True

    def remaining(self, key: str, now: float) -> int:
        """Return how many requests are left in the key's window."""
        return self.rule.limit - self._state(key, now)[1]

    def resets_at(self, key: str, now: float) -> float:
        """Return when the key's window ends, in the clock's seconds."""
        return self._state(key, now)[0]

    def _state(self, key: str, now: float) -> tuple[float, int]:
        state = self._open.get(key)
        if state is None or state[0] <= now:
            return now + self.rule.window_s, 0
        return state


class _Bucket:
    """One announced bucket: its windows and its name in the headers."""

    def __init__(self, name: str, limit: WindowLimit) -> None:
        self.windows = FixedWindows(limit)
        self._hash = hashlib.sha256(name.encode()).hexdigest()[:32]

    def headers(self, key: str, now: float, wall_clock: float) -> dict[str, str]:
        left_s = max(0.0, self.windows.resets_at(key, now) - now)
        return {
            "X-RateLimit-Limit": str(self.windows.rule.limit),
            "X-RateLimit-Remaining": str(self.windows.remaining(key, now)),
            "X-RateLimit-Reset": f"{wall_clock + left_s:.3f}",
            "X-RateLimit-Reset-After": f"{left_s:.3f}",
            "X-RateLimit-Bucket": self._hash,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitedRequest:
    """One request, as the limits see it.

    Attributes:
        operation: what is asked for.
        caller: the bot or address whose global budget it uses.
        resource: the webhook or channel that its bucket belongs to.
        channel_id: the channel that it posts into; None when it posts nothing.
        message_age_s: the age of the message to delete, in seconds.
    """

    operation: Operation
    caller: str
    resource: str
    channel_id: int | None = None
    message_age_s: float = 0.0


class RateLimits:
    """All budgets of one emulator.

    Args:
        monotonic: returns seconds that never jump; windows and bans follow it.
        clock: returns seconds since the Unix epoch; headers give the end of a window in them.
    """

    def __init__(self, monotonic: Callable[[], float], clock: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._clock = clock
        self._global = FixedWindows(GLOBAL)
        self._channels = FixedWindows(HIDDEN_CHANNEL)
        self._invalid = FixedWindows(INVALID)
        self._banned_until: dict[str, float] = {}
        self._buckets = {name: _Bucket(name, policy) for name, policy in BUCKETS.items()}
        self._old_deletes = {name: _Bucket(f"{name}-old", DELETE_OLD) for name in _DELETES}

    def check_ban(self, address: str) -> None:
        """Raise `Banned` while the address is banned."""
        until = self._banned_until.get(address)
        if until is None:
            return
        now = self._monotonic()
        if now < until:
            raise Banned(until - now)
        del self._banned_until[address]

    def note_invalid(self, address: str) -> None:
        """Count an answer of 401, 403 or 429 (not of the shared scope); too many are a ban."""
        now = self._monotonic()
        self._invalid.take(address, now)
        if self._invalid.remaining(address, now) == 0:
            self._banned_until[address] = now + BAN_S

    def admit(self, request: LimitedRequest) -> dict[str, str]:
        """Use the budgets of one request.

        Returns:
            The headers with the state of its bucket.

        Raises:
            RateLimited: a budget is used up.
        """
        now = self._monotonic()
        if not self._global.take(request.caller, now):
            raise RateLimited(LimitScope.GLOBAL, self._global.resets_at(request.caller, now) - now)
        bucket = self._bucket(request)
        admitted = bucket.windows.take(request.resource, now)
        headers = bucket.headers(request.resource, now, self._clock())
        if not admitted:
            wait_s = bucket.windows.resets_at(request.resource, now) - now
            raise RateLimited(LimitScope.USER, wait_s, headers)
        self._use_channel(request, now, headers)
        return headers

    def _bucket(self, request: LimitedRequest) -> _Bucket:
        if request.operation in _DELETES and request.message_age_s > TWO_WEEKS_S:
            return self._old_deletes[request.operation]
        return self._buckets[request.operation]

    def _use_channel(self, request: LimitedRequest, now: float, headers: dict[str, str]) -> None:
        if request.channel_id is None:
            return
        key = str(request.channel_id)
        if not self._channels.take(key, now):
            raise RateLimited(LimitScope.SHARED, self._channels.resets_at(key, now) - now, headers)
