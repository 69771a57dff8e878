"""The codec: packets to the text of frames, and back.

A frame is one JSON object, `{"id", "uuid", "reply_uuid"?, "data"}`. Reading is strict: nothing
is converted, an unknown key and a missing one are errors, and so is all that JSON readers
disagree about (repeated keys, NaN, lone surrogates). Whatever the bytes are, `decode` returns a
`Frame` or raises a `ProtocolError`.

The standard library reads the JSON, because it reports every key that it meets: of a repeated one
the last would otherwise silently win, and two readers of the same frame could see different packets.
"""

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType, ModuleType
from typing import Any
from uuid import uuid4

import msgspec

from protocol import c2s, generic, s2c, s2t, s2u, t2s, u2s
from protocol.errors import InvalidPacket, MalformedFrame, UnknownPacket, WrongNamespace, quote
from protocol.packet import Packet
from protocol.rules import explain, fields_of, kind_of
from protocol.values import MAX_FRAME_BYTES, PATH_KIND, is_uuid

MODULES: Mapping[str, ModuleType] = MappingProxyType(
    {
        "generic": generic,
        "c2s": c2s,
        "s2c": s2c,
        "s2u": s2u,
        "u2s": u2s,
        "s2t": s2t,
        "t2s": t2s,
    }
)
"""The module of every namespace."""


def _packets_of(module: ModuleType) -> Iterator[type[Packet]]:
    for member in vars(module).values():
        if isinstance(member, type) and issubclass(member, Packet) and member is not Packet:
            yield member


PACKETS: Mapping[str, type[Packet]] = MappingProxyType(
    {packet.id: packet for module in MODULES.values() for packet in _packets_of(module)}
)
"""The class of every packet, extensions included, by id."""

NAMESPACES = frozenset(MODULES)
"""Every namespace; a peer may send `generic` and one other."""


def namespace_of(packet_id: str) -> str:
    """Return the part of a packet's id before the colon."""
    return packet_id.partition(":")[0]


_FRAME_KEYS = frozenset({"id", "uuid", "reply_uuid", "data"})
_encoder = msgspec.json.Encoder()
_SURROGATE_ESCAPE = re.compile(r"\\u[dD][89a-fA-F]")


class Frame(msgspec.Struct, frozen=True):
    """A packet that was received.

    With `uuid` None it cannot be replied to; with `reply_uuid` None it is no reply.
    """

    packet: Packet
    uuid: str | None
    reply_uuid: str | None


class EncodedPacket(msgspec.Struct, frozen=True):
    """A packet whose data is encoded already; the frame for each receiver only adds the uuids."""

    packet_id: str
    data: str

    def frame(self, *, uuid: str | None = None, reply_uuid: str | None = None) -> str:
        """Return the text of a frame; with `uuid` None it gets a new one."""
        reply = f'"reply_uuid":"{reply_uuid}",' if reply_uuid else ""
        head = f'{{"id":"{self.packet_id}","uuid":"{uuid or uuid4()}",{reply}"data":'
        return f"{head}{self.data}}}"


def encode_data(packet: Packet) -> EncodedPacket:
    """Encode a packet once for many receivers."""
    return EncodedPacket(packet.id, _encoder.encode(packet).decode())


def encode(packet: Packet, *, uuid: str | None = None, reply_uuid: str | None = None) -> str:
    """Return the text of a frame with this packet. With `uuid` None it gets a new one."""
    return encode_data(packet).frame(uuid=uuid, reply_uuid=reply_uuid)


def decode(
    text: str | bytes,
    *,
    accepts: frozenset[str],
    extensions: frozenset[str] = frozenset(),
) -> Frame:
    """Read a frame.

    Args:
        text: one WebSocket message.
        accepts: the namespaces that the peer may send.
        extensions: those that the connection was granted; packets of other extensions are unknown.

    Raises:
        MalformedFrame: the text is no frame at all.
        WrongNamespace: the peer may not send this namespace, whether it exists or not.
        UnknownPacket: there is no such packet, or not on this connection.
        InvalidPacket: a field breaks a rule.
    """
    content, fault = _read_object(text)
    uuid, reply_uuid = _uuid_in(content, "uuid"), _uuid_in(content, "reply_uuid")
    if fault:
        raise MalformedFrame(fault, uuid=uuid)
    packet_type = _packet_type(content, uuid, accepts, extensions)
    _check_keys(content, uuid, packet_type)
    _check_extensions(content["data"], uuid, packet_type, extensions)
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


