"""The allocator over a network that loses, doubles and delays messages, while managers and allocators die."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from manager.services.allocation import (
    AllocatorAnswer,
    AnyOperation,
    Asked,
    BookServices,
    ClearBooking,
    MoveUpload,
    SlotCard,
    StartUpload,
)
from manager.services.allocation_client import AllocationClient, Heard, PendingOperation
from manager.services.allocator import GATHER_S, Allocator
from manager.services.lease_terms import ABSENCE_S

IDLE_S = 30.0
CHANNELS = {number: 100 + number for number in range(1, 4)}


class Side:
    """A manager, with what its clients were told, and the uploads that it believes to run."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.client = AllocationClient(name)
        self.told: dict[str, int] = {}
        self.slots: dict[str, str] = {}
        self.running: dict[str, str] = {}
        self.asked: dict[PendingOperation, str] = {}
        self.configured: dict[str, int] = {}

    def take(self, heard: Heard) -> None:
        """Acts on what was heard, as a manager does."""
        for ticket, result in heard.results:
            client = self.asked.pop(ticket, None)
            if result.code is None and client is not None:
                self.take_result(ticket, result.slot, client)
        for change in heard.changes:
            self.told[change.client] += change.change
            assert self.told[change.client] >= 0
        for card in heard.left:
            self.running.pop(card.id, None)
        for process in heard.leases:
            self.configured[process] = self.client.lease(process).number

    def take_result(self, ticket: PendingOperation, slot: str, client: str) -> None:
        """What a client asked for was done; what comes after its end, or the slot's, is given back."""
        operation = ticket.operation
        if isinstance(operation, MoveUpload):
            self.running.pop(operation.slot, None)
            self.client.upload_ended(operation.slot)
        is_there = slot in self.slots or slot in self.client.services
        if slot and is_there and client in self.told:
            self.running[slot] = client
        elif slot:
            self.client.upload_ended(slot)
        elif client in self.told:
            self.told[client] = self.client.told(client)


