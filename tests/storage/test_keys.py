"""Master keys and key rings."""

import base64
import hashlib
import uuid

import pytest

from common.key_derivation import Purpose
from storage.errors import InvalidMasterKey
from storage.keys import KeyRing, MasterKey
from storage.object_keys import KeysOfObjects, ObjectKey

FIRST = bytes(range(32))
SECOND = bytes(range(1, 33))


def text(*secrets: bytes, separator: str = ",") -> str:
    """Writes keys down as a setting."""
    return separator.join(base64.b64encode(secret).decode() for secret in secrets)


@pytest.mark.parametrize("separator", [",", " ", "\n", ", ", " \t,\n"])
def test_keys_are_separated_by_commas_or_blanks(separator):
    """However several keys are written down, the first one encrypts and all are found."""
    ring = KeyRing.parse(text(FIRST, SECOND, separator=separator))
    assert ring.primary.secret == FIRST
    assert [key.secret for key in ring] == [FIRST, SECOND]
    second = ring.find(MasterKey(SECOND).key_id)
    assert second is not None
    assert second.secret == SECOND


def test_an_unknown_key_id_finds_nothing():
    """A key that is not configured is not found."""
    assert KeyRing.parse(text(FIRST)).find(MasterKey(SECOND).key_id) is None


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("", "at least one"),
        (" , ", "at least one"),
        ("%%%", "master key 1 is not base64"),
        (text(FIRST) + ",é", "master key 2 is not base64"),
        (text(FIRST, FIRST[:31]), "master key 2 has 31 bytes"),
        (text(FIRST, FIRST), "twice"),
    ],
)
def test_a_bad_setting_is_named_but_not_repeated(bad, told):
    """The error tells which key is wrong and how, and shows none of it."""
    with pytest.raises(InvalidMasterKey, match=told) as caught:
        KeyRing.parse(bad)
    assert caught.value.code == "invalid-master-key"
    assert base64.b64encode(FIRST[:31]).decode()[:20] not in str(caught.value)


def test_a_key_of_another_length_is_refused():
    """AES-256 takes 32 bytes, nothing else."""
    with pytest.raises(InvalidMasterKey, match="31"):
        MasterKey(FIRST[:31])


def test_the_key_id_is_what_the_documentation_says():
    """Key ids are part of what is stored, so they never change."""
    assert MasterKey(FIRST).key_id == hashlib.sha256(b"discord-cloud key id" + FIRST).digest()[:4]


def test_no_repr_shows_a_secret():
    """Keys can be logged without harm."""
    shown = repr(KeyRing(MasterKey(FIRST), MasterKey(SECOND)))
    assert "key_id" in shown
    assert FIRST.hex() not in shown
    assert repr(FIRST) not in shown


def test_keys_of_objects_and_purposes_differ():
    """Neither another object nor another purpose gets the same key; the same ones do."""
    key, one, other = MasterKey(FIRST), uuid.uuid4(), uuid.uuid4()
    keys = {
        key.derive(one, Purpose.CHUNK),
        key.derive(one, Purpose.USER_TOKENS),
        key.derive(other, Purpose.CHUNK),
    }
    assert len(keys) == 3
    assert key.derive(one, Purpose.CHUNK) in keys


def test_a_rotation_leaves_the_oldest_key_last():
    """New keys stand in front: the first one encrypts, the last one is what earlier releases had."""
    ring = KeyRing(MasterKey(SECOND), MasterKey(FIRST))
    assert (ring.primary.secret, ring.oldest.secret) == (SECOND, FIRST)


def test_the_key_of_an_object_opens_no_other_one():
    """Each object has a key of its own, under the id of the master key, from which alone it follows."""
    ring = KeyRing(MasterKey(FIRST), MasterKey(bytes(32)))
    one, other = (ring.primary.object_key(uuid.UUID(int=number)) for number in (1, 2))
    found = ring.object_key(uuid.UUID(int=1), ring.primary.key_id)
    assert found is not None
    assert found.secret == one.secret != other.secret
    assert found.key_id == one.key_id == other.key_id == ring.primary.key_id
    assert ring.object_key(uuid.UUID(int=1), b"none") is None


def test_the_key_of_an_object_does_not_show_in_a_repr():
    """Its id does, which reveals nothing."""
    key = ObjectKey(FIRST, b"\x01\x02\x03\x04")
    assert repr(key) == "ObjectKey(key_id=01020304)"


@pytest.mark.parametrize(("secret", "key_id"), [(bytes(31), bytes(4)), (bytes(32), bytes(5))])
def test_the_key_of_an_object_has_its_size(secret, key_id):
    """Another length is a mistake of whoever has sent it."""
    with pytest.raises(ValueError, match="32 bytes"):
        ObjectKey(secret, key_id)


def test_who_has_the_keys_of_some_objects_opens_those_and_no_other():
    """A gateway holds no master key, so it opens neither other objects nor chunks of the base protocol."""
    one, other = uuid.UUID(int=1), uuid.UUID(int=2)
    key = MasterKey(FIRST).object_key(one)
    keys = KeysOfObjects({one: [key]})
    assert keys.object_key(one, key.key_id) is key
    assert keys.object_key(other, key.key_id) is None
    assert keys.object_key(one, b"none") is None
    assert list(keys) == []
