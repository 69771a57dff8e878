"""Requests to Discord over HTTP: each waits for the rate limits, is retried, and ends in an answer.

A request has four parts, each of them small: the route (`routes.py`), the rate limits (`limits.py`,
applied by `scheduler.py`), the retries (`common/retry.py`) and the meaning of answers (`answers.py`).

A post whose answer was lost may have been saved nevertheless. Discord offers no way to find out, so
the client sends it again. The first message, if Discord saved it, is garbage that no catalog knows;
`UncertainPostCounter` counts such posts.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
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

from common.log_events import correlation_header
from common.retry import Attempts, RetryPolicy
from storage.discord.answers import Answer, TransientFault, gave_up, raise_for
from storage.discord.limits import RateLimiter
from storage.discord.message_body import FileContent, FilesPayload
from storage.discord.routes import Route
from storage.discord.scheduler import Candidates, RequestScheduler
from storage.errors import BotUnusable

log = structlog.get_logger(__name__)

FilesFor = Callable[[Route], Sequence[FileContent]]
"""The files of a post by that route, at least one; asked for each try, as routes differ in what they take."""


class BotRefusals:
    """What Discord has refused to bots permanently: wrong tokens, missing permissions in a channel.

    Such a request is not made again by the process, because refusals count towards the ban
    that would stop everything else as well (`limits.py`). Reading and deleting share one
    `DiscordHttp`, so both use what it has learned.
    """

    def __init__(self) -> None:
        self._tokens: dict[str, BotUnusable] = {}
        self._tasks: dict[tuple[str, str, int, bool], BotUnusable] = {}

    def check(self, route: Route) -> None:
        """Refuse what Discord would refuse again.

        Raises:
            BotUnusable: The bot of this route, or this task of it, was refused before.
        """
        if route.authorization is None:
            return
        known = self._tokens.get(route.authorization)
        known = known or self._tasks.get(_task(route, route.authorization))
        if known is not None:
            raise BotUnusable(known.status, known.discord_code, known.channel_id)

    def remember(self, route: Route, error: BotUnusable) -> bool:
        """A request was refused, by Discord or by `check`. Each is logged once.

        Returns:
            Whether this is its first refusal.
        """
        if route.authorization is None:
            return False
        if error.channel_id is None:
            known = self._tokens.setdefault(route.authorization, error)
        else:
            known = self._tasks.setdefault(_task(route, route.authorization), error)
        if known is error:
            log.error("bot-refused", method=route.key.method, reason=str(error))
        return known is error


def _task(route: Route, authorization: str) -> tuple[str, str, int, bool]:
    """What a permission is needed for: the method, the channel, and whose message it is about."""
    return authorization, route.key.method, route.key.owner_id, route.is_of_others


class UncertainPostCounter:
    """Posts whose answer was lost after all of the message had been sent.

    Such a post is made again. If the first one was saved after all, it is a message that no
    catalog knows, so this is about the number of those: rather more than there are.

    Attributes:
        total: How many there were.
    """

    def __init__(self) -> None:
        self.total = 0
        self._changed = asyncio.Event()

    def add(self) -> None:
        """Counts one."""
        self.total += 1
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Waits for the next one."""
        await self._changed.wait()


DISCORD_API_URL = "https://discord.com/api/v10"
USER_AGENT = f"DiscordBot (https://discord-cloud.invalid, {version('discord-cloud')})"
"""Discord blocks clients that do not introduce themselves in this form (error 40333).

It wants a URL. The project has no site of its own, so this is a reserved name (RFC 2606) that no other
site can have.
"""

_DISCORD_HOSTS = ("discord.com", "discordapp.com", "discord.gg")

GIVE_UP_AFTER_S = 180.0
CONNECT_TIMEOUT_S = 15.0
STALL_TIMEOUT_S = 60.0

_READ_BUFFER_SIZE = 256 * 1024
_LONGEST_ANSWER = 1024 * 1024
"""Bytes of an answer that are read; the longest of Discord's have a few thousand."""

log = structlog.get_logger(__name__)


