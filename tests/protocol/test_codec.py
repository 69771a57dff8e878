"""Frames: what is written, what is read, and what every kind of broken input turns into."""

import json
from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from protocol import (
    MAX_FRAME_BYTES,
    NAMESPACES,
    WEBHOOKS,
    Frame,
    InvalidPacket,
    MalformedFrame,
    ProtocolError,
    UnknownPacket,
    WrongNamespace,
    c2s,
    decode,
    encode,
    encode_data,
    generic,
    is_uuid,
    s2c,
    u2s,
)
from protocol.extensions import MODIFICATION_TIMES

UUID = "0f8fad5b-d9cb-469f-a165-70867728950e"
OTHER_UUID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
FROM_CLIENT = frozenset({"c2s", "generic"})
LOST = u2s.WebhookLost(webhook_id="1" * 18, reason="gone")


def frame(
    packet_id: str = "generic:boolean",
    data: str = '{"success":true}',
    uuid: str = f'"{UUID}"',
    more: str = "",
) -> str:
    """The text of a frame whose parts are JSON."""
    return f'{{"id":"{packet_id}","uuid":{uuid},"data":{data}{more}}}'


def error_of(text: str | bytes) -> ProtocolError:
    """What a client's frame is refused with."""
    with pytest.raises(ProtocolError) as caught:
        decode(text, accepts=FROM_CLIENT)
    return caught.value


def test_a_frame_is_written_as_the_protocol_shows_it():
    """Id, uuid and data, in this order, and nothing else."""
    text = encode(c2s.UploadBookingRequest(desired_amount=2), uuid=UUID)
    assert text == (
        f'{{"id":"c2s:upload-booking-request","uuid":"{UUID}","data":{{"desired_amount":2}}}}'
    )


def test_a_reply_says_what_it_answers():
    """`reply_uuid` is there on a reply alone."""
    text = encode(generic.Boolean(success=True), uuid=OTHER_UUID, reply_uuid=UUID)
    assert json.loads(text) == {
        "id": "generic:boolean",
        "uuid": OTHER_UUID,
        "reply_uuid": UUID,
        "data": {"success": True},
    }


def test_every_frame_gets_a_uuid_of_its_own():
    """Without a given uuid a frame gets a new one, and can be replied to."""
    uuids = {json.loads(encode(c2s.PingServices()))["uuid"] for _ in range(20)}
    assert len(uuids) == 20
    assert all(map(is_uuid, uuids))


def test_data_that_is_encoded_once_makes_a_frame_per_receiver():
    """A broadcast shares the data; only the uuids differ."""
    packet = s2c.UploadBooking(amount=1)
    encoded = encode_data(packet)
    assert encoded.frame(uuid=UUID) == encode(packet, uuid=UUID)
    assert encoded.frame(uuid=UUID, reply_uuid=OTHER_UUID) == encode(
        packet, uuid=UUID, reply_uuid=OTHER_UUID
    )
    assert encoded.frame() != encoded.frame()


@pytest.mark.parametrize("convert", [str, str.encode])
def test_a_frame_is_read_from_text_and_from_bytes(convert):
    """A WebSocket library may hand over either."""
    packet = c2s.CreateFolder(path="/größe 🙂")
    text = encode(packet, uuid=UUID, reply_uuid=OTHER_UUID)
    assert decode(convert(text), accepts=FROM_CLIENT) == Frame(packet, UUID, OTHER_UUID)


@pytest.mark.parametrize("uuid", ["null", "5", '"x"', '""', f'"{UUID.upper()}"', "[]", "{}"])
def test_a_frame_without_a_valid_uuid_is_taken_but_cannot_be_replied_to(uuid):
    """An invalid uuid counts as none, and an invalid reply_uuid makes no reply."""
    read = decode(frame(uuid=uuid, more=f',"reply_uuid":{uuid}'), accepts=FROM_CLIENT)
    assert (read.uuid, read.reply_uuid) == (None, None)


def test_a_frame_without_uuid_is_taken():
    """The key may be missing, too."""
    read = decode('{"id":"c2s:ping-services","data":{}}', accepts=FROM_CLIENT)
    assert read == Frame(c2s.PingServices(), None, None)


