"""Leases of webhooks: a webhook belongs to one process at most, and shares are fair and stable."""

from collections.abc import Iterable
from itertools import permutations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from manager.services.leases import Configure, EarlierLease, LeaseAllocator


def leases_of(channels: int, *processes: str) -> LeaseAllocator:
    """Leases of webhooks 1, 2, …, each in a channel of its own, to processes of one slot each."""
    leases = LeaseAllocator()
    leases.set_webhooks({n: 100 + n for n in range(1, channels + 1)})
    for process in processes:
        confirm_all(leases, leases.slot_joined(process, f"{process}1"))
    return leases


def confirm_all(leases: LeaseAllocator, configurations: Iterable[Configure]) -> None:
    """Every process confirms whatever it is told, until nothing is left to tell."""
    waiting = list(configurations)
    while waiting:
        told = waiting.pop(0)
        waiting += leases.confirmed(told.process, told.number)


def shares(leases: LeaseAllocator, *processes: str) -> list[int]:
    """Number of webhooks of each process."""
    return [len(leases.webhooks_of(process)) for process in processes]


class TestSharing:
    """Who gets what."""

    def test_the_only_process_gets_everything(self):
        """A process that is alone is configured with all webhooks."""
        leases = leases_of(3)
        assert [c.webhook_ids for c in leases.slot_joined("a", "a1")] == [(1, 2, 3)]

    def test_the_present_lease_is_told_again(self):
        """As it was told when it came, but for the number; one who is not there has no webhook."""
        leases = leases_of(2, "a")
        assert leases.current("a").webhook_ids == (1, 2)
        assert leases.current("b") == Configure("b", (), number=0, gets_more=False)

    def test_webhooks_of_a_channel_stay_together(self):
        """All webhooks of a channel go to one process, as they share the channel's limit."""
        leases = leases_of(0, "a", "b")
        leases.set_webhooks({1: 100, 2: 200, 3: 100, 4: 200})
        assert {leases.webhooks_of("a"), leases.webhooks_of("b")} == {(1, 3), (2, 4)}

    def test_equal_processes_share_equally(self):
        """Processes with equally many slots differ by one channel at most."""
        assert sorted(shares(leases_of(8, *"abc"), *"abc")) == [2, 3, 3]

    def test_shares_follow_the_slots(self):
        """A process with three times the slots gets three times the channels."""
        leases = leases_of(8, "a", "b")
        for slot in ("b2", "b3"):
            confirm_all(leases, leases.slot_joined("b", slot))
        assert shares(leases, "a", "b") == [2, 6]

    def test_nobody_is_without_while_another_has_two(self):
        """However many slots others have, a process gets a channel if there is one to spare."""
        leases = leases_of(2, "a")
        for n in range(2, 9):
            leases.slot_joined("a", f"a{n}")
        confirm_all(leases, leases.slot_joined("b", "b1"))
        assert shares(leases, "a", "b") == [1, 1]

    def test_too_few_channels(self):
        """A process for which there is no channel is told an empty list, until there is one."""
        leases = leases_of(1, "a")
        assert [c.webhook_ids for c in leases.slot_joined("b", "b1")] == [()]
        told = leases.set_webhooks({1: 101, 2: 102})
        assert [(c.process, c.webhook_ids) for c in told] == [("b", (2,))]

    def test_a_new_webhook_disturbs_nobody_else(self):
        """A webhook that comes is told to its taker alone."""
        leases = leases_of(4, "a", "b")
        told = leases.set_webhooks({n: 100 + n for n in range(1, 6)})
        assert [c.process for c in told] == ["a"]

    def test_fair_shares_stay(self):
        """Nothing moves when shares are as fair as they can be: no message either."""
        leases = leases_of(5, "a", "b")
        before = [leases.webhooks_of(process) for process in "ab"]
        assert leases.set_webhooks({n: 100 + n for n in range(1, 6)}) == []
        confirm_all(leases, leases.slot_joined("a", "a2"))
        confirm_all(leases, leases.slot_left("a", "a2"))
        assert [leases.webhooks_of(process) for process in "ab"] == before


