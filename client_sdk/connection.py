"""One WebSocket to a manager: frames in and out, replies matched to requests.

Clients and services share it. A reader task decodes what arrives: a frame that answers an open
request resolves it; everything else, late answers included, comes out of the iteration in the order
of arrival. A bad frame is skipped, and answered with `generic:boolean` false if it has a uuid. The
queue between reader and iteration is bounded: when it stays full for `STALL_S`, the connection ends
rather than eat memory. It ends as well when the manager takes nothing for `SEND_STALL_S`.
"""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import AsyncIterator
from typing import Self, TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, InvalidURI, WebSocketException
from websockets.http11 import Response

from client_sdk.endpoint import (
    LASTING_HEADER,
    address_of,
    moved,
    no_manager,
    retry_after_s,
    tls_context,
    unreachable,
)
from client_sdk.errors import (
    CloudError,
    ConnectionLost,
    Forbidden,
    InvalidInput,
    LastingFailure,
    NotLoggedIn,
    ReplyTimeout,
    Unavailable,
    UnexpectedAnswer,
    Unreachable,
)
from common.log_events import EventLogger
from common.tasks import cancel_and_wait
from protocol import codec, generic
from protocol.codec import Frame
from protocol.exchange import Exchange, ExchangeClosed, UnreadableFrame
from protocol.packet import Packet
from protocol.replies import OpenRequests
from protocol.values import MAX_FRAME_BYTES, REPLY_TIMEOUT_S

KEEPALIVE_S = 20.0
OPEN_TIMEOUT_S = 10.0
CLOSE_TIMEOUT_S = 3.0
STALL_S = 10.0
SEND_STALL_S = 8.0
"""Shorter than the time for a reply, or every request would end before it is noticed."""
QUEUE_LIMIT = 1024
BAD_REQUEST = 400
UNAUTHORIZED = 401
FORBIDDEN = 403
SERVER_ERRORS = 500
LONGEST_REASON = 500

Answer = TypeVar("Answer", bound=Packet)

_LOST = "the connection to the manager was lost"
log = EventLogger(__name__)
# At DEBUG, websockets logs the request line, and with it the token in the URL.
_websockets_log = logging.getLogger(f"{__name__}.websockets")
_websockets_log.setLevel(logging.INFO)


class Connection:
    """An open connection. Made by `Connection.open`; iterate over it in one task only."""

    def __init__(
        self,
        socket: ClientConnection,
        receives: frozenset[str],
        extensions: frozenset[str],
        queue_limit: int = QUEUE_LIMIT,
    ) -> None:
        self.granted: frozenset[str] = frozenset()
        self._socket = socket
        self._extensions = extensions
        self._requests = OpenRequests(Exchange(accepts=receives, extensions=extensions))
        self._frames: asyncio.Queue[Frame | None] = asyncio.Queue(queue_limit)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        url: str,
        *,
        receives: frozenset[str],
        extensions: frozenset[str] = frozenset(),
        needs_grant: bool = True,
        ca_cert: str | os.PathLike[str] | None = None,
    ) -> AsyncIterator[Self]:
        """Connect, and disconnect at the end.

        Args:
            url: ws(s) URL with the credentials in its query.
            receives: Namespaces that the peer may send, `generic` among them.
            extensions: Protocol extensions to ask for; `granted` says which of them were granted.
            needs_grant: Wait for the frame that says so. Otherwise `granted` stays empty and the
                frame comes out of the iteration; a manager that knows no extensions will do then.
            ca_cert: File of certificates that are trusted besides those of this machine; None for
                none.

        Raises:
            InvalidInput: The URL is not one, the manager refuses its parameters (HTTP 400), or there
                are no certificates in the file.
            NotLoggedIn: The manager refused the credentials (HTTP 401).
            Forbidden: They are right, but not for this (HTTP 403).
            Unavailable: It cannot serve now, and says when to try again.
            LastingFailure: It cannot serve, and trying again does not help.
            Unreachable: No connection came about for any other reason.
        """
        socket = await _connect(_with_extensions(url, extensions), ca_cert)
        connection = cls(socket, receives, extensions)
        reader = asyncio.create_task(connection._read(), name="connection-reader")
        try:
            if extensions and needs_grant:
                connection.granted = await connection._receive_grant()
            yield connection
        finally:
            try:
                await connection._close()
            finally:
                await cancel_and_wait(reader)

    async def send(
        self, packet: Packet, *, uuid: str | None = None, reply_uuid: str | None = None
    ) -> None:
        """Send one packet.

        Args:
            packet: What to send.
            uuid: The frame's own uuid; a fresh one when None.
            reply_uuid: The uuid of the frame that this one answers.

        Raises:
            ConnectionLost: The connection has ended, or the manager has stopped reading.
        """
        await self._send_text(codec.encode(packet, uuid=uuid, reply_uuid=reply_uuid))

    async def _send_text(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_STALL_S):
                await self._socket.send(text)
        except ConnectionClosed as error:
            raise ConnectionLost(_LOST) from error
        except TimeoutError as error:
            # Not even the library's own pings would get through, by which it notices dead peers.
            self._socket.transport.abort()
            raise ConnectionLost("the manager takes no more frames") from error

    async def request(
        self,
        packet: Packet,
        *answer_types: type[Answer],
        timeout_s: float = REPLY_TIMEOUT_S,
    ) -> Answer | generic.Boolean:
        """Send a packet and wait for its answer.

        Args:
            packet: What to send.
            answer_types: What may come back. `generic:boolean`, by which a manager also refuses,
                always may.
            timeout_s: How long to wait, in seconds.

        Raises:
            ReplyTimeout: No answer came in time. One that comes later comes out of the iteration.
            ConnectionLost: The connection ended first.
            UnexpectedAnswer: The answer is of another type.
        """
        try:
            answer = await self._requests.ask(packet, timeout_s=timeout_s, send=self._send_text)
        except TimeoutError as error:
            raise ReplyTimeout(packet.id) from error
        except ExchangeClosed as error:
            raise ConnectionLost(_LOST) from error
        if isinstance(answer, generic.Boolean):
            return answer
        for answer_type in answer_types:
            if isinstance(answer, answer_type):
                return answer
        raise UnexpectedAnswer(f"{packet.id} was answered with {answer.id}")

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Frame:
        frame = await self._frames.get()
        if frame is None:
            # The end mark stays, for the next call.
            self._frames.put_nowait(None)
            raise StopAsyncIteration
        return frame

    async def _receive_grant(self) -> frozenset[str]:
        """The extensions that the manager grants in its first frame."""
        try:
            async with asyncio.timeout(REPLY_TIMEOUT_S):
                frame = await anext(self)
        except (TimeoutError, StopAsyncIteration) as error:
            raise Unreachable("the manager did not say which extensions it grants") from error
        if isinstance(frame.packet, generic.Primitives):
            named = (frame.packet.string_value or "").split(",")
            return self._extensions & frozenset(name.strip() for name in named)
        raise Unreachable("the manager does not know the extensions that are needed")

    async def _close(self, code: int = 1000, reason: str = "") -> None:
        """Ends the connection with a closing handshake, or without when that does not get through."""
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.close(code, reason)
        except TimeoutError:
            self._socket.transport.abort()
        except asyncio.CancelledError:
            self._socket.transport.abort()
            raise

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                await self._receive(text)
        except ConnectionClosed:
            log.debug("connection-closed")
        except TimeoutError:
            log.warning("connection-stalled", limit_s=STALL_S)
            await self._close(1013, "receiver too slow")
        finally:
            self._requests.close(ConnectionLost(_LOST))
            self._end_iteration()

    async def _receive(self, text: str | bytes) -> None:
        incoming = self._requests.receive(text)
        if incoming is None:
            return
        async with asyncio.timeout(STALL_S):
            if isinstance(incoming, UnreadableFrame):
                await self._refuse(incoming)
            else:
                await self._frames.put(incoming.frame)

    async def _refuse(self, refused: UnreadableFrame) -> None:
        log.warning("bad-frame-skipped", code=refused.error.code)
        if refused.answer is not None:
            # When the connection has ended meanwhile, the reader notices by itself.
            with contextlib.suppress(ConnectionLost):
                await self._send_text(refused.answer)

    def _end_iteration(self) -> None:
        if self._frames.full():
            # Room for the end mark: the connection is gone, and a reader this far behind with it.
            self._frames.get_nowait()
        self._frames.put_nowait(None)


