"""The SDK's half of booking against the manager's own ledger, over lines that delay."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from client_sdk.booking import Book, BookingCore, Clear, Effect, Grant, Linger
from manager.errors import ClearRefused, NoFreeService
from manager.services.booking_ledger import AmountChanged, BookingLedger

IDLE_S = 30.0
CLIENTS = st.sampled_from(["alice", "alice", "alice", "bob"])


@dataclass
class SdkClient:
    """A client, its uploads, and its line to the manager in both directions.

    Attributes:
        to_manager: what the manager has not read yet: each entry is carried out as it is read.
        to_client: as `to_manager`, the other way.
        question: number of the question that the client waits for.
        losses: services that the manager has taken away so far.
        known_losses: those of them that the client has heard of.
    """

    core: BookingCore
    to_manager: deque[Callable[[], None]] = field(default_factory=deque)
    to_client: deque[Callable[[], None]] = field(default_factory=deque)
    waiting: list[int] = field(default_factory=list)
    using: list[int] = field(default_factory=list)
    question: int | None = None
    losses: int = 0
    known_losses: int = 0
    is_connected: bool = False


class BookingOverTheWire(RuleBasedStateMachine):
    """Two clients, one ledger. Lines keep the order of frames, and take what time they like."""

    @initialize(limit=st.integers(1, 4), services=st.integers(0, 6), uploads=st.integers(1, 3))
    def start(self, limit: int, services: int, uploads: int) -> None:
        """Services are there, and clients with something to do."""
        self.ledger = BookingLedger(IDLE_S)
        self.now = 0.0
        self.numbers = count()
        self.clients = {name: SdkClient(BookingCore(limit)) for name in ("alice", "bob")}
        # Service to the client and the upload that it runs; None for a client that has left.
        self.running: dict[str, tuple[str, int] | None] = {}
        for _ in range(services):
            self.service_joins()
        for name in self.clients:
            self.connect(name)
            for _ in range(uploads):
                self.wait(name)

    def apply(self, name: str, effects: list[Effect]) -> None:
        """Carries out what a core says."""
        client = self.clients[name]
        for effect in effects:
            match effect:
                case Grant(int(ticket)):
                    assert ticket == client.waiting.pop(0), "granted out of turn"
                    client.using.append(ticket)
                    known = client.known_losses
                    client.to_manager.append(partial(self.request, name, ticket, known))
                case Book(desired):
                    assert client.question is None, "two questions are open"
                    number = client.question = next(self.numbers)
                    client.to_manager.append(partial(self.book, name, number, desired))
                case Linger():
                    pass
                case Clear():
                    assert client.question is None, "two questions are open"
                    number = client.question = next(self.numbers)
                    client.to_manager.append(partial(self.clear, name, number))

    def tell(self, changes: list[AmountChanged]) -> None:
        """The manager tells clients of changes."""
        for change in changes:
            client = self.clients[change.client]
            client.losses += change.change < 0
            client.to_client.append(partial(self.hear_change, change, client.losses))

    def hear_change(self, changed: AmountChanged, losses: int) -> None:
        """A client reads ±1."""
        client = self.clients[changed.client]
        client.known_losses = losses
        self.apply(changed.client, client.core.modified(changed.change))

    def answer(self, name: str, number: int, take: Callable[[], list[Effect]]) -> None:
        """The manager answers a question; one that the client has given up is not heard."""
        client = self.clients[name]
        losses = client.losses

        def hear() -> None:
            if client.question == number:
                client.question = None
                client.known_losses = losses
                self.apply(name, take())

        client.to_client.append(hear)

    def book(self, name: str, number: int, desired: int) -> None:
        """The manager reads a booking."""
        kept = min(self.ledger.holdings(name).amount, desired)
        booked = self.ledger.request(name, desired, self.now)
        # An idle service that was due to another client goes in this moment.
        self.clients[name].losses += booked.amount < kept
        self.tell(booked.changes)
        self.answer(name, number, partial(self.clients[name].core.booked, booked.amount))

    def clear(self, name: str, number: int) -> None:
        """The manager reads a clear."""
        try:
            self.tell(self.ledger.clear(name, self.now))
        except ClearRefused:
            is_done = False
        else:
            is_done = True
        self.answer(name, number, partial(self.clients[name].core.cleared, success=is_done))

    def request(self, name: str, ticket: int, known_losses: int) -> None:
        """The manager reads a request for an upload, which must find a free service."""
        client = self.clients[name]
        if self.ledger.holdings(name).idle:
            self.running[self.ledger.start_upload(name, self.now)] = name, ticket
            return
        assert client.losses > known_losses, "no service is free although none was lost"
        client.to_client.append(partial(self.hear_refusal, name, ticket))

    def hear_refusal(self, name: str, ticket: int) -> None:
        """A client reads that no service is free."""
        self.clients[name].using.remove(ticket)
        self.apply(name, self.clients[name].core.recount(ticket))
        self.wait(name)

    def upload_is_off_its_service(self, name: str, ticket: int) -> None:
        """A client reads that an upload needs its service no longer."""
        self.clients[name].using.remove(ticket)
        self.apply(name, self.clients[name].core.leave(ticket))

    def wait(self, name: str) -> None:
        """An upload of a client wants a service."""
        ticket = next(self.numbers)
        self.clients[name].waiting.append(ticket)
        self.apply(name, self.clients[name].core.wait(ticket))

    @rule(name=CLIENTS)
    def new_upload(self, name: str) -> None:
        """Somebody uploads, who was not in a hurry before."""
        if not self.clients[name].waiting:
            self.wait(name)

    def waiting_upload_is_cancelled(self, name: str) -> None:
        """Somebody has changed their mind."""
        client = self.clients[name]
        if client.waiting:
            self.apply(name, client.core.leave(client.waiting.pop()))

    def connect(self, name: str) -> None:
        """A connection comes about."""
        client = self.clients[name]
        if not client.is_connected:
            client.is_connected = True
            self.apply(name, client.core.connected())

    def disconnect(self, name: str) -> None:
        """A connection breaks, with all that is on its way; the services drain."""
        client = self.clients[name]
        if not client.is_connected:
            return
        client.is_connected = False
        client.to_manager.clear()
        self.tell(self.ledger.client_left(name, self.now))
        client.to_client.clear()
        client.question = None
        client.core.disconnected()
        client.using.clear()
        client.known_losses = client.losses
        for service, upload in self.running.items():
            if upload is not None and upload[0] == name:
                self.running[service] = None

    @rule(name=CLIENTS)
    def manager_reads(self, name: str) -> None:
        """The manager reads a frame."""
        if self.clients[name].to_manager:
            self.clients[name].to_manager.popleft()()

    @rule(name=CLIENTS)
    def client_reads(self, name: str) -> None:
        """A client reads a frame."""
        if self.clients[name].to_client:
            self.clients[name].to_client.popleft()()

    @rule(name=CLIENTS)
    def client_reads_all(self, name: str) -> None:
        """A client reads what the manager has sent."""
        while self.clients[name].to_client:
            self.client_reads(name)

    @rule()
    def all_is_read(self) -> None:
        """Nothing is on its way any more."""
        while any(client.to_manager or client.to_client for client in self.clients.values()):
            for name in self.clients:
                self.manager_reads(name)
                self.client_reads(name)

    def question_takes_too_long(self, name: str) -> None:
        """A client gives up waiting for an answer, which comes all the same."""
        client = self.clients[name]
        if client.question is not None:
            client.question = None
            self.apply(name, client.core.unanswered())

    def clear_is_tried_again(self, name: str) -> None:
        """Some time has passed since a clear was refused."""
        self.apply(name, self.clients[name].core.retry_clear())

    def a_moment_passes(self, name: str) -> None:
        """Nobody has used what is left over."""
        self.apply(name, self.clients[name].core.lingered())

    def service_joins(self) -> None:
        """A service connects."""
        self.tell(self.ledger.service_joined(f"service{next(self.numbers)}", self.now))

    def service_leaves(self) -> None:
        """A service disconnects; its client hears of that before it hears of the upload."""
        services = [status.service for status in self.ledger.snapshot().services]
        if not services:
            return
        service = services[0]
        self.tell(self.ledger.service_left(service, self.now).changes)
        lost = self.running.pop(service, None)
        if lost is not None:
            self.tell_end(*lost)

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def upload_ends(self, data: st.DataObject) -> None:
        """A service is done."""
        self.end_upload(data.draw(st.sampled_from(sorted(self.running))))

    def end_upload(self, service: str) -> None:
        """The service is free before its client hears of that."""
        ended = self.running.pop(service)
        self.tell(self.ledger.upload_ended(service, self.now))
        if ended is not None:
            self.tell_end(*ended)

    def tell_end(self, name: str, ticket: int) -> None:
        """The manager tells a client that an upload is off its service."""
        off = partial(self.upload_is_off_its_service, name, ticket)
        self.clients[name].to_client.append(off)

    def service_is_silent(self) -> None:
        """A service does not answer; its upload goes to another one, if there is one."""
        for silent, upload in tuple(self.running.items()):
            if upload is not None:
                self.try_elsewhere(silent, upload)
                return

    def try_elsewhere(self, silent: str, upload: tuple[str, int]) -> None:
        """The manager moves an upload off a service."""
        try:
            moved = self.ledger.move_upload(silent, self.now)
        except NoFreeService:
            return
        self.tell(moved.changes)
        self.running[silent], self.running[moved.service] = None, upload

    def time_passes(self) -> None:
        """Idle services may be handed on."""
        self.now += IDLE_S
        self.tell(self.ledger.tick(self.now))

    @rule(data=st.data(), name=CLIENTS)
    def something_rare_happens(self, data: st.DataObject, name: str) -> None:
        """One rule for all of it, so that most steps are those of uploads that go well."""
        rare: list[Callable[[], None]] = [
            self.service_joins,
            self.service_leaves,
            self.service_is_silent,
            self.time_passes,
            partial(self.question_takes_too_long, name),
            partial(self.clear_is_tried_again, name),
            partial(self.a_moment_passes, name),
            partial(self.waiting_upload_is_cancelled, name),
            partial(self.disconnect, name),
            partial(self.connect, name),
        ]
        data.draw(st.sampled_from(rare))()

    @invariant()
    def counts_agree(self) -> None:
        """A core knows who waits and who uploads."""
        for client in getattr(self, "clients", {}).values():
            counts = client.core.waiting, client.core.using
            assert counts == (len(client.waiting), len(client.using))

    def teardown(self) -> None:
        """On a good line everybody is served in the end, and everything is given back."""
        if not hasattr(self, "ledger"):
            return
        if not self.ledger.snapshot().services:
            self.service_joins()
        for name in self.clients:
            self.connect(name)
        self.all_is_read()
        while self.running:
            self.end_upload(next(iter(self.running)))
            self.all_is_read()
        for client in self.clients.values():
            assert not client.waiting
        for name in self.clients:
            self.clear_is_tried_again(name)
        self.all_is_read()
        assert self.ledger.snapshot().bookings == ()


@pytest.mark.timeout(420)  # Finding the shortest way to a failure takes minutes.
def test_no_request_is_refused_unless_a_loss_crosses_it() -> None:
    """Whatever is under way on the line, the client requests only what the manager grants it."""
    run_state_machine_as_test(
        BookingOverTheWire,
        settings=settings(max_examples=200, stateful_step_count=60),
    )
