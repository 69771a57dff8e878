"""Who holds a lease, in a world where answers are lost and the store forgets."""

import heapq
import itertools
import math
from collections.abc import Callable
from functools import partial

from hypothesis import given, settings
from hypothesis import strategies as st

from manager.cluster.election import (
    Candidacy,
    Change,
    LeaseRecord,
    LeaseTiming,
    Look,
    Wait,
    Write,
)

TIMING = LeaseTiming(ttl_s=4.0, renew_every_s=1.0, margin_s=0.5, retry_s=0.5)
OTHERS = LeaseRecord(holder="other", epoch=7)


def _candidacy() -> Candidacy:
    candidacy = Candidacy("own", TIMING)
    candidacy.connected(0.0)
    return candidacy


def _elected(at: float = 4.0) -> Candidacy:
    candidacy = _candidacy()
    candidacy.step(at, 0)
    candidacy.seen(None, 0, at)
    assert candidacy.step(at, 100) == Write(LeaseRecord(holder="own", epoch=100), 0)
    assert candidacy.written(1, at, at) is Change.ELECTED
    return candidacy


def test_a_lease_without_a_record_is_claimed_after_a_full_time_of_being_connected():
    """A holder of whom the store knows nothing any more has stopped by then."""
    candidacy = _candidacy()
    assert candidacy.step(0.0, 100) == Look()
    candidacy.seen(None, 0, 0.0)
    assert candidacy.step(0.0, 100) == Wait(1.0)
    assert candidacy.step(1.0, 100) == Look()
    assert candidacy.holder is None
    assert candidacy.epoch(1.0) is None


def test_the_holder_renews_in_time_and_keeps_its_epoch():
    """Each renewal gives it time from when it was sent."""
    candidacy = _elected(4.0)
    assert (candidacy.epoch(7.4), candidacy.epoch(7.5)) == (100, None)
    assert candidacy.step(4.5, 200) == Wait(5.0)
    assert candidacy.step(5.0, 200) == Write(LeaseRecord(holder="own", epoch=100), 1)
    assert candidacy.written(2, 5.0, 5.2) is Change.NONE
    assert candidacy.epoch(8.4) == 100
    assert candidacy.time_left(8.0) == 0.5
    assert candidacy.holder == "own"


def test_the_term_ends_by_the_clock():
    """The owner is told once."""
    candidacy = _elected(4.0)
    assert candidacy.expire(7.4) is Change.NONE
    assert candidacy.expire(7.5) is Change.LOST
    assert candidacy.expire(7.6) is Change.NONE
    assert candidacy.time_left(7.6) is None
    assert candidacy.holder is None
    assert candidacy.step(7.6, 0) == Look()


def test_a_lost_answer_is_looked_up():
    """What was written is found by the name that it bears."""
    candidacy = _elected(4.0)
    candidacy.step(5.0, 0)
    candidacy.failed(6.0)
    assert candidacy.step(6.0, 0) == Wait(6.5)
    assert candidacy.step(6.5, 0) == Look()
    assert candidacy.seen(LeaseRecord(holder="own", epoch=100), 2, 6.5) is Change.NONE
    assert candidacy.step(6.5, 0) == Write(LeaseRecord(holder="own", epoch=100), 2)


def test_a_claim_whose_answer_was_lost_begins_a_later_term():
    """Nobody has acted in the first one."""
    candidacy = _candidacy()
    candidacy.seen(None, 0, 4.0)
    candidacy.step(4.0, 100)
    candidacy.failed(4.0)
    candidacy.seen(LeaseRecord(holder="own", epoch=100), 1, 4.5)
    assert candidacy.step(4.6, 90) == Write(LeaseRecord(holder="own", epoch=101), 1)


def test_an_acknowledgement_that_comes_too_late_elects_nobody():
    """Its time is over; a term that went on has ended as well."""
    candidacy = _candidacy()
    candidacy.seen(None, 0, 4.0)
    candidacy.step(4.0, 100)
    assert candidacy.written(1, 4.0, 7.5) is Change.NONE
    assert candidacy.epoch(7.5) is None
    held = _elected(4.0)
    assert held.written(2, 4.1, 8.0) is Change.LOST


def test_the_record_of_another_ends_the_term():
    """Its epoch is outdone by the next claim, whatever the clock says."""
    candidacy = _elected(4.0)
    candidacy.refused(5.0)
    assert candidacy.step(5.0, 0) == Look()
    assert candidacy.seen(LeaseRecord(holder="other", epoch=500), 3, 5.0) is Change.LOST
    assert candidacy.holder == "other"
    assert candidacy.step(5.5, 0) == Wait(6.0)
    candidacy.seen(None, 0, 6.0)
    assert candidacy.step(6.0, 200) == Write(LeaseRecord(holder="own", epoch=501), 0)


def test_a_holder_writes_its_record_again_when_the_store_has_lost_it():
    """At once, with its epoch; the others wait."""
    candidacy, waiting = _elected(4.0), _candidacy()
    candidacy.disconnected()
    assert candidacy.step(5.0, 0) == Wait(7.5)
    candidacy.connected(5.5)
    candidacy.seen(None, 0, 5.5)
    assert candidacy.step(5.5, 0) == Write(LeaseRecord(holder="own", epoch=100), 0)
    waiting.emptied(5.5)
    assert waiting.step(5.6, 0) == Wait(6.0)
    waiting.seen(None, 0, 6.0)
    assert waiting.step(6.0, 0) == Wait(7.0)


