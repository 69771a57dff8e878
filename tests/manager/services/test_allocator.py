"""The allocator and its managers, message by message."""

from dataclasses import dataclass, field

import pytest

from manager.services import allocation
from manager.services.allocation import (
    MAX_ITEMS,
    AllocatorAnswer,
    AnswerState,
    Asked,
    AskHoldings,
    BookServices,
    ClearBooking,
    DemandTold,
    LedgerState,
    MoveUpload,
    OperationResult,
    Report,
    SlotCard,
    StartUpload,
)
from manager.services.allocation_client import AllocationClient, Heard
from manager.services.allocator import GATHER_S, Allocator
from manager.services.booking_ledger import AmountChanged
from manager.services.lease_terms import ABSENCE_S

IDLE_S = 30.0


@dataclass
class Office:
    """An allocator that can be replaced, and the clock."""

    managers: dict[str, AllocationClient] = field(default_factory=dict)
    webhooks: dict[int, int] = field(default_factory=dict)
    epoch: int = 1
    now: float = 0.0

    def __post_init__(self) -> None:
        self.elect()

    def elect(self, *missing: str) -> None:
        """A new allocator takes over, which believes all managers to be alive, and those that are missing."""
        self.epoch += 1
        expected = [*self.managers, *missing]
        self.allocator = Allocator(self.epoch, expected, idle_s=IDLE_S, now=self.now)
        self.allocator.set_webhooks(self.webhooks)

    def manager(self, name: str) -> AllocationClient:
        """One more manager."""
        self.managers[name] = AllocationClient(name)
        self.talk(name)
        return self.managers[name]

    def answer(self, asked: Asked) -> AllocatorAnswer:
        """The allocator's answer."""
        if asked.report is not None:
            return self.allocator.report(asked.report, self.now)
        assert asked.call is not None
        return self.allocator.call(asked.call, self.now)

    def exchange(self, name: str) -> Heard:
        """One message and its answer."""
        client = self.managers[name]
        return client.received(self.answer(client.next_message()))

    def talk(self, *names: str) -> Heard:
        """Lets managers and the allocator talk until nothing is left to say; what was heard in all."""
        total = Heard()
        for name in names or (*self.managers, *self.managers):
            self.managers[name].ring()
            for _ in range(20):
                heard = self.exchange(name)
                total.results += heard.results
                total.changes += heard.changes
                total.joined += heard.joined
                total.left += heard.left
                total.leases += heard.leases
                if not self.managers[name].has_work:
                    break
        return total

    def do(self, name: str, operation: allocation.AnyOperation) -> OperationResult:
        """Has a manager ask for something, and returns the result."""
        ticket = self.managers[name].ask(operation)
        results = dict(self.talk(name).results)
        return results[ticket]

    def raise_fence(self) -> int:
        """The catalog takes the fence that the allocator wants; returns its number."""
        number = self.allocator.take_fence()
        assert number is not None
        self.allocator.fence_raised(self.now)
        self.talk()
        return number

    def slots(self, manager: str, *slots: str, process: str | None = None) -> None:
        """Slots connect to a manager, of a process if it is named."""
        client = self.managers[manager]
        for slot in slots:
            if process is not None:
                client.process_joined(process, slot, tells_demand=True)
            client.service_joined(
                SlotCard(id=slot, manager=manager, address="http://a", process=process)
            )
        self.talk()


@pytest.fixture
def office() -> Office:
    """Two managers, a and b."""
    made = Office(webhooks={1: 11, 2: 12})
    made.manager("a")
    made.manager("b")
    return made