class TestMoving:
    """From one process to another."""

    def test_given_on_only_after_confirmation(self):
        """A channel taken from one process is used by nobody until that process has confirmed."""
        leases = leases_of(2, "a")
        told = leases.slot_joined("b", "b1")
        assert [(c.process, c.webhook_ids) for c in told] == [("a", (1,)), ("b", ())]
        given = leases.confirmed("a", told[0].number)
        assert [(c.process, c.webhook_ids) for c in given] == [("b", (2,))]

    def test_no_more_is_taken_than_is_missing(self):
        """Channels that are being taken back already count for who will get them."""
        leases = leases_of(9, "a")
        leases.slot_joined("b", "b1")
        assert [c.process for c in leases.slot_joined("b", "b1")] == ["b"]
        assert shares(leases, "a", "b") == [5, 0]

    def test_an_older_confirmation_does_not_count(self):
        """The answer to a configuration sent before the channel was taken away frees nothing."""
        leases = leases_of(2)
        first = leases.slot_joined("a", "a1")[0].number
        leases.slot_joined("b", "b1")
        assert leases.confirmed("a", first) == []
        assert leases.webhooks_of("b") == ()

    def test_a_webhook_is_held_until_it_is_confirmed_as_given_up(self):
        """What is being taken from a process is still held by it, and by nobody else."""
        leases = leases_of(2, "a")
        number = leases.slot_joined("b", "b1")[0].number
        assert [leases.is_held_by(process, 2) for process in "ab"] == [True, False]
        leases.confirmed("a", number)
        assert [leases.is_held_by(process, 2) for process in "ab"] == [False, True]
        assert not leases.is_held_by("a", 99)
        assert not leases.is_held_by("unknown", 1)

    def test_another_process_cannot_confirm(self):
        """Only the process that used the channel can say that it does not any more."""
        leases = leases_of(2, "a")
        told = leases.slot_joined("b", "b1")
        assert leases.confirmed("b", told[0].number) == []
        assert leases.confirmed("unknown", told[0].number) == []

    def test_a_later_confirmation_counts_for_earlier_ones(self):
        """Confirming a configuration confirms all that were sent before."""
        leases = leases_of(4, "a")
        leases.slot_joined("b", "b1")
        last = leases.slot_joined("a", "a2")[0].number
        leases.confirmed("a", last)
        assert sum(shares(leases, "a", "b")) == 4

    def test_leaving_counts_as_confirmation(self):
        """What a process had, and what was being taken from it, is free once it has left."""
        leases = leases_of(2, "a")
        leases.slot_joined("b", "b1")
        told = leases.slot_left("a", "a1")
        assert [(c.process, c.webhook_ids) for c in told] == [("b", (1, 2))]

    def test_one_slot_of_several_leaves(self):
        """A process stays as long as it has a slot."""
        leases = leases_of(2, "a")
        leases.slot_joined("a", "a2")
        assert leases.slot_left("a", "a1") == []
        assert leases.webhooks_of("a") == (1, 2)

    def test_a_confirmation_after_reconnecting_is_not_mixed_up(self):
        """A process that comes back starts anew: its old answers confirm nothing."""
        leases = leases_of(2, "a")
        old = leases.slot_joined("b", "b1")[0].number
        leases.slot_left("a", "a1")
        leases.slot_joined("a", "a1")
        assert leases.confirmed("b", old) == []

    def test_an_unknown_process_leaves(self):
        """The departure of a process that never joined changes nothing."""
        assert leases_of(1, "a").slot_left("b", "b1") == []

    def test_the_taker_has_left_meanwhile(self):
        """A channel whose taker left before it was free goes back to its giver."""
        leases = leases_of(2, "a")
        number = leases.slot_joined("b", "b1")[0].number
        leases.slot_left("b", "b1")
        assert leases.webhooks_of("a") == (1,)
        assert [c.webhook_ids for c in leases.confirmed("a", number)] == [(1, 2)]


