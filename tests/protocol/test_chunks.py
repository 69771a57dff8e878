"""How content is cut into chunks, and hashed."""

import hashlib
from itertools import pairwise
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from manager.uploads.kept import PAGE
from protocol import CHUNK_SIZE, chunk_count, chunk_length, content_hash, s2c, s2u
from protocol.chunks import MAX_RANGES, indices_in, missing_ranges
from protocol.codec import encode
from protocol.generic import ChunkRange
from protocol.values import MAX_FRAME_BYTES


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


@given(st.sets(st.integers(0, 60)), st.integers(0, 60), st.integers(1, 5))
def test_too_many_ranges_are_joined_where_that_costs_least(stored, count, most):
    """Nothing missing is left out, and no other choice would have fewer chunks sent again."""
    known = sorted(index for index in stored if index < count)
    exact, ranges = missing_ranges(known, count), missing_ranges(known, count, most=most)
    assert len(ranges) == min(most, len(exact))
    due = list(indices_in(ranges))
    assert due == sorted(set(due))
    assert set(due) >= set(indices_in(exact))
    gaps = sorted(later.first - former.last - 1 for former, later in pairwise(exact))
    again = len(due) - len(set(indices_in(exact)))
    assert again == sum(gaps[: max(0, len(exact) - most)])


def test_a_file_with_holes_everywhere_fits_a_frame():
    """Of every second chunk of 60 000, at the longest names, to the client and to the service."""
    missing = missing_ranges(range(0, 60_000, 2), 60_000)
    assert len(missing) == MAX_RANGES
    widest = tuple(ChunkRange(first=2**53 - 1, last=2**53 - 1) for _ in missing)
    name = "\N{GRINNING FACE}" * 127
    upload: dict[str, Any] = {
        "upload_id": str(uuid4()),
        "name": name,
        "path": f"/{name}" * 10,
        "size": 2**53 - 1,
        "chunk_size": 2**53 - 1,
        "missing": widest,
    }
    for packet in (
        s2c.UploadResumed(**upload, upload_address="https://" + "a" * 2000),
        s2u.UploadContinue(**upload, client=str(uuid4()), type="a" * 255),
    ):
        assert len(encode(packet).encode()) <= MAX_FRAME_BYTES


def test_a_full_page_of_kept_uploads_fits_a_frame():
    """With the longest paths and fingerprints, each character as long as it gets."""
    name = "\N{GRINNING FACE}" * 127
    upload = s2c.KeptUpload(
        upload_id=str(uuid4()),
        name=name,
        path=f"/{name}" * 10,
        size=2**53 - 1,
        chunk_size=2**53 - 1,
        is_public=False,
        fingerprint='"' * 256,
        state="awaiting-decision",
        stored_chunks=2**53 - 1,
        created_at="2026-01-31T12:00:00.000Z",
        expires_at="2026-01-31T12:00:00.000Z",
    )
    packet = s2c.KeptUploads(uploads=(upload,) * PAGE, has_more=True)
    assert len(encode(packet).encode()) <= MAX_FRAME_BYTES
