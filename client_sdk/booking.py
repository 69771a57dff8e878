"""When to book upload services, whom to give one, when to let them go. No I/O.

The manager books services for a client and tells how many it holds: an `amount` as the answer to a
booking, plus ±1 as services come and go. An upload may be requested only while one of them is free.
`BookingCore` keeps that count and the queue of uploads that wait. Every method takes one event and
returns what is to be done now, in order:

- `Book`: send `c2s:upload-booking-request`, and report `booked` or `unanswered`;
- `Clear`: send `c2s:upload-booking-clear`, and report `cleared` or `unanswered`;
- `Grant`: that ticket has a free service to itself until it is handed back with `leave`;
- `Linger`: report `lingered` in a moment. Services that are left over are kept until then: who
  uploads one file after the other would else ask for fewer and for more again between any two.

One question at most is open at a time. A question that asks for fewer services than are held, or for
none, takes effect as the manager reads it, which is before it reads any request that is sent after
it. So until a question is answered no more is granted than it leaves.
"""

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True)
class Book:
    """Ask for this many services."""

    desired_amount: int


@dataclass(frozen=True)
class Clear:
    """Give all services back."""


@dataclass(frozen=True)
class Grant:
    """This ticket may request its upload now."""

    ticket: Hashable


@dataclass(frozen=True)
class Linger:
    """Wait a moment for another upload before services that are left over are given back."""


Effect = Book | Clear | Grant | Linger


class _Question(Enum):
    BOOK = "book"
    CLEAR = "clear"


class BookingCore:
    """The client's half of booking.

    Args:
        limit: Services to hold at the same time, at most.

    Attributes:
        losses: Services lost so far; a rejection that crossed one on its way is nobody's fault.
    """

    def __init__(self, limit: int) -> None:
        if limit < 1:
            raise ValueError("at least one service is needed to upload")
        self.losses = 0
        self._limit = limit
        self._waiting: dict[Hashable, None] = {}
        self._using: set[Hashable] = set()
        self._connected = False
        self._held = 0
        # What the manager was last asked for; None when it is not known whether it heard.
        self._asked: int | None = 0
        # Until the next answer; None when no question makes the count uncertain.
        self._granted_at_most: int | None = None
        self._question: _Question | None = None
        self._clear_refused = False
        self._lingers = self._has_lingered = False

    @property
    def held(self) -> int:
        """Services that the manager has assigned to this client."""
        return self._held

    @property
    def is_clearing(self) -> bool:
        """Whether the open question is a clear."""
        return self._question is _Question.CLEAR

    @property
    def is_clear_refused(self) -> bool:
        """Whether a refused clear waits for `retry_clear`."""
        return self._clear_refused

    @property
    def waiting(self) -> int:
        """Uploads that wait for a service."""
        return len(self._waiting)

    @property
    def using(self) -> int:
        """Uploads that have one."""
        return len(self._using)

    def wait(self, ticket: Hashable) -> list[Effect]:
        """An upload wants a service."""
        self._waiting[ticket] = None
        return self._next()

    def leave(self, ticket: Hashable) -> list[Effect]:
        """An upload hands its service back, or waits no longer. Unknown tickets are ignored."""
        self._waiting.pop(ticket, None)
        self._using.discard(ticket)
        return self._next()

    def recount(self, ticket: Hashable) -> list[Effect]:
        """An upload found no service free: take its grant back, and ask how many there are."""
        self._using.discard(ticket)
        self._asked = None
        self._limit_to(len(self._using))
        return self._next()

    def connected(self) -> list[Effect]:
        """A connection came about; the manager knows nothing of this client yet."""
        self._connected = True
        return self._next()

    def disconnected(self) -> None:
        """The connection is gone, and every service with it: who had one has to wait again."""
        self._connected = False
        self._using.clear()
        self._held = 0
        self._asked = 0
        self._answered()
        self._clear_refused = self._lingers = self._has_lingered = False

    def booked(self, amount: int) -> list[Effect]:
        """The manager answered a booking.

        This many services are held now, nothing more, nothing less.
        """
        if amount < self._least_held:
            self.losses += 1
        self._held = amount
        self._answered()
        return self._next()

    def modified(self, change: int) -> list[Effect]:
        """The manager gave one service more (1), or took one away (-1)."""
        self._held = max(0, self._held + change)
        if change < 0:
            self.losses += 1
        return self._next()

    def cleared(self, success: bool) -> list[Effect]:
        """The manager answered a clear.

        A refused one waits for `retry_clear`, if there is anything to clear.
        """
        is_in_doubt = self._asked is None
        self._answered()
        if success or self._held == 0:
            self._held = 0
            self._asked = 0
        else:
            self._clear_refused = True
            if is_in_doubt:
                # An earlier clear, whose answer was not heard, may have ended the booking.
                self._held = 0
        return self._next()

    def retry_clear(self) -> list[Effect]:
        """Try a refused clear again, if it is still wanted."""
        self._clear_refused = False
        return self._next()

    def lingered(self) -> list[Effect]:
        """A moment has passed since `Linger`: services that are still left over are given back."""
        self._has_lingered = self._lingers
        return self._next()

    def unanswered(self) -> list[Effect]:
        """The open question got no answer in time: ask anew. It may take effect yet."""
        self._question = None
        self._asked = None
        return self._next()

    def _next(self) -> list[Effect]:
        if not self._connected:
            return []
        return [*self._grants(), *self._ask()]

    def _answered(self) -> None:
        """No question is open. The manager answers in order, so earlier ones are settled as well."""
        self._question = None
        self._granted_at_most = None

    @property
    def _least_held(self) -> int:
        """Services that are held whatever the manager has read of the questions on their way."""
        if self._granted_at_most is None:
            return self._held
        return min(self._held, self._granted_at_most)

    def _limit_to(self, services: int) -> None:
        """Grant no more than these before the next answer."""
        earlier = self._granted_at_most
        self._granted_at_most = services if earlier is None else min(earlier, services)

    def _grants(self) -> list[Effect]:
        grants: list[Effect] = []
        while self._waiting and len(self._using) < self._least_held:
            ticket = next(iter(self._waiting))
            del self._waiting[ticket]
            self._using.add(ticket)
            grants.append(Grant(ticket))
        return grants

    def _ask(self) -> list[Effect]:
        wanted = min(self._limit, len(self._waiting) + len(self._using))
        is_left_over = self._asked is not None and 0 < wanted < self._asked
        if not is_left_over:
            self._lingers = self._has_lingered = False
        if self._question is not None or wanted == self._asked:
            return []
        if not wanted and self._clear_refused:
            return []
        if is_left_over and not self._has_lingered:
            return self._linger()
        return self._ask_for(wanted)

    def _linger(self) -> list[Effect]:
        if self._lingers:
            return []
        self._lingers = True
        return [Linger()]

    def _ask_for(self, wanted: int) -> list[Effect]:
        self._lingers = self._has_lingered = False
        self._limit_to(wanted)
        if not wanted:
            self._question = _Question.CLEAR
            return [Clear()]
        self._question = _Question.BOOK
        self._clear_refused = False
        self._asked = wanted
        return [Book(wanted)]
