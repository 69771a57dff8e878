"""How messages between managers are encoded. Unknown fields are ignored, so that releases can be mixed."""

from typing import Final, TypeVar

import msgspec

from manager.cluster.errors import ClusterMessageTooLarge, UnreadableMessage

MAX_MESSAGE_BYTES: Final = 512 * 1024
"""Half of what a NATS server takes unless it is configured otherwise."""


class ClusterMessage(msgspec.Struct, frozen=True, kw_only=True):
    """Base of everything that one manager sends to another."""


M = TypeVar("M", bound=ClusterMessage)


def encode(message: ClusterMessage) -> bytes:
    """The message as bytes. Raises `ClusterMessageTooLarge`."""
    payload = msgspec.msgpack.encode(message)
    if len(payload) > MAX_MESSAGE_BYTES:
        raise ClusterMessageTooLarge(
            f"{type(message).__name__} has {len(payload)} bytes, more than {MAX_MESSAGE_BYTES}"
        )
    return payload


def decode(payload: bytes, kind: type[M]) -> M:
    """The message of that kind. Raises `UnreadableMessage`."""
    if len(payload) > MAX_MESSAGE_BYTES:
        raise UnreadableMessage(f"{len(payload)} bytes are too many for a {kind.__name__}")
    try:
        return msgspec.msgpack.decode(payload, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UnreadableMessage(f"this is no {kind.__name__}") from error
