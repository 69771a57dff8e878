"""Frames: packets to text and back.

A frame is one JSON object, `{"id", "uuid", "reply_uuid"?, "data"}`. Reading is strict: nothing
is converted, an unknown key and a missing one are errors, and so is all that JSON readers
disagree about (repeated keys, NaN, lone surrogates). Whatever the bytes are, `decode` returns a
`Frame` or raises a `ProtocolError`.
"""

from typing import Any
from uuid import uuid4

import msgspec

from protocol.errors import InvalidPacket, MalformedFrame, UnknownPacket, WrongNamespace, quote
from protocol.json_reader import read_object
from protocol.packet import Packet
from protocol.registry import PACKETS, namespace_of
from protocol.rules import explain, fields_of, kind_of
from protocol.values import PATH_KIND, is_uuid

_FRAME_KEYS = frozenset({"id", "uuid", "reply_uuid", "data"})
_encoder = msgspec.json.Encoder()


class Frame(msgspec.Struct, frozen=True):
    """A packet as it came.

    Without `uuid` it cannot be replied to; without `reply_uuid` it is no reply.
    """

    packet: Packet
    uuid: str | None
    reply_uuid: str | None


class EncodedPacket(msgspec.Struct, frozen=True):
    """A packet whose data is encoded already; each receiver's frame only adds the uuids."""

    packet_id: str
    data: str

    def frame(self, *, uuid: str | None = None, reply_uuid: str | None = None) -> str:
        """Returns the text of a frame; `uuid` None makes a new one."""
        reply = f'"reply_uuid":"{reply_uuid}",' if reply_uuid else ""
        head = f'{{"id":"{self.packet_id}","uuid":"{uuid or uuid4()}",{reply}"data":'
        return f"{head}{self.data}}}"


def encode_data(packet: Packet) -> EncodedPacket:
    """Encodes a packet once for many receivers."""
    return EncodedPacket(packet.id, _encoder.encode(packet).decode())


def encode(packet: Packet, *, uuid: str | None = None, reply_uuid: str | None = None) -> str:
    """Returns the text of a frame with this packet. `uuid` None makes a new one."""
    return encode_data(packet).frame(uuid=uuid, reply_uuid=reply_uuid)


def decode(
    text: str | bytes,
    *,
    accepts: frozenset[str],
    extensions: frozenset[str] = frozenset(),
) -> Frame:
    """Reads a frame.

    Args:
        text: One WebSocket message.
        accepts: The namespaces that the peer may send.
        extensions: What the connection was granted; packets of other extensions are unknown.

    Raises:
        MalformedFrame: it is no frame at all.
        WrongNamespace: the namespace, of ours or not, is none that the peer may send.
        UnknownPacket: there is no such packet, or not on this connection.
        InvalidPacket: a field breaks a rule.
    """
    content, flaw = read_object(text)
    uuid, reply_uuid = _uuid_in(content, "uuid"), _uuid_in(content, "reply_uuid")
    if flaw:
        raise MalformedFrame(flaw, uuid=uuid)
    packet_type = _packet_type(content, uuid, accepts, extensions)
    _check_keys(content, uuid, packet_type)
    return Frame(_packet(packet_type, content["data"], uuid), uuid, reply_uuid)


def _uuid_in(content: dict[str, Any], key: str) -> str | None:
    value = content.get(key)
    return value if is_uuid(value) else None


def _packet_type(
    content: dict[str, Any], uuid: str | None, accepts: frozenset[str], extensions: frozenset[str]
) -> type[Packet]:
    packet_id = content.get("id")
    if not isinstance(packet_id, str):
        rule = "must be a string" if "id" in content else "is missing"
        raise MalformedFrame(f"id: {rule}", uuid=uuid)
    namespace = namespace_of(packet_id)
    if namespace not in accepts | {"", packet_id}:
        raise WrongNamespace(packet_id, uuid=uuid)
    packet_type = PACKETS.get(packet_id)
    if packet_type is None or (packet_type.extension or "") not in extensions | {""}:
        raise UnknownPacket(packet_id, uuid=uuid)
    return packet_type


def _check_keys(content: dict[str, Any], uuid: str | None, packet_type: type[Packet]) -> None:
    for key in content:
        if key not in _FRAME_KEYS:
            raise InvalidPacket(packet_type.id, quote(key), "is not a known field", uuid=uuid)
    if "data" not in content:
        raise InvalidPacket(packet_type.id, "data", "is missing", uuid=uuid)


def _packet(packet_type: type[Packet], data: object, uuid: str | None) -> Packet:
    try:
        packet = msgspec.convert(data, packet_type)
    except msgspec.ValidationError as error:
        field, rule = explain(error, packet_type)
        raise InvalidPacket(packet_type.id, field, rule, uuid=uuid) from None
    for name in _PATH_FIELDS[packet_type]:
        # The one normal form that differs from the input. Nobody has seen the struct yet, so that
        # changing it in place is safe although it is frozen.
        value = getattr(packet, name)
        if len(value) > 1 and value.endswith("/"):
            msgspec.structs.force_setattr(packet, name, value[:-1])
    return packet


def _path_fields(packet_type: type[Packet]) -> tuple[str, ...]:
    fields = fields_of(packet_type)
    return tuple(field.name for field in fields if kind_of(field.type) == PATH_KIND)


_PATH_FIELDS = {packet_type: _path_fields(packet_type) for packet_type in PACKETS.values()}
