"""The envelopes in which chunks lie on Discord."""

import os
import uuid

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from storage.envelope import (
    ENVELOPE_HEADER,
    ENVELOPE_OVERHEAD,
    SEALING_SLACK,
    ChunkSealer,
    is_authenticated,
    open_base_chunk,
    open_chunk,
    sealed_size,
)
from storage.errors import ChunkCorrupt, UnknownKey
from storage.keys import KeyRing, MasterKey

KEY = MasterKey(bytes(range(32)))
OTHER_KEY = MasterKey(bytes(range(1, 33)))
RING = KeyRing(KEY)
OBJECT = uuid.UUID("00112233-4455-6677-8899-aabbccddeeff")
PLAIN = b"the quick brown fox"


def seal(*pieces: bytes, key: MasterKey = KEY, index: int = 2, count: int = 5) -> bytearray:
    """Seals pieces as one chunk."""
    room = sum(map(len, pieces)) + ENVELOPE_OVERHEAD + SEALING_SLACK
    sealer = ChunkSealer(key.object_key(OBJECT), OBJECT, index, count, memoryview(bytearray(room)))
    for piece in pieces:
        sealer.update(piece)
    return bytearray(sealer.finish())


def test_a_known_chunk_opens():
    """A vector that was made with RFC 5869 by hand and another AES-GCM opens: the format is fixed."""
    sealed = bytearray.fromhex(
        "01f40fa3f56465666768696a6b6c6d6e6f"
        "4309179a59e786acf33f711479df5a529111df"
        "4bd6530fee7cab49778d5bf223baa733"
    )
    assert bytes(open_chunk(sealed, RING.object_key, OBJECT, 2, 5)) == PLAIN


@given(st.lists(st.binary(max_size=70), max_size=8))
def test_however_it_is_cut_a_chunk_comes_back(pieces):
    """Sizes of pieces, empty ones too, make no difference."""
    sealed = seal(*pieces)
    plain = b"".join(pieces)
    assert len(sealed) == len(plain) + ENVELOPE_OVERHEAD
    assert bytes(open_chunk(sealed, RING.object_key, OBJECT, 2, 5)) == plain


def test_the_size_of_an_envelope_is_known_before():
    """To the byte: a message of another size is no chunk of that length."""
    assert sealed_size("v1", len(PLAIN)) == len(seal(PLAIN))
    assert sealed_size("base", len(PLAIN)) == 16 + 16 + len(PLAIN)
    assert sealed_size("plain", len(PLAIN)) == len(PLAIN)


@pytest.mark.parametrize(
    ("envelope", "digest", "expected"),
    [
        ("v1", bytes(32), True),
        ("v1", None, False),
        ("base", bytes(32), False),
        ("plain", bytes(32), False),
    ],
)
def test_only_our_own_chunks_prove_what_they_are(envelope, digest, expected):
    """A digest alone proves nothing: it comes from the same catalog as the rest."""
    assert is_authenticated(envelope, digest) is expected


def test_a_chunk_can_be_sealed_where_it_lies():
    """A piece that is in the buffer already, at its place, is encrypted in place."""
    plain = os.urandom(100_000)
    buffer = bytearray(len(plain) + ENVELOPE_OVERHEAD + SEALING_SLACK)
    view = memoryview(buffer)
    sealer = ChunkSealer(KEY.object_key(OBJECT), OBJECT, 2, 5, view)
    view[ENVELOPE_HEADER : ENVELOPE_HEADER + len(plain)] = plain
    for start in range(0, len(plain), 33_333):
        end = min(start + 33_333, len(plain))
        sealer.update(view[ENVELOPE_HEADER + start : ENVELOPE_HEADER + end])
    assert bytes(open_chunk(sealer.finish(), RING.object_key, OBJECT, 2, 5)) == plain


def test_opening_needs_no_second_buffer():
    """The plain bytes are a part of the buffer that held the envelope."""
    sealed = seal(PLAIN)
    plain = open_chunk(sealed, RING.object_key, OBJECT, 2, 5)
    assert plain.obj is sealed