class DiscordHttp:
    """A process's client of Discord. An async context manager, which owns the connections.

    Use one for each process: it keeps the process's share of the limits.

    Args:
        api_url: Base URL of the API, with its version.
        limiter: Keeps the limits; a new one when not given.
        give_up_after_s: Seconds after which no further try of a request begins.
        connect_timeout_s: Seconds to connect.
        stall_timeout_s: Seconds without any progress after which a request has failed. There is no
            limit for a whole request, since a slow line may need minutes for a large one.
        clock: Monotonic seconds.
        wall_clock: Seconds since the Unix epoch.
        sleep: Waits for seconds.
        rng: A random number from 0 to 1.
        uncertain: Counts posts whose answer was lost; one of its own when not given.

    Attributes:
        scheduler: Where requests wait for their turns.
        wall_clock: As given.
    """

    def __init__(
        self,
        *,
        api_url: str = DISCORD_API_URL,
        limiter: RateLimiter | None = None,
        give_up_after_s: float = GIVE_UP_AFTER_S,
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
        # An emulator may log for which upload it stores something; Discord itself learns nothing of it.
        self._tells_ids = not is_discord(URL(api_url).host or "")
        self._limiter = limiter or RateLimiter()
        self._retry = RetryPolicy(
            give_up_after_s=give_up_after_s, monotonic=clock, sleep=sleep, jitter=rng
        )
        self._timeout = ClientTimeout(
            total=None, sock_connect=connect_timeout_s, sock_read=stall_timeout_s
        )
        self._stall_timeout_s = stall_timeout_s
        self.wall_clock = wall_clock
        self._refreshed = asyncio.Event()
        self.scheduler = RequestScheduler(self._limiter, clock=clock, sleep=sleep)
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
        return self._retry.attempts()

    def share_limits(self, requests_per_s: int) -> None:
        """Changes this process's part of Discord's global budget."""
        self._limiter.share(requests_per_s)
        self.scheduler.dispatch()

    def refresh(self) -> None:
        """Wakes requests that wait, also for their next try, since their candidates have changed."""
        self._refreshed.set()
        self._refreshed = asyncio.Event()
        self.scheduler.refresh()

    async def idle(self, webhook_ids: Iterable[int]) -> None:
        """Waits until no request runs on any of these webhooks."""
        await self.scheduler.idle(webhook_ids)

    async def request(self, route: Route, files: Sequence[FileContent] = ()) -> Answer:
        """Makes a request, a post if there are files. See `request_any`.

        Raises:
            BotUnusable: Discord has refused the bot, now or before.
        """

        def permitted() -> tuple[Route]:
            self._bots.check(route)
            return (route,)

        try:
            _, answer = await self.request_any(permitted, (lambda _: files) if files else None)
        except BotUnusable as error:
            if self._bots.remember(route, error):
                self.refresh()
            raise
        return answer

    async def request_any(
        self, candidates: Candidates, files_for: FilesFor | None = None
    ) -> tuple[Route, Answer]:
        """Makes a request by whichever of several routes may go soonest, until it has succeeded.

        Args:
            candidates: Returns the routes, again for each try; what it raises ends the request.
            files_for: The files to post; None for a request without a body.

        Returns:
            The route that it went by, and the answer, a success.

        Raises:
            DiscordUnavailable: It did not succeed in time.
            StorageError: Discord refused; see `answers.py`.
        """
        attempts = self.attempts()
        while True:
            route = await self.scheduler.acquire(candidates, attempts.deadline)
            try:
                return route, await self.try_once(route, files_for(route) if files_for else ())
            except TransientFault as fault:
                await self.pause(attempts, fault, candidates)

    async def try_once(self, route: Route, files: Sequence[FileContent]) -> Answer:
        """Makes one request, whose turn it is, with files to post or without. Returns a success.

        Raises:
            TransientFault: Another try may succeed.
            StorageError: Discord refused; see `answers.py`.
        """
        try:
            answer = await self._exchange(route, files)
            raise_for(answer, route)
        except TransientFault as fault:
            log.info("discord-failed", route=repr(route), reason=fault.reason)
            raise
        return answer

    async def pause(
        self, attempts: Attempts, fault: TransientFault, candidates: Candidates
    ) -> None:
        """Waits before the next try. Raises what the candidates raise as soon as they do.

        Raises:
            DiscordUnavailable: There is no time left for another try.
        """
        waiting = attempts.wait(at_least_s=fault.retry_after_s)
        if not await self._unless_hopeless(waiting, candidates):
            raise gave_up(attempts.failures, fault) from None

    async def _unless_hopeless(
        self, waiting: Coroutine[Any, Any, bool], candidates: Candidates
    ) -> bool:
        """Waits for the next try. Raises what the candidates raise as soon as they do."""
        pausing = asyncio.create_task(waiting, name="pause")
        try:
            while not pausing.done():
                refreshed = asyncio.create_task(self._refreshed.wait(), name="refreshed")
                await asyncio.wait({pausing, refreshed}, return_when=asyncio.FIRST_COMPLETED)
                refreshed.cancel()
                if not pausing.done():
                    candidates()
            return pausing.result()
        finally:
            pausing.cancel()

    async def _exchange(self, route: Route, files: Sequence[FileContent]) -> Answer:
        """One request and its answer, which the scheduler counts in any case."""
        payload = FilesPayload(files, stall_s=self._stall_timeout_s) if files else None
        try:
            async with self.session.request(
                route.key.method,
                URL(self._api_url + route.path, encoded=True),
                data=payload,
                headers=self._headers(route),
                allow_redirects=False,
            ) as response:
                answer = Answer(response.status, response.headers, await _body(response))
        except (TimeoutError, ClientError, OSError) as error:
            self._lost(route, payload)
            # The texts of these errors, and so their tracebacks, hold URLs with tokens.
            raise TransientFault(f"connection failed ({type(error).__name__})") from None
        except BaseException:
            self._lost(route, payload)
            raise
        finally:
            if payload is not None:
                payload.abort_unsent()
        key = route.key
        log.debug("discord-answered", method=key.method, route=key.route, status=answer.status)
        self.scheduler.answered(route, answer)
        if answer.status >= 500:
            self._count_uncertain(payload)
        return answer

    def _headers(self, route: Route) -> dict[str, str]:
        headers = {"Authorization": route.authorization} if route.authorization else {}
        return headers | correlation_header() if self._tells_ids else headers

    def _lost(self, route: Route, payload: FilesPayload | None) -> None:
        self.scheduler.lost(route)
        self._count_uncertain(payload)

    def _count_uncertain(self, payload: FilesPayload | None) -> None:
        if payload is not None and payload.is_written:
            self.uncertain.add()


def is_discord(host: str) -> bool:
    """Whether a host is Discord itself, which is sent no correlation ids."""
    return any(f".{host}".endswith(f".{name}") for name in _DISCORD_HOSTS)


async def _body(response: ClientResponse) -> bytes:
    """The body of an answer; of one that is too long to make sense, the beginning."""
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > _LONGEST_ANSWER:
            break
    return bytes(body[:_LONGEST_ANSWER])