class TestDemand:
    """Processes that say when their posts wait."""

    def telling(self, channels: int, *processes: str) -> LeaseAllocator:
        """Leases to processes of one slot each that tell their demand."""
        leases = leases_of(channels)
        for process in processes:
            confirm_all(leases, leases.slot_joined(process, f"{process}1", tells_demand=True))
        return leases

    def tell(self, leases: LeaseAllocator, process: str, *, waits: bool, **uploads: int) -> None:
        """A process tells its demand, and everything is confirmed."""
        confirm_all(leases, leases.demand_told(process, is_waiting=waits, uploads=uploads))

    def test_who_waits_alone_gets_everything(self):
        """A single upload uses the channels of all processes that have none."""
        leases = self.telling(10, *"abcd")
        assert sorted(shares(leases, *"abcd")) == [2, 2, 3, 3]
        self.tell(leases, "b", waits=True, b=1)
        assert shares(leases, *"abcd") == [0, 10, 0, 0]

    def test_an_upload_that_does_not_wait_keeps_one_channel(self):
        """It gives up the others to an upload that waits."""
        leases = self.telling(10, "a", "b")
        self.tell(leases, "b", waits=True, a=1, b=1)
        assert shares(leases, "a", "b") == [1, 9]

    def test_those_who_wait_share_by_uploads(self):
        """Each upload that waits has the same share, whichever process it runs on."""
        leases = self.telling(8, "a", "b", "c")
        self.tell(leases, "a", waits=True, a=1)
        assert shares(leases, "a", "b", "c") == [8, 0, 0]
        self.tell(leases, "b", waits=True, a=1, b=3)
        assert shares(leases, "a", "b", "c") == [2, 6, 0]

    def test_whoever_has_nothing_gets_something_once_nobody_waits(self):
        """The next upload finds a channel wherever it begins; nothing else moves."""
        leases = self.telling(6, "a", "b", "c")
        self.tell(leases, "a", waits=True, a=1)
        self.tell(leases, "a", waits=False, a=1)
        assert shares(leases, "a", "b", "c") == [4, 1, 1]

    def test_the_same_again_moves_nothing(self):
        """A process that tells its demand again and again causes no message."""
        leases = self.telling(6, "a", "b")
        self.tell(leases, "a", waits=True, a=1)
        assert leases.demand_told("a", is_waiting=True, uploads={"a": 1}) == []

    def test_a_process_that_cannot_tell_keeps_its_share(self):
        """One of release 0.2 shares by its slots with those who wait, and is never without a channel."""
        leases = self.telling(8, "a", "b")
        confirm_all(leases, leases.slot_joined("old", "old1"))
        self.tell(leases, "a", waits=True, a=1)
        assert shares(leases, "a", "b", "old") == [4, 0, 4]
        assert leases.demand_told("old", is_waiting=True, uploads={}) == []
        assert leases.demand_told("unknown", is_waiting=True, uploads={}) == []

    def test_it_says_whether_there_is_anything_to_wait_for(self):
        """Every process that tells its demand learns when the last webhook dies, and when one is back."""
        leases = self.telling(1, "a", "b")
        told = leases.quarantine(1)
        assert [(c.process, c.gets_more) for c in told] == [("a", False), ("b", False)]
        told = leases.set_webhooks({1: 101})
        assert [(c.process, c.gets_more) for c in told] == [("a", True), ("b", True)]
        joined = leases.slot_joined("old", "old1")
        assert [c.gets_more for c in joined if c.process == "old"] == [False]


class TestQuarantine:
    """Dead webhooks."""

    def test_a_dead_webhook_is_used_by_nobody(self):
        """A quarantined webhook is taken from its process and never given to another."""
        leases = leases_of(3, "a")
        assert [c.webhook_ids for c in leases.quarantine(2)] == [(1, 3)]
        confirm_all(leases, leases.slot_joined("b", "b1"))
        assert sorted(leases.webhooks_of("a") + leases.webhooks_of("b")) == [1, 3]

    def test_quarantine_twice(self):
        """A webhook that is in quarantine already, or unknown, is no change."""
        leases = leases_of(2, "a")
        leases.quarantine(2)
        assert leases.quarantine(2) == []
        assert leases.quarantine(99) == []

    def test_dead_while_changing_hands(self):
        """The loss of a webhook that nobody uses at the moment needs no message."""
        leases = leases_of(2, "a")
        leases.slot_joined("b", "b1")
        assert leases.webhooks_of("a") == (1,)
        assert leases.quarantine(2) == []

    def test_the_rest_is_shared_again(self):
        """After losses the remaining webhooks are shared fairly."""
        leases = leases_of(6, "a", "b")
        for webhook in leases.webhooks_of("b"):
            confirm_all(leases, leases.quarantine(webhook))
        assert sorted(shares(leases, "a", "b")) == [1, 2]

    def test_the_last_webhook_dies(self):
        """A process that has lost its last webhook is told that it has none."""
        leases = leases_of(1, "a")
        assert [c.webhook_ids for c in leases.quarantine(1)] == [()]

    def test_back_from_the_dead(self):
        """A webhook that is named again goes to its channel's process, who may still use it."""
        leases = leases_of(2, "a", "b")
        holder = "a" if 1 in leases.webhooks_of("a") else "b"
        leases.quarantine(1)
        leases.set_webhooks({1: 555, 2: 102})
        assert leases.webhooks_of(holder) == (1,)


