"""What the booking ledger answers."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal


class ServiceState(StrEnum):
    """What a service is doing."""

    FREE = "free"
    """Nobody has booked it."""
    IDLE = "idle"
    """Booked, and no upload runs on it."""
    RUNNING = "running"
    """Booked, and an upload runs on it or is just being started."""
    DRAINING = "draining"
    """It may still work for an upload that needs it no longer, so nobody can have it yet."""


@dataclass(frozen=True, slots=True)
class AmountChanged:
    """The client holds one service more or fewer than it was told, and has to be told so."""

    client: str
    change: Literal[1, -1]


@dataclass(frozen=True, slots=True)
class Booked:
    """What a request for services came to.

    Attributes:
        amount: services that the client now holds: the answer to its request.
        changes: what other clients have to be told.
    """

    amount: int
    changes: list[AmountChanged]


@dataclass(frozen=True, slots=True)
class Moved:
    """Where an upload went from a service that does not answer.

    Attributes:
        service: the service that it starts on now.
        changes: what clients have to be told, its own client first.
    """

    service: str
    changes: list[AmountChanged]


@dataclass(frozen=True, slots=True)
class ServiceLeft:
    """Whom the loss of a service concerns.

    Attributes:
        client: who had it booked; None when nobody had, or its client left before.
        was_running: whether an upload ran on it.
        changes: what clients have to be told, the loss of its holder first.
    """

    client: str | None
    was_running: bool
    changes: list[AmountChanged]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What a client wants and what it has."""

    desired: int
    idle: tuple[str, ...]
    running: tuple[str, ...]

    @property
    def amount(self) -> int:
        """Services that the client holds."""
        return len(self.idle) + len(self.running)


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service, for a status page; `holder` is None when nobody has it booked."""

    service: str
    state: ServiceState
    holder: str | None


@dataclass(frozen=True, slots=True)
class BookingStatus:
    """One booking, for a status page."""

    client: str
    desired: int
    amount: int


@dataclass(frozen=True, slots=True)
class LedgerSnapshot:
    """All services in the order in which they joined, and all bookings, the oldest first."""

    services: tuple[ServiceStatus, ...]
    bookings: tuple[BookingStatus, ...]

    @property
    def waiting(self) -> tuple[BookingStatus, ...]:
        """The bookings that have not got all that they want."""
        return tuple(booking for booking in self.bookings if booking.amount < booking.desired)
