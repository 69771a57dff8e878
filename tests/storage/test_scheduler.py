"""Where requests wait: whose turn it is, and what it costs to find out."""

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.discord import routes
from storage.discord.answers import Answer
from storage.discord.budgets import LimitHeaders
from storage.discord.limits import HASTE, RateLimiter
from storage.discord.routes import Route, WebhookCredentials
from storage.discord.scheduler import RequestScheduler
from storage.errors import DiscordUnavailable, NoWebhook

NEVER = float("inf")
ROUTES = [
    routes.execute_webhook(WebhookCredentials(id=number, token="t", channel_id=number))
    for number in range(1, 5)
]


class ManualTime:
    """A clock that the test turns; a sleep ends when the clock has reached its end."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.sleepers: dict[asyncio.Future[None], float] = {}
        self.most_sleepers = 0

    def clock(self) -> float:
        """Tells the time."""
        return self.now

    async def sleep(self, seconds) -> None:
        """Waits for the test."""
        wakes: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sleepers[wakes] = self.now + seconds
        self.most_sleepers = max(self.most_sleepers, len(self.sleepers))
        try:
            await wakes
        finally:
            del self.sleepers[wakes]

    async def advance(self, seconds) -> None:
        """Lets time pass, and whoever it wakes run."""
        self.now += seconds
        for wakes, wake_at in self.sleepers.items():
            if wake_at <= self.now and not wakes.done():
                wakes.set_result(None)
        await idle()


async def idle() -> None:
    """Lets everything run that can."""
    for _ in range(8):
        await asyncio.sleep(0)


class CountingLimiter(RateLimiter):
    """Counts how often it is asked."""

    asked = 0

    def delay(self, key, now) -> float:
        """Asks, and counts."""
        self.asked += 1
        return super().delay(key, now)


def answer(*, remaining=4, limit=5, reset_after_s=2.0, now=0.0) -> Answer:
    """A success with the headers of a bucket."""
    headers = {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": f"{now + reset_after_s:.3f}",
        "X-RateLimit-Reset-After": str(reset_after_s),
        "X-RateLimit-Bucket": "bucket",
    }
    return Answer(200, headers, b"")


@pytest.fixture
def time() -> ManualTime:
    """Time that stands still until the test turns it."""
    return ManualTime()


@pytest.fixture
def scheduler(time) -> RequestScheduler:
    """A scheduler with the usual limits."""
    return RequestScheduler(RateLimiter(), clock=time.clock, sleep=time.sleep)


def ask(scheduler, candidates: Sequence[Route], deadline=NEVER) -> asyncio.Task[Route]:
    """A request that waits for its turn."""
    return asyncio.create_task(scheduler.acquire(lambda: candidates, deadline))


async def everything_spent(scheduler, time, *, reset_after_s=2.0) -> None:
    """Leaves all buckets known and empty."""
    for route in ROUTES:
        await ask(scheduler, [route])
        scheduler.answered(
            route, answer(remaining=0, limit=1, reset_after_s=reset_after_s, now=time.now)
        )
    await idle()


class _Reference:
    """What the scheduler has to do, in the plainest way: after each event, every request is looked at."""

    def __init__(self) -> None:
        self.limiter = RateLimiter(requests_per_s=6, channel_posts=4)
        self.waiting: dict[int, Sequence[Route]] = {}
        self.granted: list[tuple[int, Route]] = []

    def grant(self, now) -> None:
        """Grants to the oldest first, each by the route that may go soonest."""
        for number, candidates in tuple(self.waiting.items()):
            route = min(
                candidates,
                key=lambda route: (
                    self.limiter.delay(route.key, now),
                    self.limiter.load(route.key, now),
                ),
            )
            if self.limiter.delay(route.key, now) <= 0:
                self.limiter.begin(route.key)
                del self.waiting[number]
                self.granted.append((number, route))


_subsets = st.lists(st.sampled_from(ROUTES), min_size=1, max_size=4, unique=True)
_events = st.one_of(
    st.tuples(st.just("ask"), _subsets),
    st.tuples(st.just("answer"), st.integers(0, 5)),
    st.tuples(st.just("lose"), st.integers(0, 5)),
    st.tuples(st.just("cancel"), st.integers(0, 9)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 1.0, 2.5, 30.0, 61.0])),
)


class _Comparison:
    """The scheduler and the reference, to which the same things happen."""

    def __init__(self) -> None:
        self.time = ManualTime()
        self.reference = _Reference()
        limiter = RateLimiter(requests_per_s=6, channel_posts=4)
        self.scheduler = RequestScheduler(limiter, clock=self.time.clock, sleep=self.time.sleep)
        self.requests: dict[int, asyncio.Task[None]] = {}
        self.granted: list[tuple[int, Route]] = []
        self.under_way: list[Route] = []
        self.came = 0

    async def _request(self, number, candidates) -> None:
        route = await self.scheduler.acquire(lambda: candidates, NEVER)
        self.granted.append((number, route))
        self.under_way.append(route)

    async def happen(self, kind, detail) -> None:
        """One event; then both must have granted the same."""
        getattr(self, f"_{kind}")(detail)
        if kind == "wait":
            await self.time.advance(detail)
        await idle()
        self.reference.grant(self.time.now)
        assert self.granted == self.reference.granted

    def _ask(self, candidates) -> None:
        self.came += 1
        self.requests[self.came] = asyncio.create_task(self._request(self.came, candidates))
        self.reference.waiting[self.came] = candidates

    def _wait(self, _seconds) -> None:
        """Time passes for both."""

    def _answer(self, which) -> None:
        if self.under_way:
            route = self.under_way.pop(which % len(self.under_way))
            said = answer(remaining=2, limit=3, reset_after_s=2.0, now=self.time.now // 2 * 2)
            self.scheduler.answered(route, said)
            headers = LimitHeaders.parse(said.headers)
            self.reference.limiter.answered(route.key, 200, headers, self.time.now)

    def _lose(self, which) -> None:
        if self.under_way:
            route = self.under_way.pop(which % len(self.under_way))
            self.scheduler.lost(route)
            self.reference.limiter.lost(route.key, self.time.now)

    def _cancel(self, which) -> None:
        if self.reference.waiting:
            number = list(self.reference.waiting)[which % len(self.reference.waiting)]
            self.requests[number].cancel()
            del self.reference.waiting[number]

    async def end(self) -> None:
        """Nothing is left behind."""
        for request in self.requests.values():
            request.cancel()
        await asyncio.gather(*self.requests.values(), return_exceptions=True)
        await idle()
        assert not self.time.sleepers


@given(st.lists(_events, min_size=20, max_size=80))
def test_turns_are_those_of_the_plainest_queue(events):
    """Requests go in the order, and by the routes, that a look at every request would give.

    Whatever comes, is answered, is lost or is cancelled, and whatever time passes.
    """

    async def compare() -> None:
        comparison = _Comparison()
        for kind, detail in events:
            await comparison.happen(kind, detail)
        await comparison.end()

    asyncio.run(compare())


@pytest.mark.parametrize("candidates", [ROUTES, ROUTES[:1]])
async def test_an_answer_costs_the_same_however_many_wait(time, candidates):
    """The limits are asked for each route, not for each request that waits."""
    asked = []
    for waiting in (10, 1000):
        limiter = CountingLimiter()
        scheduler = RequestScheduler(limiter, clock=time.clock, sleep=time.sleep)
        await everything_spent(scheduler, time, reset_after_s=60.0)
        requests = [ask(scheduler, candidates) for _ in range(waiting)]
        running = await ask(scheduler, [routes.webhook_info(WebhookCredentials(id=1, token="t"))])
        await idle()
        limiter.asked = 0
        scheduler.answered(running, answer())
        await idle()
        asked.append(limiter.asked)
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)
    assert asked[0] == asked[1] <= 2 * len(ROUTES)


async def test_one_timer_serves_all_and_ends_with_the_last_of_them(scheduler, time):
    """However many requests wait, one sleep is under way; when nobody waits any more, none."""
    await everything_spent(scheduler, time)
    requests = [ask(scheduler, [ROUTES[number % 4]]) for number in range(100)]
    await idle()
    assert time.most_sleepers == len(time.sleepers) == 1
    for request in requests:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
    await idle()
    assert not time.sleepers


async def test_a_limit_that_ends_sooner_moves_the_timer(scheduler, time):
    """Who comes later but may go earlier does not wait for the timer of those before."""
    await everything_spent(scheduler, time, reset_after_s=30.0)
    slow = ask(scheduler, ROUTES[:1])
    await idle()
    info = routes.webhook_info(WebhookCredentials(id=9, token="t"))
    running = await ask(scheduler, [info])
    scheduler.answered(running, answer(remaining=0, reset_after_s=1.0, now=time.now))
    quick = ask(scheduler, [info])
    await time.advance(1.5)
    assert quick.done()
    assert not slow.done()
    await time.advance(30.0)
    assert slow.done()


async def test_requests_whose_deadline_is_too_soon_hear_it_at_once_and_others_wait(scheduler, time):
    """Each has a deadline of its own, whoever stands before it."""
    await everything_spent(scheduler, time, reset_after_s=10.0)
    patient = ask(scheduler, ROUTES, time.now + 60.0)
    hasty = ask(scheduler, ROUTES, time.now + 5.0)
    await idle()
    assert isinstance(hasty.exception(), DiscordUnavailable)
    assert not patient.done()
    await time.advance(11.0)
    assert patient.result() in ROUTES


async def test_a_block_that_comes_later_refuses_those_who_cannot_wait_for_its_end(scheduler, time):
    """Deadlines are looked at whenever the limits change."""
    await everything_spent(scheduler, time, reset_after_s=10.0)
    info = routes.webhook_info(WebhookCredentials(id=9, token="t"))
    running = await ask(scheduler, [info])
    waiting = [ask(scheduler, ROUTES, time.now + 60.0) for _ in range(3)]
    patient = ask(scheduler, ROUTES, time.now + 1000.0)
    await idle()
    refusal = {"Retry-After": "300", "X-RateLimit-Scope": "global"}
    scheduler.answered(running, Answer(429, refusal, b""))
    await idle()
    assert all(isinstance(request.exception(), DiscordUnavailable) for request in waiting)
    await time.advance(301.0)
    assert patient.done()


async def test_changed_candidates_change_no_order(scheduler, time):
    """Requests that come to share a route go by it in the order in which they came."""
    await everything_spent(scheduler, time, reset_after_s=5.0)
    chosen = {number: [ROUTES[number % 2]] for number in range(6)}
    went = []

    async def request(number) -> None:
        await scheduler.acquire(lambda: chosen[number], NEVER)
        went.append(number)

    requests = [asyncio.create_task(request(number)) for number in range(6)]
    await idle()
    chosen.update({key: [ROUTES[2]] for key in chosen})
    scheduler.refresh()
    for _ in requests:
        await time.advance(5.1)
        if len(went) < 6:
            scheduler.answered(
                ROUTES[2], answer(remaining=0, limit=1, reset_after_s=5.0, now=time.now)
            )
    assert went == [0, 1, 2, 3, 4, 5]


async def test_who_has_no_candidate_left_hears_it_at_the_refresh(scheduler, time):
    """The others go on waiting."""
    await everything_spent(scheduler, time)
    left = list(ROUTES)

    def candidates() -> Sequence[Route]:
        if not left:
            raise NoWebhook("none")
        return left

    gone = asyncio.create_task(scheduler.acquire(candidates, NEVER))
    kept = ask(scheduler, ROUTES)
    await idle()
    left.clear()
    scheduler.refresh()
    with pytest.raises(NoWebhook):
        await gone
    await time.advance(3.0)
    assert kept.done()


def ask_patiently(
    scheduler: RequestScheduler, *, patience=1.0, routes=ROUTES[:1]
) -> asyncio.Task[Route]:
    """A request that may take others along, and may be held back."""

    async def turn() -> Route:
        waiter = scheduler.enqueue(lambda: routes, NEVER, lambda: patience)
        return await scheduler.turn_of(waiter)

    return asyncio.create_task(turn())


async def post_many(scheduler, time, number, route) -> None:
    """Spends so much of a channel's budget."""
    for _ in range(number):
        await ask(scheduler, [route])
        scheduler.answered(route, answer(now=time.now))
    await idle()


