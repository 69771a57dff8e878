"""A queue in which requests wait until the rate limiter permits them, first come, first served.

Requests that may go by the same routes wait in one queue, and only the oldest of a queue is looked
at: those behind it cannot go before it. So the work that an answer causes depends on how
many routes and queues there are, not on how many requests wait. One dispatcher decides for all of
them, and one timer wakes it when the first of the limits that hold requests back is over.
"""

import asyncio
import math
from collections import Counter, OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence

from storage.discord.answers import Answer
from storage.discord.budgets import LimitHeaders
from storage.discord.limits import LimitKey, RateLimiter
from storage.discord.routes import Route
from storage.errors import DiscordUnavailable, StorageError

Candidates = Callable[[], Sequence[Route]]
"""Routes by any of which a request may go. Asked when the request comes, and again at each
`refresh`; raises a `StorageError` when none is left."""

Patience = Callable[[], float]
"""Of a request that may take others along: for which part of `RateLimiter.pace` it may be held back while its
channel's budget is scarce, so that the budget lasts: from 0, not at all, to 1. Asked each time when it
could go."""

_Keys = tuple[LimitKey, ...]


class Waiter:
    """A request that waits, and the routes that its candidates named last.

    Attributes:
        routes: By any of them it may go.
    """

    __slots__ = (
        "candidates",
        "deadline",
        "granted",
        "number",
        "patience",
        "queue",
        "recalled",
        "routes",
    )

    def __init__(
        self, number: int, candidates: Candidates, deadline: float, patience: Patience | None
    ) -> None:
        self.number = number
        self.patience = patience
        self.candidates = candidates
        self.deadline = deadline
        self.granted: asyncio.Future[Route] = asyncio.get_running_loop().create_future()
        self.queue: _Queue | None = None
        self.recalled: StorageError | None = None
        self.routes: Sequence[Route] = ()

    @property
    def is_granted(self) -> bool:
        """Whether it has its turn, perhaps without having noticed yet."""
        granted = self.granted
        return (
            self.recalled is None
            and granted.done()
            and not granted.cancelled()
            and granted.exception() is None
        )

    @property
    def is_over(self) -> bool:
        """Whether it will not get a turn, or had one that it gave up."""
        return not self.is_granted and self.granted.done()

    def refuse(self, error: StorageError) -> None:
        """Ends the wait, unless it has ended."""
        if not self.granted.done():
            self.granted.set_exception(error)


class _Queue:
    """Requests that the same keys limit, oldest first.

    Until a request may go `delay_s` pass; `delays_s` says the same of each key.
    """

    __slots__ = ("_earliest_deadline", "_waiters", "delay_s", "delays_s", "keys")

    def __init__(self, keys: _Keys) -> None:
        self.keys = keys
        self.delay_s = 0.0
        self.delays_s: list[float] = []
        self._waiters: OrderedDict[int, Waiter] = OrderedDict()
        self._earliest_deadline = math.inf

    def __len__(self) -> int:
        return len(self._waiters)

    def __iter__(self) -> Iterator[Waiter]:
        return iter(self._waiters.values())

    @property
    def oldest(self) -> Waiter:
        return next(iter(self))

    def put(self, waiter: Waiter) -> None:
        self._waiters[waiter.number] = waiter
        self._earliest_deadline = min(self._earliest_deadline, waiter.deadline)

    def remove(self, waiter: Waiter) -> None:
        del self._waiters[waiter.number]

    def expired(self, moment: float) -> list[Waiter]:
        """Those whose deadline lies before the moment."""
        # What is remembered as the earliest deadline may be that of a request that has left since,
        # but no later than the true one: mostly, this comparison is all that there is to do.
        if moment <= self._earliest_deadline:
            return []
        expired = [waiter for waiter in self if waiter.deadline < moment]
        kept = (waiter.deadline for waiter in self if waiter.deadline >= moment)
        self._earliest_deadline = min(kept, default=math.inf)
        return expired


