"""When may the next request to Discord go?

Theory
======

Discord limits requests in four ways. Sources: "Rate Limits" in Discord's developer documentation,
and what users of webhooks have measured where the documentation is silent.

1.  **Buckets.** Every route has a bucket of fixed windows: so many requests, then nothing until
    the window resets. Sizes differ and change, so nothing is hard-coded: each answer announces
    the bucket (`X-RateLimit-Limit`, `-Remaining`, `-Reset`, `-Reset-After`, `-Bucket`). The hash
    in `-Bucket` looks equal across webhooks though their counts are separate, so a bucket is kept
    for method, route and webhook, and starts again when its hash changes. (Seen on webhooks: 5
    requests in 2 s. Deleting messages older than two weeks is a slower bucket of its own, which
    callers name as another route.)
2.  **The hidden channel limit.** All webhooks of a channel share about 30 messages in 60 s. No
    header announces it; the only sign is a 429 whose `Retry-After` contradicts the bucket.
    Waiting for that sign would cause a 429 in every minute, so posts spend a budget of that size
    for their channel in advance. When a 429 shows that the true limit is lower (or that another
    program posts there), the budget is halved and recovers slowly.
3.  **The global limit.** 50 requests per second for each address that asks without a bot's token.
    Several processes share it; the manager gives each its part.
4.  **The ban.** 10 000 answers of 401, 403 or 429 (but not 429 of scope `shared`, which no
    client causes) in 10 minutes ban the address. `InvalidAnswerGuard` stops everything at a
    small part of that.

Why no 429 is caused in steady state: a request that is under way counts as spent, since Discord
counts it at an unknown moment before its answer. Suppose one more request than a window takes is
counted in it, and look at the one that was sent last. When it was sent, each of the others was
either under way or answered, and those answers had announced this very window. Both kinds were
subtracted from the limit, and one was still left: a contradiction. The same argument holds for
the sliding budgets, where an answered request counts for a whole window from its answer on.
(`budgets.py`.)

A 429 can then only come from others who use the same webhook, channel or address, or after a
process has just started and knows no limits yet. It blocks what its scope says for `Retry-After`.

A server that answers posts without any bucket headers (a proxy that limits by itself, an emulator
with limits switched off) is believed: its hidden channel budget is lifted as well, until
headers or a 429 appear.

Channels' budgets are spent with care: once a sixth of one is spent, `pace` says how far apart messages are
to be sent so that the rest lasts until the first of it comes back: sooner at first, as most bursts are
short, and later the less is left. Requests that come together keep to it and fill messages meanwhile
(`composing.py`); it is no limit of Discord's, so others do not.

The class does no I/O and has no clock: every call gets `now`, in seconds of any monotonic clock.
Each `begin` is followed by exactly one `answered`, `lost` or `withdraw`.
"""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from storage.discord.budgets import (
    ROUNDING_MARGIN_S,
    TOO_MANY_REQUESTS,
    Bucket,
    InvalidAnswerGuard,
    LimitHeaders,
    SlidingBudget,
)

GLOBAL_REQUESTS_PER_S = 50
CHANNEL_POSTS = 30
CHANNEL_WINDOW_S = 60.0
SCARCE = 6
"""A channel's budget is scarce once one part in so many is spent."""
HASTE = 1.8
"""How many times as fast as the scarce budget would last evenly messages go at first; then they go slower."""
INVALID_ANSWERS = 1000
INVALID_WINDOW_S = 600.0

_BANNING_STATUSES = frozenset({401, 403, TOO_MANY_REQUESTS})
_DEFAULT_RETRY_S = 5.0
_OTHER_LIMIT_S = 1.0


@dataclass(frozen=True, slots=True)
class LimitKey:
    """What a request is limited by.

    Attributes:
        method: HTTP method.
        route: Name of the route, the same for all webhooks.
        owner_id: Webhook that the request is made with; for a bot the channel.
        posts_to: Channel in which it saves a message, spending the channel's hidden budget; None
            for requests that save none. A caller that does not know the channel gives the webhook's
            id instead: one webhook cannot post more than its channel takes.
    """

    method: str
    route: str
    owner_id: int
    posts_to: int | None = None