def _with_extensions(url: str, extensions: frozenset[str]) -> str:
    if not extensions:
        return url
    parts = urlsplit(url)
    query = [*parse_qsl(parts.query), ("extensions", ",".join(sorted(extensions)))]
    return urlunsplit(parts._replace(query=urlencode(query, safe=",")))


class _ConnectHere(connect):
    """Follows no redirection: the token is meant for the host that was asked for, and for no other."""

    def process_redirect(self, exc: Exception) -> Exception:
        """Leave it an error."""
        return exc


async def _connect(url: str, ca_cert: str | os.PathLike[str] | None) -> ClientConnection:
    is_secure = url.startswith("wss:")
    tls = await asyncio.to_thread(tls_context, ca_cert) if is_secure else None
    try:
        return await _ConnectHere(
            url,
            ssl=tls or (True if is_secure else None),
            compression=None,
            max_size=MAX_FRAME_BYTES,
            ping_interval=KEEPALIVE_S,
            ping_timeout=KEEPALIVE_S,
            open_timeout=OPEN_TIMEOUT_S,
            close_timeout=CLOSE_TIMEOUT_S,
            logger=_websockets_log,
        )
    except InvalidStatus as error:
        raise _refusal(url, error.response) from error
    except InvalidURI:
        raise InvalidInput("not a WebSocket URL") from None
    except (OSError, WebSocketException) as error:
        # Without its cause, the text of which may hold the URL, and so the token.
        raise unreachable("the manager", url, error) from None
    except ValueError:
        raise InvalidInput("not a WebSocket URL") from None


def _refusal(url: str, response: Response) -> CloudError:
    """What an answer means that does not open a WebSocket."""
    if response.status_code == UNAUTHORIZED:
        return NotLoggedIn("the manager does not accept these credentials")
    if response.status_code == FORBIDDEN:
        return Forbidden(_words(response))
    if response.status_code == BAD_REQUEST and (reason := _reason(response)):
        return InvalidInput(reason)
    if LASTING_HEADER in response.headers:
        return LastingFailure(_words(response))
    after_s = retry_after_s(response.status_code, response.headers)
    if after_s is not None:
        return Unavailable(response.status_code, _words(response), after_s)
    if "Location" in response.headers:
        return moved("the manager", address_of(url), "/", response.headers["Location"])
    if response.status_code >= SERVER_ERRORS:
        address, words = address_of(url), _words(response)
        return Unreachable(
            f"the manager at {address} failed with HTTP {response.status_code}: {words}"
        )
    return no_manager("the manager", url, f"HTTP {response.status_code}")


def _words(response: Response) -> str:
    """The manager's own, or those of HTTP."""
    return _reason(response) or response.reason_phrase


def _reason(response: Response) -> str | None:
    """What the manager says; None for an answer that is none of a manager."""
    with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
        return str(json.loads(response.body or b"")["error_details"])[:LONGEST_REASON]
    return None