def test_without_a_connection_nothing_is_tried():
    """There is nothing to wait for but the connection, and nobody knows who holds the lease."""
    candidacy = Candidacy("own", TIMING)
    assert candidacy.step(0.0, 0) == Wait(math.inf)
    candidacy.connected(1.0)
    candidacy.seen(OTHERS, 3, 1.0)
    candidacy.disconnected()
    assert candidacy.holder is None


def test_a_lease_that_was_given_back_is_looked_at_at_once():
    """Its holder goes on as it is."""
    candidacy = _candidacy()
    candidacy.seen(OTHERS, 3, 1.0)
    candidacy.released(1.1)
    assert candidacy.step(1.1, 0) == Look()
    held = _elected(4.0)
    held.released(4.1)
    assert held.step(4.1, 0) == Wait(5.0)


def test_who_resigns_names_the_record_to_delete():
    """None, if there is none of its own."""
    assert _elected().resign() == 1
    assert _candidacy().resign() is None


class _Store:
    """What NATS does, as badly as it may."""

    def __init__(self) -> None:
        self.revision = 0
        self.record: LeaseRecord | None = None
        self.lapses_at = 0.0
        self.sequence = 0

    def read(self, now: float) -> tuple[LeaseRecord | None, int]:
        if self.record is None or now >= self.lapses_at:
            return None, 0
        return self.record, self.revision

    def write(self, write: Write, now: float) -> int | None:
        if write.expected != self.read(now)[1]:
            return None
        self.sequence += 1
        self.record, self.revision = write.record, self.sequence
        self.lapses_at = now + TIMING.ttl_s
        return self.revision

    def forget(self) -> None:
        self.record, self.sequence = None, 0


class _World:
    """Candidates on a virtual clock; each request and each answer has a fate of its own."""

    def __init__(self, candidates: int, draw: Callable[[], float | None]) -> None:
        self.now = 0.0
        self._store = _Store()
        self._draw = draw
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()
        self._candidates = [Candidacy(str(number), TIMING) for number in range(candidates)]
        self._runs = [0] * candidates
        self._epochs: list[int] = []
        for number in range(candidates):
            self._connect(number)

    def run(self, until: float) -> None:
        while self._events and self._events[0][0] <= until:
            self.now, _, event = heapq.heappop(self._events)
            event()
            holders = [each for each in self._candidates if each.epoch(self.now) is not None]
            assert len(holders) <= 1, "two hold the lease"
        self.now = until

    def holds(self) -> bool:
        return any(each.epoch(self.now) is not None for each in self._candidates)

    def restart(self) -> None:
        """The store loses everything; each candidate comes back at a time of its own."""
        self._store.forget()
        for number, candidate in enumerate(self._candidates):
            candidate.disconnected()
            self._runs[number] += 1
            self._at(self.now + (self._draw() or 0.0), partial(self._connect, number))

    def _at(self, time: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (time, next(self._numbers), event))

    def _connect(self, number: int) -> None:
        self._runs[number] += 1
        self._candidates[number].connected(self.now)
        self._step(number, self._runs[number])

    def _step(self, number: int, run: int) -> None:
        if run != self._runs[number]:
            return
        candidate = self._candidates[number]
        candidate.expire(self.now)
        step = candidate.step(self.now, int(self.now * 1000))
        if isinstance(step, Wait):
            if step.until < math.inf:
                self._at(max(step.until, self.now + 0.01), lambda: self._step(number, run))
            return
        self._send(number, run, step, self.now)

    def _send(self, number: int, run: int, step: Look | Write, sent_at: float) -> None:
        there, back = self._draw(), self._draw()
        is_over = False

        def arrive() -> None:
            answer = self._answer(step)
            if back is not None:
                self._at(
                    self.now + back, lambda: settle(lambda: self._take(number, answer, sent_at))
                )

        def settle(report: Callable[[], None]) -> None:
            nonlocal is_over
            if not is_over and run == self._runs[number]:
                is_over = True
                report()
                self._step(number, run)

        if there is not None:
            self._at(self.now + there, arrive)
        candidate = self._candidates[number]
        self._at(self.now + 1.0, lambda: settle(lambda: candidate.failed(self.now)))

    def _answer(self, step: Look | Write) -> tuple[LeaseRecord | None, int] | int | None:
        if isinstance(step, Look):
            return self._store.read(self.now)
        return self._store.write(step, self.now)

    def _take(
        self, number: int, answer: tuple[LeaseRecord | None, int] | int | None, sent_at: float
    ) -> None:
        candidate = self._candidates[number]
        if isinstance(answer, tuple):
            candidate.seen(*answer, self.now)
        elif answer is None:
            candidate.refused(self.now)
        elif candidate.written(answer, sent_at, self.now) is Change.ELECTED:
            epoch = candidate.epoch(self.now)
            assert epoch is not None
            assert not self._epochs or epoch > self._epochs[-1], "an epoch that is not higher"
            self._epochs.append(epoch)


@settings(max_examples=60)
@given(st.data())
def test_two_never_hold_a_lease_together(data):
    """Whatever is lost or late, and however often the store comes back empty; in the end one holds it."""
    random = data.draw(st.randoms(use_true_random=False))
    loss = data.draw(st.sampled_from([0.0, 0.2, 0.6]))
    is_calm = False

    def fate() -> float | None:
        if is_calm:
            return 0.01
        return None if random.random() < loss else random.random() * 3.0

    world = _World(data.draw(st.integers(1, 4)), fate)
    for pause_s in data.draw(st.lists(st.floats(0.1, 12.0), max_size=6)):
        world.run(world.now + pause_s)
        world.restart()
    world.run(world.now + 20.0)
    is_calm = True
    world.run(world.now + 20.0)
    assert world.holds()
