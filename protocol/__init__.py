"""The packets that clients, services and the manager exchange.

`protocol.generic`, `c2s`, `s2c`, `s2u`, `u2s`, `s2t` and `t2s` hold one struct per packet,
named like the packet: `c2s:upload-request` is `c2s.UploadRequest`. `encode` and `decode` turn
them into the frames of a WebSocket and back; `Exchange` tells replies from other frames. Nothing here
does I/O.
"""

from protocol import c2s, generic, s2c, s2t, s2u, t2s, u2s
from protocol.chunks import chunk_count, chunk_length, content_hash
from protocol.codec import (
    NAMESPACES,
    PACKETS,
    EncodedPacket,
    Frame,
    decode,
    encode,
    encode_data,
    namespace_of,
)
from protocol.errors import (
    InvalidPacket,
    InvalidValue,
    MalformedFrame,
    ProtocolError,
    UnknownPacket,
    WrongNamespace,
)
from protocol.exchange import Exchange
from protocol.extensions import WEBHOOKS, format_extensions, parse_extensions
from protocol.packet import Packet, Record
from protocol.replies import OpenRequests
from protocol.values import (
    CHUNK_SIZE,
    LARGEST_CHUNK_SIZE,
    MAX_FRAME_BYTES,
    MAX_PATH_NAMES,
    MAX_SAFE_INTEGER,
    PAGE_SIZE,
    REPLY_TIMEOUT_S,
    NamePolicy,
    check_name,
    check_password,
    check_username,
    format_path,
    is_uuid,
    parse_path,
)

__all__ = [
    "CHUNK_SIZE",
    "LARGEST_CHUNK_SIZE",
    "MAX_FRAME_BYTES",
    "MAX_PATH_NAMES",
    "MAX_SAFE_INTEGER",
    "NAMESPACES",
    "PACKETS",
    "PAGE_SIZE",
    "REPLY_TIMEOUT_S",
    "WEBHOOKS",
    "EncodedPacket",
    "Exchange",
    "Frame",
    "InvalidPacket",
    "InvalidValue",
    "MalformedFrame",
    "NamePolicy",
    "OpenRequests",
    "Packet",
    "ProtocolError",
    "Record",
    "UnknownPacket",
    "WrongNamespace",
    "c2s",
    "check_name",
    "check_password",
    "check_username",
    "chunk_count",
    "chunk_length",
    "content_hash",
    "decode",
    "encode",
    "encode_data",
    "format_extensions",
    "format_path",
    "generic",
    "is_uuid",
    "namespace_of",
    "parse_extensions",
    "parse_path",
    "s2c",
    "s2t",
    "s2u",
    "t2s",
    "u2s",
]
