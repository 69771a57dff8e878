"""The booking ledger when clients and services come, go and work in any order."""

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from manager.errors import ClearRefused, NoFreeService
from manager.services.booking_ledger import (
    AmountChanged,
    BookingLedger,
    ServiceState,
    ServiceStatus,
)

IDLE_S = 30.0


class LedgerMachine(RuleBasedStateMachine):
    """Clients and services come, go and work in any order; the ledger keeps its promises."""

    clients = Bundle("clients")
    services = Bundle("services")

    @initialize()
    def start(self):
        """An empty ledger, and what the outside knows."""
        self.ledger = BookingLedger(IDLE_S)
        self.now = 0.0
        self.told: dict[str, int] = {}
        self.desired: dict[str, int] = {}
        self.running: dict[str, str] = {}
        self.draining: set[str] = set()
        self.idle_since: dict[str, tuple[str | None, float]] = {}
        self.made = 0

    def hear(self, changes: list[AmountChanged]) -> None:
        """A client adds each change to what it was told."""
        for change in changes:
            self.told[change.client] += change.change
            assert self.told[change.client] >= 0

    def new_id(self, kind: str) -> str:
        """An id that nobody has had."""
        self.made += 1
        return f"{kind}{self.made}"

    @rule(target=clients)
    def client_comes(self):
        """A client connects; it has booked nothing."""
        return self.new_id("client")

    @rule(target=services, amount=st.integers(1, 3))
    def services_join(self, amount):
        """Services connect."""
        joined = [self.new_id("service") for _ in range(amount)]
        for service in joined:
            self.hear(self.ledger.service_joined(service, self.now))
        return multiple(*joined)

    @rule(service=consumes(services))
    def service_leaves(self, service):
        """A service disconnects; its holder hears of that first."""
        holder = next(s.holder for s in self.ledger.snapshot().services if s.service == service)
        left = self.ledger.service_left(service, self.now)
        assert left.client == holder
        assert left.was_running == (service in self.running or service in self.draining)
        if holder is not None:
            assert left.changes[0] == AmountChanged(holder, -1)
        self.running.pop(service, None)
        self.draining.discard(service)
        self.hear(left.changes)

    @rule(client=clients, desired=st.integers(1, 6))
    def request(self, client, desired):
        """A client books, or changes its booking."""
        booked = self.ledger.request(client, desired, self.now)
        assert all(change.client != client for change in booked.changes)
        self.desired[client] = desired
        self.told[client] = booked.amount
        self.hear(booked.changes)

    @rule(client=clients)
    def clear(self, client):
        """A client clears its booking, which is refused exactly when it must be."""
        runs = client in self.running.values()
        if runs or client not in self.desired:
            before = self.ledger.snapshot()
            with pytest.raises(ClearRefused) as refusal:
                self.ledger.clear(client, self.now)
            assert refusal.value.code == ("upload-running" if runs else "nothing-booked")
            assert self.ledger.snapshot() == before
            return
        changes = self.ledger.clear(client, self.now)
        del self.desired[client], self.told[client]
        self.hear(changes)

    @rule(client=consumes(clients))
    def client_leaves(self, client):
        """A client disconnects; what works for it drains."""
        changes = self.ledger.client_left(client, self.now)
        self.desired.pop(client, None)
        self.told.pop(client, None)
        for service in [s for s, holder in self.running.items() if holder == client]:
            del self.running[service]
            self.draining.add(service)
        self.hear(changes)

    @rule(client=clients)
    def start_upload(self, client):
        """A client starts an upload, which needs one idle service."""
        idle = self.ledger.holdings(client).idle
        if not idle:
            with pytest.raises(NoFreeService):
                self.ledger.start_upload(client, self.now)
            return
        service = self.ledger.start_upload(client, self.now)
        assert service in idle
        self.running[service] = client

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def service_is_silent(self, data):
        """A service does not answer; its upload goes to a service that nobody else has."""
        silent = data.draw(st.sampled_from(sorted(self.running)))
        client = self.running[silent]
        services = self.ledger.snapshot().services
        free = {s.service for s in services if s.state is ServiceState.FREE}
        others = free | set(self.ledger.holdings(client).idle)
        if not others:
            with pytest.raises(NoFreeService):
                self.ledger.move_upload(silent, self.now)
            return
        moved = self.ledger.move_upload(silent, self.now)
        assert moved.service in others
        del self.running[silent]
        self.draining.add(silent)
        self.running[moved.service] = client
        self.hear(moved.changes)

    @precondition(lambda self: self.running or self.draining)
    @rule(data=st.data())
    def upload_ends(self, data):
        """An upload ends, also one of a departed client."""
        service = data.draw(st.sampled_from(sorted([*self.running, *self.draining])))
        self.running.pop(service, None)
        self.draining.discard(service)
        self.hear(self.ledger.upload_ended(service, self.now))

    @rule(seconds=st.sampled_from([0.0, 1.0, 10.0, 29.0, 30.0, 31.0, 100.0]))
    def time_passes(self, seconds):
        """Time passes; afterwards nothing is overdue."""
        self.now += seconds
        self.hear(self.ledger.tick(self.now))
        deadline = self.ledger.next_deadline()
        assert deadline is None or deadline > self.now

    @rule()
    def time_passes_until_the_deadline(self):
        """The clock rings when the ledger asked for it."""
        deadline = self.ledger.next_deadline()
        if deadline is not None:
            self.now = max(self.now, deadline)
            self.hear(self.ledger.tick(self.now))

    @invariant()
    def told_is_held(self):
        """Amount and changes add up to what each client holds."""
        assert {b.client: b.amount for b in self.ledger.snapshot().bookings} == self.told

    @invariant()
    def desires_are_kept(self):
        """What a client asked for last is what it is known to want."""
        assert {b.client: b.desired for b in self.ledger.snapshot().bookings} == self.desired

    @invariant()
    def holdings_match_services(self):
        """A service serves one client at most, and exactly the started uploads run."""
        services = self.ledger.snapshot().services
        running = {s.service: s.holder for s in services if s.state is ServiceState.RUNNING}
        assert running == self.running
        assert {s.service for s in services if s.state is ServiceState.DRAINING} == self.draining
        for client in self.told:
            holdings = self.ledger.holdings(client)
            held = {s.service for s in services if s.holder == client}
            assert held == {*holdings.idle, *holdings.running}

    @invariant()
    def nothing_free_while_somebody_waits(self):
        """No service stands by while a client waits for one."""
        snapshot = self.ledger.snapshot()
        free = [s for s in snapshot.services if s.state is ServiceState.FREE]
        assert not (free and snapshot.waiting)

    @invariant()
    def nobody_keeps_surplus_idle(self):
        """A client that holds more than it wants uses all of it."""
        for booking in self.ledger.snapshot().bookings:
            if booking.amount > booking.desired:
                assert not self.ledger.holdings(booking.client).idle

    @invariant()
    def nobody_starves(self):
        """What idles too long beside one who waits with fewer, and could use it, is due at once."""
        snapshot = self.ledger.snapshot()
        self.note_idle_times(snapshot.services)
        amounts = {b.client: b.amount for b in snapshot.bookings}
        overdue = [h for h, since in self.idle_since.values() if since + IDLE_S <= self.now]
        for booking in snapshot.waiting:
            lead = 2 if self.ledger.holdings(booking.client).idle else 1
            if any(holder and amounts[holder] - booking.amount >= lead for holder in overdue):
                deadline = self.ledger.next_deadline()
                assert deadline is not None
                assert deadline <= self.now

    def note_idle_times(self, services: tuple[ServiceStatus, ...]) -> None:
        """Measures idle times from the outside; a change of hands starts them anew."""
        idle = {s.service: s.holder for s in services if s.state is ServiceState.IDLE}
        for service in list(self.idle_since):
            if idle.get(service) != self.idle_since[service][0]:
                del self.idle_since[service]
        for service, holder in idle.items():
            self.idle_since.setdefault(service, (holder, self.now))


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=120, stateful_step_count=50)