def _check_extensions(
    data: object, uuid: str | None, packet_type: type[Packet], extensions: frozenset[str]
) -> None:
    """What an extension adds to a packet is unknown to a connection without it."""
    if not isinstance(data, dict):
        return
    for name, extension in packet_type.extension_fields.items():
        if name in data and extension not in extensions:
            raise InvalidPacket(packet_type.id, quote(name), "is not a known field", uuid=uuid)
    for (name, value), extension in packet_type.extension_values.items():
        if data.get(name) == value and extension not in extensions:
            rule = f"must not be {quote(value)} without the extension {extension}"
            raise InvalidPacket(packet_type.id, name, rule, uuid=uuid)


def _packet(packet_type: type[Packet], data: object, uuid: str | None) -> Packet:
    try:
        packet = msgspec.convert(data, packet_type)
    except msgspec.ValidationError as error:
        field, rule = explain(error, packet_type)
        raise InvalidPacket(packet_type.id, field, rule, uuid=uuid) from None
    for name in _path_fields(packet_type):
        # The one normal form that differs from the input. The struct has no other reference yet, so
        # that changing it in place is safe although it is frozen.
        value = getattr(packet, name)
        if len(value) > 1 and value.endswith("/"):
            msgspec.structs.force_setattr(packet, name, value[:-1])
    return packet


@cache
def _path_fields(packet_type: type[Packet]) -> tuple[str, ...]:
    fields = fields_of(packet_type)
    return tuple(field.name for field in fields if kind_of(field.type) == PATH_KIND)


class _JsonFaults:
    """Notes what is wrong with JSON that can still be read, so that the error can be answered."""

    def __init__(self) -> None:
        self.first: str | None = None

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) != len(pairs):
            self.first = "an object repeats a key"
        return content

    def constant(self, _name: str) -> None:
        self.first = "NaN and Infinity are no numbers in JSON"


def _read_object(frame: str | bytes) -> tuple[dict[str, Any], str | None]:
    """Read one JSON object.

    Returns:
        The object, and what is wrong with it if it could be read although it is not valid, else
        None.

    Raises:
        MalformedFrame: the frame is too long, not UTF-8, not JSON, nested too deeply or not an object.
    """
    text = _text_of(frame)
    faults = _JsonFaults()
    try:
        content = json.loads(text, object_pairs_hook=faults.object, parse_constant=faults.constant)
        if _SURROGATE_ESCAPE.search(text):
            json.dumps(content, ensure_ascii=False).encode()
    except RecursionError:
        raise MalformedFrame("the frame is nested too deeply") from None
    except UnicodeEncodeError:
        raise MalformedFrame("the frame holds half a character") from None
    except ValueError:
        raise MalformedFrame("the frame is not JSON") from None
    if not isinstance(content, dict):
        raise MalformedFrame("the frame is not an object")
    return content, faults.first


def _text_of(frame: str | bytes) -> str:
    """Return the frame as text that is valid Unicode and not too long."""
    if len(frame) > MAX_FRAME_BYTES:
        raise MalformedFrame(f"the frame is longer than {MAX_FRAME_BYTES} bytes")
    try:
        encoded = frame.encode() if isinstance(frame, str) else frame
        text = frame if isinstance(frame, str) else frame.decode()
    except UnicodeError:
        raise MalformedFrame("the frame is not UTF-8") from None
    if len(encoded) > MAX_FRAME_BYTES:
        raise MalformedFrame(f"the frame is longer than {MAX_FRAME_BYTES} bytes")
    return text