class TestBookings:
    """Bookings of clients anywhere, on slots anywhere."""

    def test_a_slot_serves_clients_of_every_manager(self, office: Office):
        """A slot at one manager is booked and used by a client at another."""
        office.slots("a", "s")
        assert office.managers["b"].services.keys() == {"s"}
        assert office.do("b", BookServices(client="bob", desired=2)).amount == 1
        started = office.do("b", StartUpload(client="bob"))
        assert started.slot == "s"
        assert office.managers["b"].run_on("s") == started.run > 0
        held = office.do("b", AskHoldings(client="bob"))
        assert (held.desired, held.idle, held.running) == (2, (), ("s",))
        assert office.do("b", StartUpload(client="bob")).code == "all-busy"
        assert office.do("b", ClearBooking(client="bob")).code == "upload-running"
        office.managers["b"].upload_ended("s")
        assert office.do("b", ClearBooking(client="bob")).code is None
        assert office.managers["b"].told("bob") == 0

    def test_changes_are_told_once(self, office: Office):
        """A client hears once of a slot that joined, and of one that left, however often it is asked."""
        office.do("b", BookServices(client="bob", desired=2))
        office.managers["a"].service_joined(SlotCard(id="s", manager="a", address="x"))
        office.talk("a")
        assert office.allocator.take_rings(office.now) == {"b"}
        assert office.talk("b").changes == [AmountChanged("bob", 1)]
        assert office.talk("b").changes == []
        office.managers["a"].service_left("s")
        heard = office.talk()
        assert heard.changes == [AmountChanged("bob", -1)]
        assert [card.id for card in heard.left] == ["s"]

    def test_an_upload_moves_from_a_silent_slot(self, office: Office):
        """The silent one is free after its upload has ended there; that of an older run ends nothing."""
        office.slots("a", "s1", "s2")
        office.do("b", BookServices(client="bob", desired=1))
        first = office.do("b", StartUpload(client="bob"))
        moved = office.do("b", MoveUpload(slot=first.slot, run=first.run))
        assert moved.slot != first.slot
        assert moved.run > first.run
        refused = office.do("b", MoveUpload(slot=first.slot, run=0))
        assert refused.code == "service-gone"
        late = MoveUpload(slot=first.slot, run=first.run)
        assert office.do("b", late).code == "service-not-running"
        office.managers["b"].upload_ended(first.slot)
        office.managers["b"].upload_ended(first.slot)
        office.managers["a"].stub_ended(first.slot, first.run)
        office.talk()
        states = {each.service: each.state for each in office.allocator.snapshot().services}
        assert states == {first.slot: "free", moved.slot: "running"}

    def test_a_late_move_is_refused_when_no_other_is_free(self, office: Office):
        """An upload stays where it is."""
        office.slots("a", "s")
        office.do("b", BookServices(client="bob", desired=1))
        started = office.do("b", StartUpload(client="bob"))
        assert office.do("b", MoveUpload(slot="s", run=started.run)).code == "all-busy"

    def test_a_client_leaves(self, office: Office):
        """Its slots are free, the running one after the end of its upload; news about it come to nobody."""
        office.slots("a", "s1", "s2")
        office.do("b", BookServices(client="bob", desired=2))
        started = office.do("b", StartUpload(client="bob"))
        client = office.managers["b"]
        asked = client.ask(BookServices(client="bob", desired=1))
        other = client.ask(StartUpload(client="bill"))
        client.client_left("bob")
        assert (asked.is_void, other.is_void) == (True, False)
        assert office.talk().changes == []
        assert client.told("bob") == 0
        office.elect()
        office.talk()
        states = {each.service: each.state for each in office.allocator.snapshot().services}
        assert states.pop(started.slot) == "draining"
        assert [*states.values()] == ["free"]

    def test_idle_slots_are_reassigned_in_time(self, office: Office):
        """As by a manager that is alone."""
        office.slots("a", "s1", "s2", "s3")
        office.do("a", BookServices(client="alice", desired=3))
        office.do("b", BookServices(client="bob", desired=1))
        deadline = office.allocator.next_deadline()
        assert deadline is not None
        office.now = deadline
        office.allocator.tick(office.now)
        assert office.talk().changes == [AmountChanged("alice", -1), AmountChanged("bob", 1)]

    def test_what_is_given_up_is_undone(self, office: Office):
        """A service that is taken when nobody waits any more is given back; a booking is told as a change."""
        office.slots("a", "s1", "s2")
        client = office.managers["b"]
        office.do("b", BookServices(client="bob", desired=1))
        forgotten = client.ask(StartUpload(client="bob"))
        client.abandon(forgotten)
        assert not client.has_work
        started = client.ask(StartUpload(client="bob"))
        booked = client.ask(BookServices(client="bob", desired=2))
        message = client.next_message()
        client.abandon(started)
        client.abandon(booked)
        heard = client.received(office.answer(message))
        assert heard.changes == [AmountChanged("bob", 1)]
        office.talk()
        assert len(office.do("b", AskHoldings(client="bob")).idle) == 2

    def test_the_ledger_goes_over_the_wire(self, office: Office):
        """A status page shows what the allocator decides."""
        office.slots("a", "s1")
        office.do("b", BookServices(client="bob", desired=2))
        snapshot = office.allocator.snapshot()
        assert LedgerState.of(snapshot).snapshot() == snapshot


