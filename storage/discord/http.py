"""Requests to Discord over HTTP: each waits for the limits, is tried again, and ends in an answer.

Four things make up a request, each of them small: the route (`routes.py`), the limits (`limits.py`
behind `gate.py`), the retries (`retry.py`) and the meaning of errors (`faults.py`).

A post whose answer was lost may have been saved nevertheless. Discord offers no way to find out, so
it is sent again, and the first message, if there is one, is garbage that nobody knows.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import structlog
from aiohttp import (
    ClientError,
    ClientResponse,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
)
from yarl import URL

from storage.discord.bots import BotRefusals
from storage.discord.faults import Answer, TransientFault, raise_for
from storage.discord.gate import Candidates, Gate
from storage.discord.limits import RateLimiter
from storage.discord.multipart import FilePayload, OutgoingFile
from storage.discord.retry import Attempts, RetryPolicy
from storage.discord.routes import Route
from storage.discord.uncertain import UncertainPostCounter
from storage.errors import BotUnusable

DISCORD_API_URL = "https://discord.com/api/v10"
USER_AGENT = f"DiscordBot (https://discord-cloud.invalid, {version('discord-cloud')})"
"""Discord blocks clients that do not introduce themselves in this form (error 40333).

It wants a URL. The project has no site of its own, so this is a reserved name (RFC 2606) that can be
nobody else's.
"""

GIVE_UP_AFTER_S = 180.0
CONNECT_TIMEOUT_S = 15.0
STALL_TIMEOUT_S = 60.0

_READ_BUFFER_SIZE = 256 * 1024
_LONGEST_ANSWER = 1024 * 1024
"""Bytes of an answer that are read; the longest of Discord's have a few thousand."""

log = structlog.get_logger(__name__)