class RequestScheduler:
    """Grants requests in the order in which they came, each by the route that may go soonest.

    A request overtakes an older one only while no route of the older one may go. Every granted
    route must be given back by `answered`, `lost` or `withdraw`.
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
        self._queues: dict[_Keys, _Queue] = {}
        self._last_number = 0
        self._is_dispatch_due = False
        self._timer: asyncio.Task[None] | None = None
        self._timer_ends_at = math.inf
        self._in_flight: Counter[int] = Counter()
        self._granted_at: dict[LimitKey, float] = {}
        self._unnoticed: set[Waiter] = set()
        self._ends: set[asyncio.Future[None]] = set()

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn now."""
        return sum(map(len, self._queues.values()))

    async def acquire(self, candidates: Candidates, deadline: float) -> Route:
        """Waits until one of the routes may go, and counts it as under way.

        Raises:
            DiscordUnavailable: That will not be before the deadline.
            StorageError: No candidate is left.
        """
        return await self.turn_of(self.enqueue(candidates, deadline))

    def enqueue(
        self, candidates: Candidates, deadline: float, patience: Patience | None = None
    ) -> Waiter:
        """Puts a request behind those that wait; `turn_of` must be awaited then.

        `patience`: see `Patience`; None for a request that takes no other along. Of those that do, one
        at a time has its turn, until it has noticed that and recalled those that it takes along.

        Raises:
            StorageError: No candidate is left.
        """
        self._last_number += 1
        waiter = Waiter(self._last_number, candidates, deadline, patience)
        waiter.routes = candidates()
        self._put(waiter)
        self.dispatch()
        return waiter

    async def turn_of(self, waiter: Waiter) -> Route:
        """Waits as `acquire` does, for a request that was enqueued.

        Raises:
            DiscordUnavailable: The turn will not come before the deadline.
            StorageError: No candidate is left, or the request was recalled.
        """
        try:
            route = await waiter.granted
        except asyncio.CancelledError:
            self._give_back(waiter)
            raise
        finally:
            self._remove(waiter)
            if waiter in self._unnoticed:
                self._unnoticed.remove(waiter)
                self._dispatch_soon()
        if waiter.recalled is not None:
            raise waiter.recalled
        return route

    def answered(self, route: Route, answer: Answer) -> None:
        """A granted request was answered."""
        headers = LimitHeaders.parse(answer.headers)
        self._limiter.answered(route.key, answer.status, headers, self._clock())
        self._ended(route)

    def lost(self, route: Route) -> None:
        """A granted request ended without an answer."""
        self._limiter.lost(route.key, self._clock())
        self._ended(route)

    def recall(self, waiter: Waiter, error: StorageError) -> None:
        """Ends the wait of a request with an error, even if it has its turn and has not noticed yet."""
        if waiter.is_granted:
            waiter.recalled = error
            self.withdraw(waiter.granted.result())
        else:
            self._remove(waiter)
            waiter.refuse(error)

    def room(self, routes: Iterable[Route]) -> float:
        """How many more requests could go now by these routes, with no need to save turns."""
        now = self._clock()
        return sum(self._limiter.room(route.key, now) for route in routes)

    def withdraw(self, route: Route) -> None:
        """A granted request is not made after all: its turn is another's."""
        self._limiter.withdraw(route.key)
        self._ended(route)

    def refresh(self) -> None:
        """Asks for all candidates again, as those of waiting requests have changed."""
        waiting = [waiter for queue in self._queues.values() for waiter in queue]
        waiting.sort(key=lambda waiter: waiter.number)
        for waiter in waiting:
            self._remove(waiter)
            try:
                waiter.routes = waiter.candidates()
            except StorageError as error:
                waiter.refuse(error)
            else:
                self._put(waiter)
        self.dispatch()

    def dispatch(self) -> None:
        """Grants what may go now, and refuses what cannot go in time."""
        self._is_dispatch_due = False
        now = self._clock()
        while (queue := self._next_ready(now)) is not None:
            self._grant(queue, now)
        for queue in tuple(self._queues.values()):
            self._refuse_expired(queue, now)
        self._set_timer(now)

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
        # Not at once: the reader of this answer may take its webhook out of the candidates first.
        self._dispatch_soon()

    def _dispatch_soon(self) -> None:
        if not self._is_dispatch_due:
            self._is_dispatch_due = True
            asyncio.get_running_loop().call_soon(self.dispatch)

    def _next_ready(self, now: float) -> _Queue | None:
        """The queue of the oldest request that may go now. Reckons the delay of every queue."""
        delays = self._limiter.delays((key for keys in self._queues for key in keys), now)
        ready: _Queue | None = None
        for queue in self._queues.values():
            queue.delays_s = [delays[key] for key in queue.keys]
            queue.delay_s = min(queue.delays_s)
            if queue.delay_s <= 0 and (patience := queue.oldest.patience) is not None:
                queue.delay_s = (
                    math.inf if self._unnoticed else self._hold(queue.keys, patience(), now)
                )
            if queue.delay_s <= 0 and (ready is None or queue.oldest.number < ready.oldest.number):
                ready = queue
        return ready

    def _hold(self, keys: _Keys, patience: float, now: float) -> float:
        """Seconds until a request with so much patience may go that could go by one of the keys now.

        Evenly spaced, the requests that may go by them use up the budgets just in time.
        """
        pace_s = patience * min(self._limiter.pace(key, now) for key in keys) / len(keys)
        last = max(self._granted_at.get(key, -math.inf) for key in keys)
        return max(0.0, last + pace_s - now) if pace_s else 0.0

    def _grant(self, queue: _Queue, now: float) -> None:
        """Grants the oldest request of a queue that may go now, by the route with most room."""
        waiter, delays_s = queue.oldest, queue.delays_s
        self._remove(waiter)
        if waiter.granted.cancelled():
            return
        open_routes = [
            route for route, delay_s in zip(waiter.routes, delays_s, strict=True) if delay_s <= 0
        ]
        route = min(open_routes, key=lambda each: self._limiter.load(each.key, now))
        self._limiter.begin(route.key)
        if route.key.posts_to is not None:
            self._granted_at[route.key] = now
        if route.webhook_id is not None:
            self._in_flight[route.webhook_id] += 1
        if waiter.patience is not None:
            self._unnoticed.add(waiter)
        waiter.granted.set_result(route)

    def _refuse_expired(self, queue: _Queue, now: float) -> None:
        # An infinite delay ends with an answer, and it is not known when that comes.
        moment = now if math.isinf(queue.delay_s) else now + queue.delay_s
        for waiter in queue.expired(moment):
            self._remove(waiter)
            waiter.refuse(
                DiscordUnavailable(f"the rate limits leave no room in time ({queue.delay_s:.1f} s)")
            )

    def _set_timer(self, now: float) -> None:
        """Makes sure that the next dispatch comes when the first limit is over."""
        delay_s = min((queue.delay_s for queue in self._queues.values()), default=math.inf)
        if now + delay_s >= self._timer_ends_at or math.isinf(delay_s):
            return
        self._stop_timer()
        self._timer_ends_at = now + delay_s
        self._timer = asyncio.create_task(self._dispatch_in(delay_s), name="rate-limit-timer")

    async def _dispatch_in(self, delay_s: float) -> None:
        await self._sleep(delay_s)
        self._timer = None
        self._timer_ends_at = math.inf
        self.dispatch()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._timer_ends_at = math.inf

    def _give_back(self, waiter: Waiter) -> None:
        """A request was cancelled between being granted and hearing of it."""
        if waiter.is_granted:
            self.withdraw(waiter.granted.result())

    def _put(self, waiter: Waiter) -> None:
        keys = tuple(route.key for route in waiter.routes)
        waiter.queue = self._queues.setdefault(keys, _Queue(keys))
        waiter.queue.put(waiter)

    def _remove(self, waiter: Waiter) -> None:
        """Takes a request out of its queue, if it is in one."""
        queue, waiter.queue = waiter.queue, None
        if queue is None:
            return
        queue.remove(waiter)
        if not queue:
            del self._queues[queue.keys]
        if not self._queues:
            self._stop_timer()
