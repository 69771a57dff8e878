"""A process stops before what it has can be given to another one, and goes on while nobody could give it."""

from client_sdk.connection import KEEPALIVE_S
from manager.services.lease_terms import (
    ABSENCE_S,
    LOOK_EVERY_S,
    MARGIN_S,
    TERM_S,
    InMemoryFence,
    LeaseTerms,
)


def test_a_process_posts_as_long_as_the_allocator_answers():
    """Counted from when the call was sent: the allocator may have stopped waiting since."""
    terms = LeaseTerms()
    assert not terms.may_post("p", 100.0)
    terms.confirmed(["p"], 100.0)
    assert terms.may_post("p", 100.0 + TERM_S - 0.1)
    assert not terms.may_post("p", 100.0 + TERM_S)
    assert not terms.may_post("other", 100.0)


def test_a_late_answer_takes_nothing_back():
    """It was sent before the one that came first."""
    terms = LeaseTerms()
    terms.confirmed(["p"], 100.0)
    terms.confirmed(["p"], 90.0)
    assert terms.may_post("p", 95.0 + TERM_S)
    assert not terms.must_look(99.0 + LOOK_EVERY_S)


def test_the_fence_is_looked_at_when_the_allocator_is_silent():
    """Also before it has ever answered."""
    terms = LeaseTerms()
    assert terms.must_look(0.0)
    terms.confirmed([], 100.0)
    assert not terms.must_look(100.0)
    assert terms.must_look(100.0 + LOOK_EVERY_S)


def test_without_a_fence_processes_go_on():
    """While NATS is away for all; those whose leases the fence ends stop."""
    terms = LeaseTerms()
    terms.confirmed(["old", "new"], 0.0)
    terms.looked(7, {"old": 7, "new": 8}, 20.0)
    assert terms.may_post("new", 19.0 + TERM_S)
    assert not terms.may_post("old", 19.0 + TERM_S)


def test_a_process_that_comes_again_is_confirmed_anew():
    """It had no connection meanwhile, and others may have got what it had."""
    terms = LeaseTerms()
    terms.confirmed(["p"], 0.0)
    terms.left("p")
    terms.left("p")
    assert not terms.may_post("p", 1.0)


def test_a_process_ends_before_another_one_begins():
    """By as much as clocks may differ, and a configuration may be under way."""
    assert TERM_S + MARGIN_S <= ABSENCE_S
    assert MARGIN_S >= 3 * LOOK_EVERY_S


def test_a_process_whose_manager_hangs_stops_before_another_one_begins():
    """It is told nothing, but its connection ends, and without one it posts nothing new."""
    notices_within_s = 2 * KEEPALIVE_S
    assert notices_within_s < ABSENCE_S


async def test_the_fence_in_memory_only_grows():
    """As that of the catalog."""
    fence = InMemoryFence()
    await fence.raise_lease_fence(7)
    await fence.raise_lease_fence(3)
    assert await fence.lease_fence() == 7