PROCESSES = st.sampled_from("abcd")
TELLING = frozenset("cd")
"""The processes that tell their demand."""


class LeaseMachine(RuleBasedStateMachine):
    """Processes, slots and webhooks come and go; confirmations come late, or out of turn."""

    @initialize(webhooks=st.integers(0, 12), channels=st.integers(1, 8))
    def start(self, webhooks, channels):
        """Some webhooks, several of them perhaps in one channel."""
        self.leases = LeaseAllocator()
        self.webhooks = {n: 100 + n % channels for n in range(1, webhooks + 1)}
        self.dead: set[int] = set()
        self.slots: dict[str, set[str]] = {}
        self.told: dict[str, list[Configure]] = {}
        self.waiting: set[str] = set()
        self.uploads: dict[str, int] = {}
        self.hear(self.leases.set_webhooks(self.webhooks))

    def hear(self, configurations: list[Configure]) -> None:
        """Processes get what they are told, and will confirm it some time."""
        assert len({c.process for c in configurations}) == len(configurations)
        for configuration in configurations:
            self.told[configuration.process].append(configuration)

    @rule(process=PROCESSES, slot=st.integers(1, 3))
    def slot_joins(self, process, slot):
        """A slot connects, and its process is configured."""
        self.slots.setdefault(process, set()).add(f"{process}{slot}")
        self.told.setdefault(process, [])
        told = self.leases.slot_joined(process, f"{process}{slot}", tells_demand=process in TELLING)
        assert process in {c.process for c in told}
        self.hear(told)

    @precondition(lambda self: self.slots)
    @rule(data=st.data())
    def slot_leaves(self, data):
        """A slot disconnects; after the last one the process uses nothing."""
        process = data.draw(st.sampled_from(sorted(self.slots)))
        slot = data.draw(st.sampled_from(sorted(self.slots[process])))
        self.slots[process].remove(slot)
        if not self.slots[process]:
            del self.slots[process], self.told[process]
            self.waiting.discard(process)
            self.uploads.pop(process, None)
        self.hear(self.leases.slot_left(process, slot))

    @precondition(lambda self: TELLING & self.slots.keys())
    @rule(data=st.data(), waits=st.booleans())
    def demand_is_told(self, data, waits):
        """A process says whether its posts wait; some uploads run, here and elsewhere."""
        process = data.draw(st.sampled_from(sorted(TELLING & self.slots.keys())))
        (self.waiting.add if waits else self.waiting.discard)(process)
        counts = st.integers(0, 3)
        self.uploads = {each: data.draw(counts) for each in sorted(self.slots)}
        self.hear(self.leases.demand_told(process, is_waiting=waits, uploads=dict(self.uploads)))

    @precondition(lambda self: any(len(told) > 1 for told in self.told.values()))
    @rule(data=st.data())
    def process_confirms(self, data):
        """A process answers one of its configurations; it then uses only that or later ones."""
        busy = sorted(process for process, told in self.told.items() if len(told) > 1)
        process = data.draw(st.sampled_from(busy))
        index = data.draw(st.integers(1, len(self.told[process]) - 1))
        self.told[process] = self.told[process][index:]
        self.hear(self.leases.confirmed(process, self.told[process][0].number))

    @precondition(lambda self: self.webhooks)
    @rule(data=st.data())
    def webhook_dies(self, data):
        """A webhook is quarantined, perhaps a second time."""
        webhook = data.draw(st.sampled_from(sorted(self.webhooks)))
        self.dead.add(webhook)
        self.hear(self.leases.quarantine(webhook))

    @rule(data=st.data())
    def webhooks_are_named_again(self, data):
        """The set of webhooks changes at once."""
        usable = data.draw(st.sets(st.sampled_from(sorted(self.webhooks) or [0])))
        self.dead = set(self.webhooks) - usable
        named = {webhook: self.webhooks[webhook] for webhook in usable if webhook}
        self.hear(self.leases.set_webhooks(named))

    @rule()
    def all_confirm(self):
        """Once everybody has confirmed, everything is leased, fairly, and nothing moves."""
        self.confirm_everything()
        alive = set(self.webhooks) - self.dead
        leased = {w for process in self.slots for w in self.leases.webhooks_of(process)}
        assert leased == (alive if self.slots else set())
        self.nobody_is_left_out()
        self.shares_follow_demand()
        self.hear(self.leases.set_webhooks({w: self.webhooks[w] for w in alive}))
        self.confirm_everything()
        if not self.anybody_waits():
            self.shares_are_fair({process: len(slots) for process, slots in self.slots.items()})
        self.shares_follow_demand()
        assert self.leases.set_webhooks({w: self.webhooks[w] for w in alive}) == []

    def confirm_everything(self) -> None:
        """Every process confirms the last thing that it was told, until nothing more is told."""
        while any(len(told) > 1 for told in self.told.values()):
            for process in list(self.told):
                self.told[process] = self.told[process][-1:]
                self.hear(self.leases.confirmed(process, self.told[process][0].number))

    def anybody_waits(self) -> bool:
        """Whether a process can use more channels, as far as the manager knows."""
        return bool(self.waiting or self.slots.keys() - TELLING)

    def is_entitled(self, process: str) -> bool:
        """Whether a process may not be without a channel while another has two."""
        if not self.anybody_waits() or process not in TELLING or process in self.waiting:
            return True
        return self.uploads.get(process, 0) > 0

    def nobody_is_left_out(self) -> None:
        """Whoever is entitled to a channel has one before any other gets a second."""
        for giver in self.slots:
            for taker in set(self.slots) - {giver}:
                if self.is_entitled(taker) and not self.channels_of(taker):
                    assert self.channels_of(giver) <= (1 if self.is_entitled(giver) else 0)

    def shares_follow_demand(self) -> None:
        """While somebody waits nobody has channels to spare, and those who wait share fairly."""
        if not self.anybody_waits():
            return
        weights = {
            process: max(1, self.uploads.get(process, 0)) if process in TELLING else len(slots)
            for process, slots in self.slots.items()
            if process not in TELLING or process in self.waiting
        }
        for process in self.slots.keys() - weights.keys():
            assert self.channels_of(process) <= (1 if self.is_entitled(process) else 0)
        self.shares_are_fair(weights)

    def shares_are_fair(self, weights: dict[str, int]) -> None:
        """No channel would be better off with another of these processes."""
        for giver, taker in permutations(weights, 2):
            gives, takes = self.channels_of(giver), self.channels_of(taker)
            if takes:
                before, after = gives - 1, takes + 1
                assert gives <= 1 or before * weights[taker] < after * weights[giver]

    def channels_of(self, process: str) -> int:
        """How many channels a process has."""
        return len({self.webhooks[w] for w in self.leases.webhooks_of(process)})

    @invariant()
    def a_channel_is_used_by_one_process_at_most(self):
        """Of all that processes may still be using, nothing is used by two, not even a channel."""
        users: dict[int, str] = {}
        for process, told in self.told.items():
            for channel in {self.webhooks[w] for c in told for w in c.webhook_ids}:
                assert users.setdefault(channel, process) == process

    @invariant()
    def told_is_leased(self):
        """The last thing that a process was told is what it may use; the dead are not in it."""
        for process, told in self.told.items():
            assert told[-1].webhook_ids == self.leases.webhooks_of(process)
            assert not self.dead & set(told[-1].webhook_ids)

    @invariant()
    def numbers_grow(self):
        """A later configuration has a higher number."""
        for told in self.told.values():
            numbers = [c.number for c in told]
            assert numbers == sorted(set(numbers))


TestLeaseMachine = LeaseMachine.TestCase
TestLeaseMachine.settings = settings(max_examples=80, stateful_step_count=40)


def test_processes_are_counted_as_they_come_and_go():
    """All that have a slot share the limit of requests, and nobody else."""
    leases = LeaseAllocator()
    leases.slot_joined("a", "a1")
    leases.slot_joined("a", "a2")
    leases.slot_joined("b", "b1")
    assert leases.process_count == 2
    leases.slot_left("a", "a1")
    leases.slot_left("b", "b1")
    assert leases.process_count == 1


def test_earlier_leases_are_taken_over():
    """A process keeps what it had, but for what another one has, or what is not configured any more."""
    leases = LeaseAllocator(100)
    leases.slot_lost("unknown", "slot")
    channels = {1: 11, 2: 12}
    leases.restore(channels, [EarlierLease("a", ("a1",), tells_demand=False, webhook_ids=(1, 9))])
    configured = leases.restore(
        {**channels, 3: 13}, [EarlierLease("b", ("b1",), tells_demand=False, webhook_ids=(1, 3))]
    )
    assert min(each.number for each in configured) > 100
    assert leases.webhooks_of("a") == (1, 2)
    assert leases.webhooks_of("b") == (3,)
