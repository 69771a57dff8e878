"""What managers and the allocator say to one another, the manager that decides for all of them.

A manager sends the allocator numbered calls, one at a time, and sends each again until it is answered. So
calls may be lost, doubled and late: an allocator carries each number out once, and answers a repeated one
as it did before. An allocator that does not know the manager, as after an election, first gets a report of
all that the manager knows. Every answer says what has changed for the manager, as absolute values with a
version, so news may be lost, doubled and late as well. `Doorbell` only says that there are news to ask for.
"""

from enum import StrEnum

from msgspec import Struct

from manager.cluster.messages import ClusterMessage
from manager.services.booking_ledger import (
    BookingStatus,
    LedgerSnapshot,
    ServiceState,
    ServiceStatus,
)

ALLOCATOR_SUBJECT = "dc.book"
"""Answered by the allocator alone."""

MAX_OPERATIONS = 1000
"""Operations of one call, and slots that these avoid, at most; one operation is always sent."""
MAX_ITEMS = 1000
"""Items of one part of a report, and of one answer's news: about 300 bytes each, at most."""


LEDGER_SUBJECT = "dc.ledger"
"""Answered by the allocator: all services and bookings."""


def doorbell_subject(manager: str) -> str:
    """Where that manager hears that there are news."""
    return f"dc.mgr.{manager}"


class SlotCard(Struct, frozen=True, kw_only=True):
    """A slot in service, as other managers use it; the fields are those of `UploadSlot`.

    `manager` has its connection.
    """

    id: str
    manager: str
    address: str
    process: str | None = None
    takes_tickets: bool = False
    takes_holders: bool = False
    takes_object_keys: bool = False
    can_resume: bool = False
    takes_bundles: bool = False
    tells_demand: bool = False
    takes_message_limits: bool = False
    credential_id: str | None = None
    channel_id: int | None = None


class LeaseState(Struct, frozen=True, kw_only=True):
    """What a process is to be configured with.

    Attributes:
        webhooks: Ids, in ascending order.
        number: As in `Configure`; it only grows, whoever is the allocator.
        gets_more: As in `Configure`.
    """

    webhooks: tuple[int, ...] = ()
    number: int = 0
    gets_more: bool = False


class AllocatorOperation(Struct, frozen=True, kw_only=True, tag=True):
    """Base of what a manager has the allocator do. May be repeated without harm."""


class ServiceJoined(AllocatorOperation, frozen=True, kw_only=True):
    """The slot takes uploads."""

    card: SlotCard


class ServiceWithdrawn(AllocatorOperation, frozen=True, kw_only=True):
    """The slot takes no uploads any more."""

    slot: str


class ProcessJoined(AllocatorOperation, frozen=True, kw_only=True):
    """A slot of the process is connected."""

    process: str
    slot: str
    tells_demand: bool = False


class ProcessLeft(AllocatorOperation, frozen=True, kw_only=True):
    """A slot of the process has disconnected."""

    process: str
    slot: str


class DemandTold(AllocatorOperation, frozen=True, kw_only=True):
    """Posts of the process wait, or do no more."""

    process: str
    is_waiting: bool


class LeaseConfirmed(AllocatorOperation, frozen=True, kw_only=True):
    """The manager's slots of the process have confirmed that configuration."""

    process: str
    number: int


class ClientLeft(AllocatorOperation, frozen=True, kw_only=True):
    """The client has disconnected."""

    client: str


class RunEnded(AllocatorOperation, frozen=True, kw_only=True):
    """That run of an upload on the slot is over."""

    slot: str
    run: int


class BookServices(AllocatorOperation, frozen=True, kw_only=True):
    """The client wants so many services."""

    client: str
    desired: int


class ClearBooking(AllocatorOperation, frozen=True, kw_only=True):
    """The client wants none any more."""

    client: str


class StartUpload(AllocatorOperation, frozen=True, kw_only=True):
    """Takes one of the client's idle services."""

    client: str
    avoid: tuple[str, ...] = ()


class MoveUpload(AllocatorOperation, frozen=True, kw_only=True):
    """Takes that run off a slot that does not answer."""

    slot: str
    run: int
    avoid: tuple[str, ...] = ()


class AskHoldings(AllocatorOperation, frozen=True, kw_only=True):
    """Asks what the client has."""

    client: str


AnyOperation = (
    ServiceJoined
    | ServiceWithdrawn
    | ProcessJoined
    | ProcessLeft
    | DemandTold
    | LeaseConfirmed
    | ClientLeft
    | RunEnded
    | BookServices
    | ClearBooking
    | StartUpload
    | MoveUpload
    | AskHoldings
)


