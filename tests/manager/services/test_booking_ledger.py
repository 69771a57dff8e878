"""Bookings and their clearing, sentence by sentence of docs/uploads.md."""

import pytest

from manager.errors import ClearRefused, NoFreeService, ServiceExists, ServiceNotRunning
from manager.services.booking_ledger import (
    AmountChanged,
    Booked,
    BookingLedger,
    BookingStatus,
    EarlierBooking,
    Holdings,
    Moved,
    ServiceLeft,
    ServiceState,
    ServiceStatus,
)

IDLE_S = 30.0


def ledger_with(*services: str) -> BookingLedger:
    """A ledger in which these services have joined at time 0."""
    ledger = BookingLedger(IDLE_S)
    for service in services:
        ledger.service_joined(service, 0.0)
    return ledger


def states(ledger: BookingLedger) -> dict[str, str]:
    """State by service."""
    return {status.service: status.state.value for status in ledger.snapshot().services}


class TestBooking:
    """Asking for services, and what comes and goes afterwards."""

    def test_booked_services_are_for_one_client_only(self):
        """Booked services are assigned to a client and only it can use them."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 2, 1.0)
        assert ledger.request("bob", 1, 2.0) == Booked(amount=0, changes=[])
        with pytest.raises(NoFreeService) as refusal:
            ledger.start_upload("bob", 3.0)
        assert refusal.value.code == "none-assigned"

    def test_answer_is_the_amount_that_is_held(self):
        """The answer is how many services are assigned now, nothing more, nothing less."""
        ledger = ledger_with("s1", "s2", "s3")
        assert ledger.request("alice", 2, 1.0) == Booked(amount=2, changes=[])
        assert ledger.holdings("alice").amount == 2

    def test_unfulfilled_wish_is_remembered(self):
        """The desired amount is known to the server even if it could not be fulfilled at first."""
        ledger = ledger_with("s1")
        assert ledger.request("alice", 3, 1.0).amount == 1
        assert ledger.service_joined("s2", 2.0) == [AmountChanged("alice", 1)]
        assert ledger.service_joined("s3", 3.0) == [AmountChanged("alice", 1)]
        assert ledger.service_joined("s4", 4.0) == []

    def test_a_positive_change_allows_an_upload_at_once(self):
        """If the change is positive, the client can immediately request a new upload."""
        ledger = ledger_with()
        ledger.request("alice", 1, 1.0)
        ledger.service_joined("s1", 2.0)
        assert ledger.start_upload("alice", 2.0) == "s1"

    def test_a_disconnected_service_takes_one_away(self):
        """A negative change: one of the client's services disconnected whilst it was booked."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        left = ledger.service_left("s1", 2.0)
        assert left == ServiceLeft("alice", was_running=False, changes=[AmountChanged("alice", -1)])

    def test_a_service_lost_while_running_says_so(self):
        """If an upload ran on the service, the loss says that, so that the upload can be failed."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        ledger.start_upload("alice", 1.0)
        assert ledger.service_left("s1", 2.0).was_running

    def test_a_lost_service_is_replaced_by_a_free_one(self):
        """A holder that loses a service gets a free one at once, after it was told of the loss."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 1.0)
        held = ledger.holdings("alice").idle[0]
        changes = ledger.service_left(held, 2.0).changes
        assert changes == [AmountChanged("alice", -1), AmountChanged("alice", 1)]

    def test_a_free_service_that_leaves_concerns_nobody(self):
        """Nobody is told of the loss of a service that nobody had."""
        ledger = ledger_with("s1")
        assert ledger.service_left("s1", 1.0) == ServiceLeft(None, was_running=False, changes=[])
        assert ledger.service_left("s1", 2.0) == ServiceLeft(None, was_running=False, changes=[])

    def test_a_service_joins_once(self):
        """A second service of the same id is refused, and the first is not harmed."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        with pytest.raises(ServiceExists):
            ledger.service_joined("s1", 2.0)
        assert states(ledger) == {"s1": "idle"}

    def test_less_than_one_service_is_no_booking(self):
        """A request for no service at all is a mistake of the caller."""
        with pytest.raises(ValueError, match="at least one"):
            ledger_with("s1").request("alice", 0, 1.0)


class TestSharing:
    """Who gets a service that comes free."""

    def test_the_client_that_holds_the_fewest_comes_first(self):
        """A service that comes free goes to the waiting client that holds the fewest."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 3, 1.0)
        ledger.request("bob", 1, 2.0)
        assert ledger.service_joined("s3", 3.0) == [AmountChanged("bob", 1)]
        assert ledger.service_joined("s4", 4.0) == [AmountChanged("alice", 1)]

    def test_among_equals_the_longest_wait_comes_first(self):
        """Among clients that hold equally many, the one that waits longest is served."""
        ledger = ledger_with()
        for when, client in enumerate(("carol", "alice", "bob")):
            ledger.request(client, 1, float(when))
        served = [ledger.service_joined(f"s{n}", 10.0)[0].client for n in range(3)]
        assert served == ["carol", "alice", "bob"]

    def test_lowering_gives_idle_services_on(self):
        """Services given back by lowering the desired amount go to who waits."""
        ledger = ledger_with("s1", "s2", "s3")
        ledger.request("alice", 3, 1.0)
        ledger.request("bob", 2, 2.0)
        booked = ledger.request("alice", 1, 3.0)
        assert booked == Booked(1, [AmountChanged("bob", 1), AmountChanged("bob", 1)])

    def test_lowering_never_takes_a_running_service(self):
        """Lowering the desired amount keeps running uploads; their services go as they end."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 2, 1.0)
        first, second = ledger.start_upload("alice", 1.0), ledger.start_upload("alice", 1.0)
        assert ledger.request("alice", 1, 2.0).amount == 2
        assert ledger.upload_ended(first, 3.0) == [AmountChanged("alice", -1)]
        assert ledger.upload_ended(second, 4.0) == []
        assert ledger.holdings("alice") == Holdings(desired=1, idle=(second,), running=())

    def test_surplus_goes_to_who_waits(self):
        """A surplus service that ends its upload is given on, the loss being told first."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 2, 1.0)
        first = ledger.start_upload("alice", 1.0)
        ledger.start_upload("alice", 1.0)
        ledger.request("alice", 1, 2.0)
        ledger.request("bob", 1, 2.0)
        changes = ledger.upload_ended(first, 3.0)
        assert changes == [AmountChanged("alice", -1), AmountChanged("bob", 1)]

    def test_a_departed_clients_idle_services_are_given_on(self):
        """When a client leaves, what it does not use goes to the others at once."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        ledger.request("bob", 1, 2.0)
        assert ledger.client_left("alice", 3.0) == [AmountChanged("bob", 1)]

    def test_a_departed_clients_running_service_drains(self):
        """A service that still works for a departed client is not given on before it is done."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        ledger.start_upload("alice", 1.0)
        ledger.request("bob", 1, 2.0)
        assert ledger.client_left("alice", 3.0) == []
        assert ledger.snapshot().services == (ServiceStatus("s1", ServiceState.DRAINING, None),)
        assert ledger.upload_ended("s1", 4.0) == [AmountChanged("bob", 1)]

    def test_a_draining_service_may_leave(self):
        """The loss of a draining service concerns no client, but its upload."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        ledger.start_upload("alice", 1.0)
        ledger.client_left("alice", 2.0)
        assert ledger.service_left("s1", 3.0) == ServiceLeft(None, was_running=True, changes=[])

    def test_a_client_without_booking_leaves_unnoticed(self):
        """The departure of a client that booked nothing changes nothing."""
        assert ledger_with("s1").client_left("nobody", 1.0) == []


class TestUploading:
    """Uploads start on booked services that are free."""

    def test_nothing_booked(self):
        """A request without a booking is rejected with a reason."""
        with pytest.raises(NoFreeService, match="book upload services") as refusal:
            ledger_with("s1").start_upload("alice", 1.0)
        assert refusal.value.code == "nothing-booked"

    def test_all_busy(self):
        """An upload is rejected when no booked service is free, for the client to try again."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 1.0)
        service = ledger.start_upload("alice", 1.0)
        with pytest.raises(NoFreeService) as refusal:
            ledger.start_upload("alice", 2.0)
        assert refusal.value.code == "all-busy"
        ledger.upload_ended(service, 3.0)
        assert ledger.start_upload("alice", 3.0) == service

    def test_the_service_used_last_is_used_again(self):
        """Uploads start on the service used last, so that unneeded ones grow idle."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 2, 1.0)
        first = ledger.start_upload("alice", 1.0)
        ledger.upload_ended(first, 5.0)
        assert ledger.start_upload("alice", 6.0) == first

    def test_an_upload_ends_once(self):
        """The end of an upload that does not run is refused and changes nothing."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        with pytest.raises(ServiceNotRunning):
            ledger.upload_ended("s1", 2.0)
        assert states(ledger) == {"s1": "idle"}

    def test_an_upload_may_end_after_its_service_left(self):
        """The end of an upload on a service that is gone is no error."""
        assert ledger_with().upload_ended("gone", 1.0) == []


