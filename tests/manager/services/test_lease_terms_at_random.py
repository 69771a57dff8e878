"""Leases while managers lose NATS, allocators die, and messages come late: no webhook is used by two."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from manager.services.allocation import AllocatorAnswer, Asked
from manager.services.allocation_client import AllocationClient, Heard
from manager.services.allocator import GATHER_S, Allocator
from manager.services.lease_terms import ABSENCE_S, LOOK_EVERY_S, TERM_S, LeaseTerms

CHANNELS = {1: 101, 2: 102, 3: 103}
SIDES = st.sampled_from(["a", "b"])


class Side:
    """A manager with one upload process, which confirms at once what it is told."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.process = f"process of {name}"
        self.client = AllocationClient(name)
        self.client.process_joined(self.process, f"slot of {name}", tells_demand=False)
        self.terms = LeaseTerms()
        self.is_cut_off = False

    def take(self, heard: Heard, sent_at: float) -> None:
        """Acts on the answer to what was sent at that time."""
        if heard.is_answered:
            self.terms.confirmed(self.client.decided_processes, sent_at)
        for process in heard.leases:
            self.client.lease_confirmed(process, self.client.lease(process).number)


class LeaseMachine(RuleBasedStateMachine):
    """Two managers, of which each may lose NATS alone."""

    @initialize()
    def start(self) -> None:
        """Both processes have something."""
        self.now = 0.0
        self.epoch = 1
        self.fence = 0
        self.late: list[tuple[Side, AllocatorAnswer, float]] = []
        self.sides = {name: Side(name) for name in ("a", "b")}
        self.elect()
        for _ in range(3):
            self.all_talk()

    def elect(self) -> None:
        """A new allocator, which believes both managers to be alive."""
        self.allocator = Allocator(self.epoch, self.sides, idle_s=30.0, now=self.now)
        self.allocator.set_webhooks(CHANNELS)

    def answered(self, asked: Asked) -> AllocatorAnswer:
        """What the allocator answers."""
        if asked.report is not None:
            return self.allocator.report(asked.report, self.now)
        assert asked.call is not None
        return self.allocator.call(asked.call, self.now)

    @rule()
    def all_talk(self) -> None:
        """Managers ask for news, as they do each second."""
        for side in self.sides.values():
            for _ in range(0 if side.is_cut_off else 4):
                side.client.ring()
                answer = self.answered(side.client.next_message())
                side.take(side.client.received(answer), self.now)
        self.allocator.tick(self.now)

    @rule(name=SIDES)
    def an_answer_is_late(self, name: str) -> None:
        """A call is answered, and the answer is under way."""
        side = self.sides[name]
        if not side.is_cut_off:
            answer = self.answered(side.client.next_message())
            self.late.append((side, answer, self.now))

    @rule()
    def what_is_late_arrives(self) -> None:
        """Also at a manager that was cut off meanwhile."""
        for side, answer, sent_at in self.late:
            side.take(side.client.received(answer), sent_at)
        self.late.clear()

    @rule(name=SIDES, is_missed=st.booleans())
    def a_manager_loses_nats(self, name: str, is_missed: bool) -> None:
        """And nothing else. It is missed after seconds, in which the others have asked for news."""
        self.sides[name].is_cut_off = True
        if is_missed:
            self.all_talk()
            self.allocator.manager_left(name, self.now)

    @precondition(lambda self: any(side.is_cut_off for side in self.sides.values()))
    @rule()
    def managers_are_back(self) -> None:
        """They are heard of again."""
        for side in self.sides.values():
            side.is_cut_off = False

    @rule()
    def managers_look_at_the_fence(self) -> None:
        """Those of which the allocator is silent; they reach the catalog without NATS."""
        for side in self.sides.values():
            if side.terms.must_look(self.now):
                side.terms.looked(self.fence, side.client.connected_leases, self.now)

    @rule(fails=st.booleans())
    def the_fence_is_raised(self, fails: bool) -> None:
        """The catalog takes it, or is away."""
        number = self.allocator.take_fence()
        if number is not None and fails:
            self.allocator.fence_not_raised()
        elif number is not None:
            self.fence = max(self.fence, number)
            self.allocator.fence_raised(self.now)

    @rule(seconds=st.sampled_from([LOOK_EVERY_S, TERM_S, ABSENCE_S]))
    def time_passes(self, seconds: float) -> None:
        """The allocator does what is due, and managers hear of it."""
        self.now += seconds
        self.allocator.tick(self.now)
        self.all_talk()

    @rule()
    def the_allocator_dies(self) -> None:
        """The next one knows nothing but who was alive."""
        self.epoch += 1
        self.elect()
        self.now += GATHER_S
        self.all_talk()

    @invariant()
    def no_webhook_is_used_by_two(self) -> None:
        """By processes whose managers let them post."""
        users = Counter(
            webhook
            for side in self.sides.values()
            for webhook in CHANNELS
            if side.client.may_use(side.process, webhook)
            and side.terms.may_post(side.process, self.now)
        )
        assert all(count == 1 for count in users.values()), users


TestLeases = LeaseMachine.TestCase
TestLeases.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