class OperationResult(Struct, frozen=True, kw_only=True):
    """What an operation came to.

    Attributes:
        code: Of the refusal; None: it was done.
        text: Of the refusal.
        amount: Of services that a booking has come to.
        slot: On which an upload starts.
        run: Of that upload on the slot; no two are the same, and later ones are higher.
        desired: What the client wants.
        idle: The slots that the client has, and that run nothing.
        running: The slots that the client has, and that run an upload.
    """

    code: str | None = None
    text: str = ""
    amount: int = 0
    slot: str = ""
    run: int = 0
    desired: int = 0
    idle: tuple[str, ...] = ()
    running: tuple[str, ...] = ()


class ReportedClient(Struct, frozen=True, kw_only=True):
    """A booking, and the amount that its client was last told."""

    client: str
    desired: int
    amount: int


class ReportedRun(Struct, frozen=True, kw_only=True):
    """An upload that occupies a slot; `client` is None when nobody waits for it any more."""

    slot: str
    run: int
    client: str | None = None


class ReportedProcess(Struct, frozen=True, kw_only=True):
    """What is known of an upload process, also of one that is connected to another manager.

    Attributes:
        slots: Those that are connected to the reporting manager.
        lease: The newest that the manager knows; with what was taken away and is not confirmed.
    """

    process: str
    slots: tuple[str, ...] = ()
    tells_demand: bool = False
    lease: LeaseState = LeaseState()


class Report(ClusterMessage, frozen=True, kw_only=True):
    """One part of all that a manager knows, for the allocator of that epoch.

    Attributes:
        serial: Grows with each report of the manager.
        part: Of this report, from 0.
        parts: How many the report has.
    """

    manager: str
    epoch: int
    serial: int
    part: int
    parts: int
    services: tuple[SlotCard, ...] = ()
    clients: tuple[ReportedClient, ...] = ()
    runs: tuple[ReportedRun, ...] = ()
    processes: tuple[ReportedProcess, ...] = ()


class Call(ClusterMessage, frozen=True, kw_only=True):
    """The manager's next operations, or none: then it only asks for news.

    Attributes:
        epoch: Of the allocator that is meant; 0: the manager knows of none yet.
        serial: Of the report on which these calls stand.
        number: From 1, without gaps.
        heard: Version of the news that the manager has taken.
    """

    manager: str
    epoch: int
    serial: int = 0
    number: int = 0
    heard: int = 0
    operations: tuple[AnyOperation, ...] = ()


class Asked(ClusterMessage, frozen=True, kw_only=True):
    """What the allocator is asked: exactly one of these."""

    call: Call | None = None
    report: Report | None = None


class News(Struct, frozen=True, kw_only=True):
    """What has changed for a manager; absolute, so that only the newest counts.

    Attributes:
        version: Grows with each change.
        amounts: What clients of the manager have.
        services: The slots of other managers; None: it is gone.
        leases: Of processes, wherever they are connected; None: the process is gone.
        process_count: How many processes share the limit of requests.
        has_more: Whether more has changed than is in here.
    """

    version: int = 0
    amounts: dict[str, int] = {}
    services: dict[str, SlotCard | None] = {}
    leases: dict[str, LeaseState | None] = {}
    process_count: int = 0
    has_more: bool = False


class AnswerState(StrEnum):
    """What became of a call or a report."""

    DONE = "done"
    """It was carried out, now or before."""
    UNKNOWN = "unknown"
    """The allocator of this epoch needs a report of the manager first."""
    GATHERING = "gathering"
    """The allocator waits for the reports of other managers: ask again."""
    STALE = "stale"
    """A later call was answered already."""


class AllocatorAnswer(ClusterMessage, frozen=True, kw_only=True):
    """The allocator's answer; `serial` and `number` are those of what it answers, or the part of a report.

    `results` are in the order of the operations.
    """

    epoch: int
    state: AnswerState
    serial: int = 0
    number: int = 0
    results: tuple[OperationResult, ...] = ()
    news: News | None = None


class Doorbell(ClusterMessage, frozen=True, kw_only=True):
    """There are news from the allocator of that epoch."""

    epoch: int


class LedgerRequest(ClusterMessage, frozen=True, kw_only=True):
    """Asks for all services and bookings, for a status page."""


class LedgerState(ClusterMessage, frozen=True, kw_only=True):
    """All services (id, state, client) and bookings (client, desired, amount), the first of them if many."""

    services: tuple[tuple[str, str, str | None], ...]
    bookings: tuple[tuple[str, int, int], ...]

    @classmethod
    def of(cls, snapshot: LedgerSnapshot) -> "LedgerState":
        """What a ledger has."""
        return cls(
            services=tuple(
                (each.service, each.state.value, each.holder)
                for each in snapshot.services[:MAX_ITEMS]
            ),
            bookings=tuple(
                (each.client, each.desired, each.amount) for each in snapshot.bookings[:MAX_ITEMS]
            ),
        )

    def snapshot(self) -> LedgerSnapshot:
        """As a ledger says it."""
        return LedgerSnapshot(
            services=tuple(
                ServiceStatus(service, ServiceState(state), holder)
                for service, state, holder in self.services
            ),
            bookings=tuple(BookingStatus(*each) for each in self.bookings),
        )
