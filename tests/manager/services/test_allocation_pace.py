"""With many managers and processes, what changes within a moment costs as much as one change."""

from manager.services.allocation_pace import (
    FEW_MANAGERS,
    FEW_PROCESSES,
    RING_S_PER_MANAGER,
    SETTLE_S_PER_PROCESS,
    Doorbells,
    PacedLeases,
)
from manager.services.leases import LeaseAllocator


class TestDoorbells:
    """Who is told of news, and when."""

    def test_few_managers_hear_of_everything_at_once(self):
        """Nothing is gathered for them."""
        bells = Doorbells()
        bells.ring_soon(["a", "b"], 5.0, FEW_MANAGERS)
        assert bells.due_at is None
        assert bells.take(5.0) == {"a", "b"}
        assert bells.take(5.0) == set()

    def test_many_managers_are_rung_once_for_what_happens_in_a_moment(self):
        """The moment begins with the first news, and is the longer the more managers there are."""
        bells = Doorbells()
        bells.ring_soon([], 4.0, 100)
        bells.ring_soon(["a", "b"], 5.0, 100)
        bells.ring_soon(["b", "c"], 5.1, 100)
        assert bells.due_at == 5.0 + 100 * RING_S_PER_MANAGER
        assert bells.take(5.1) == set()
        bells.ring("d")
        assert bells.take(5.1) == {"d"}
        assert bells.take(bells.due_at) == {"a", "b", "c"}
        assert bells.take(9.0) == set()

    def test_who_has_asked_meanwhile_is_not_rung(self):
        """Its answer had all the news."""
        bells = Doorbells()
        bells.ring("a")
        bells.ring_soon(["a", "b"], 5.0, 100)
        bells.forget("a")
        assert bells.take(6.0) == {"b"}


def _leases(processes: int) -> tuple[LeaseAllocator, PacedLeases, dict[str, int]]:
    leases = LeaseAllocator(settles_later=True)
    uploads: dict[str, int] = {}
    for number in range(processes):
        assert not leases.slot_joined(f"p{number}", f"s{number}", tells_demand=True)
    return leases, PacedLeases(leases, lambda: uploads), uploads


class TestPacedLeases:
    """When channels are divided."""

    def test_few_processes_are_given_their_channels_at_once(self):
        """Each change is followed by its configurations."""
        leases, paced, _ = _leases(2)
        assert len(paced.settle(1.0)) == 2
        assert paced.due_at is None
        assert not paced.settle(1.0)
        leases.set_webhooks({1: 10})
        assert paced.settle(1.0)

    def test_many_processes_wait_a_moment(self):
        """Channels are divided once for all that changes in it."""
        leases, paced, _ = _leases(FEW_PROCESSES + 1)
        paced.settle(1.0)
        leases.set_webhooks({1: 10})
        due_at = 1.0 + SETTLE_S_PER_PROCESS * (FEW_PROCESSES + 1)
        assert paced.due_at == due_at
        assert not paced.settle(1.0)
        assert paced.settle(due_at)

    def test_of_what_a_process_says_the_last_word_counts(self):
        """A process that has waited, and does no more, gets no channel from one that waits."""
        leases, paced, uploads = _leases(2)
        leases.set_webhooks({1: 10})
        paced.settle(0.0)
        uploads["p1"] = 1
        paced.demand_told("p1", is_waiting=True)
        paced.demand_told("p1", is_waiting=False)
        assert paced.due_at is not None
        paced.settle(1.0)
        assert leases.webhooks_of("p0") == (1,)
        paced.demand_told("p1", is_waiting=True)
        (taken,) = paced.settle(2.0)
        leases.confirmed("p0", taken.number)
        paced.settle(3.0)
        assert leases.webhooks_of("p1") == (1,)