def test_a_peer_may_send_its_own_namespace_and_generic_only():
    """Another namespace is distinguished from an unknown packet, whether the one or the other exists."""
    for packet_id in ("s2c:upload-booking", "u2s:upload-finish", "s2c:nonsense", "x2y:nonsense"):
        error = error_of(frame(packet_id))
        assert isinstance(error, WrongNamespace)
        assert (error.packet_id, error.uuid) == (packet_id, UUID)


@pytest.mark.parametrize(
    "packet_id", ["c2s:nonsense", "generic:nonsense", "upload-request", "", "c2s:", ":", "c2s"]
)
def test_a_packet_that_does_not_exist_is_unknown(packet_id):
    """The error names the packet and can be answered."""
    error = error_of(frame(packet_id))
    assert isinstance(error, UnknownPacket)
    assert (error.packet_id, error.uuid) == (packet_id, UUID)


def test_a_packet_of_an_extension_is_unknown_until_the_extension_is_granted():
    """A base connection never gets to see an extension's packets."""
    accepts = frozenset({"u2s"})
    with pytest.raises(UnknownPacket):
        decode(encode(LOST), accepts=accepts)
    with pytest.raises(UnknownPacket):
        decode(encode(LOST), accepts=accepts, extensions=frozenset({"other"}))
    assert decode(encode(LOST), accepts=accepts, extensions=frozenset({WEBHOOKS})).packet == LOST


@pytest.mark.parametrize(
    ("packet_id", "data", "field"),
    [
        ("c2s:empty-file-upload", {"path": "/", "name": "a", "modified_at": None}, "modified_at"),
        (
            "c2s:list-request",
            {"path": "/", "type": "files", "page": 0, "sort_by": "modified_at"},
            "sort_by",
        ),
    ],
)
def test_what_an_extension_adds_to_a_packet_is_unknown_without_it(packet_id, data, field):
    """A field even if it is null, and a value of a field."""
    text, accepts = frame(packet_id, json.dumps(data)), frozenset({"c2s"})
    with pytest.raises(InvalidPacket) as caught:
        decode(text, accepts=accepts, extensions=frozenset({"other"}))
    assert caught.value.field == field
    granted = frozenset({MODIFICATION_TIMES})
    assert decode(text, accepts=accepts, extensions=granted).packet.id == packet_id


@pytest.mark.parametrize(
    ("text", "field", "rule"),
    [
        (f'{{"id":"c2s:ping-services","uuid":"{UUID}"}}', "data", "is missing"),
        (frame(data="[]"), "data", "must be an object, not a list"),
        (frame(data="null"), "data", "must be an object, not null"),
        (frame(more=',"extra":1'), "extra", "is not a known field"),
        (frame(data='{"success":1}'), "data.success", "must be a boolean, not an integer"),
    ],
)
def test_a_wrong_field_is_named_and_can_be_answered(text, field, rule):
    """The frame's own keys are held to the same strictness as the packet's."""
    error = error_of(text)
    assert isinstance(error, InvalidPacket)
    assert (error.field, error.rule, error.uuid) == (field, rule, UUID)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "{",
        "nonsense",
        "5",
        '"text"',
        "null",
        "[]",
        "[1,2]",
        "{}x",
        "{'id':1}",
        '{"id":1,}',
        "\ufeff" + frame(),
        b"\xff\xfe",
        b'{"id":"\xff"}',
        "\ud800",
        '{"id":"a\nb"}',
        "[" * 100_000,
        '{"a":' * 100_000,
        frame(data='{"success":' + "[" * 900 + "]" * 900 + "}") + "}",
        '{"id":' + "9" * 5000 + "}",
        frame(data='{"success":true,"message":"\\ud800"}'),
        frame(data='{"success":true,"\\udfff":1}'),
    ],
    ids=lambda text: repr(text[:12]),
)
def test_what_is_no_json_object_is_malformed(text):
    """Broken text has no uuid that could be answered."""
    error = error_of(text)
    assert isinstance(error, MalformedFrame)
    assert error.uuid is None