class TestMoving:
    """A service that does not answer loses the upload that was to start on it."""

    def test_to_a_free_service(self):
        """The client is told of the loss, then of the service that takes its place."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 1.0)
        ledger.start_upload("alice", 1.0)
        moved = ledger.move_upload("s1", 2.0)
        assert moved == Moved("s2", [AmountChanged("alice", -1), AmountChanged("alice", 1)])
        assert ledger.holdings("alice") == Holdings(desired=1, idle=(), running=("s2",))

    def test_to_an_idle_service_of_the_client(self):
        """Where nothing is free the client holds one service fewer."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 2, 1.0)
        silent = ledger.start_upload("alice", 1.0)
        moved = ledger.move_upload(silent, 2.0)
        assert moved.changes == [AmountChanged("alice", -1)]
        assert ledger.holdings("alice") == Holdings(desired=2, idle=(), running=(moved.service,))

    def test_a_silent_service_is_not_free(self):
        """It may have begun the upload: nobody gets it before it has stopped."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 1.0)
        ledger.start_upload("alice", 1.0)
        ledger.move_upload("s1", 2.0)
        assert ledger.request("bob", 1, 3.0).amount == 0
        assert states(ledger) == {"s1": "draining", "s2": "running"}
        assert ledger.upload_ended("s1", 4.0) == [AmountChanged("bob", 1)]

    def test_a_silent_service_may_leave(self):
        """Its loss was told when the upload moved."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 1.0)
        ledger.start_upload("alice", 1.0)
        ledger.move_upload("s1", 2.0)
        assert ledger.service_left("s1", 3.0).changes == []

    def test_nowhere_to_go(self):
        """Without another service, or with none but those to avoid, the upload stays where it is."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 1.0)
        ledger.start_upload("alice", 1.0)
        with pytest.raises(NoFreeService):
            ledger.move_upload("s1", 2.0, avoid={"s2"})
        ledger.service_left("s2", 3.0)
        with pytest.raises(NoFreeService):
            ledger.move_upload("s1", 4.0)
        assert ledger.holdings("alice").running == ("s1",)

    def test_only_what_runs_for_a_client_moves(self):
        """Idle, draining and unknown services have no upload that could go elsewhere."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 1.0)
        for service in ("s1", "unknown"):
            with pytest.raises(ServiceNotRunning):
                ledger.move_upload(service, 2.0)
        ledger.start_upload("alice", 3.0)
        ledger.client_left("alice", 4.0)
        with pytest.raises(ServiceNotRunning):
            ledger.move_upload("s1", 5.0)

    def test_others_are_used_before_a_service_that_was_silent(self):
        """It is the last choice until it has served an upload."""
        ledger = ledger_with("s1", "s2", "s3")
        ledger.request("alice", 2, 1.0)
        silent = ledger.start_upload("alice", 1.0)
        other = ledger.move_upload(silent, 2.0).service
        ledger.upload_ended(other, 3.0)
        ledger.request("alice", 3, 3.0)
        ledger.upload_ended(silent, 4.0)
        used = [ledger.start_upload("alice", 5.0) for _ in range(3)]
        assert used[-1] == silent
        for service in used:
            ledger.upload_ended(service, 6.0)
        assert ledger.start_upload("alice", 7.0) == silent

    def test_a_service_to_avoid_is_not_used(self):
        """A caller that knows of silence elsewhere may rule services out."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 2, 1.0)
        assert ledger.start_upload("alice", 1.0, avoid={"s2"}) == "s1"
        with pytest.raises(NoFreeService):
            ledger.start_upload("alice", 1.0, avoid={"s2"})


class TestClearing:
    """Giving everything back."""

    def test_cleared_services_go_to_others(self):
        """Clearing lets the manager reclaim the services for other clients."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        ledger.request("bob", 1, 2.0)
        assert ledger.clear("alice", 3.0) == [AmountChanged("bob", 1)]
        assert ledger.holdings("alice") == Holdings(desired=0, idle=(), running=())

    def test_not_while_an_upload_runs(self):
        """Clearing is refused while an upload runs or is being started, and must not harm it."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 2, 1.0)
        service = ledger.start_upload("alice", 1.0)
        with pytest.raises(ClearRefused) as refusal:
            ledger.clear("alice", 2.0)
        assert refusal.value.code == "upload-running"
        assert ledger.holdings("alice").running == (service,)
        ledger.upload_ended(service, 3.0)
        assert ledger.clear("alice", 4.0) == []

    def test_not_without_a_booking(self):
        """Clearing is refused when nothing is booked, also a second time."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 1.0)
        ledger.clear("alice", 2.0)
        with pytest.raises(ClearRefused) as refusal:
            ledger.clear("alice", 3.0)
        assert refusal.value.code == "nothing-booked"

    def test_a_wish_can_be_withdrawn(self):
        """A booking that has got nothing yet can be cleared, and gets nothing afterwards."""
        ledger = ledger_with()
        ledger.request("alice", 1, 1.0)
        assert ledger.clear("alice", 2.0) == []
        assert ledger.service_joined("s1", 3.0) == []


