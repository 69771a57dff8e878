"""Where requests wait until the rate limiter lets them go, first come, first served."""

import asyncio
import math
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence

from storage.discord.faults import Answer
from storage.discord.headers import LimitHeaders
from storage.discord.limits import RateLimiter
from storage.discord.routes import Route
from storage.errors import DiscordUnavailable, StorageError

Candidates = Callable[[], Sequence[Route]]
"""Routes by any of which a request may go. Asked anew each time, as they may change meanwhile; it
raises when there is none left."""


class _Waiter:
    """A request that waits; `woken` is set when it is granted or has to look again."""

    __slots__ = ("candidates", "granted", "woken")

    def __init__(self, candidates: Candidates) -> None:
        self.candidates = candidates
        self.woken = asyncio.Event()
        self.granted: asyncio.Future[Route] = asyncio.get_running_loop().create_future()


class Gate:
    """Grants requests in the order in which they came, each by the route that may go soonest.

    Every granted route must be given back by `answered` or `lost`.
    """

    def __init__(
        self,
        limiter: RateLimiter,
        *,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._limiter = limiter
        self._clock = clock
        self._sleep = sleep
        self._waiters: list[_Waiter] = []
        self._in_flight: Counter[int] = Counter()
        self._ends: set[asyncio.Future[None]] = set()

    async def acquire(self, candidates: Candidates, deadline: float) -> Route:
        """Waits until one of the routes may go, and counts it as under way.

        Raises:
            DiscordUnavailable: That will not be before the deadline.
        """
        waiter = _Waiter(candidates)
        self._waiters.append(waiter)
        try:
            while True:
                self._grant()
                if waiter.granted.done():
                    return waiter.granted.result()
                await self._wait(waiter, deadline)
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise
        finally:
            self._remove(waiter)

    def answered(self, route: Route, answer: Answer) -> None:
        """A granted request was answered."""
        headers = LimitHeaders.parse(answer.headers)
        self._limiter.answered(route.key, answer.status, headers, self._clock())
        self._ended(route)

    def lost(self, route: Route) -> None:
        """A granted request ended without an answer."""
        self._limiter.lost(route.key, self._clock())
        self._ended(route)

    def refresh(self) -> None:
        """The candidates of waiting requests, or the limits, have changed."""
        waiting = tuple(self._waiters)
        self._grant()
        for waiter in waiting:
            waiter.woken.set()

    async def idle(self, webhook_ids: Iterable[int]) -> None:
        """Waits until no request runs on any of these webhooks."""
        watched = frozenset(webhook_ids)
        while any(self._in_flight[webhook_id] for webhook_id in watched):
            end: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._ends.add(end)
            try:
                await end
            finally:
                self._ends.discard(end)

    def _ended(self, route: Route) -> None:
        if route.webhook_id is not None:
            self._in_flight[route.webhook_id] -= 1
        for end in self._ends:
            if not end.done():
                end.set_result(None)
        # Not at once: whoever reads this answer may take its webhook out of the candidates first.
        asyncio.get_running_loop().call_soon(self.refresh)

    def _grant(self) -> None:
        for waiter in tuple(self._waiters):
            try:
                route = self._soonest(waiter)
            except StorageError as error:
                waiter.granted.set_exception(error)
                self._dismiss(waiter)
                continue
            if self._limiter.delay(route.key, self._clock()) <= 0:
                self._begin(route)
                waiter.granted.set_result(route)
                self._dismiss(waiter)

    def _dismiss(self, waiter: _Waiter) -> None:
        self._remove(waiter)
        waiter.woken.set()

    def _begin(self, route: Route) -> None:
        self._limiter.begin(route.key)
        if route.webhook_id is not None:
            self._in_flight[route.webhook_id] += 1

    def _soonest(self, waiter: _Waiter) -> Route:
        now = self._clock()

        def rank(route: Route) -> tuple[float, int]:
            return self._limiter.delay(route.key, now), self._limiter.load(route.key, now)

        return min(waiter.candidates(), key=rank)

    async def _wait(self, waiter: _Waiter, deadline: float) -> None:
        now = self._clock()
        delay = self._limiter.delay(self._soonest(waiter).key, now)
        if now > deadline or (now + delay > deadline and not math.isinf(delay)):
            raise DiscordUnavailable(f"the rate limits leave no room in time ({delay:.1f} s)")
        waiter.woken.clear()
        if math.isinf(delay):
            await waiter.woken.wait()
        else:
            await self._sleep_unless(waiter.woken, delay)

    async def _sleep_unless(self, woken: asyncio.Event, delay: float) -> None:
        timer = asyncio.ensure_future(self._sleep(delay))
        alarm = asyncio.ensure_future(woken.wait())
        try:
            await asyncio.wait({timer, alarm}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            alarm.cancel()

    def _give_back(self, waiter: _Waiter) -> None:
        """A request was cancelled between being granted and hearing of it."""
        if waiter.granted.done() and waiter.granted.exception() is None:
            self.lost(waiter.granted.result())

    def _remove(self, waiter: _Waiter) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
