"""Packets that either side sends on every connection."""

from typing import ClassVar

from protocol.packet import Packet, Record
from protocol.values import Float, Integer, NonNegative, Retry

__all__ = ["Boolean", "ChunkRange", "Primitives"]


class Boolean(Packet, frozen=True, kw_only=True):
    """Says that something worked or did not.

    Either side → the other, mostly as a reply. `message` is a sentence for a person, and says
    what was wrong when `success` is false. An invalid frame with a valid uuid is answered by
    this packet, too. With the extension `rejections` the manager says to a client in `retry`, where it
    knows, whether the same request may succeed `later`, or `never` until somebody acts. Not answered
    itself.
    """

    id: ClassVar[str] = "generic:boolean"

    success: bool
    message: str | None = None
    retry: Retry | None = None


class Primitives(Packet, frozen=True, kw_only=True):
    """Carries plain values; their meaning depends on the context.

    Manager → a peer that asked for extensions, as the first frame of the connection:
    `string_value` holds the granted extensions, separated by commas. Not answered.
    """

    id: ClassVar[str] = "generic:primitives"

    boolean_value: bool | None = None
    integer_value: Integer | None = None
    float_value: Float | None = None
    string_value: str | None = None


class ChunkRange(Record, frozen=True, kw_only=True):
    """The chunks from index `first` to `last`, both included."""

    first: NonNegative
    last: NonNegative
