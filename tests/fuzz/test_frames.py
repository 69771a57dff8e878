"""WebSocket frames: any text is a packet or a `ProtocolError`, and what is read can be written again."""

import json
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from protocol.codec import NAMESPACES, PACKETS, decode, encode
from protocol.errors import ProtocolError
from tests.fuzz.inputs import fuzzed, json_values, mutated, quickly, repeated
from tests.protocol.table import TABLE

EXTENSIONS = frozenset({packet.extension or "" for packet in PACKETS.values()})
UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"


def valid_frames() -> st.SearchStrategy[bytes]:
    """A frame of any packet, with a good value in every field."""
    return st.sampled_from(sorted(TABLE)).map(
        lambda packet_id: json.dumps(
            {
                "id": packet_id,
                "uuid": UUID,
                "data": {name: kind.valid[0] for name, kind in TABLE[packet_id].items()},
            }
        ).encode()
    )


def read(frame: bytes | str) -> None:
    """Reads a frame as all peers together would, and reads again what is written of it."""
    with quickly(), suppress(ProtocolError):
        found = decode(frame, accepts=NAMESPACES, extensions=EXTENSIONS)
        again = decode(encode(found.packet), accepts=NAMESPACES, extensions=EXTENSIONS)
        assert again.packet == found.packet


@fuzzed
@given(frame=valid_frames().flatmap(mutated))
def test_mutated_frames(frame: bytes) -> None:
    """A frame with some bytes changed is read as a packet, or refused with a typed error."""
    read(frame)


@fuzzed
@given(packet_id=st.sampled_from(sorted(PACKETS)), data=json_values(), uuid=json_values())
def test_any_data(packet_id: str, data: object, uuid: object) -> None:
    """Whatever JSON stands where the fields do."""
    read(json.dumps({"id": packet_id, "uuid": uuid, "data": data}))


@fuzzed
@given(text=repeated(st.sampled_from(["[", "{", '{"a":', '"', "\\u", "\\", "1", " ", "{}", "-"])))
def test_long_texts(text: str) -> None:
    """Depth and length cost no more than reading."""
    read(text)
    read(f'{{"id":"generic:boolean","uuid":"{UUID}","data":{text}}}')
