"""The job: what is stored, in flight and missing, and how long it may wait."""

import hashlib

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from protocol.generic import ChunkRange
from upload_service.chunk_states import ChunkStates, Offer, UploadPhase
from upload_service.errors import NoSuchChunk, OtherBytesStored, StoredBefore, UploadEnded

TIMEOUT_S = 180.0


def digest_of(text: object) -> bytes:
    """Some digest."""
    return hashlib.sha256(str(text).encode()).digest()


def job_of(size: int, chunk_size: int = 10) -> ChunkStates:
    """A job that began at 0."""
    return ChunkStates(size=size, chunk_size=chunk_size, now=0.0, inactivity_timeout_s=TIMEOUT_S)


def resumed_job(size: int, *missing: tuple[int, int]) -> ChunkStates:
    """A job with chunks of 10 bytes, of which only these ranges are missing."""
    ranges = [ChunkRange(first=first, last=last) for first, last in missing]
    return ChunkStates(
        size=size, chunk_size=10, now=0.0, inactivity_timeout_s=TIMEOUT_S, missing=ranges
    )


class JobMachine(RuleBasedStateMachine):
    """Any order of claims, outcomes, repeats, waiting and ends, beside a plain model."""

    @initialize(size=st.integers(1, 60), chunk_size=st.integers(1, 20))
    def begin(self, size: int, chunk_size: int) -> None:
        """Start with any file."""
        self.now = 0.0
        self.chunks = job_of(size, chunk_size)
        self.count = self.chunks.count
        self.in_flight: set[int] = set()
        self.stored: dict[int, bytes] = {}
        self.busy = 0
        self.active_at = 0.0
        self.ended = False
        self.prolonged = False

    @rule(index=st.integers(-1, 60))
    def offer(self, index: int) -> None:
        """What to do with a chunk follows from where it is."""
        if not 0 <= index < self.count:
            with pytest.raises(NoSuchChunk):
                self.chunks.offer(index)
        elif self.ended:
            with pytest.raises(UploadEnded):
                self.chunks.offer(index)
        elif index in self.stored:
            assert self.chunks.offer(index) is Offer.COMPARE
        elif index in self.in_flight:
            assert self.chunks.offer(index) is Offer.WAIT
        else:
            assert self.chunks.offer(index) is Offer.RECEIVE

    @precondition(lambda self: not self.ended)
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        """Only a missing chunk can be claimed."""
        index = data.draw(st.integers(0, self.count - 1))
        if index in self.stored or index in self.in_flight:
            with pytest.raises(ValueError, match="not missing"):
                self.chunks.claim(index)
        else:
            self.chunks.claim(index)
            self.in_flight.add(index)

    @precondition(lambda self: self.in_flight)
    @rule(data=st.data(), works=st.booleans())
    def settle(self, data: st.DataObject, works: bool) -> None:
        """A chunk in flight ends up stored or missing, even after the job has ended."""
        index = data.draw(st.sampled_from(sorted(self.in_flight)))
        self.in_flight.remove(index)
        if works:
            self.stored[index] = digest_of(index)
            self.chunks.stored(index, self.stored[index])
        else:
            self.chunks.dropped(index)

    @precondition(lambda self: self.stored)
    @rule(data=st.data())
    def compare(self, data: st.DataObject) -> None:
        """The same bytes are fine, others are not."""
        index = data.draw(st.sampled_from(sorted(self.stored)))
        self.chunks.compare(index, self.stored[index])
        with pytest.raises(OtherBytesStored):
            self.chunks.compare(index, digest_of("others"))

    @rule()
    def enter(self) -> None:
        """Somebody begins."""
        self.chunks.enter()
        self.busy += 1

    @precondition(lambda self: self.busy)
    @rule()
    def leave(self) -> None:
        """Somebody is done."""
        self.busy -= 1
        self.active_at = self.now
        self.chunks.leave(self.now)

    @rule()
    def prolong(self) -> None:
        """A body comes that may be for any job; a second one changes nothing."""
        self.prolonged = True
        self.chunks.prolong()

    @rule()
    def shorten(self) -> None:
        """No such body is left."""
        self.prolonged = False
        self.chunks.shorten()

    @rule(seconds=st.floats(0, 1000))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @rule()
    def end(self) -> None:
        """The upload ends, unless it is complete."""
        if len(self.stored) < self.count:
            self.ended = True
        self.chunks.end("because")

    @invariant()
    def state_follows(self) -> None:
        """Complete means every chunk stored, unless the job ended before."""
        if self.ended:
            assert self.chunks.state is UploadPhase.ENDED
        elif len(self.stored) == self.count:
            assert self.chunks.state is UploadPhase.COMPLETE
            assert len(self.chunks.content_hash()) == 64
        else:
            assert self.chunks.state is UploadPhase.RUNNING
        assert self.chunks.stored_count == len(self.stored)

    @invariant()
    def deadline_follows(self) -> None:
        """The time runs only while nobody does anything for a running job, and doubles once."""
        assert self.chunks.is_busy is (self.busy > 0)
        if self.busy or self.chunks.state is not UploadPhase.RUNNING:
            assert self.chunks.deadline is None
        else:
            times = 2 if self.prolonged else 1
            assert self.chunks.deadline == self.active_at + times * TIMEOUT_S


