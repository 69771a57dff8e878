"""How content is cut into chunks, and hashed."""

import hashlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import CHUNK_SIZE, chunk_count, chunk_length, content_hash
from protocol.chunks import indices_in, missing_ranges
from protocol.generic import ChunkRange


@pytest.mark.parametrize(
    ("size", "count", "last"),
    [
        (1, 1, 1),
        (CHUNK_SIZE - 1, 1, CHUNK_SIZE - 1),
        (CHUNK_SIZE, 1, CHUNK_SIZE),
        (CHUNK_SIZE + 1, 2, 1),
        (3 * CHUNK_SIZE, 3, CHUNK_SIZE),
        (5 * 1024**3, 513, 1024**3 * 5 - 512 * CHUNK_SIZE),
    ],
)
def test_the_last_chunk_holds_the_rest(size, count, last):
    """All others are full."""
    assert chunk_count(size, CHUNK_SIZE) == count
    assert chunk_length(size, CHUNK_SIZE, count - 1) == last


def test_an_empty_file_has_no_chunks():
    """There is nothing to send."""
    assert chunk_count(0, CHUNK_SIZE) == 0
    with pytest.raises(IndexError):
        chunk_length(0, CHUNK_SIZE, 0)


@given(st.integers(1, 10**6), st.integers(1, 10**4).map(lambda n: n * 100))
def test_the_chunks_make_up_the_whole(size, chunk_size):
    """Their lengths sum up to the size, and none is empty."""
    lengths = [chunk_length(size, chunk_size, i) for i in range(chunk_count(size, chunk_size))]
    assert sum(lengths) == size
    assert min(lengths) > 0


@pytest.mark.parametrize("index", [-1, 3, 10**9])
def test_there_is_no_chunk_beyond_the_ends(index):
    """A chunk that does not exist has no length."""
    with pytest.raises(IndexError):
        chunk_length(25, 10, index)


def test_the_hash_is_taken_over_the_hex_digests_in_order():
    """The value that every implementation of the protocol computes."""
    digests = [hashlib.sha256(chunk).digest() for chunk in (b"one", b"two")]
    text = hashlib.sha256(b"one").hexdigest() + hashlib.sha256(b"two").hexdigest()
    assert content_hash(digests) == hashlib.sha256(text.encode()).hexdigest()
    assert content_hash(reversed(digests)) != content_hash(digests)


def test_missing_chunks_are_told_in_ranges():
    """A gap at either end counts as well as one between."""
    expected = (
        ChunkRange(first=0, last=1),
        ChunkRange(first=3, last=3),
        ChunkRange(first=6, last=9),
    )
    assert missing_ranges([2, 4, 5], 10) == expected
    assert missing_ranges([], 0) == ()


@given(st.integers(1, 50).flatmap(lambda n: st.tuples(st.just(n), st.sets(st.integers(0, n - 1)))))
def test_ranges_hold_exactly_what_is_missing(chunks):
    """What is stored and what the ranges hold make up the whole, and no two ranges touch."""
    count, stored = chunks
    ranges = missing_ranges(sorted(stored), count)
    assert list(indices_in(ranges)) == [index for index in range(count) if index not in stored]
    assert all(left.last + 1 < right.first for left, right in pairwise(ranges))
