"""Sealed chunks: what is not exactly what was sealed, where it was sealed, is refused."""

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.envelope import (
    ENVELOPE_OVERHEAD,
    SEALING_SLACK,
    ChunkSealer,
    open_base_chunk,
    open_chunk,
)
from storage.errors import ChunkCorrupt
from storage.keys import KeyRing, MasterKey
from tests.fuzz.inputs import fuzzed, mutated, quickly

KEY = MasterKey(bytes(range(32)))
RING = KeyRing(KEY, MasterKey(bytes(32)))
OBJECT = uuid.UUID(int=7)


def sealed(plain: bytes, index: int = 0, count: int = 1) -> bytes:
    """A chunk in its envelope."""
    buffer = memoryview(bytearray(len(plain) + ENVELOPE_OVERHEAD + SEALING_SLACK))
    sealer = ChunkSealer(KEY.object_key(OBJECT), OBJECT, index, count, buffer)
    sealer.update(plain)
    return bytes(sealer.finish())


CHUNK = sealed(b"some words of a file" * 3)


@fuzzed
@given(content=mutated(CHUNK) | st.binary(max_size=200))
def test_other_bytes(content: bytes) -> None:
    """Mutated or invented, an envelope opens only if it is the one that was sealed."""
    with quickly():
        if content == CHUNK:
            assert bytes(open_chunk(bytearray(content), RING.object_key, OBJECT, 0, 1))
            return
        with pytest.raises(ChunkCorrupt):
            open_chunk(bytearray(content), RING.object_key, OBJECT, 0, 1)


@fuzzed
@given(
    index=st.integers(0, 2**63),
    count=st.integers(1, 2**63),
    object_id=st.uuids(),
    at=st.tuples(st.integers(0, 2**63), st.integers(1, 2**63)),
)
def test_other_places(index: int, count: int, object_id: uuid.UUID, at: tuple[int, int]) -> None:
    """A chunk opens in its object, at its index, among so many, and nowhere else."""
    content = sealed(b"words", index, count)
    assert bytes(open_chunk(bytearray(content), RING.object_key, OBJECT, index, count)) == b"words"
    for place in ((object_id, index, count), (OBJECT, *at)):
        if place != (OBJECT, index, count):
            with pytest.raises(ChunkCorrupt):
                open_chunk(bytearray(content), RING.object_key, *place)


@fuzzed
@given(content=st.binary(max_size=200))
def test_base_envelopes(content: bytes) -> None:
    """Nobody makes one by chance."""
    with quickly(), pytest.raises(ChunkCorrupt):
        open_base_chunk(bytearray(content), KEY.secret)
