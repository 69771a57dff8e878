"""Request/reply matching of one end of a WebSocket, without I/O.

Both ends of a connection use it. A request has a uuid and a deadline; the frame whose
`reply_uuid` is that uuid answers it, once. A frame that answers nothing - an event, a request of the
other end, a reply that comes twice or too late - is passed on; its `reply_uuid` says which of them it is.
A frame that cannot be read is refused: with `generic:boolean` false, when it has a uuid and its
namespace is one that the other end may send (any other frame is not answered).

Time and text come as arguments and leave as results. The caller sends `Request.text` and
`UnreadableFrame.answer`, passes in what arrives, and asks at the deadline which requests have expired.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import uuid4

from protocol import generic
from protocol.codec import Frame, decode, encode
from protocol.errors import ProtocolError, WrongNamespace
from protocol.packet import Packet


class ExchangeClosed(Exception):
    """The connection has ended, so that no request can be made."""


@dataclass(frozen=True, slots=True)
class Request:
    """A request to be sent.

    Attributes:
        uuid: the `reply_uuid` of its reply.
        packet_id: the id of its packet, for errors and the log.
        text: the frame to send.
        deadline: seconds on the caller's clock after which no reply is awaited.
    """

    uuid: str
    packet_id: str
    text: str
    deadline: float


@dataclass(frozen=True, slots=True)
class Answered:
    """The reply to an open request, which is closed by it."""

    uuid: str
    packet: Packet


@dataclass(frozen=True, slots=True)
class Arrived:
    """A frame that answers no open request."""

    frame: Frame


@dataclass(frozen=True, slots=True)
class UnreadableFrame:
    """A frame that cannot be read; `answer` is the frame that says so, None when none is due."""

    error: ProtocolError
    answer: str | None


class Exchange:
    """Requests and replies of one connection, as one end sees them.

    Args:
        accepts: namespaces that the other end may send.
        extensions: those that the connection was granted.
        new_uuid: makes the uuids of requests.
    """

    def __init__(
        self,
        *,
        accepts: frozenset[str],
        extensions: frozenset[str],
        new_uuid: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self._accepts = accepts
        self._extensions = extensions
        self._new_uuid = new_uuid
        self._open: dict[str, Request] = {}
        self._is_closed = False

    def request(self, packet: Packet, *, deadline: float) -> Request:
        """Open a request; it is open until it is answered, withdrawn or expired.

        Raises:
            ExchangeClosed: after `close`.
        """
        if self._is_closed:
            raise ExchangeClosed
        uuid = self._new_uuid()
        request = Request(uuid, packet.id, encode(packet, uuid=uuid), deadline)
        self._open[uuid] = request
        return request

    def receive(self, data: str | bytes) -> Answered | Arrived | UnreadableFrame:
        """Match one message of the WebSocket, whatever it holds."""
        try:
            frame = decode(data, accepts=self._accepts, extensions=self._extensions)
        except ProtocolError as error:
            return UnreadableFrame(error, _refusal(error))
        if frame.reply_uuid is None or self._open.pop(frame.reply_uuid, None) is None:
            return Arrived(frame)
        return Answered(frame.reply_uuid, frame.packet)

    def expire(self, now: float) -> tuple[Request, ...]:
        """Close the requests whose deadline has come, and returns them."""
        return self._end(request for request in self._open.values() if request.deadline <= now)

    def withdraw(self, request: Request) -> None:
        """Close a request whose reply is no longer awaited; does nothing if it is closed."""
        self._open.pop(request.uuid, None)

    def close(self) -> tuple[Request, ...]:
        """Close the exchange, and return the requests that will never be answered."""
        self._is_closed = True
        return self._end(self._open.values())

    def _end(self, requests: Iterable[Request]) -> tuple[Request, ...]:
        ended = tuple(requests)
        for request in ended:
            del self._open[request.uuid]
        return ended


def _refusal(error: ProtocolError) -> str | None:
    if error.uuid is None or isinstance(error, WrongNamespace):
        return None
    return encode(generic.Boolean(success=False, message=str(error)), reply_uuid=error.uuid)