class AllocatorMachine(RuleBasedStateMachine):
    """Whatever the network does: once it is quiet, what clients were told is what they have."""

    @initialize()
    def start(self) -> None:
        """Two managers and an allocator, which know nothing of one another."""
        self.now = 0.0
        self.made = 0
        self.epoch = 1
        self.sides: dict[str, Side] = {}
        self.wires: list[tuple[str, Asked]] = []
        self.answers: list[tuple[str, AllocatorAnswer]] = []
        for _ in range(2):
            self.manager_starts()
        self.allocator = self.elected()

    def elected(self) -> Allocator:
        """A new allocator, which knows the webhooks and who is alive."""
        allocator = Allocator(self.epoch, self.sides, idle_s=IDLE_S, now=self.now)
        allocator.set_webhooks(CHANNELS)
        return allocator

    def new_id(self, kind: str) -> str:
        """An id that nobody has had."""
        self.made += 1
        return f"{kind}{self.made}"

    def manager_starts(self) -> None:
        """One more manager."""
        side = Side(self.new_id("manager"))
        self.sides[side.name] = side

    def any_side(self, data: st.DataObject) -> Side:
        """One of the managers."""
        return self.sides[data.draw(st.sampled_from(sorted(self.sides)))]

    # What happens at managers

    @precondition(lambda self: len(self.sides) < 4)
    @rule()
    def a_manager_starts(self) -> None:
        """A manager comes."""
        self.manager_starts()

    @precondition(lambda self: len(self.sides) > 1)
    @rule(data=st.data())
    def a_manager_dies(self, data: st.DataObject) -> None:
        """A manager goes, with its clients and sockets, and with what it has sent."""
        side = self.any_side(data)
        del self.sides[side.name]
        self.wires = [wire for wire in self.wires if wire[0] != side.name]
        self.answers = [answer for answer in self.answers if answer[0] != side.name]
        self.allocator.manager_left(side.name, self.now)

    @rule(data=st.data(), amount=st.integers(1, 2))
    def slots_join(self, data: st.DataObject, amount: int) -> None:
        """A process connects some slots."""
        side, process = self.any_side(data), self.new_id("process")
        for _ in range(amount):
            slot = self.new_id("slot")
            side.slots[slot] = process
            side.client.process_joined(process, slot, tells_demand=False)
            side.client.service_joined(SlotCard(id=slot, manager=side.name, address="http://a"))

    @rule(data=st.data())
    def a_slot_leaves(self, data: st.DataObject) -> None:
        """A slot disconnects."""
        side = self.any_side(data)
        if side.slots:
            slot = data.draw(st.sampled_from(sorted(side.slots)))
            side.client.process_left(side.slots.pop(slot), slot)
            side.client.service_left(slot)
            side.running.pop(slot, None)

    @rule(data=st.data())
    def a_client_comes(self, data: st.DataObject) -> None:
        """A client connects."""
        self.any_side(data).told[self.new_id("client")] = 0

    @rule(data=st.data())
    def a_client_leaves(self, data: st.DataObject) -> None:
        """A client disconnects; what works for it ends at once."""
        side = self.any_side(data)
        if side.told:
            client = data.draw(st.sampled_from(sorted(side.told)))
            del side.told[client]
            side.client.client_left(client)
            for slot in [slot for slot, holder in side.running.items() if holder == client]:
                del side.running[slot]
                side.client.upload_ended(slot)

    @rule(data=st.data(), desired=st.integers(1, 4))
    def a_client_asks(self, data: st.DataObject, desired: int) -> None:
        """A client books, clears, or starts an upload."""
        side = self.any_side(data)
        if not side.told:
            return
        client = data.draw(st.sampled_from(sorted(side.told)))
        choices: list[AnyOperation] = [
            BookServices(client=client, desired=desired),
            ClearBooking(client=client),
            StartUpload(client=client),
        ]
        operation = data.draw(st.sampled_from(choices))
        side.asked[side.client.ask(operation)] = client

    @rule(data=st.data(), moves=st.booleans())
    def an_upload_goes_on(self, data: st.DataObject, moves: bool) -> None:
        """An upload ends, or goes to another service."""
        side = self.any_side(data)
        if not side.running:
            return
        slot = data.draw(st.sampled_from(sorted(side.running)))
        if moves:
            move = MoveUpload(slot=slot, run=side.client.run_on(slot))
            side.asked[side.client.ask(move)] = side.running[slot]
        else:
            del side.running[slot]
            side.client.upload_ended(slot)

    @rule(data=st.data())
    def a_caller_gives_up(self, data: st.DataObject) -> None:
        """Nobody waits for an answer any more."""
        side = self.any_side(data)
        if side.asked:
            ticket = data.draw(st.sampled_from(list(side.asked)))
            del side.asked[ticket]
            side.client.abandon(ticket)

    @rule(data=st.data())
    def a_process_confirms(self, data: st.DataObject) -> None:
        """A process has given up what it was to give up."""
        side = self.any_side(data)
        if side.configured:
            process = data.draw(st.sampled_from(sorted(side.configured)))
            side.client.lease_confirmed(process, side.configured.pop(process))

    # The network

    @rule(data=st.data(), copies=st.integers(0, 2))
    def a_manager_sends(self, data: st.DataObject, copies: int) -> None:
        """A message is sent, and lost, or arrives once or twice, at any time."""
        side = self.any_side(data)
        self.wires += [(side.name, side.client.next_message())] * copies

    @precondition(lambda self: self.wires)
    @rule(data=st.data(), copies=st.integers(0, 2))
    def a_message_arrives(self, data: st.DataObject, copies: int) -> None:
        """Any message that is under way arrives, and its answer is lost, or comes once or twice."""
        place = data.draw(st.integers(0, len(self.wires) - 1))
        name, asked = self.wires.pop(place)
        self.answers += [(name, self.answered(asked))] * copies

    def answered(self, asked: Asked) -> AllocatorAnswer:
        """What the allocator answers."""
        if asked.report is not None:
            return self.allocator.report(asked.report, self.now)
        assert asked.call is not None
        return self.allocator.call(asked.call, self.now)

    @precondition(lambda self: self.answers)
    @rule(data=st.data())
    def an_answer_arrives(self, data: st.DataObject) -> None:
        """Any answer that is under way arrives."""
        place = data.draw(st.integers(0, len(self.answers) - 1))
        name, answer = self.answers.pop(place)
        if name in self.sides:
            self.sides[name].take(self.sides[name].client.received(answer))

    @rule(data=st.data(), rounds=st.integers(1, 8))
    def a_manager_talks(self, data: st.DataObject, rounds: int) -> None:
        """The network works for a while between one manager and the allocator."""
        side = self.any_side(data)
        for _ in range(rounds):
            side.take(side.client.received(self.answered(side.client.next_message())))

    @rule(seconds=st.sampled_from([0.5, GATHER_S, IDLE_S, ABSENCE_S]))
    def time_passes(self, seconds: float) -> None:
        """The allocator does what is due."""
        self.now += seconds
        self.allocator.tick(self.now)

    @rule(fails=st.booleans())
    def the_fence_is_raised(self, fails: bool) -> None:
        """The catalog takes it, or is away."""
        if self.allocator.take_fence() is None:
            return
        if fails:
            self.allocator.fence_not_raised()
        else:
            self.allocator.fence_raised(self.now)

    @rule()
    def the_allocator_dies(self) -> None:
        """The next one knows nothing; what was sent to the last one may arrive there."""
        self.epoch += 1
        self.allocator = self.elected()

    # What holds

    @invariant()
    def no_webhook_is_used_by_two(self) -> None:
        """What a process may use by what its manager knows, no other process may use."""
        users = Counter(
            webhook
            for side in self.sides.values()
            for process in set(side.slots.values())
            for webhook in CHANNELS
            if side.client.may_use(process, webhook)
        )
        assert all(count == 1 for count in users.values()), users

    @invariant()
    def no_slot_runs_two(self) -> None:
        """Of two managers that believe to have an upload on a slot, one has the newer run."""
        runs = Counter(
            (slot, side.client.run_on(slot))
            for side in self.sides.values()
            for slot in side.running
        )
        assert all(count == 1 for count in runs.values()), runs

    def teardown(self) -> None:
        """Once the network works, everything agrees."""
        if not hasattr(self, "sides"):
            return
        self.wires.clear()
        self.answers.clear()
        for _ in range(60):
            self.now += 0.1
            for side in self.sides.values():
                side.take(side.client.received(self.answered(side.client.next_message())))
                for process, number in tuple(side.configured.items()):
                    side.client.lease_confirmed(process, number)
                side.configured.clear()
            self.allocator.tick(self.now)
        snapshot = self.allocator.snapshot()
        amounts = {booking.client: booking.amount for booking in snapshot.bookings}
        told = {c: n for side in self.sides.values() for c, n in side.told.items() if n}
        assert {c: n for c, n in amounts.items() if n} == told
        slots = {slot for side in self.sides.values() for slot in side.slots}
        assert {service.service for service in snapshot.services} == slots
        assert not snapshot.waiting or not [s for s in snapshot.services if s.state == "free"]
        busy = {s.service: s.holder for s in snapshot.services if s.state == "running"}
        assert busy == {s: c for side in self.sides.values() for s, c in side.running.items()}
        assert not [s for s in snapshot.services if s.state == "draining"]
        for side in self.sides.values():
            assert side.client.services.keys() == slots - side.slots.keys()
        if any(side.slots for side in self.sides.values()):
            self.now += ABSENCE_S
            self.allocator.tick(self.now)


TestAllocator = AllocatorMachine.TestCase
TestAllocator.settings = settings(max_examples=40, stateful_step_count=60, deadline=None)