class DiscordHttp:
    """A process's way to Discord. An async context manager, which owns the connections.

    Use one for each process: it is what knows the process's share of the limits.

    Args:
        api_url: Base URL of the API, with its version.
        limiter: Keeps the limits; a new one when not given.
        retry: When to try again and when to give up.
        connect_timeout_s: Seconds to connect.
        stall_timeout_s: Seconds without any progress after which a request has failed. There is no
            limit for a whole request, since a slow line may need minutes for a large one.
        clock: Monotonic seconds.
        wall_clock: Seconds since the Unix epoch.
        sleep: Waits for seconds.
        rng: A random number from 0 to 1.
        uncertain: Counts posts whose answer was lost; one of its own when not given.
    """

    def __init__(
        self,
        *,
        api_url: str = DISCORD_API_URL,
        limiter: RateLimiter | None = None,
        retry: RetryPolicy | None = None,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        stall_timeout_s: float = STALL_TIMEOUT_S,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        rng: Callable[[], float] = random.random,
        uncertain: UncertainPostCounter | None = None,
    ) -> None:
        self.uncertain = uncertain or UncertainPostCounter()
        self._api_url = api_url.rstrip("/")
        self._limiter = limiter or RateLimiter()
        self._retry = retry or RetryPolicy(give_up_after_s=GIVE_UP_AFTER_S)
        self._timeout = ClientTimeout(
            total=None, sock_connect=connect_timeout_s, sock_read=stall_timeout_s
        )
        self._stall_timeout_s = stall_timeout_s
        self._clock = clock
        self.wall_clock = wall_clock
        self._sleep = sleep
        self._rng = rng
        self._refreshed = asyncio.Event()
        self._gate = Gate(self._limiter, clock=clock, sleep=sleep)
        self._bots = BotRefusals()
        self._session: ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = ClientSession(
            connector=TCPConnector(limit=0),
            timeout=self._timeout,
            headers={"User-Agent": USER_AGENT},
            cookie_jar=DummyCookieJar(),
            read_bufsize=_READ_BUFFER_SIZE,
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.session.close()
        self._session = None

    @property
    def session(self) -> ClientSession:
        """The open connections. Raises RuntimeError outside of the context."""
        if self._session is None:
            raise RuntimeError("DiscordHttp is used outside of its context")
        return self._session

    def attempts(self) -> Attempts:
        """The tries of one operation, to be paused between."""
        return Attempts(self._retry, self._clock, self._sleep, self._rng)

    def share_limits(self, requests_per_s: int) -> None:
        """Changes this process's part of Discord's global budget."""
        self._limiter.share(requests_per_s)
        self._gate.dispatch()

    def refresh(self) -> None:
        """Tells requests that wait, also for their next try, that their candidates have changed."""
        self._refreshed.set()
        self._refreshed = asyncio.Event()
        self._gate.refresh()

    async def idle(self, webhook_ids: Iterable[int]) -> None:
        """Waits until no request runs on any of these webhooks."""
        await self._gate.idle(webhook_ids)

    async def request(self, route: Route, file: OutgoingFile | None = None) -> Answer:
        """Makes a request. See `request_any`.

        Raises:
            BotUnusable: Discord has refused the bot, now or before.
        """

        def permitted() -> tuple[Route]:
            self._bots.check(route)
            return (route,)

        try:
            _, answer = await self.request_any(permitted, file)
        except BotUnusable as error:
            if self._bots.remember(route, error):
                self.refresh()
            raise
        return answer

    async def request_any(
        self, candidates: Candidates, file: OutgoingFile | None = None
    ) -> tuple[Route, Answer]:
        """Makes a request by whichever of several routes may go soonest, until it has succeeded.

        Args:
            candidates: Tells the routes, anew for each try; what it raises ends the request.
            file: What to post.

        Returns:
            The route that it went by, and the answer, a success.

        Raises:
            DiscordUnavailable: It did not succeed in time.
            StorageError: Discord refused; see `faults.py`.
        """
        attempts = self.attempts()
        while True:
            route = await self._gate.acquire(candidates, attempts.deadline)
            try:
                answer = await self._exchange(route, file)
                raise_for(answer, route)
                return route, answer
            except TransientFault as fault:
                log.info("discord did not answer well", route=repr(route), reason=fault.reason)
                await self._pause(attempts.pause(fault), candidates)

    async def _pause(self, pause: Coroutine[Any, Any, None], candidates: Candidates) -> None:
        """Waits for the next try. Raises what the candidates raise as soon as they do."""
        pausing = asyncio.create_task(pause, name="pause")
        try:
            while not pausing.done():
                refreshed = asyncio.create_task(self._refreshed.wait(), name="refreshed")
                await asyncio.wait({pausing, refreshed}, return_when=asyncio.FIRST_COMPLETED)
                refreshed.cancel()
                if not pausing.done():
                    candidates()
            pausing.result()
        finally:
            pausing.cancel()

    async def _exchange(self, route: Route, file: OutgoingFile | None) -> Answer:
        """One request and its answer, which the limits hear of whatever happens."""
        payload = FilePayload(file, stall_s=self._stall_timeout_s) if file else None
        try:
            answer = await self._send(route, payload)
        except (TimeoutError, ClientError, OSError) as error:
            self._lost(route, payload)
            # The texts of these errors, and so their tracebacks, hold URLs with tokens.
            raise TransientFault(f"connection failed ({type(error).__name__})") from None
        except BaseException:
            self._lost(route, payload)
            raise
        self._gate.answered(route, answer)
        if answer.status >= 500:
            self._count_uncertain(payload)
        return answer

    def _lost(self, route: Route, payload: FilePayload | None) -> None:
        self._gate.lost(route)
        self._count_uncertain(payload)

    def _count_uncertain(self, payload: FilePayload | None) -> None:
        if payload is not None and payload.is_written:
            self.uncertain.add()

    async def _send(self, route: Route, payload: FilePayload | None) -> Answer:
        headers = {"Authorization": route.authorization} if route.authorization else {}
        try:
            async with self.session.request(
                route.key.method,
                URL(self._api_url + route.path, encoded=True),
                data=payload,
                headers=headers,
                allow_redirects=False,
            ) as response:
                return Answer(response.status, response.headers, await _body(response))
        finally:
            if payload is not None:
                payload.let_go()


async def _body(response: ClientResponse) -> bytes:
    """The body of an answer; of one that is too long to make sense, the beginning."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > _LONGEST_ANSWER:
            break
    return bytes(body[:_LONGEST_ANSWER])