@pytest.mark.parametrize("position", range(len(PLAIN) + ENVELOPE_OVERHEAD))
def test_one_changed_bit_anywhere_is_noticed(position):
    """Version, key id, nonce, ciphertext and tag: nothing can be changed."""
    sealed = seal(PLAIN)
    sealed[position] ^= 1
    with pytest.raises(ChunkCorrupt):
        open_chunk(sealed, RING.object_key, OBJECT, 2, 5)


@pytest.mark.parametrize("length", [0, 1, ENVELOPE_HEADER, ENVELOPE_OVERHEAD - 1, 40])
def test_a_cut_off_envelope_is_noticed(length):
    """A part of an envelope is none."""
    with pytest.raises(ChunkCorrupt):
        open_chunk(seal(PLAIN)[:length], RING.object_key, OBJECT, 2, 5)


@pytest.mark.parametrize(
    ("object_id", "index", "count"),
    [(OBJECT, 1, 5), (OBJECT, 2, 6), (OBJECT, 2, 4), (uuid.UUID(int=1), 2, 5)],
)
def test_a_chunk_opens_at_its_own_place_alone(object_id, index, count):
    """Swapped, from a file cut short, or from another file: it does not open."""
    with pytest.raises(ChunkCorrupt, match="tag"):
        open_chunk(seal(PLAIN), RING.object_key, object_id, index, count)


def test_old_keys_still_decrypt():
    """After a rotation, what the old key sealed is read."""
    ring = KeyRing(OTHER_KEY, KEY)
    assert bytes(open_chunk(seal(PLAIN), ring.object_key, OBJECT, 2, 5)) == PLAIN
    assert bytes(open_chunk(seal(PLAIN, key=OTHER_KEY), ring.object_key, OBJECT, 2, 5)) == PLAIN


def test_a_missing_key_is_named_by_its_id():
    """The operator learns which key to configure again."""
    with pytest.raises(UnknownKey, match=OTHER_KEY.key_id.hex()):
        open_chunk(seal(PLAIN, key=OTHER_KEY), RING.object_key, OBJECT, 2, 5)


def test_no_two_envelopes_are_alike():
    """The same chunk sealed again has another nonce."""
    assert seal(PLAIN) != seal(PLAIN)


def test_a_chunk_longer_than_its_buffer_is_refused():
    """Nothing is written beyond the room for the tag."""
    sealer = ChunkSealer(
        KEY.object_key(OBJECT), OBJECT, 0, 1, memoryview(bytearray(ENVELOPE_OVERHEAD + 4))
    )
    sealer.update(b"1234")
    with pytest.raises(ValueError, match="longer"):
        sealer.update(b"5")


@given(st.binary(max_size=100))
def test_the_base_protocols_envelope_is_read(plain):
    """IV, tag and ciphertext, as services of the base protocol write them."""
    iv = os.urandom(16)
    encrypted = AESGCM(KEY.secret).encrypt(iv, plain, None)
    sealed = bytearray(iv + encrypted[-16:] + encrypted[:-16])
    assert bytes(open_base_chunk(sealed, KEY.secret)) == plain


@pytest.mark.parametrize("position", [0, 15, 16, 31, 32, 50])
def test_a_change_in_the_base_protocols_envelope_is_noticed(position):
    """It has an authentication tag as well."""
    iv = os.urandom(16)
    encrypted = AESGCM(KEY.secret).encrypt(iv, PLAIN, None)
    sealed = bytearray(iv + encrypted[-16:] + encrypted[:-16])
    sealed[position] ^= 1
    with pytest.raises(ChunkCorrupt):
        open_base_chunk(sealed, KEY.secret)


def test_a_short_base_envelope_is_no_chunk():
    """Less than IV and tag cannot be opened."""
    with pytest.raises(ChunkCorrupt, match="short"):
        open_base_chunk(bytearray(31), KEY.secret)
