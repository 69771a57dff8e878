"""What an answer of Discord costs while many requests wait for its rate limits.

Discord is a model in memory with the limits that webhooks have, and time is virtual: measured is what
the event loop has to do for each answer and each timer until nothing is left to do.
"""

import asyncio
import itertools
import time
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from benchmarks.harness import Options, Suite, verdict
from benchmarks.virtual_time import NEVER, VirtualTime
from storage.discord import routes
from storage.discord.answers import Answer
from storage.discord.limits import RateLimiter
from storage.discord.routes import Route, WebhookCredentials
from storage.discord.scheduler import Candidates, RequestScheduler

WEBHOOKS = 10
WAITERS = (64, 128, 256, 1000)
ANSWERS = 500
TARGET_MS = 1.0

_BUCKET_REQUESTS = 5
_BUCKET_WINDOW_S = 2.0
_ROUND_TRIP_S = 0.5

Layout = Callable[[list[Route], int], Candidates]
"""Which of the routes the request with this number may go by."""


def _any_webhook(all_routes: list[Route], _number: int) -> Candidates:
    return lambda: all_routes


def _one_webhook_each(all_routes: list[Route], number: int) -> Candidates:
    chosen = [all_routes[number % len(all_routes)]]
    return lambda: chosen


LAYOUTS: dict[str, Layout] = {"any of ten": _any_webhook, "one of ten each": _one_webhook_each}


@dataclass(frozen=True, slots=True)
class _LimiterFigures:
    """Milliseconds of event loop: all of them, for each answer, and the most at once."""

    mean_ms: float
    worst_ms: float


class _Discord:
    """Answers requests in the order in which they went out, with the headers of fixed windows."""

    def __init__(self, virtual: VirtualTime) -> None:
        self._virtual = virtual
        self._windows: dict[Route, tuple[float, int]] = defaultdict(lambda: (0.0, 0))
        self.under_way: deque[tuple[float, Route]] = deque()

    def take(self, route: Route) -> None:
        self.under_way.append((self._virtual.now + _ROUND_TRIP_S, route))

    def answer(self, route: Route) -> Answer:
        now = self._virtual.now
        resets_at, used = self._windows[route]
        if now >= resets_at:
            resets_at, used = now + _BUCKET_WINDOW_S, 0
        self._windows[route] = resets_at, used + 1
        headers = {
            "X-RateLimit-Limit": str(_BUCKET_REQUESTS),
            "X-RateLimit-Remaining": str(max(0, _BUCKET_REQUESTS - used - 1)),
            "X-RateLimit-Reset": f"{resets_at:.3f}",
            "X-RateLimit-Reset-After": f"{resets_at - now:.3f}",
            "X-RateLimit-Bucket": "webhook",
        }
        return Answer(200, headers, b"")


async def _request(scheduler: RequestScheduler, discord: _Discord, candidates: Candidates) -> None:
    """Acquire the gate again and again, so that this many requests always wait."""
    while True:
        discord.take(await scheduler.acquire(candidates, NEVER))


async def _measure(layout: Layout, waiters: int) -> _LimiterFigures:
    virtual = VirtualTime()
    discord = _Discord(virtual)
    scheduler = RequestScheduler(RateLimiter(), clock=virtual.clock, sleep=virtual.sleep)
    all_routes = [
        routes.execute_webhook(WebhookCredentials(id=number, token="t", channel_id=number))
        for number in range(WEBHOOKS)
    ]
    requests = [
        asyncio.create_task(_request(scheduler, discord, layout(all_routes, number)))
        for number in range(waiters)
    ]
    await _idle()
    answers, taken_s = 0, [0.0]
    while answers < ANSWERS:
        event_s, is_answer = await _next_event(virtual, discord, scheduler)
        taken_s.append(event_s)
        answers += is_answer
    for request in requests:
        request.cancel()
    await asyncio.gather(*requests, return_exceptions=True)
    return _LimiterFigures(sum(taken_s) / answers * 1000, max(taken_s) * 1000)


async def _next_event(
    virtual: VirtualTime, discord: _Discord, scheduler: RequestScheduler
) -> tuple[float, bool]:
    """Advance the time until an answer comes or a sleep ends.

    Returns:
        Seconds of CPU that the event loop used for it, and whether it was an answer.
    """
    answered_at, route = discord.under_way[0] if discord.under_way else (NEVER, None)
    if route is None or virtual.next_waking() < answered_at:
        began_at = time.process_time()
        virtual.pass_to(virtual.next_waking())
        await _idle()
        return time.process_time() - began_at, False
    discord.under_way.popleft()
    virtual.pass_to(answered_at)
    await _idle()
    answer = discord.answer(route)
    began_at = time.process_time()
    scheduler.answered(route, answer)
    await _idle()
    return time.process_time() - began_at, True


async def _idle() -> None:
    """Lets everything run that can: the chain from an answer to a sleeping request has five links."""
    for _ in range(6):
        await asyncio.sleep(0)


async def _run(options: Options) -> str:
    lines = [
        f"Waiting for rate limits, {WEBHOOKS} webhooks: event loop for one answer",
        "",
        f"{'each may use':>18}{'waiting':>9}{'ms':>10}{'most at once':>14}",
    ]
    worst_mean = 0.0
    for (name, layout), waiters in itertools.product(LAYOUTS.items(), WAITERS):
        runs = [await _measure(layout, waiters) for _ in range(options.rounds)]
        mean_ms = median(run.mean_ms for run in runs)
        worst_ms = median(run.worst_ms for run in runs)
        worst_mean = max(worst_mean, mean_ms)
        lines.append(f"{name:>18}{waiters:>9}{mean_ms:>10.3f}{worst_ms:>14.3f}")
    target = f"at most {TARGET_MS:g} ms for each answer"
    return "\n".join([*lines, "", verdict(target, reached=worst_mean <= TARGET_MS)])


LIMITER = Suite("limiter", "event loop for an answer while many wait for rate limits", _run)