class _Channel:
    """The hidden budget of a channel, and whether it is applied."""

    __slots__ = ("budget", "is_enforced")

    def __init__(self, posts: int) -> None:
        self.budget = SlidingBudget(posts, CHANNEL_WINDOW_S)
        self.is_enforced = True

    def delay(self, now: float) -> float:
        return self.budget.delay(now) if self.is_enforced else 0.0

    def plenty(self, now: float) -> float:
        """How many posts can go before the budget is scarce."""
        if not self.is_enforced:
            return math.inf
        return max(0, self.budget.limit(now) // SCARCE - self.budget.spent(now))

    def pace(self, now: float) -> float:
        """See `RateLimiter.pace`."""
        if self.plenty(now):
            return 0.0
        left = max(1, self.budget.left(now))
        lasting_s = self.budget.refills_in(now) / left
        sustained_s = CHANNEL_WINDOW_S / self.budget.limit(now)
        return max(lasting_s, sustained_s) / HASTE


class RateLimiter:
    """Keeps every limit of Discord that a process can know of.

    Args:
        requests_per_s: This process's part of the global budget.
        channel_posts: Messages that a channel takes in 60 s.
        invalid_answers: Answers of 401, 403 and 429 in 10 minutes at which everything stops.
    """

    def __init__(
        self,
        *,
        requests_per_s: int = GLOBAL_REQUESTS_PER_S,
        channel_posts: int = CHANNEL_POSTS,
        invalid_answers: int = INVALID_ANSWERS,
    ) -> None:
        self._global = SlidingBudget(requests_per_s, 1.0)
        self._guard = InvalidAnswerGuard(invalid_answers, INVALID_WINDOW_S)
        self._buckets: dict[tuple[str, str, int], Bucket] = defaultdict(Bucket)
        self._channels: dict[int, _Channel] = defaultdict(lambda: _Channel(channel_posts))

    def share(self, requests_per_s: int) -> None:
        """Changes this process's part of the global budget."""
        self._global.resize(requests_per_s)

    def delay(self, key: LimitKey, now: float) -> float:
        """Seconds until this request may go; infinite when an answer has to come first."""
        return self.delays([key], now)[key]

    def delays(self, keys: Iterable[LimitKey], now: float) -> dict[LimitKey, float]:
        """The `delay` of each of these keys, some of which may be named more than once."""
        for_all = max(self._guard.delay(now), self._global.delay(now))
        delays: dict[LimitKey, float] = {}
        for key in keys:
            if key not in delays:
                channel = self._channel(key)
                delays[key] = max(
                    for_all,
                    self._bucket(key).delay(now),
                    channel.delay(now) if channel else 0.0,
                )
        return delays

    def load(self, key: LimitKey, now: float) -> int:
        """How much of its budgets is spent: the lower, the longer it can go on without a pause."""
        channel = self._channel(key)
        return self._bucket(key).in_flight + (channel.budget.spent(now) if channel else 0)

    def pace(self, key: LimitKey, now: float) -> float:
        """Seconds between messages at which the channel's budget lasts; 0 while there is plenty of it."""
        channel = self._channel(key)
        return channel.pace(now) if channel else 0.0

    def room(self, key: LimitKey, now: float) -> float:
        """How many requests could go now, none of which need be saved; infinite where nothing is limited."""
        if self.delay(key, now) > 0:
            return 0
        channel = self._channel(key)
        return min(
            self._global.left(now),
            self._bucket(key).left(now),
            channel.plenty(now) if channel else math.inf,
        )

    def begin(self, key: LimitKey) -> None:
        """The request goes out now. Only to be called when `delay` is 0."""
        self._global.begin()
        self._bucket(key).begin()
        if channel := self._channel(key):
            channel.budget.begin()

    def withdraw(self, key: LimitKey) -> None:
        """A request that began was not sent after all: nothing of it counts."""
        self._global.withdraw()
        self._bucket(key).withdraw()
        if channel := self._channel(key):
            channel.budget.withdraw()

    def lost(self, key: LimitKey, now: float) -> None:
        """The request ended without an answer. Discord may have counted it nevertheless."""
        self._ended(key, now)
        self._bucket(key).lost(now)

    def answered(self, key: LimitKey, status: int, headers: LimitHeaders, now: float) -> None:
        """The answer to a request arrived.

        Args:
            key: Key with which the request began.
            status: HTTP status of the answer.
            headers: What the answer says about limits.
            now: When it arrived.
        """
        self._ended(key, now)
        if status in _BANNING_STATUSES and headers.scope != "shared":
            self._guard.count(now)
        if status == TOO_MANY_REQUESTS:
            self._bucket(key).lost(now)
            self._hold_back(key, headers, now)
        elif headers.announces_bucket:
            self._bucket(key).answered(headers, now)
            self._believe_in_channel(key, is_limited=True)
        elif status < 300:
            self._bucket(key).answered_without_limits()
            self._believe_in_channel(key, is_limited=False)
        else:
            self._bucket(key).lost(now)

    def _hold_back(self, key: LimitKey, headers: LimitHeaders, now: float) -> None:
        """Blocks what a 429 complains about."""
        retry_after_s = headers.retry_after_s
        if retry_after_s is None:
            retry_after_s = headers.reset_after_s or _DEFAULT_RETRY_S
        until = now + retry_after_s + ROUNDING_MARGIN_S
        if headers.scope == "global" or headers.scope is None:
            # Without a scope it was not the API that answered but what stands before it, which
            # knows addresses and no routes.
            self._global.block(until)
            return
        self._bucket(key).block(until)
        if channel := self._channel(key):
            channel.is_enforced = True
            if headers.scope == "shared":
                channel.budget.block(until)
            elif _contradicts_bucket(headers, retry_after_s):
                channel.budget.throttle(now, until)

    def _ended(self, key: LimitKey, now: float) -> None:
        self._global.ended(now)
        if channel := self._channel(key):
            channel.budget.ended(now)

    def _believe_in_channel(self, key: LimitKey, *, is_limited: bool) -> None:
        if channel := self._channel(key):
            channel.is_enforced = is_limited

    def _bucket(self, key: LimitKey) -> Bucket:
        return self._buckets[key.method, key.route, key.owner_id]

    def _channel(self, key: LimitKey) -> _Channel | None:
        return self._channels[key.posts_to] if key.posts_to is not None else None


def _contradicts_bucket(headers: LimitHeaders, retry_after_s: float) -> bool:
    """Whether a 429 of scope `user` speaks of another limit than the bucket that it announces."""
    if headers.remaining != 0:
        return True
    reset_after_s = headers.reset_after_s if headers.reset_after_s is not None else math.inf
    return retry_after_s > reset_after_s + _OTHER_LIMIT_S