@pytest.mark.parametrize(
    "text",
    [
        frame(more=',"uuid":"' + UUID + '"'),
        frame(data='{"success":true,"success":false}'),
        frame(data='{"success":true,"message":{"a":1,"a":1}}'),
        frame(data='{"success":NaN}'),
        frame("generic:primitives", '{"float_value":Infinity}'),
        frame("generic:primitives", '{"float_value":-Infinity}'),
        f'{{"uuid":"{UUID}","data":{{}}}}',
        f'{{"id":5,"uuid":"{UUID}","data":{{}}}}',
        f'{{"id":null,"uuid":"{UUID}","data":{{}}}}',
    ],
)
def test_what_readers_disagree_about_is_malformed_and_can_be_answered(text):
    """Repeated keys, NaN and a missing id are refused, with the frame's uuid."""
    error = error_of(text)
    assert isinstance(error, MalformedFrame)
    assert error.uuid == UUID


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400])
def test_a_number_beyond_a_float_is_refused(number):
    """Infinity does not come in by the back door."""
    error = error_of(frame("generic:primitives", f'{{"float_value":{number}}}'))
    assert isinstance(error, InvalidPacket)
    assert error.field == "data.float_value"


def test_an_escaped_pair_of_surrogates_is_one_character():
    """Characters beyond the first plane may be escaped as JSON does it."""
    read = decode(frame(data='{"success":true,"message":"\\ud83d\\ude42"}'), accepts=FROM_CLIENT)
    assert read.packet == generic.Boolean(success=True, message="🙂")


@pytest.mark.parametrize("letter", ["x", "ü"])
@pytest.mark.parametrize("convert", [str, str.encode])
def test_a_frame_may_be_as_long_as_the_limit_and_no_longer(letter, convert):
    """The limit counts bytes of UTF-8, whichever way the frame comes."""
    room = MAX_FRAME_BYTES - len(frame(data='{"success":true,"message":""}').encode())
    longest = letter * (room // len(letter.encode()))

    def with_message(message: str) -> str | bytes:
        text: str | bytes = convert(frame(data=f'{{"success":true,"message":"{message}"}}'))
        return text

    assert decode(with_message(longest), accepts=FROM_CLIENT).uuid == UUID
    assert isinstance(error_of(with_message(longest + 2 * letter)), MalformedFrame)


def test_every_error_has_a_code_of_its_own():
    """Codes are stable; metrics and logs count by them."""
    texts = ["", frame("c2s:nonsense"), frame("s2c:list-files"), frame(data="{}")]
    assert [error_of(text).code for text in texts] == [
        "malformed_frame",
        "unknown_packet",
        "wrong_namespace",
        "invalid_packet",
    ]


def test_an_error_does_not_quote_a_strange_id_at_length():
    """A peer cannot fill our answers or logs with its own text."""
    message = str(error_of(frame("c2s:" + "\\n" + "x" * 5000)))
    assert len(message) < 200
    assert "\n" not in message


def reads_or_refuses(text: str | bytes) -> None:
    """Asserts that a frame, or a protocol error, is all that text can turn into."""
    with suppress(ProtocolError):
        assert isinstance(decode(text, accepts=NAMESPACES, extensions=frozenset({WEBHOOKS})), Frame)


@given(st.binary() | st.text())
@example(b"\x00")
@example("{" * 1200)
def test_any_bytes_and_any_text_give_a_frame_or_a_protocol_error(text):
    """Nothing else escapes, whatever is sent."""
    reads_or_refuses(text)


JSON_TOKENS = st.sampled_from(
    [
        "{", "}", "[", "]", ",", ":", '"id"', '"uuid"', '"data"', '"reply_uuid"', f'"{UUID}"',
        '"generic:boolean"', '"success"', '"message"', "true", "NaN", "-1", "1e999", "9" * 30,
        "null", '"\\ud800"',
        '"c2s:upload-request"', '"path"', '"/a/"', '"\\u0000"', "Infinity",
    ]
)  # fmt: skip


@given(st.lists(JSON_TOKENS, max_size=30).map("".join))
def test_any_json_like_text_gives_a_frame_or_a_protocol_error(text):
    """Text that is nearly a frame does no harm either."""
    reads_or_refuses(text)


VALID = frame("c2s:upload-request", '{"name":"a","path":"/b","size":1,"is_public":true}').encode()


@given(st.integers(0, len(VALID)), st.integers(0, 8), st.binary(max_size=8))
def test_a_frame_with_a_damaged_place_gives_a_frame_or_a_protocol_error(at, cut, put):
    """Bytes that are lost, added or changed somewhere do no harm."""
    reads_or_refuses(VALID[:at] + put + VALID[at + cut :])
