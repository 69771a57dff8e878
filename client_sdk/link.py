"""A connection to the manager that comes back.

`Link` keeps one `Connection` open, passes every frame to its listener in the order of arrival, and
connects again with back-off when the connection is lost. A manager that answers that it cannot serve
now, since its catalog is away for example, is waited for as well, from the first try on. The link gives
up when the token is no longer good, when no manager answers the very first try, or after
`reconnect_attempts` failures in a row; every caller that waits for it then gets that error.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from client_sdk.connection import Connection
from client_sdk.errors import (
    CloudError,
    ConnectionLost,
    LastingFailure,
    Refused,
    ReplyTimeout,
    Unavailable,
    Unreachable,
)
from client_sdk.settings import SHORTEST_PAUSE_S, ClientSettings
from common.retry import Backoff
from protocol import generic
from protocol.codec import Frame
from protocol.extensions import (
    ADMINISTER,
    BUNDLE,
    COPY,
    LARGE_CHUNKS,
    MODIFICATION_TIMES,
    ORGANISE,
    REJECTIONS,
    RESUME,
    SEARCH,
    STARS,
    parse_extensions,
)
from protocol.packet import Packet
from protocol.timestamps import format_timestamp

RECEIVES = frozenset({"s2c", "generic"})
EXTENSIONS = frozenset(
    {
        *(ADMINISTER, BUNDLE, COPY, LARGE_CHUNKS, MODIFICATION_TIMES, ORGANISE, REJECTIONS),
        *(RESUME, SEARCH, STARS),
    }
)
"""What uses them fails with `Refused` at a manager that does not grant them; all else works."""

Answer = TypeVar("Answer", bound=Packet)


class LinkListener(Protocol):
    """Hears what happens on a link. The methods must return at once."""

    def connected(self) -> None:
        """A connection came about."""

    def received(self, frame: Frame) -> None:
        """A frame came in that answers no request of `Link.request`."""

    def disconnected(self) -> None:
        """The connection is gone; another may come."""

    def unavailable(self) -> None:
        """The manager is there, but cannot serve now; it is asked again when it says."""

    def failed(self, error: CloudError) -> None:
        """The link gave up."""

    def outlasts_manager(self) -> bool:
        """Whether something waits for the manager that the link must not give up."""


class Link:
    """See the module.

    Args:
        url: Gets the ws(s) URL with a token that is good now, for each connection.
        settings: Retries and time limits.
        listener: Hears what happens.
        next_manager: Called when no connection came about; true: another manager can be tried at once.
    """

    def __init__(
        self,
        url: Callable[[], Awaitable[str]],
        settings: ClientSettings,
        listener: LinkListener,
        next_manager: Callable[[], bool] = lambda: False,
    ) -> None:
        self._url = url
        self._settings = settings
        self._listener = listener
        self._next_manager = next_manager
        self._connection: Connection | None = None
        self._changed = asyncio.Event()
        self._failure: CloudError | None = None
        self._was_connected = False
        self._was_heard = False
        self._granted: frozenset[str] = frozenset()

    def grants(self, extension: str) -> bool:
        """Whether the manager grants an extension; known before it answers anything."""
        return extension in self._granted

    def told_time(self, seconds: float | None) -> str | None:
        """A modification time as the manager is told it; None when it takes none, or for None."""
        if seconds is None or not self.grants(MODIFICATION_TIMES):
            return None
        return format_timestamp(seconds)

    async def run(self) -> None:
        """Keep the connection until the link gives up or is cancelled."""
        backoff = self._settings.reconnect_backoff()
        while True:
            after_s = 0.0
            try:
                await self._serve_somewhere()
                backoff.reset()
            except (Unreachable, ConnectionLost) as error:
                if not self._was_connected or self._is_enough(backoff):
                    return self._fail(Unreachable(str(error)))
            except Unavailable as error:
                if self._is_enough(backoff):
                    return self._fail(error)
                after_s = min(error.retry_after_s, self._settings.retry_cap_s)
                self._listener.unavailable()
            except CloudError as error:
                return self._fail(error)
            await backoff.wait(after_s)

    async def ready(self) -> Connection:
        """Wait for a connection. Raises what the link gave up with."""
        while self._connection is None:
            if self._failure is not None:
                raise self._failure
            await self._changed.wait()
        return self._connection

    async def send(self, packet: Packet, *, uuid: str | None = None) -> None:
        """Send a packet as soon as there is a connection.

        Raises:
            ConnectionLost: The connection ended meanwhile.
            CloudError: The link has given up.
        """
        connection = await self.ready()
        try:
            await connection.send(packet, uuid=uuid)
        except ConnectionLost:
            self._forget(connection)
            raise

    async def ask(self, packet: Packet, *answer_types: type[Answer]) -> Answer | generic.Boolean:
        """Ask once. Raises `ReplyTimeout` or `ConnectionLost` when the outcome is unknown."""
        connection = await self.ready()
        try:
            answer = await connection.request(
                packet, *answer_types, timeout_s=self._settings.reply_timeout_s
            )
        except ConnectionLost:
            self._forget(connection)
            raise
        self._was_heard = True
        return answer

    async def order(self, packet: Packet) -> str | None:
        """Ask for something that is answered by yes or no; returns what was said to a yes.

        Raises:
            Refused: The answer is no.
            Unavailable, LastingFailure: The manager cannot do it now, or not until somebody acts.
            ReplyTimeout, ConnectionLost: Whether it was done is not known.
        """
        answer = await self.ask(packet, generic.Boolean)
        if not answer.success:
            raise _refusal(packet, answer)
        return answer.message

    async def question(self, packet: Packet, answer_type: type[Answer]) -> Answer:
        """Ask what changes nothing, again if its answer is lost, or the manager cannot answer now.

        Raises:
            Refused: The answer is no.
            Unavailable, LastingFailure: The manager cannot answer for long, or not until somebody acts.
            ReplyTimeout, ConnectionLost: The answers were lost.
        """
        backoff, left_s = self._settings.backoff(), self._settings.unavailable_patience_s
        while True:
            try:
                return await self._answered(packet, answer_type)
            except Unavailable:
                pause_s = max(backoff.next_delay(), SHORTEST_PAUSE_S)
                if pause_s > left_s:
                    raise
            left_s -= pause_s
            await self._settings.sleep(pause_s)

    async def _answered(self, packet: Packet, answer_type: type[Answer]) -> Answer:
        """Ask until there is an answer. Raises as `question`."""
        for attempt in itertools.count(1):
            try:
                answer = await self.ask(packet, answer_type)
                break
            except (ReplyTimeout, ConnectionLost):
                if attempt >= self._settings.request_attempts:
                    raise
        if isinstance(answer, answer_type):
            return answer
        raise _refusal(packet, answer)

    async def _serve_somewhere(self) -> None:
        """One connection to one of the managers. Raises as `_serve_once`, when none of them takes it."""
        while True:
            try:
                return await self._serve_once()
            except (Unreachable, Unavailable, ConnectionLost):
                if not self._next_manager():
                    raise

    async def _serve_once(self) -> None:
        """One connection. Raises `ConnectionLost` if it ended before the manager sent any frame."""
        self._was_heard = False
        async with Connection.open(
            await self._url(),
            receives=RECEIVES,
            extensions=EXTENSIONS,
            needs_grant=False,
            ca_cert=self._settings.ca_cert,
        ) as connection:
            self._was_connected = True
            self._connection = connection
            self._listener.connected()
            self._changed.set()
            is_first = True
            try:
                async for frame in connection:
                    if is_first and isinstance(frame.packet, generic.Primitives):
                        self._granted = parse_extensions(frame.packet.string_value or "")
                    is_first, self._was_heard = False, True
                    self._listener.received(frame)
            finally:
                self._changed.clear()
                self._connection = None
                self._granted = frozenset()
                self._listener.disconnected()
        if not self._was_heard:
            raise ConnectionLost("the manager takes connections and closes them without a word")

    def _forget(self, connection: Connection) -> None:
        """Makes the next request wait for another connection: the end of this one may not be read yet."""
        if self._connection is connection:
            self._connection = None
            self._changed.clear()

    def _is_enough(self, backoff: Backoff) -> bool:
        is_enough = backoff.tries >= self._settings.reconnect_attempts
        return is_enough and not self._listener.outlasts_manager()

    def _fail(self, error: CloudError) -> None:
        self._failure = error
        self._changed.set()
        self._listener.failed(error)


def _refusal(packet: Packet, answer: Packet) -> CloudError:
    """What an answer means that is not the one that was asked for."""
    said = answer if isinstance(answer, generic.Boolean) else generic.Boolean(success=False)
    reason = said.message or f"the manager refused {packet.id}"
    match said.retry:
        case None:
            return Refused(reason)
        case "never":
            return LastingFailure(reason)
    return Unavailable(None, reason, 0.0)