class TestMessages:
    """Messages that are lost, doubled or late."""

    def test_a_repeated_call_is_answered_as_before(self, office: Office):
        """It is carried out once."""
        office.slots("a", "s1", "s2")
        office.do("b", BookServices(client="bob", desired=2))
        office.managers["b"].ask(StartUpload(client="bob"))
        message = office.managers["b"].next_message()
        first = office.answer(message)
        assert office.managers["b"].next_message() == message
        assert office.answer(message).results == first.results
        assert len(office.managers["b"].received(first).results) == 1
        assert office.managers["b"].received(first).results == []

    def test_a_late_call_is_not_carried_out(self, office: Office):
        """Nor is its answer taken for that of a later one."""
        late = office.managers["b"].next_message()
        office.talk()
        office.talk()
        answer = office.answer(late)
        assert answer.state is AnswerState.STALE
        office.managers["b"].next_message()
        assert office.managers["b"].received(answer) == Heard()

    def test_a_late_report_does_not_replace_a_newer_one(self, office: Office):
        """Of two reports of a manager the later one counts."""
        old = Report(manager="b", epoch=office.epoch, serial=0, part=0, parts=1)
        assert office.answer(Asked(report=old)).state is AnswerState.STALE
        other = Report(manager="b", epoch=1, serial=9, part=0, parts=1)
        assert office.answer(Asked(report=other)).state is AnswerState.UNKNOWN

    def test_an_answer_to_an_earlier_report_is_not_heard(self, office: Office):
        """It says nothing about the present one."""
        client = office.managers["b"]
        late = AllocatorAnswer(epoch=office.epoch, state=AnswerState.UNKNOWN, serial=0)
        assert client.received(late) == Heard()
        assert client.next_message().report is None

    def test_what_an_earlier_allocator_says_is_not_heard(self, office: Office):
        """Its epoch is lower."""
        message = office.managers["b"].next_message()
        late = office.answer(message)
        office.elect()
        office.talk()
        assert office.managers["b"].received(late) == Heard()

    def test_a_manager_that_counted_as_gone_reports_again(self, office: Office):
        """Its slots and bookings are there again; its clients hear what they have lost."""
        office.slots("b", "s")
        office.do("b", BookServices(client="bob", desired=1))
        office.do("a", BookServices(client="alice", desired=1))
        office.allocator.manager_left("b", office.now)
        office.allocator.manager_left("unknown", office.now)
        assert [card.id for card in office.talk("a").left] == ["s"]
        heard = office.talk()
        assert [card.id for card in heard.joined] == ["s"]
        assert heard.changes == []
        assert office.managers["b"].told("bob") == 1

    def test_a_repeated_part_of_a_report_changes_nothing(self, office: Office):
        """Nor does its answer, when that comes again; a report with a higher serial replaces the last one."""
        office.slots("b", "s")
        office.elect()
        client = office.managers["b"]
        client.received(office.answer(client.next_message()))
        report = client.next_message()
        answer = office.answer(report)
        client.received(answer)
        office.talk("a")
        office.talk("b")
        assert office.answer(report) == answer
        assert client.received(answer) == Heard()
        empty = Report(manager="b", epoch=office.epoch, serial=99, part=0, parts=1)
        assert office.answer(Asked(report=empty)).state is AnswerState.DONE
        assert [card.id for card in office.talk("a").left] == ["s"]

    def test_what_is_gone_already_may_leave_again(self, office: Office):
        """Slots, processes and clients that nobody knows are no error."""
        office.managers["a"].service_left("unknown")
        office.managers["a"].client_left("unknown")
        for operation in (
            allocation.ServiceWithdrawn(slot="unknown"),
            allocation.ProcessLeft(process="unknown", slot="unknown"),
        ):
            assert office.do("a", operation).code is None

    def test_clients_of_a_lost_manager_get_nothing(self, office: Office):
        """What one of them had is free for those who are left."""
        office.slots("a", "s")
        for client in ("bob", "bill"):
            office.do("b", BookServices(client=client, desired=1))
        office.do("a", BookServices(client="alice", desired=1))
        office.allocator.manager_left("b", office.now)
        del office.managers["b"]
        assert office.talk().changes == [AmountChanged("alice", 1)]

    def test_much_is_told_in_parts(self, office: Office):
        """Reports and news have a largest size; nothing of them is left out."""
        names = [f"s{number}" for number in range(MAX_ITEMS + 5)]
        office.slots("a", *names)
        assert len(office.managers["b"].services) == len(names)
        office.elect()
        office.talk()
        office.talk()
        assert len(office.managers["b"].services) == len(names)
        assert len(office.allocator.snapshot().services) == len(names)

    def test_operations_are_sent_in_bounded_calls(self, office: Office):
        """What avoids many slots takes the room of many operations."""
        client = office.managers["b"]
        tickets = [
            client.ask(StartUpload(client="bob", avoid=tuple(f"{n}" for n in range(3000))))
            for _ in range(3)
        ]
        call = client.next_message().call
        assert call is not None
        assert len(call.operations) == 1
        results = dict(office.talk("b").results)
        assert results.keys() == set(tickets)