JobMachine.TestCase.settings = settings(max_examples=60, stateful_step_count=50)
TestJob = JobMachine.TestCase


@pytest.mark.parametrize(
    ("size", "lengths"),
    [(1, [1]), (9, [9]), (10, [10]), (11, [10, 1]), (20, [10, 10]), (25, [10, 10, 5])],
)
def test_every_chunk_has_its_exact_length(size: int, lengths: list[int]) -> None:
    """All chunks are full, and the last one holds the rest."""
    job = job_of(size)
    assert [job.length(index) for index in range(job.count)] == lengths


def test_more_than_four_gib_are_counted_exactly() -> None:
    """Sizes beyond 32 bits make no difference."""
    job = job_of(5 * 2**30 + 1, 10 * 2**20)
    assert (job.count, job.length(job.count - 1)) == (513, 1)


def test_hash_is_over_the_hex_digests_in_chunk_order() -> None:
    """The order in which chunks were stored does not matter to the hash."""
    job = job_of(20)
    for index in (1, 0):
        job.claim(index)
        job.stored(index, digest_of(index))
    expected = (digest_of(0).hex() + digest_of(1).hex()).encode()
    assert job.content_hash() == hashlib.sha256(expected).hexdigest()


def test_an_incomplete_job_has_no_hash() -> None:
    """A hash is given only for all of the file."""
    with pytest.raises(ValueError, match="as a whole"):
        job_of(20).content_hash()


def test_a_resumed_job_takes_only_what_is_missing() -> None:
    """It is complete with the last missing chunk; of the whole file it knows no hash."""
    job = resumed_job(90, (1, 2), (4, 4))
    for index in (0, 3, 5, 8):
        with pytest.raises(StoredBefore):
            job.offer(index)
        with pytest.raises(StoredBefore):
            job.claim(index)
    for index in (4, 1, 2):
        assert job.state is UploadPhase.RUNNING
        job.claim(index)
        job.stored(index, digest_of(index))
    assert job.state is UploadPhase.COMPLETE
    assert job.offer(4) is Offer.COMPARE
    with pytest.raises(ValueError, match="as a whole"):
        job.content_hash()


def test_a_resumed_job_knows_its_indices() -> None:
    """Behind the last chunk there is none, whatever is missing."""
    with pytest.raises(NoSuchChunk):
        resumed_job(90, (1, 2)).offer(9)


def test_a_job_of_very_many_chunks_costs_nothing() -> None:
    """A client may announce any size; only what was stored takes room."""
    job = resumed_job(10 * 2**50, (0, 2**49), (2**49 + 2, 2**50 - 1))
    assert job.offer(2**50 - 1) is Offer.RECEIVE
    with pytest.raises(StoredBefore):
        job.offer(2**49 + 1)


@pytest.mark.parametrize(
    "missing", [(), ((0, 9),), ((2, 1),), ((4, 5), (1, 2)), ((1, 2), (2, 3)), ((9, 9),)]
)
def test_what_is_missing_must_be_chunks_of_the_file_in_order(
    missing: tuple[tuple[int, int], ...],
) -> None:
    """Anything else is no upload that could be completed here."""
    with pytest.raises(ValueError, match="missing chunks"):
        resumed_job(90, *missing)


@pytest.mark.parametrize(("size", "chunk_size"), [(0, 1), (1, 0), (-1, 1)])
def test_sizes_are_positive(size: int, chunk_size: int) -> None:
    """A job without a byte, or with chunks without one, cannot be made."""
    with pytest.raises(ValueError, match="at least one byte"):
        job_of(size, chunk_size)