async def test_a_patient_request_is_spaced_once_the_budget_is_scarce(scheduler, time):
    """By as much as makes the rest of the budget last; one without patience goes at once."""
    await post_many(scheduler, time, 4, ROUTES[0])
    first = ask_patiently(scheduler)
    await idle()
    assert first.done()
    scheduler.answered(ROUTES[0], answer(now=time.now))
    second = ask_patiently(scheduler)
    await idle()
    assert not second.done()
    await time.advance(60 / 25 / HASTE - 0.01)
    assert not second.done()
    await time.advance(0.03)
    assert second.done()
    scheduler.answered(ROUTES[0], answer(now=time.now))
    half = ask_patiently(scheduler, patience=0.5)
    await idle()
    assert not half.done()
    await time.advance(60 / 24 / HASTE / 2)
    assert half.done()
    scheduler.answered(ROUTES[0], answer(now=time.now))
    impatient = ask_patiently(scheduler, patience=0)
    await idle()
    assert impatient.done()


async def test_more_channels_have_shorter_spaces(scheduler, time):
    """As many of them there are, so that all budgets last together."""
    for route in ROUTES:
        await post_many(scheduler, time, 5, route)
    await time.advance(10)
    first, second = (ask_patiently(scheduler, routes=ROUTES) for _ in range(2))
    await idle()
    assert (first.done(), second.done()) == (True, False)
    await time.advance(60 / 25 / len(ROUTES) + 0.01)
    assert second.done()


async def test_requests_that_take_others_along_have_their_turns_one_by_one(scheduler):
    """The next one has its turn only when the first has had time to recall it."""
    waiters = [scheduler.enqueue(lambda: ROUTES, NEVER, lambda: 0) for _ in range(3)]
    assert [waiter.is_granted for waiter in waiters] == [True, False, False]
    await scheduler.turn_of(waiters[0])
    scheduler.recall(waiters[1], NoWebhook("taken along"))
    with pytest.raises(NoWebhook):
        await scheduler.turn_of(waiters[1])
    await scheduler.turn_of(waiters[2])


async def test_a_request_that_is_recalled_gives_its_turn_back(scheduler, time):
    """Even if it was granted and has not noticed yet: the next one has it at once."""
    time.now += 1
    waiter = scheduler.enqueue(lambda: ROUTES[:1], NEVER)
    other = ask(scheduler, ROUTES[:1])
    await idle()
    assert (waiter.is_granted, other.done()) == (True, False)
    scheduler.recall(waiter, NoWebhook("not wanted"))
    with pytest.raises(NoWebhook):
        await scheduler.turn_of(waiter)
    await idle()
    assert other.done()