class TestYielding:
    """Nobody starves: what stands idle for long goes to who waits with fewer."""

    def test_an_idle_service_is_taken_back_and_given_on(self):
        """After the idle time it is taken back with -1 and given on with +1, not before."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 2, 0.0)
        ledger.request("bob", 1, 5.0)
        assert ledger.next_deadline() == IDLE_S
        assert ledger.tick(IDLE_S - 0.001) == []
        assert ledger.tick(IDLE_S) == [AmountChanged("alice", -1), AmountChanged("bob", 1)]

    def test_a_service_in_use_is_never_taken(self):
        """A running service does not yield, however long it runs."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 0.0)
        ledger.start_upload("alice", 0.0)
        ledger.request("bob", 1, 1.0)
        assert ledger.next_deadline() is None
        assert ledger.tick(1e9) == []

    def test_idle_time_counts_from_the_last_upload(self):
        """The idle time of a service starts when its last upload ended."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 0.0)
        ledger.request("bob", 1, 0.0)
        ledger.upload_ended(ledger.start_upload("alice", 20.0), 25.0)
        assert ledger.tick(54.9) == []
        assert ledger.tick(55.0) == [AmountChanged("alice", -1), AmountChanged("bob", 1)]

    def test_a_request_is_answered_with_what_others_let_stand_idle(self):
        """Who asks when others have idled for long gets a service in the answer."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 0.0)
        assert ledger.request("bob", 1, 100.0) == Booked(1, [AmountChanged("alice", -1)])

    def test_nothing_is_due_while_nobody_waits(self):
        """Idle services stay with their holder while nobody wants them."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 0.0)
        assert ledger.next_deadline() is None
        assert ledger.tick(1e9) == []

    def test_equals_do_not_yield(self):
        """A client that waits with as many as the idle holder has gets nothing from it."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 0.0)
        ledger.request("bob", 2, 0.0)
        assert ledger.tick(1e9) == []

    def test_equals_do_not_yield_to_a_busy_client_either(self):
        """Also one that uses all that it has gets nothing from a client with no more than it."""
        ledger = ledger_with("s1", "s2")
        ledger.request("alice", 1, 0.0)
        ledger.request("bob", 2, 0.0)
        ledger.start_upload("bob", 0.0)
        assert ledger.tick(1e9) == []

    def test_who_holds_most_yields_first(self):
        """The client that holds the most gives, and the one that holds the fewest gets."""
        ledger = ledger_with(*"abcde")
        ledger.request("alice", 2, 0.0)
        ledger.request("bob", 3, 0.0)
        ledger.request("carol", 1, 0.0)
        assert ledger.tick(IDLE_S) == [AmountChanged("bob", -1), AmountChanged("carol", 1)]

    def test_shares_become_equal_at_once(self):
        """As many idle services change hands as it takes to share fairly."""
        ledger = ledger_with(*"abcd")
        ledger.request("alice", 4, 0.0)
        ledger.request("bob", 4, 0.0)
        ledger.tick(IDLE_S)
        assert (ledger.holdings("alice").amount, ledger.holdings("bob").amount) == (2, 2)

    def test_a_sole_service_goes_round(self):
        """One service for two idle clients changes hands once per idle time, not more often."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 0.0)
        ledger.request("bob", 1, 0.0)
        assert ledger.tick(30.0) == [AmountChanged("alice", -1), AmountChanged("bob", 1)]
        assert ledger.tick(59.9) == []
        assert ledger.tick(60.0) == [AmountChanged("bob", -1), AmountChanged("alice", 1)]

    def test_no_handover_between_two_that_do_nothing(self):
        """A lead of one service is not passed back and forth between clients that use nothing."""
        ledger = ledger_with("a", "b", "c")
        ledger.request("alice", 3, 0.0)
        ledger.request("bob", 3, 0.0)
        ledger.tick(30.0)
        assert [ledger.tick(30.0 * n) for n in range(2, 9)] == [[]] * 7

    def test_a_fully_busy_client_gets_the_odd_one(self):
        """Who uses all that it has gets the long idle service of one that holds one more."""
        ledger = ledger_with("a", "b", "c")
        ledger.request("alice", 3, 0.0)
        ledger.request("bob", 3, 0.0)
        ledger.tick(30.0)
        ledger.start_upload("bob", 31.0)
        assert ledger.next_deadline() == 31.0
        assert ledger.tick(31.0) == [AmountChanged("alice", -1), AmountChanged("bob", 1)]

    def test_who_yielded_still_wants_it_back(self):
        """A client that lost a service by idling gets the next one that comes free."""
        ledger = ledger_with("s1")
        ledger.request("alice", 1, 0.0)
        ledger.request("bob", 1, 0.0)
        ledger.tick(30.0)
        assert ledger.service_joined("s2", 31.0) == [AmountChanged("alice", 1)]


def test_snapshot_shows_services_and_bookings():
    """A status page sees every service with its state and holder, and who waits for how many."""
    ledger = ledger_with("s1", "s2")
    ledger.request("alice", 2, 1.0)
    ledger.request("bob", 3, 1.0)
    used = ledger.start_upload("alice", 2.0)
    snapshot = ledger.snapshot()
    assert {s.service: (s.state, s.holder) for s in snapshot.services} == {
        used: (ServiceState.RUNNING, "alice"),
        ({"s1", "s2"} - {used}).pop(): (ServiceState.IDLE, "alice"),
    }
    assert snapshot.bookings == (BookingStatus("alice", 2, 2), BookingStatus("bob", 3, 0))
    assert snapshot.waiting == (BookingStatus("bob", 3, 0),)


def test_thousands_of_clients_and_services_are_no_trouble():
    """A thousand services shared by three thousand clients pass through many hands in a moment."""
    ledger = BookingLedger(IDLE_S)
    held: dict[str, int] = {}
    for n in range(3000):
        held[f"c{n}"] = ledger.request(f"c{n}", 3, 0.0).amount
    changes = [c for n in range(1000) for c in ledger.service_joined(f"s{n}", 1.0)]
    for round_number in range(1, 6):
        changes += ledger.tick(1.0 + IDLE_S * round_number)
    for change in changes:
        held[change.client] += change.change
    assert sum(held.values()) == 1000
    assert max(held.values()) == 1
    assert len(changes) == 1000 + 5 * 2 * 1000


def test_earlier_decisions_are_taken_over():
    """Clients keep what they were told, as far as there is enough; what runs goes on."""
    ledger = BookingLedger(30.0)
    ledger.service_joined("known", 0.0)
    ledger.request("carol", 1, 0.0)
    running = [("s1", "alice"), ("s2", None), ("gone", "alice"), ("known", None), ("s1", None)]
    bookings = [EarlierBooking("alice", 3, 3), EarlierBooking("bob", 1, 1)]
    changes = ledger.restore(["known", "s1", "s2", "s3", "s4", "s5"], running, bookings, 1.0)
    assert changes == []
    assert ledger.holdings("alice") == Holdings(3, ("s3", "s5"), ("s1",))
    assert ledger.holdings("bob") == Holdings(1, ("s4",), ())
    assert ledger.holdings("carol") == Holdings(1, ("known",), ())
    assert ledger.state_of("s2") is ServiceState.DRAINING
    assert ledger.state_of("gone") is None
