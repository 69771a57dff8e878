"""Decides on bookings and leases for all managers: one elected manager runs it, and no two at a time.

It wraps the very ledger and the very lease allocator of a manager that is alone. What it adds is how it is
talked to (`manager.services.allocation`), and where decisions come from when it is new: all managers report
what they know. Until each of them has, or `GATHER_S` have passed, nothing is decided; so no service is given
away that a client of a manager has which reports a moment later. What clients were told is part of the
reports: a client hears of a change only if what it has now differs from that.

A manager that leaves takes its clients and slots with it. Its upload processes connect to other managers
within seconds; until then, or until `ABSENCE_S` after the fence was raised, they keep their leases
(`manager.services.lease_terms`).

Times are seconds of any monotonic clock. It does no I/O: the owner passes on calls, reports, time, and which
managers have left.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from math import inf, isfinite
from typing import Any

from manager.errors import ClearRefused, NoFreeService, ServiceExists, ServiceNotRunning
from manager.services import allocation
from manager.services.allocation import (
    MAX_ITEMS,
    AllocatorAnswer,
    AnswerState,
    Call,
    LeaseState,
    News,
    OperationResult,
    Report,
    ReportedProcess,
    ReportedRun,
    SlotCard,
)
from manager.services.allocation_pace import Doorbells, PacedLeases
from manager.services.booking_ledger import (
    AmountChanged,
    BookingLedger,
    EarlierBooking,
    LedgerSnapshot,
    ServiceState,
)
from manager.services.lease_terms import ABSENCE_S
from manager.services.leases import EarlierLease, LeaseAllocator

GATHER_S = 2.0
"""How long a new allocator waits for the reports of managers that seem to be alive."""
NUMBERS_PER_EPOCH = 2**20
"""Epochs are milliseconds; no allocator decides so much in one."""

_DONE = OperationResult()

_Key = tuple[str, str]
"""What may be news: its kind ("amount", "service", "lease" or "all"), and an id."""


@dataclass(slots=True)
class _Manager:
    """What the allocator knows of one manager: its report, its last call, and which news it lacks."""

    id: str
    serial: int
    parts: dict[int, Report] = field(default_factory=dict)
    part_count: int = 0
    number: int = 0
    results: tuple[OperationResult, ...] = ()
    is_entered: bool = False
    version: int = 0
    changed: OrderedDict[_Key, int] = field(default_factory=OrderedDict)

    @property
    def is_whole(self) -> bool:
        return self.is_entered or 0 < self.part_count == len(self.parts)

    def note(self, key: _Key) -> None:
        self.version += 1
        self.changed[key] = self.version
        self.changed.move_to_end(key)

    def heard(self, version: int) -> None:
        while self.changed and next(iter(self.changed.values())) <= version:
            self.changed.popitem(last=False)


class Allocator:
    """All bookings and leases, for one term of office."""

    def __init__(self, epoch: int, expected: Iterable[str], *, idle_s: float, now: float) -> None:
        """Begins a term.

        Args:
            epoch: Fencing number of the term.
            expected: Ids of the managers that seem to be alive, this one's own among them.
            idle_s: As of `BookingLedger`.
            now: The time.
        """
        self._epoch = epoch
        self._expected = set(expected)
        self._gathers_until = now + GATHER_S
        self._is_gathering = True
        self._webhooks: dict[int, int] = {}
        self._claimed_webhooks: set[int] = set()
        self._ledger = BookingLedger(idle_s)
        self._leases = LeaseAllocator(epoch * NUMBERS_PER_EPOCH, settles_later=True)
        self._paced = PacedLeases(self._leases, self._running_uploads)
        self._bells = Doorbells()
        self._now = now
        self._run = epoch * NUMBERS_PER_EPOCH
        self._managers: dict[str, _Manager] = {}
        self._cards: dict[str, SlotCard] = {}
        self._runs: dict[str, int] = {}
        self._clients: dict[str, str] = {}
        self._processes: dict[str, dict[str, str]] = {}
        self._states: dict[str, LeaseState] = {}
        self._confirmed: dict[str, dict[str, int]] = {}
        self._absent_until: dict[str, float] = {}
        self._claims_end_at = float("-inf")
        self._wants_fence = False
        self._fencing: frozenset[str] = frozenset()
        self._carry_out: dict[type, Callable[[str, Any, float], OperationResult]] = {
            allocation.ServiceJoined: self._service_joined,
            allocation.ServiceWithdrawn: self._service_left,
            allocation.ProcessJoined: self._process_joined,
            allocation.ProcessLeft: self._process_left,
            allocation.DemandTold: self._demand_told,
            allocation.LeaseConfirmed: self._lease_confirmed,
            allocation.ClientLeft: self._client_left,
            allocation.RunEnded: self._upload_ended,
            allocation.BookServices: self._book,
            allocation.ClearBooking: self._clear,
            allocation.StartUpload: self._start_upload,
            allocation.MoveUpload: self._move_upload,
            allocation.AskHoldings: self._holdings,
        }

    # What managers say

    def report(self, report: Report, now: float) -> AllocatorAnswer:
        """Takes one part of a manager's report."""
        self._now = now
        if report.epoch != self._epoch:
            return self._answer(AnswerState.UNKNOWN, report.serial)
        known = self._managers.get(report.manager)
        if known is not None and report.serial < known.serial:
            return self._answer(AnswerState.STALE, report.serial)
        if known is None or report.serial > known.serial:
            if known is not None and known.is_entered:
                self._leave(report.manager, now)
            known = _Manager(report.manager, report.serial, part_count=report.parts)
            self._managers[report.manager] = known
        if not known.is_entered:
            known.parts[report.part] = report
        if known.is_whole and not known.is_entered:
            self._expected.discard(report.manager)
            if not self._is_gathering:
                self._enter([known], now)
            self._lease_webhooks()
            self.tick(now)
        return AllocatorAnswer(
            epoch=self._epoch, state=AnswerState.DONE, serial=report.serial, number=report.part
        )

    def call(self, call: Call, now: float) -> AllocatorAnswer:
        """Carries out a manager's operations, once."""
        self._now = now
        manager = self._managers.get(call.manager)
        if call.epoch != self._epoch or manager is None or call.serial != manager.serial:
            return self._answer(AnswerState.UNKNOWN, call.serial)
        if not manager.is_entered:
            state = AnswerState.GATHERING if manager.is_whole else AnswerState.UNKNOWN
            return self._answer(state, call.serial)
        if call.number not in {manager.number, manager.number + 1}:
            return self._answer(AnswerState.STALE, call.serial)
        if call.number > manager.number:
            manager.results = tuple(
                self._carry_out[type(each)](manager.id, each, now) for each in call.operations
            )
            manager.number = call.number
            self._settle_leases()
        manager.heard(call.heard)
        self._bells.forget(manager.id)
        return AllocatorAnswer(
            epoch=self._epoch,
            state=AnswerState.DONE,
            serial=call.serial,
            number=call.number,
            results=manager.results,
            news=self._news(manager),
        )

    def manager_left(self, manager_id: str, now: float) -> None:
        """A manager is gone: so are its clients and its slots. One that is not known is no error."""
        self._now = now
        gone = self._managers.pop(manager_id, None)
        if gone is not None and gone.is_entered:
            self._leave(manager_id, now)
        if manager_id in self._expected:
            # It has said nothing to this allocator, and may have what nobody else knows of.
            self._expected.discard(manager_id)
            self._claims_end_at, self._wants_fence = inf, True
            self._lease_webhooks()
        self.tick(now)

    def _leave(self, manager_id: str, now: float) -> None:
        self._bells.forget(manager_id)
        for client in [each for each, home in self._clients.items() if home == manager_id]:
            self._forget_client(client, now)
        for card in [each for each in self._cards.values() if each.manager == manager_id]:
            self._forget_service(card.id, now)
        for process, slots in tuple(self._processes.items()):
            for slot in [each for each, owner in slots.items() if owner == manager_id]:
                del slots[slot]
                self._leases.slot_lost(process, slot)
            self._confirmed.get(process, {}).pop(manager_id, None)
            if not slots and process not in self._absent_until:
                self._await_return(process)
        self._note_all(("all", ""))

    def _await_return(self, process: str) -> None:
        """A process is connected nowhere that is known; its leases wait for the fence, and for it."""
        self._absent_until[process] = inf
        self._wants_fence = True

    # The fence

    def take_fence(self) -> int | None:
        """The number to which the fence is to be raised now; None: it need not be. Tell what came of it."""
        if not self._wants_fence:
            return None
        self._wants_fence = False
        self._fencing = frozenset(each for each, at in self._absent_until.items() if at == inf)
        return self._leases.number

    def fence_not_raised(self) -> None:
        """The catalog did not answer: it is to be tried again."""
        self._wants_fence = True

    def fence_raised(self, now: float) -> None:
        """The catalog has the number of the last `take_fence`."""
        self._now = now
        for process in self._fencing:
            if self._absent_until.get(process) == inf:
                self._absent_until[process] = now + ABSENCE_S
        if self._claims_end_at == inf:
            self._claims_end_at = now + ABSENCE_S
        # Those that are known to be alive get numbers which the fence does not concern.
        self._leases.renumber()
        self._settle_leases()

    # What the owner says

    def set_webhooks(self, channels: Mapping[int, int]) -> None:
        """As of `LeaseAllocator`."""
        self._webhooks = dict(channels)
        self._lease_webhooks()
        self._settle_leases()

    def _lease_webhooks(self) -> None:
        self._leases.set_webhooks(self._usable_webhooks)

    @property
    def _usable_webhooks(self) -> Mapping[int, int]:
        """All webhooks; while a report is missing, only those of which another one says who has them."""
        if not self._expected and self._now >= self._claims_end_at:
            return self._webhooks
        return {key: self._webhooks[key] for key in self._webhooks.keys() & self._claimed_webhooks}

    def tick(self, now: float) -> None:
        """Does what is due; to be called at `next_deadline`, or more often."""
        self._now = now
        if self._is_gathering and (not self._expected or now >= self._gathers_until):
            self._is_gathering = False
            self._enter([each for each in self._managers.values() if each.is_whole], now)
        if now >= self._claims_end_at > float("-inf"):
            self._claims_end_at = float("-inf")
            self._lease_webhooks()
        for process in [each for each, until in self._absent_until.items() if now >= until]:
            del self._absent_until[process]
            del self._processes[process]
            self._leases.slot_left(process, "")
            self._lease_gone(process)
        self._changed(self._ledger.tick(now))
        self._settle_leases()

    def next_deadline(self) -> float | None:
        """When `tick` may have something to do next; None: when something else happens."""
        deadlines = [
            self._ledger.next_deadline(),
            self._paced.due_at,
            self._bells.due_at,
            *(
                each
                for each in (self._claims_end_at, *self._absent_until.values())
                if isfinite(each)
            ),
        ]
        if self._is_gathering:
            deadlines.append(self._gathers_until)
        return min((each for each in deadlines if each is not None), default=None)

    def take_rings(self, now: float) -> Collection[str]:
        """The managers for which there are news that they have not been rung for yet."""
        return self._bells.take(now)

    def snapshot(self) -> LedgerSnapshot:
        """All services and bookings."""
        return self._ledger.snapshot()

    @property
    def is_gathering(self) -> bool:
        """Whether nothing is decided yet."""
        return self._is_gathering

    # Reports

    def _enter(self, managers: Iterable[_Manager], now: float) -> None:
        """Takes over what these managers have reported, together."""
        entered = tuple(managers)
        reports = [report for each in entered for report in each.parts.values()]
        for each in entered:
            each.is_entered = True
            each.parts.clear()
        self._enter_services(reports)
        self._enter_bookings(reports, now)
        self._enter_leases(reports)
        for each in entered:
            for slot in self._cards:
                each.note(("service", slot))
            for process in self._states:
                each.note(("lease", process))
        self._note_all(("all", ""))

    def _enter_services(self, reports: Iterable[Report]) -> None:
        for report in reports:
            for card in report.services:
                self._cards.setdefault(card.id, card)
                self._note_all(("service", card.id))

    def _enter_bookings(self, reports: Collection[Report], now: float) -> None:
        bookings = {}
        for report in reports:
            for booking in report.clients:
                self._clients[booking.client] = report.manager
                bookings[booking.client] = EarlierBooking(
                    booking.client, booking.desired, booking.amount
                )
        claims: dict[str, ReportedRun] = {}
        # Of several claims on a slot the newest one counts; the manager of its client knows for whom it is.
        runs = [run for report in reports for run in report.runs if run.slot in self._cards]
        for run in sorted(runs, key=lambda each: (-each.run, each.client is None)):
            if self._ledger.state_of(run.slot) is not ServiceState.RUNNING:
                claims.setdefault(run.slot, run)
        self._runs.update((slot, claim.run) for slot, claim in claims.items())
        running = [(slot, claim.client) for slot, claim in claims.items()]
        services = [card.id for report in reports for card in report.services]
        self._changed(self._ledger.restore(services, running, tuple(bookings.values()), now))
        # Who was told another amount than there is hears of it; of a hundred thousand hardly any was.
        for client, earlier in bookings.items():
            if self._ledger.amount_of(client) != earlier.amount:
                self._amount_changed(client)

    def _enter_leases(self, reports: Iterable[Report]) -> None:
        reported: dict[str, list[ReportedProcess]] = {}
        for report in reports:
            for each in report.processes:
                reported.setdefault(each.process, []).append(each)
                slots = self._processes.setdefault(each.process, {})
                slots.update(dict.fromkeys(each.slots, report.manager))
        earlier = [
            _earlier_lease(process, claims, self._processes[process])
            for process, claims in reported.items()
        ]
        for process, slots in self._processes.items():
            if slots:
                self._absent_until.pop(process, None)
            elif process not in self._absent_until:
                self._await_return(process)
        self._claimed_webhooks.update(webhook for each in earlier for webhook in each.webhook_ids)
        self._leases.restore(self._usable_webhooks, earlier)

    # Operations

    def _service_joined(
        self, manager: str, joined: allocation.ServiceJoined, now: float
    ) -> OperationResult:
        card = joined.card
        try:
            changes = self._ledger.service_joined(card.id, now)
        except ServiceExists:
            return _DONE
        self._cards[card.id] = card
        self._note_all(("service", card.id), but=manager)
        self._changed(changes)
        return _DONE

    def _service_left(
        self, _: str, left: allocation.ServiceWithdrawn, now: float
    ) -> OperationResult:
        self._forget_service(left.slot, now)
        return _DONE

    def _forget_service(self, slot: str, now: float) -> None:
        self._runs.pop(slot, None)
        self._changed(self._ledger.service_left(slot, now).changes)
        if self._cards.pop(slot, None) is not None:
            self._note_all(("service", slot))

    def _process_joined(
        self, manager: str, joined: allocation.ProcessJoined, _: float
    ) -> OperationResult:
        self._processes.setdefault(joined.process, {})[joined.slot] = manager
        self._absent_until.pop(joined.process, None)
        self._leases.slot_joined(joined.process, joined.slot, tells_demand=joined.tells_demand)
        self._note_all(("all", ""))
        return _DONE

    def _process_left(
        self, manager: str, left: allocation.ProcessLeft, _: float
    ) -> OperationResult:
        slots = self._processes.get(left.process, {})
        if slots.pop(left.slot, None) is None:
            return _DONE
        if manager not in slots.values():
            self._confirmed.get(left.process, {}).pop(manager, None)
        self._leases.slot_left(left.process, left.slot)
        if slots:
            self._confirm(left.process)
        else:
            del self._processes[left.process]
            self._lease_gone(left.process)
        return _DONE

    def _demand_told(self, _: str, told: allocation.DemandTold, __: float) -> OperationResult:
        self._paced.demand_told(told.process, is_waiting=told.is_waiting)
        return _DONE

    def _running_uploads(self) -> Mapping[str, int]:
        """How many uploads run that a client waits for, by their process."""
        processes = (self._cards[slot].process for slot in self._ledger.running())
        return Counter(process for process in processes if process is not None)

    def _lease_confirmed(
        self, manager: str, confirmed: allocation.LeaseConfirmed, _: float
    ) -> OperationResult:
        self._confirmed.setdefault(confirmed.process, {})[manager] = confirmed.number
        self._confirm(confirmed.process)
        return _DONE

    def _confirm(self, process: str) -> None:
        """A process has confirmed what every manager says that has slots of it."""
        confirmed = self._confirmed.get(process, {})
        owners = set(self._processes.get(process, {}).values())
        if owners and owners <= confirmed.keys():
            number = min(confirmed[each] for each in owners)
            self._leases.confirmed(process, number)

    def _client_left(self, _: str, left: allocation.ClientLeft, now: float) -> OperationResult:
        self._forget_client(left.client, now)
        return _DONE

    def _forget_client(self, client: str, now: float) -> None:
        self._clients.pop(client, None)
        self._changed(self._ledger.client_left(client, now))

    def _upload_ended(self, _: str, ended: allocation.RunEnded, now: float) -> OperationResult:
        if self._runs.get(ended.slot) != ended.run:
            return _DONE
        del self._runs[ended.slot]
        self._changed(self._ledger.upload_ended(ended.slot, now))
        return _DONE

    def _book(self, manager: str, book: allocation.BookServices, now: float) -> OperationResult:
        self._clients[book.client] = manager
        booked = self._ledger.request(book.client, book.desired, now)
        self._changed([AmountChanged(book.client, 1), *booked.changes])
        return OperationResult(amount=booked.amount)

    def _clear(self, _: str, clear: allocation.ClearBooking, now: float) -> OperationResult:
        try:
            changes = self._ledger.clear(clear.client, now)
        except ClearRefused as error:
            return OperationResult(code=error.code, text=error.message)
        self._changed([AmountChanged(clear.client, -1), *changes])
        return _DONE

    def _start_upload(self, _: str, start: allocation.StartUpload, now: float) -> OperationResult:
        try:
            slot = self._ledger.start_upload(start.client, now, frozenset(start.avoid))
        except NoFreeService as error:
            return OperationResult(code=error.code, text=error.message)
        return self._started(slot)

    def _move_upload(self, _: str, move: allocation.MoveUpload, now: float) -> OperationResult:
        if self._runs.get(move.slot) != move.run:
            return OperationResult(code="service-gone", text="the upload service is gone")
        try:
            moved = self._ledger.move_upload(move.slot, now, frozenset(move.avoid))
        except (NoFreeService, ServiceNotRunning) as error:
            return OperationResult(code=error.code, text=error.message)
        self._changed(moved.changes)
        return self._started(moved.service)

    def _started(self, slot: str) -> OperationResult:
        self._run += 1
        self._runs[slot] = self._run
        return OperationResult(slot=slot, run=self._run)

    def _holdings(self, _: str, ask: allocation.AskHoldings, __: float) -> OperationResult:
        held = self._ledger.holdings(ask.client)
        return OperationResult(desired=held.desired, idle=held.idle, running=held.running)

    # News

    def _changed(self, changes: Iterable[AmountChanged]) -> None:
        for changed in changes:
            self._amount_changed(changed.client)

    def _amount_changed(self, client: str) -> None:
        manager = self._managers.get(self._clients.get(client, ""))
        if manager is not None:
            manager.note(("amount", client))
            self._bells.ring(manager.id)

    def _settle_leases(self) -> None:
        for each in self._paced.settle(self._now):
            self._states[each.process] = LeaseState(
                webhooks=each.webhook_ids, number=each.number, gets_more=each.gets_more
            )
            self._note_all(("lease", each.process))
            for manager in {*self._processes.get(each.process, {}).values()}:
                self._bells.ring(manager)

    def _lease_gone(self, process: str) -> None:
        self._confirmed.pop(process, None)
        self._states.pop(process, None)
        self._note_all(("lease", process))

    def _note_all(self, key: _Key, *, but: str | None = None) -> None:
        told = [each for each in self._managers.values() if each.is_entered and each.id != but]
        for manager in told:
            manager.note(key)
        self._bells.ring_soon([each.id for each in told], self._now, len(self._managers))

    def _news(self, manager: _Manager) -> News:
        amounts: dict[str, int] = {}
        services: dict[str, SlotCard | None] = {}
        leases: dict[str, LeaseState | None] = {}
        version = manager.version
        has_more = len(manager.changed) > MAX_ITEMS
        for place, ((kind, name), changed) in enumerate(manager.changed.items()):
            if place == MAX_ITEMS:
                break
            version = changed
            if kind == "amount":
                amounts[name] = self._ledger.amount_of(name)
            elif kind == "service":
                card = self._cards.get(name)
                if card is None or card.manager != manager.id:
                    services[name] = card
            elif kind == "lease":
                leases[name] = self._states.get(name)
        return News(
            version=version,
            amounts=amounts,
            services=services,
            leases=leases,
            process_count=self._leases.process_count,
            has_more=has_more,
        )

    def _answer(self, state: AnswerState, serial: int) -> AllocatorAnswer:
        return AllocatorAnswer(epoch=self._epoch, state=state, serial=serial)


def _earlier_lease(
    process: str, claims: Collection[ReportedProcess], slots: Iterable[str]
) -> EarlierLease:
    """What a process has, from all reports on it.

    The managers that it is connected to know what it may still use. Others know only what it was given.
    """
    own = [each for each in claims if each.slots]
    used = own or [max(claims, key=lambda each: each.lease.number)]
    return EarlierLease(
        process,
        tuple(slots),
        tells_demand=any(each.tells_demand for each in own),
        webhook_ids=tuple(sorted({webhook for each in used for webhook in each.lease.webhooks})),
    )
