"""Errors of frames and values.

`str(error)` is a sentence for the peer that caused the error; it never quotes a value, which may be
a secret.
"""

from typing import ClassVar

_QUOTED_CHARACTERS = 64


def quote(text: str) -> str:
    """Return text of a peer, shortened and with control characters escaped."""
    shown = text if len(text) <= _QUOTED_CHARACTERS else text[:_QUOTED_CHARACTERS] + "…"
    return shown.encode("unicode_escape").decode("ascii") if not shown.isprintable() else shown


class ProtocolError(Exception):
    """Base of everything that this package raises about input.

    `code` is stable and meant for programs. `uuid` is the valid uuid of the offending frame, with
    which it can be answered; None if there is none.
    """

    code: ClassVar[str] = "protocol_error"

    def __init__(self, message: str, *, uuid: str | None = None) -> None:
        super().__init__(message)
        self.uuid = uuid


class MalformedFrame(ProtocolError):
    """The text is no frame: too long, not UTF-8, not JSON, not an object, or without an id."""

    code = "malformed_frame"


class UnknownPacket(ProtocolError):
    """No packet of the base protocol or of a granted extension has this id."""

    code = "unknown_packet"

    def __init__(self, packet_id: str, *, uuid: str | None = None) -> None:
        super().__init__(f"id: {quote(packet_id)} is not a known packet", uuid=uuid)
        self.packet_id = packet_id


class WrongNamespace(ProtocolError):
    """This peer may not send the packet's namespace; such a frame is not even answered."""

    code = "wrong_namespace"

    def __init__(self, packet_id: str, *, uuid: str | None = None) -> None:
        super().__init__(f"id: {quote(packet_id)} may not be sent by this peer", uuid=uuid)
        self.packet_id = packet_id


class InvalidPacket(ProtocolError):
    """A field of a known packet breaks a rule.

    `field` is the path from the frame, such as `data.files[0]`; `rule` continues the
    sentence, such as `must be at least 1`.
    """

    code = "invalid_packet"

    def __init__(self, packet_id: str, field: str, rule: str, *, uuid: str | None = None) -> None:
        super().__init__(f"{field}: {rule}", uuid=uuid)
        self.packet_id = packet_id
        self.field = field
        self.rule = rule


class InvalidValue(ProtocolError):
    """A single value breaks its rule; `rule` follows the value's name (`must be …`)."""

    code = "invalid_value"

    def __init__(self, rule: str) -> None:
        super().__init__(rule)
        self.rule = rule


class MalformedFileStream(ProtocolError):
    """A body is no stream of files, or holds more than its reader expects."""

    code = "malformed_file_stream"
