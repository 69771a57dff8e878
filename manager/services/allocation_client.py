"""What one manager tells the allocator, and knows from it.

It decides without I/O and without a clock: its owner sends what `next_message` returns until an answer has
come, and passes that to `received`, which returns what has changed. An operation is carried out once by the
allocator that answers it. If that is replaced before its answer arrives, the next one gets a report of
what this manager knows, and then the operation again.

What clients were told is kept here, and compared with what they have whenever news come: so it does not
matter how many allocators decided, or how often the same was heard.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeVar

from manager.services.allocation import (
    MAX_ITEMS,
    MAX_OPERATIONS,
    AllocatorAnswer,
    AnswerState,
    AnyOperation,
    Asked,
    BookServices,
    Call,
    ClearBooking,
    ClientLeft,
    LeaseConfirmed,
    LeaseState,
    MoveUpload,
    News,
    OperationResult,
    ProcessJoined,
    ProcessLeft,
    Report,
    ReportedClient,
    ReportedProcess,
    ReportedRun,
    RunEnded,
    ServiceJoined,
    ServiceWithdrawn,
    SlotCard,
    StartUpload,
)
from manager.services.booking_ledger import AmountChanged

T = TypeVar("T")


@dataclass(slots=True, eq=False)
class PendingOperation:
    """One operation that is not answered yet.

    Attributes:
        operation: What the allocator is to do.
        is_wanted: Whether anybody waits for its result.
        is_void: Whether its client has disconnected meanwhile.
    """

    operation: AnyOperation
    is_wanted: bool = True
    is_void: bool = False


@dataclass(slots=True)
class Heard:
    """What an answer has changed.

    Attributes:
        results: Of operations, in their order.
        changes: Of amounts, as clients are to be told them.
        joined: Slots of other managers that are new.
        left: Slots of other managers that are gone.
        leases: Processes that are to be configured anew.
        is_count_new: Whether other processes share the limit of requests.
        ask_later: Whether the allocator cannot answer yet.
        is_answered: Whether the allocator has carried out a call.
    """

    results: list[tuple[PendingOperation, OperationResult]] = field(default_factory=list)
    changes: list[AmountChanged] = field(default_factory=list)
    joined: list[SlotCard] = field(default_factory=list)
    left: list[SlotCard] = field(default_factory=list)
    leases: list[str] = field(default_factory=list)
    is_count_new: bool = False
    ask_later: bool = False
    is_answered: bool = False


@dataclass(slots=True)
class _Booking:
    desired: int
    told: int


@dataclass(slots=True)
class _Run:
    number: int
    client: str


@dataclass(slots=True)
class _Process:
    """An upload process that is connected here.

    `unconfirmed`: webhooks that it may still use. `is_decided`: whether the allocator has decided on its
    leases since the last report.
    """

    tells_demand: bool
    is_decided: bool = False
    slots: dict[str, None] = field(default_factory=dict)
    unconfirmed: set[int] = field(default_factory=set)


class AllocationClient:
    """One manager's side of all bookings and leases."""

    def __init__(self, manager: str) -> None:
        self._manager = manager
        self._epoch = 0
        self._serial = 0
        self._number = 0
        self._heard = 0
        self._reports: list[Report] = []
        self._queue: deque[PendingOperation] = deque()
        self._in_flight: list[PendingOperation] = []
        self._is_called = False
        self._has_news = True
        self._bookings: dict[str, _Booking] = {}
        self._runs: dict[str, _Run] = {}
        self._stubs: dict[str, int] = {}
        self._own: dict[str, SlotCard] = {}
        self._processes: dict[str, _Process] = {}
        self._services: dict[str, SlotCard] = {}
        self._leases: dict[str, LeaseState] = {}
        self._unseen_services: set[str] = set()
        self._process_count = 0

    # What is known

    @property
    def has_work(self) -> bool:
        """Whether there is something to ask or to say now."""
        return bool(self._has_news or self._is_called or self._reports or self._queue)

    @property
    def process_count(self) -> int:
        """How many upload processes share the limit of requests."""
        return self._process_count

    @property
    def services(self) -> Mapping[str, SlotCard]:
        """The slots of other managers. A view."""
        return MappingProxyType(self._services)

    def lease(self, process: str) -> LeaseState:
        """What a process is to be configured with."""
        return self._leases.get(process, LeaseState())

    @property
    def connected_leases(self) -> Mapping[str, int]:
        """The numbers of the leases of the processes that are connected here."""
        return {process: self.lease(process).number for process in self._processes}

    @property
    def decided_processes(self) -> Iterator[str]:
        """The connected processes whose leases are those of the allocator that answers."""
        return (name for name, process in self._processes.items() if process.is_decided)

    def may_use(self, process: str, webhook_id: int) -> bool:
        """Whether the process has the webhook, or has not confirmed its loss."""
        connected = self._processes.get(process)
        return webhook_id in self.lease(process).webhooks or (
            connected is not None and webhook_id in connected.unconfirmed
        )

    def told(self, client: str) -> int:
        """The amount that a client was told that it has."""
        booking = self._bookings.get(client)
        return 0 if booking is None else booking.told

    def run_on(self, slot: str) -> int:
        """Number of the run that an upload of this manager has on the slot; 0: there is none."""
        run = self._runs.get(slot)
        return 0 if run is None else run.number

    # What happens here

    def ring(self) -> None:
        """There may be news to ask for."""
        self._has_news = True

    def service_joined(self, card: SlotCard) -> None:
        """A slot of this manager takes uploads."""
        self._own[card.id] = card
        self.say(ServiceJoined(card=card))

    def service_left(self, slot: str) -> None:
        """A slot of this manager takes no uploads any more."""
        if self._own.pop(slot, None) is not None:
            self._runs.pop(slot, None)
            self._stubs.pop(slot, None)
            self.say(ServiceWithdrawn(slot=slot))

    def process_joined(self, process: str, slot: str, *, tells_demand: bool) -> None:
        """A slot of a process is connected here."""
        joined = self._processes.setdefault(process, _Process(tells_demand))
        joined.slots[slot] = None
        self.say(ProcessJoined(process=process, slot=slot, tells_demand=tells_demand))

    def process_left(self, process: str, slot: str) -> None:
        """A slot of a process has disconnected."""
        left = self._processes.get(process)
        if left is None:
            return
        left.slots.pop(slot, None)
        if not left.slots:
            del self._processes[process]
        self.say(ProcessLeft(process=process, slot=slot))

    def lease_confirmed(self, process: str, number: int) -> None:
        """All slots that the process has here have confirmed that configuration."""
        connected = self._processes.get(process)
        if connected is not None and number >= self.lease(process).number:
            connected.unconfirmed.clear()
        self.say(LeaseConfirmed(process=process, number=number))

    def client_left(self, client: str) -> None:
        """A client has disconnected."""
        self._bookings.pop(client, None)
        for ticket in (*self._in_flight, *self._queue):
            if isinstance(ticket.operation, BookServices) and ticket.operation.client == client:
                ticket.is_void = True
        self.say(ClientLeft(client=client))

    def upload_ended(self, slot: str) -> None:
        """An upload of this manager does not occupy the slot any more; without one nothing happens."""
        run = self._runs.pop(slot, None)
        if run is not None:
            self.say(RunEnded(slot=slot, run=run.number))

    def stub_began(self, slot: str, run: int) -> None:
        """An upload of another manager occupies a slot of this one."""
        self._stubs[slot] = run

    def stub_ended(self, slot: str, run: int) -> None:
        """An upload of another manager does not occupy a slot of this one any more."""
        if self._stubs.get(slot) == run:
            del self._stubs[slot]
        self.say(RunEnded(slot=slot, run=run))

    def ask(self, operation: AnyOperation) -> PendingOperation:
        """Has the allocator carry something out."""
        ticket = PendingOperation(operation)
        self._queue.append(ticket)
        return ticket

    def abandon(self, ticket: PendingOperation) -> None:
        """Nobody waits for the result any more: it is not asked for, or undone when it comes."""
        ticket.is_wanted = False
        if ticket in self._queue:
            self._queue.remove(ticket)

    def say(self, operation: AnyOperation) -> None:
        """Has the allocator carry something out of which nobody waits for the result."""
        self._queue.append(PendingOperation(operation))

    # Messages

    def next_message(self) -> Asked:
        """What is to be sent now; the same until it is answered."""
        if self._reports:
            return Asked(report=self._reports[0])
        if self._epoch and not self._is_called:
            self._is_called, self._has_news = True, False
            self._number += 1
            room = MAX_OPERATIONS - sum(map(_weight, self._in_flight))
            while self._queue and room > 0:
                self._in_flight.append(self._queue.popleft())
                room -= _weight(self._in_flight[-1])
        return Asked(
            call=Call(
                manager=self._manager,
                epoch=self._epoch,
                serial=self._serial,
                number=self._number,
                heard=self._heard,
                operations=tuple(each.operation for each in self._in_flight),
            )
        )

    def received(self, answer: AllocatorAnswer) -> Heard:
        """Takes an answer, whatever it answers."""
        heard = Heard()
        if answer.epoch < self._epoch:
            return heard
        if answer.epoch > self._epoch:
            self._begin_report(answer.epoch)
        elif answer.serial == self._serial:
            self._take(answer, heard)
        return heard

    def _take(self, answer: AllocatorAnswer, heard: Heard) -> None:
        match answer.state:
            case AnswerState.UNKNOWN:
                self._begin_report(answer.epoch)
            case AnswerState.GATHERING:
                heard.ask_later = True
            case AnswerState.DONE if answer.news is not None:
                self._take_results(answer, answer.news, heard)
            case AnswerState.DONE:
                if self._reports and self._reports[0].part == answer.number:
                    del self._reports[0]

    def _take_results(self, answer: AllocatorAnswer, news: News, heard: Heard) -> None:
        if not self._is_called or answer.number != self._number:
            return
        self._is_called = False
        heard.is_answered = True
        tickets, self._in_flight = self._in_flight, []
        for ticket, result in zip(tickets, answer.results, strict=True):
            self._take_result(ticket, result, news)
            heard.results.append((ticket, result))
        if news.version > self._heard:
            self._take_news(news, heard)
        if not news.has_more:
            self._drop_unseen(heard)
        self._has_news |= news.has_more
        if self._process_count != news.process_count:
            self._process_count = news.process_count
            heard.is_count_new = True

    def _take_result(self, ticket: PendingOperation, result: OperationResult, news: News) -> None:
        if result.code is not None:
            return
        match ticket.operation:
            case BookServices(client=client, desired=desired) if not ticket.is_void:
                # Of a booking that the client was told to be impossible it hears as of changes.
                told = self.told(client)
                if ticket.is_wanted:
                    told = news.amounts.get(client, result.amount)
                self._bookings[client] = _Booking(desired, told)
            case ClearBooking(client=client):
                self._bookings.pop(client, None)
            case StartUpload(client=client):
                self._began(ticket, result, client)
            case MoveUpload(slot=slot):
                moved = self._runs.get(slot)
                self._began(ticket, result, "" if moved is None else moved.client)

    def _began(self, ticket: PendingOperation, result: OperationResult, client: str) -> None:
        self._runs[result.slot] = _Run(result.run, client)
        if not ticket.is_wanted:
            self.upload_ended(result.slot)

    def _take_news(self, news: News, heard: Heard) -> None:
        self._heard = news.version
        for client, amount in news.amounts.items():
            self._take_amount(client, amount, heard)
        for slot, card in news.services.items():
            self._unseen_services.discard(slot)
            self._take_service(slot, card, heard)
        for process, lease in news.leases.items():
            self._take_lease(process, lease, heard)

    def _take_amount(self, client: str, amount: int, heard: Heard) -> None:
        booking = self._bookings.get(client)
        if booking is None:
            return
        difference = amount - booking.told
        booking.told = amount
        change = AmountChanged(client, 1 if difference > 0 else -1)
        heard.changes += [change] * abs(difference)

    def _take_service(self, slot: str, card: SlotCard | None, heard: Heard) -> None:
        known = self._services.pop(slot, None)
        if card is not None:
            self._services[slot] = card
            if known is None:
                heard.joined.append(card)
        elif known is not None:
            self._runs.pop(slot, None)
            heard.left.append(known)

    def _take_lease(self, process: str, lease: LeaseState | None, heard: Heard) -> None:
        known = self.lease(process)
        if lease is None:
            self._leases.pop(process, None)
            return
        self._leases[process] = lease
        connected = self._processes.get(process)
        if connected is not None and lease.number > known.number:
            connected.unconfirmed |= set(known.webhooks) - set(lease.webhooks)
            connected.is_decided = True
            heard.leases.append(process)

    def _drop_unseen(self, heard: Heard) -> None:
        """Forgets slots that an allocator before this one knew, and this one does not."""
        for slot in self._unseen_services:
            self._take_service(slot, None, heard)
        self._unseen_services.clear()

    # Reports

    def _begin_report(self, epoch: int) -> None:
        self._epoch = epoch
        for process in self._processes.values():
            process.is_decided = False
        self._serial += 1
        self._number = self._heard = 0
        self._is_called = False
        self._has_news = True
        self._unseen_services = set(self._services)
        services = _parts(tuple(self._own.values()))
        clients = _parts(
            [
                ReportedClient(client=client, desired=each.desired, amount=each.told)
                for client, each in self._bookings.items()
            ]
        )
        runs = _parts(self._reported_runs())
        processes = _parts(self._reported_processes())
        count = max(1, len(services), len(clients), len(runs), len(processes))
        self._reports = [
            Report(
                manager=self._manager,
                epoch=epoch,
                serial=self._serial,
                part=part,
                parts=count,
                services=_at(services, part),
                clients=_at(clients, part),
                runs=_at(runs, part),
                processes=_at(processes, part),
            )
            for part in range(count)
        ]

    def _reported_runs(self) -> list[ReportedRun]:
        runs = [
            ReportedRun(
                slot=slot,
                run=run.number,
                client=run.client if run.client in self._bookings else None,
            )
            for slot, run in self._runs.items()
        ]
        return runs + [ReportedRun(slot=slot, run=run) for slot, run in self._stubs.items()]

    def _reported_processes(self) -> list[ReportedProcess]:
        return [self._reported_process(process) for process in {**self._leases, **self._processes}]

    def _reported_process(self, process: str) -> ReportedProcess:
        lease = self.lease(process)
        connected = self._processes.get(process)
        if connected is None:
            return ReportedProcess(process=process, lease=lease)
        webhooks = tuple(sorted({*lease.webhooks, *connected.unconfirmed}))
        return ReportedProcess(
            process=process,
            slots=tuple(connected.slots),
            tells_demand=connected.tells_demand,
            lease=LeaseState(webhooks=webhooks, number=lease.number, gets_more=lease.gets_more),
        )


def _weight(ticket: PendingOperation) -> int:
    """How much room an operation takes in a call: it may name many slots."""
    return 1 + len(getattr(ticket.operation, "avoid", ()))


def _parts(items: Sequence[T]) -> list[tuple[T, ...]]:
    """The items in parts of a report, in which they leave room for three other kinds."""
    size = MAX_ITEMS // 4
    return [tuple(items[first : first + size]) for first in range(0, len(items), size)]


def _at(parts: Sequence[tuple[T, ...]], place: int) -> tuple[T, ...]:
    return parts[place] if place < len(parts) else ()
