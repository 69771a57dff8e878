"""The limiter against a model of Discord's limits, for minutes of virtual time."""

import heapq
import itertools
import math
import random
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from typing import Any

import pytest

from storage.discord.budgets import LimitHeaders
from storage.discord.limits import LimitKey, RateLimiter


class ModelOfDiscord:
    """Counts a request when it arrives: buckets, the hidden channel limit, the global limit."""

    def __init__(self, *, slides: bool) -> None:
        self._slides = slides
        self._windows: dict[LimitKey, tuple[float, int]] = {}
        self._hidden: dict[int | None, deque[float]] = defaultdict(deque)
        self._global: deque[float] = deque()
        self.refused: Counter[str] = Counter()

    def arrive(self, key, now) -> tuple[int, LimitHeaders]:
        """Answers status and headers."""
        if not self._admit(self._global, 50, 1.0, now):
            return self._refuse("global", self._global[0] + 1.0 - now, {})
        resets_at, used = self._windows.get(key, (-1.0, 0))
        if now >= resets_at:
            resets_at, used = now + 2.0, 0
        if used >= 5:
            return self._refuse("user", resets_at - now, self._bucket(resets_at, 5, now))
        self._windows[key] = (resets_at, used + 1)
        hidden = self._hidden[key.posts_to]
        if not self._admit(hidden, 30, 60.0, now):
            headers = self._bucket(resets_at, used + 1, now)
            return self._refuse("user", hidden[0] + 60.0 - now, headers)
        return 200, LimitHeaders(**self._bucket(resets_at, used + 1, now))

    def _admit(self, times, limit, window_s, now) -> bool:
        if self._slides:
            while times and times[0] <= now - window_s:
                times.popleft()
        elif times and times[0] <= now - window_s:
            times.clear()
        if len(times) >= limit:
            return False
        times.append(now)
        return True

    def _bucket(self, resets_at, used, now) -> dict[str, Any]:
        return {
            "limit": 5,
            "remaining": 5 - used,
            "reset_at": round(resets_at, 3),
            "reset_after_s": round(resets_at - now, 3),
            "bucket": "the same for all webhooks",
        }

    def _refuse(self, scope, retry_after_s, bucket) -> tuple[int, LimitHeaders]:
        self.refused[scope] += 1
        return 429, LimitHeaders(scope=scope, retry_after_s=round(retry_after_s, 3), **bucket)


class Simulation:
    """Posters that post without a pause, each chunk by the webhook that may send soonest."""

    def __init__(self, *, seed, posters, webhooks, slowest_upload_s, slides, lost=0.0) -> None:
        self.random = random.Random(seed)
        self.limiter = RateLimiter()
        self.discord = ModelOfDiscord(slides=slides)
        self.keys = webhooks
        self.stored: Counter[int | None] = Counter()
        self._slowest_upload_s = slowest_upload_s
        self._lost = lost
        self._waiting = deque(range(posters))
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._alarm_at = 0.0
        self.now = 0.0

    def run(self, seconds) -> None:
        """Runs for so many virtual seconds."""
        self._at(0.0, lambda: None)
        while self._events and self._events[0][0] <= seconds:
            self.now, _, happen = heapq.heappop(self._events)
            happen()
            self._send_what_may_go()

    def _at(self, when, happen) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), happen))

    def _send_what_may_go(self) -> None:
        while self._waiting:
            key = min(self.keys, key=self._rank)
            delay = self.limiter.delay(key, self.now)
            if delay > 0:
                self._look_again_at(self.now + delay)
                return
            self._send(key, self._waiting.popleft())

    def _look_again_at(self, when) -> None:
        if not self.now < self._alarm_at <= when and not math.isinf(when):
            self._alarm_at = when
            self._at(when, lambda: None)

    def _rank(self, key) -> tuple[float, int]:
        return self.limiter.delay(key, self.now), self.limiter.load(key, self.now)

    def _send(self, key, poster) -> None:
        self.limiter.begin(key)
        upload_s = self.random.uniform(0.01, self._slowest_upload_s)
        self._at(self.now + upload_s, lambda: self._arrive(key, poster))

    def _arrive(self, key, poster) -> None:
        status, headers = self.discord.arrive(key, self.now)
        is_lost = self.random.random() < self._lost
        back_s = self.random.uniform(0.0, 0.4)
        self._at(self.now + back_s, lambda: self._answer(key, poster, status, headers, is_lost))

    def _answer(self, key, poster, status, headers, is_lost) -> None:
        if is_lost:
            self.limiter.lost(key, self.now)
        else:
            self.limiter.answered(key, status, headers, self.now)
            self.stored[key.posts_to] += status == 200
        self._waiting.append(poster)


def webhooks(channels, per_channel=1) -> list[LimitKey]:
    """Channels with so many webhooks in each."""
    return [
        LimitKey("POST", "webhook", channel * 100 + number, posts_to=channel)
        for channel in range(channels)
        for number in range(per_channel)
    ]


@pytest.mark.parametrize("slides", [True, False])
@pytest.mark.parametrize(
    ("posters", "channels", "per_channel", "slowest_upload_s", "seconds"),
    [(40, 1, 1, 0.2, 300), (40, 8, 1, 1.0, 300), (60, 4, 3, 12.0, 300), (120, 60, 1, 0.3, 20)],
)
def test_many_posters_never_cause_a_429(
    posters, channels, per_channel, slowest_upload_s, seconds, slides
):
    """Whatever the line is like, Discord refuses nothing, and nearly all that it allows is used."""
    simulation = Simulation(
        seed=7,
        posters=posters,
        webhooks=webhooks(channels, per_channel),
        slowest_upload_s=slowest_upload_s,
        slides=slides,
    )
    simulation.run(seconds)
    assert simulation.discord.refused == Counter()
    assert simulation.stored.total() >= 0.85 * min(channels * seconds / 2, 50 * seconds)


@pytest.mark.parametrize("seed", range(3))
def test_answers_that_get_lost_cause_no_429(seed):
    """A request of which nobody hears again is counted as spent."""
    simulation = Simulation(
        seed=seed,
        posters=40,
        webhooks=webhooks(5),
        slowest_upload_s=2.0,
        slides=True,
        lost=0.1,
    )
    simulation.run(300.0)
    assert simulation.discord.refused == Counter()


def test_a_process_that_was_started_anew_settles_down():
    """It knows nothing of what its forerunner posted: a few 429s, then none."""
    simulation = Simulation(
        seed=1, posters=20, webhooks=webhooks(3), slowest_upload_s=0.5, slides=True
    )
    for key in simulation.keys:
        for number in range(29):
            simulation.discord.arrive(key, -30.0 + number)
    simulation.discord.refused.clear()
    simulation.run(300.0)
    assert simulation.discord.refused.total() <= 3 * 5
    simulation.discord.refused.clear()
    simulation.run(600.0)
    assert simulation.discord.refused == Counter()
