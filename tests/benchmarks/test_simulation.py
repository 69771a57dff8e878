"""A small simulated cloud: bookings of several managers hold through deaths of the allocator and of NATS."""

from benchmarks.simulated_nats import Network
from benchmarks.simulation import Scale, simulate
from manager.cluster.election import LeaseTiming
from manager.services.allocator import GATHER_S
from manager.services.remote_bookings import ANSWER_WITHIN_S

SMALL = Scale(
    managers=10,
    processes=20,
    slots=2,
    channels=30,
    clients=300,
    network=Network(loss=0.01, doubling=0.01),
)


def test_bookings_hold_while_managers_and_nats_die():
    """Every request is answered or refused, every amount is right, and no webhook is used by two."""
    figures = simulate(SMALL)
    assert figures.decisions > SMALL.clients
    assert figures.held == SMALL.processes * SMALL.slots
    assert figures.mismatches == 0
    assert figures.waiting_requests == 0
    assert figures.shared_webhooks == 0
    assert max(figures.waits_s) <= ANSWER_WITHIN_S + 0.01
    assert figures.undecided_after_s <= LeaseTiming().ttl_s + GATHER_S + ANSWER_WITHIN_S
    assert figures.messages_per_decision <= 10