class TestElection:
    """A new allocator takes over."""

    def test_nothing_is_decided_before_all_have_reported(self, office: Office):
        """Otherwise a slot would be given away that a client of another manager has."""
        office.slots("a", "s")
        office.do("b", BookServices(client="bob", desired=1))
        office.do("a", BookServices(client="alice", desired=1))
        office.elect()
        ticket = office.managers["a"].ask(BookServices(client="alice", desired=2))
        heard = Heard()
        for _ in range(5):
            heard = office.exchange("a")
            assert heard.results == []
        assert heard.ask_later
        office.talk("b")
        assert ticket in dict(office.talk("a").results)
        assert office.managers["b"].told("bob") == 1
        assert office.talk().changes == []

    def test_a_manager_that_does_not_report_is_not_waited_for(self, office: Office):
        """The others go on after a while; what it has is entered when it reports."""
        office.slots("a", "s1")
        office.slots("b", "s2")
        office.do("b", BookServices(client="bob", desired=2))
        started = office.do("b", StartUpload(client="bob"))
        office.elect()
        office.talk("a")
        assert office.allocator.next_deadline() == office.now + GATHER_S
        office.now += GATHER_S
        office.allocator.tick(office.now)
        office.talk("a")
        assert {each.service for each in office.allocator.snapshot().services} == {"s1"}
        assert office.talk("b").changes == []
        states = {each.service: each.state for each in office.allocator.snapshot().services}
        assert states[started.slot] == "running"

    def test_a_manager_that_has_left_is_not_waited_for(self, office: Office):
        """As soon as it is known to be gone."""
        office.slots("a", "s1")
        office.elect("gone")
        office.talk()
        assert office.allocator.is_gathering
        office.allocator.manager_left("gone", office.now)
        assert not office.allocator.is_gathering

    def test_an_unanswered_operation_is_carried_out_by_the_next_one(self, office: Office):
        """Whether the last one has done so or not."""
        office.slots("a", "s")
        office.do("b", BookServices(client="bob", desired=1))
        ticket = office.managers["b"].ask(StartUpload(client="bob"))
        office.answer(office.managers["b"].next_message())
        office.elect()
        result = dict(office.talk().results) | dict(office.talk().results)
        assert result[ticket].slot == "s"

    def test_a_client_of_a_lost_manager_leaves_its_upload_to_be_ended(self, office: Office):
        """The manager with the slot says that it is in use; nobody gets it before that upload has ended."""
        office.slots("a", "s")
        office.do("b", BookServices(client="bob", desired=1))
        started = office.do("b", StartUpload(client="bob"))
        office.managers["a"].stub_began("s", started.run)
        del office.managers["b"]
        office.elect()
        office.do("a", BookServices(client="alice", desired=1))
        assert office.managers["a"].told("alice") == 0
        office.managers["a"].stub_ended("s", started.run)
        assert office.talk().changes == [AmountChanged("alice", 1)]

    def test_the_newer_of_two_claims_counts(self, office: Office):
        """A run that a manager reports although a newer one has its slot is not entered."""
        office.slots("a", "s")
        office.do("b", BookServices(client="bob", desired=1))
        old = office.do("b", StartUpload(client="bob"))
        office.elect()
        office.talk("a")
        office.now += GATHER_S
        office.allocator.tick(office.now)
        office.do("a", BookServices(client="alice", desired=1))
        new = office.do("a", StartUpload(client="alice"))
        assert new.run > old.run
        office.talk("b")
        running = [each for each in office.allocator.snapshot().services if each.holder]
        assert [each.holder for each in running] == ["alice"]

    def test_fewer_slots_are_shared_by_all_who_had_them(self, office: Office):
        """When the manager with the others is gone as well, each client loses some."""
        office.manager("c")
        office.slots("a", "s1", "s2")
        office.slots("c", "s3", "s4")
        office.do("a", BookServices(client="alice", desired=2))
        office.do("b", BookServices(client="bob", desired=2))
        del office.managers["c"]
        office.elect()
        changes = [*office.talk().changes, *office.talk().changes]
        assert sorted(changes, key=str) == [AmountChanged("alice", -1), AmountChanged("bob", -1)]
        assert [len(each.services) for each in office.managers.values()] == [0, 2]


