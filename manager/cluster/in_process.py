"""The port for one manager alone: everything stays in the process, and every lease is held."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar

import structlog

from common.tasks import BackgroundTasks
from manager.cluster.errors import ClusterError, ClusterTimeout, NoResponders, RequestRefused
from manager.cluster.membership import Member
from manager.cluster.messages import ClusterMessage, decode, encode
from manager.cluster.port import REQUEST_TIMEOUT_S

M = TypeVar("M", bound=ClusterMessage)
R = TypeVar("R", bound=ClusterMessage)

log = structlog.get_logger(__name__)

INTERNAL = "internal"
"""Reason of a refusal because the handler failed."""


class _Inbox:
    """Passes the messages of one subscription to its handler, one after the other."""

    def __init__(self, handle: Callable[[bytes], Awaitable[None]], tasks: BackgroundTasks) -> None:
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue()
        self._handle = handle
        self._task = tasks.spawn(self._run(), "take messages of managers")

    def put(self, payload: bytes) -> None:
        self._waiting.put_nowait(payload)

    def end(self) -> None:
        self._task.cancel()

    async def _run(self) -> None:
        while True:
            await self._handle(await self._waiting.get())


class _LocalSubscription:
    def __init__(self, end: Callable[[], None]) -> None:
        self._end = end

    async def close(self) -> None:
        self._end()


class _LocalCampaign:
    """A lease that nobody else wants."""

    def __init__(
        self, own_id: str, epoch: int, elected: Callable[[int], None], lost: Callable[[], None]
    ) -> None:
        self._own_id = own_id
        self._epoch: int | None = epoch
        self._lost = lost
        elected(epoch)

    @property
    def epoch(self) -> int | None:
        return self._epoch

    @property
    def holder(self) -> str | None:
        return None if self._epoch is None else self._own_id

    async def close(self) -> None:
        if self._epoch is not None:
            self._epoch = None
            self._lost()


class InProcessCluster:
    """A cluster of one manager.

    Args:
        own: This manager.
        tasks: Runs the handlers.
        clock: Seconds since the Unix epoch.
    """

    def __init__(
        self, own: Member, tasks: BackgroundTasks, clock: Callable[[], float] = time.time
    ) -> None:
        self._own = own
        self._tasks = tasks
        self._clock = clock
        self._last_epoch = 0
        self._inboxes: dict[str, list[_Inbox]] = {}
        self._responders: dict[str, Callable[[bytes], Awaitable[ClusterMessage]]] = {}

    @property
    def own(self) -> Member:
        """This manager."""
        return self._own

    @property
    def members(self) -> Mapping[str, Member]:
        """This manager."""
        return {self._own.id: self._own}

    @property
    def is_connected(self) -> bool:
        """Always: there is nobody else."""
        return True

    async def publish(self, subject: str, message: ClusterMessage) -> None:
        """See the port."""
        payload = encode(message)
        for inbox in self._inboxes.get(subject, ()):
            inbox.put(payload)

    async def subscribe(
        self, subject: str, kind: type[M], handler: Callable[[M], Awaitable[None]]
    ) -> _LocalSubscription:
        """See the port."""

        async def handle(payload: bytes) -> None:
            await handle_message(subject, payload, kind, handler)

        inbox = _Inbox(handle, self._tasks)
        inboxes = self._inboxes.setdefault(subject, [])
        inboxes.append(inbox)

        def end() -> None:
            inbox.end()
            if inbox in inboxes:
                inboxes.remove(inbox)

        return _LocalSubscription(end)

    async def request(
        self,
        subject: str,
        message: ClusterMessage,
        reply: type[R],
        *,
        timeout_s: float = REQUEST_TIMEOUT_S,
    ) -> R:
        """See the port."""
        payload = encode(message)
        responder = self._responders.get(subject)
        if responder is None:
            raise NoResponders(f"nothing responds to {subject}")
        try:
            async with asyncio.timeout(timeout_s):
                return decode(encode(await responder(payload)), reply)
        except TimeoutError as error:
            raise ClusterTimeout(f"{subject} was not answered within {timeout_s} s") from error

    async def respond(
        self, subject: str, kind: type[M], handler: Callable[[M], Awaitable[ClusterMessage]]
    ) -> _LocalSubscription:
        """See the port."""

        async def answer(payload: bytes) -> ClusterMessage:
            return await answer_of(subject, payload, kind, handler)

        self._responders[subject] = answer

        def end() -> None:
            if self._responders.get(subject) is answer:
                del self._responders[subject]

        return _LocalSubscription(end)

    def watch_members(
        self, joined: Callable[[Member], None], left: Callable[[Member], None]
    ) -> None:
        """Nobody comes, and nobody goes."""

    def watch_connection(
        self, connected: Callable[[], None], disconnected: Callable[[], None]
    ) -> None:
        """Connected from the beginning to the end."""
        del disconnected
        connected()

    def campaign(
        self, lease: str, elected: Callable[[int], None], lost: Callable[[], None]
    ) -> _LocalCampaign:
        """Elected at once."""
        del lease
        self._last_epoch = max(self._last_epoch + 1, int(self._clock() * 1000))
        return _LocalCampaign(self._own.id, self._last_epoch, elected, lost)


async def handle_message(
    subject: str, payload: bytes, kind: type[M], handler: Callable[[M], Awaitable[None]]
) -> None:
    """Passes a message to its handler; a failure is logged, and later messages are handled all the same."""
    try:
        await handler(decode(payload, kind))
    except ClusterError as error:
        log.warning("cluster-message-not-handled", subject=subject, code=error.code)
    except Exception:
        log.exception("cluster-message-failed", subject=subject)


async def answer_of(
    subject: str, payload: bytes, kind: type[M], handler: Callable[[M], Awaitable[ClusterMessage]]
) -> ClusterMessage:
    """The handler's answer. Raises `RequestRefused`, and nothing else."""
    try:
        return await handler(decode(payload, kind))
    except RequestRefused:
        raise
    except ClusterError as error:
        raise RequestRefused(error.code, str(error)) from error
    except Exception as error:
        log.exception("cluster-request-failed", subject=subject)
        raise RequestRefused(INTERNAL, "the manager that was asked has failed") from error
