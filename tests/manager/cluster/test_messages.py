"""How messages between managers are encoded."""

import pytest

from manager.cluster.errors import ClusterMessageTooLarge, UnreadableMessage
from manager.cluster.messages import MAX_MESSAGE_BYTES, ClusterMessage, decode, encode


class _Note(ClusterMessage, frozen=True, kw_only=True):
    text: str


class _LaterNote(_Note, frozen=True, kw_only=True):
    size: int = 0


def test_a_message_of_a_later_release_is_read():
    """Fields that are not known are ignored."""
    assert decode(encode(_LaterNote(text="a", size=3)), _Note) == _Note(text="a")


def test_a_message_of_an_earlier_release_is_read():
    """Fields that are missing have their defaults."""
    assert decode(encode(_Note(text="a")), _LaterNote) == _LaterNote(text="a", size=0)


def test_messages_are_bounded_on_both_sides():
    """Neither sent nor read is what is too large."""
    with pytest.raises(ClusterMessageTooLarge):
        encode(_Note(text="a" * MAX_MESSAGE_BYTES))
    with pytest.raises(UnreadableMessage):
        decode(b"a" * (MAX_MESSAGE_BYTES + 1), _Note)


@pytest.mark.parametrize("payload", [b"", b"\x81\xa4text\x01", b"\x81\xa4text\xa1\xff", b"\xc1"])
def test_what_is_no_such_message_is_a_typed_error(payload):
    """Whatever a stranger sends."""
    with pytest.raises(UnreadableMessage):
        decode(payload, _Note)