class TestLeases:
    """Leases of webhooks, across managers and allocators."""

    def test_processes_share_webhooks_across_managers(self, office: Office):
        """Each gets one of two, after the first has confirmed its loss."""
        office.slots("a", "s1", process="p1")
        assert office.managers["a"].lease("p1").webhooks == (1, 2)
        office.slots("b", "s2", process="p2")
        assert office.managers["a"].process_count == 2
        assert office.managers["a"].lease("p1").webhooks == (1,)
        assert office.managers["a"].may_use("p1", 2)
        assert office.managers["b"].lease("p2").webhooks == ()
        office.managers["a"].lease_confirmed("p1", office.managers["a"].lease("p1").number)
        assert not office.managers["a"].may_use("p1", 2)
        assert not office.managers["a"].may_use("unknown", 2)
        assert "p2" in office.talk().leases
        assert office.managers["b"].lease("p2").webhooks == (2,)

    def test_a_process_confirms_at_all_its_managers(self, office: Office):
        """A channel is free only when no slot of its process uses it any more, wherever that is connected."""
        office.slots("a", "s1", process="p1")
        office.slots("b", "s2", process="p1")
        office.slots("b", "s3", process="p2")
        number = office.managers["a"].lease("p1").number
        office.managers["a"].lease_confirmed("p1", number)
        office.talk()
        assert office.managers["b"].lease("p2").webhooks == ()
        office.managers["b"].process_left("p1", "s2")
        office.managers["b"].process_left("p1", "s2")
        office.talk()
        assert office.managers["b"].lease("p2").webhooks != ()

    def test_demand_moves_webhooks(self, office: Office):
        """A process with uploads that wait gets the channels of one that is idle."""
        office.slots("a", "s1", process="p1")
        office.slots("b", "s2", process="p2")
        office.managers["a"].lease_confirmed("p1", office.managers["a"].lease("p1").number)
        office.talk()
        office.slots("b", "s3")
        office.do("b", BookServices(client="bob", desired=3))
        office.do("b", StartUpload(client="bob", avoid=("s1",)))
        office.do("b", StartUpload(client="bob", avoid=("s1",)))
        office.managers["b"].say(DemandTold(process="p2", is_waiting=True))
        office.talk()
        lease = office.managers["a"].lease("p1")
        office.managers["a"].lease_confirmed("p1", lease.number)
        office.talk()
        assert office.managers["b"].lease("p2").webhooks == (1, 2)

    def test_a_process_keeps_its_leases_on_its_way_to_another_manager(self, office: Office):
        """Requests may still be under way; others get them only when it stays away."""
        office.slots("a", "s1", process="p1")
        office.allocator.manager_left("a", office.now)
        del office.managers["a"]
        office.slots("b", "s2", process="p2")
        assert office.managers["b"].lease("p2").webhooks == ()
        office.slots("b", "s3", process="p1")
        assert office.managers["b"].lease("p1").webhooks != ()

    def test_a_process_that_stays_away_loses_its_leases(self, office: Office):
        """After a time in which it has noticed that its manager is gone, which begins with the fence."""
        office.slots("a", "s1", process="p1")
        office.allocator.manager_left("a", office.now)
        del office.managers["a"]
        office.slots("b", "s2", process="p2")
        office.now += ABSENCE_S
        office.allocator.tick(office.now)
        office.talk()
        assert office.managers["b"].lease("p2").webhooks == ()
        office.raise_fence()
        office.now += ABSENCE_S
        office.allocator.tick(office.now)
        office.talk()
        assert office.managers["b"].lease("p2").webhooks == (1, 2)
        assert office.managers["b"].lease("p1").webhooks == ()

    def test_leases_outlive_the_allocator_and_its_manager(self, office: Office):
        """Others know what the processes of the lost manager had; so nobody else gets it."""
        office.slots("a", "s1", process="p1")
        office.slots("b", "s2", process="p2")
        office.managers["a"].lease_confirmed("p1", office.managers["a"].lease("p1").number)
        office.talk()
        before = office.managers["b"].lease("p2")
        del office.managers["a"]
        office.elect()
        office.talk()
        after = office.managers["b"].lease("p2")
        assert (after.webhooks, after.number > before.number) == (before.webhooks, True)
        office.slots("b", "s3", process="p1")
        assert office.managers["b"].lease("p1").webhooks == (1,)

    def test_webhooks_of_a_manager_that_did_not_report_are_not_leased(self, office: Office):
        """Before it has reported, or is gone: its processes may use them."""
        office.webhooks = {1: 11, 2: 12, 3: 13}
        office.elect("c")
        office.slots("a", "s1", process="p1")
        office.now += GATHER_S
        office.allocator.tick(office.now)
        office.talk()
        assert office.managers["a"].lease("p1").webhooks == ()
        office.allocator.manager_left("c", office.now)
        office.talk()
        assert office.managers["a"].lease("p1").webhooks == ()
        office.raise_fence()
        office.now += ABSENCE_S
        office.allocator.tick(office.now)
        office.talk()
        assert office.managers["a"].lease("p1").webhooks == (1, 2, 3)

    def test_the_fence_concerns_only_who_is_not_heard_of(self, office: Office):
        """Whoever is there gets a higher number; a catalog that is away is asked again."""
        office.slots("a", "s1", process="p1")
        office.slots("b", "s2", process="p2")
        assert office.allocator.take_fence() is None
        office.allocator.manager_left("a", office.now)
        lost = office.managers.pop("a").lease("p1")
        assert office.allocator.take_fence() is not None
        office.allocator.fence_not_raised()
        fence = office.raise_fence()
        assert lost.number <= fence < office.managers["b"].lease("p2").number
        assert office.allocator.take_fence() is None

    def test_leases_of_an_earlier_allocator_are_not_those_of_the_next_one(self, office: Office):
        """Not before that one has decided on them: it may have given them to others meanwhile."""
        office.slots("a", "s1", process="p1")
        client = office.managers["a"]
        assert set(client.decided_processes) == {"p1"}
        number = client.connected_leases["p1"]
        office.elect()
        office.exchange("a")
        assert set(client.decided_processes) == set()
        office.talk()
        assert set(client.decided_processes) == {"p1"}
        assert client.connected_leases["p1"] > number

    def test_a_process_that_is_back_before_the_fence_keeps_its_leases(self, office: Office):
        """The fence that was under way for it does not end them."""
        office.slots("a", "s1", process="p1")
        office.allocator.manager_left("a", office.now)
        del office.managers["a"]
        assert office.allocator.take_fence() is not None
        office.slots("b", "s2", process="p1")
        office.allocator.fence_raised(office.now)
        assert office.allocator.next_deadline() is None
        office.talk()
        assert office.managers["b"].lease("p1").webhooks == (1, 2)

    def test_a_process_that_is_connected_elsewhere_stays(self, office: Office):
        """A manager that goes takes only its own connections."""
        office.slots("a", "s1", process="p1")
        office.slots("b", "s2", process="p1")
        office.allocator.manager_left("a", office.now)
        del office.managers["a"]
        office.slots("b", "s3", process="p2")
        client = office.managers["b"]
        client.lease_confirmed("p1", 0)
        assert office.allocator.next_deadline() is None
        client.lease_confirmed("p1", client.lease("p1").number)
        office.talk()
        assert client.lease("p2").webhooks == (2,)

    def test_one_of_two_slots_of_a_process_leaves(self, office: Office):
        """What the process has confirmed there still counts, and it stays."""
        office.slots("a", "s1", "s2", process="p1")
        office.slots("b", "s3", process="p2")
        client = office.managers["a"]
        client.lease_confirmed("p1", client.lease("p1").number)
        client.process_left("p1", "s2")
        office.talk()
        assert client.lease("p1").webhooks == (1,)
        assert office.managers["b"].lease("p2").webhooks == (2,)

    def test_a_process_is_waited_for_once(self, office: Office):
        """Managers that come later know of it as well, and it does not get more time for that."""
        office.slots("a", "s1", process="p1")
        del office.managers["a"]
        office.elect()
        office.talk()
        office.raise_fence()
        deadline = office.allocator.next_deadline()
        office.now += 1.0
        office.manager("c")
        assert office.allocator.next_deadline() == deadline

    def test_a_process_that_left_is_forgotten_everywhere(self, office: Office):
        """With its last slot."""
        office.slots("a", "s1", process="p1")
        office.managers["a"].process_left("p1", "s1")
        office.managers["a"].process_left("p1", "unknown")
        office.talk()
        assert office.managers["b"].lease("p1").webhooks == ()
        assert office.managers["b"].process_count == 0
