"""Every packet against the table that was transcribed by hand."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol import InvalidPacket, ProtocolError, c2s, decode, encode, s2c, s2u
from protocol.codec import NAMESPACES, PACKETS
from tests.protocol.table import CRYPTO_KEY, EXTENSIONS, PATH, SHARE, TABLE, UUID_A, full, minimal

every_packet = pytest.mark.parametrize("packet_id", TABLE)


def read(packet_id: str, data: Any) -> Any:
    """Decodes a frame with this data where every packet is allowed; returns the packet."""
    text = json.dumps({"id": packet_id, "uuid": UUID_A, "data": data})
    return decode(text, accepts=NAMESPACES, extensions=frozenset(EXTENSIONS)).packet


def refusal(packet_id: str, data: Any) -> InvalidPacket:
    """Decodes a frame that must be refused; returns the error."""
    with pytest.raises(InvalidPacket) as caught:
        read(packet_id, data)
    assert caught.value.uuid == UUID_A
    assert caught.value.packet_id == packet_id
    return caught.value


def written(packet: Any) -> Any:
    """The data that a packet is sent as."""
    return json.loads(encode(packet))["data"]


def test_there_is_a_struct_for_every_packet_of_the_protocol_and_no_other():
    """The registry and the protocol's description list the same packets."""
    assert set(PACKETS) == set(TABLE)


@every_packet
def test_a_packet_says_which_extension_it_belongs_to(packet_id):
    """Only the packets of an extension need a granted one."""
    extensions = [name for name, packets in EXTENSIONS.items() if packet_id in packets]
    assert PACKETS[packet_id].extension == next(iter(extensions), None)


@every_packet
def test_the_class_is_called_like_the_packet(packet_id):
    """`c2s:upload-request` is `UploadRequest` in the module `c2s`."""
    namespace, _, name = packet_id.partition(":")
    packet = PACKETS[packet_id]
    assert packet.__name__ == "".join(word.capitalize() for word in name.split("-"))
    assert packet.__module__ == f"protocol.{namespace}"


@every_packet
def test_a_packet_is_documented(packet_id):
    """The docstring says who sends it to whom, and what answers."""
    text = PACKETS[packet_id].__doc__ or ""
    assert "→" in text
    assert "nswered" in text


@every_packet
@pytest.mark.parametrize("fields_of", [minimal, full])
def test_a_packet_survives_the_round_trip_with_exactly_its_fields(packet_id, fields_of):
    """What is read and written again holds the same fields: none added, none lost."""
    data = fields_of(TABLE[packet_id])
    assert written(read(packet_id, data)) == data


@every_packet
def test_the_struct_is_equal_after_the_round_trip(packet_id):
    """A packet that is sent arrives as an equal packet."""
    packet = read(packet_id, full(TABLE[packet_id]))
    assert read(packet_id, written(packet)) == packet


@every_packet
def test_an_optional_field_may_be_null_and_is_then_left_out(packet_id):
    """Null on input means the same as leaving the field out, which is what we do on output."""
    fields = TABLE[packet_id]
    nulls = {name: None for name, kind in fields.items() if kind.optional}
    assert written(read(packet_id, {**minimal(fields), **nulls})) == minimal(fields)


@every_packet
def test_a_missing_required_field_is_named(packet_id):
    """Each required field is missed by name."""
    for name in minimal(TABLE[packet_id]):
        data = {k: v for k, v in full(TABLE[packet_id]).items() if k != name}
        error = refusal(packet_id, data)
        assert (error.field, error.rule) == (f"data.{name}", "is missing")


@every_packet
def test_an_unknown_field_is_named(packet_id):
    """A key that the packet does not have is refused by name."""
    error = refusal(packet_id, {**full(TABLE[packet_id]), "surplus": None})
    assert (error.field, error.rule) == ("data.surplus", "is not a known field")


@every_packet
@pytest.mark.parametrize("data", [None, [], "", 0, True])
def test_data_must_be_an_object(packet_id, data):
    """Data that is no object is refused, for packets without fields too."""
    error = refusal(packet_id, data)
    assert error.field == "data"
    assert error.rule.startswith("must be an object")


@every_packet
def test_every_valid_value_is_taken(packet_id):
    """Each field takes each value that its rule allows, and keeps it."""
    for name, kind in TABLE[packet_id].items():
        for value in kind.valid:
            data = {**minimal(TABLE[packet_id]), name: value}
            assert written(read(packet_id, data)) == data


@every_packet
def test_every_invalid_value_is_refused_with_its_field(packet_id):
    """Each field refuses each value that its rule forbids; the error says which and why."""
    for name, kind in TABLE[packet_id].items():
        for value in kind.invalid:
            error = refusal(packet_id, {**full(TABLE[packet_id]), name: value})
            assert error.field.startswith(f"data.{name}")
            assert error.rule.startswith(("must ", "is "))
            assert "regex" not in error.rule
            assert "None" not in error.rule


@st.composite
def packets(draw):
    """An id, and data that is valid for it."""
    packet_id = draw(st.sampled_from(sorted(TABLE)))
    required: dict[str, Any] = {}
    optionals: dict[str, Any] = {}
    for name, kind in TABLE[packet_id].items():
        (optionals if kind.optional else required)[name] = st.sampled_from(kind.valid)
    return packet_id, draw(st.fixed_dictionaries(required, optional=optionals))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)


@given(packets())
def test_any_combination_of_valid_fields_survives_the_round_trip(drawn):
    """Fields do not depend on one another."""
    packet_id, data = drawn
    assert written(read(packet_id, data)) == data


@given(packets(), st.data())
def test_a_packet_with_something_else_in_a_field_is_read_or_refused(drawn, data):
    """Whatever stands in a field, nothing but a packet or a protocol error comes of it."""
    packet_id, fields = drawn
    name = data.draw(st.sampled_from([*TABLE[packet_id], "surplus"]))
    value = data.draw(ANY_JSON)
    with suppress(ProtocolError):
        packet = read(packet_id, {**fields, name: value})
        assert read(packet_id, written(packet)) == packet


@pytest.mark.parametrize("packet_id", [p for p, fields in TABLE.items() if PATH in fields.values()])
def test_a_trailing_slash_of_a_path_is_dropped(packet_id):
    """Handlers see paths in their normal form."""
    fields = TABLE[packet_id]
    slashes = {name: "/a/b/" for name, kind in fields.items() if kind is PATH}
    packet = written(read(packet_id, {**minimal(fields), **slashes}))
    assert {packet[name] for name in slashes} == {"/a/b"}


@pytest.mark.parametrize(
    ("packet_id", "data", "message"),
    [
        (
            "c2s:upload-booking-request",
            {"desired_amount": 0},
            "data.desired_amount: must be at least 1",
        ),
        (
            "c2s:upload-booking-request",
            {"desired_amount": True},
            "data.desired_amount: must be an integer, not a boolean",
        ),
        (
            "c2s:upload-abort-request",
            {"upload_id": "x"},
            "data.upload_id: must be a uuid: lowercase hex digits, 8-4-4-4-12",
        ),
        (
            "c2s:list-request",
            {"path": "/", "type": "folders", "page": 0},
            "data.type: must be one of files, subfolders",
        ),
        ("c2s:move-files", {"files": []}, "data.files: must hold at least 1 entry"),
        ("c2s:move-files", {"files": ["a", 5]}, "data.files[1]: must be a string, not an integer"),
        (
            "s2u:upload-service-configuration",
            {
                "crypto": {"enabled": True},
                "discord_bot_token": "t",
                "discord_channel_id": "1" * 18,
            },
            "data.crypto: must hold a key exactly when it is enabled",
        ),
        (
            "s2c:folder-size",
            {"total_size": 1, "folder_id": None, "types": {"a/b": -1}},
            "data.types[...]: must be at least 0",
        ),
        (
            "u2s:upload-finish",
            {"success": True, "type": "a/" + "b" * 300},
            (
                "data.type: must be a MIME type (type/subtype) "
                "of at most 255 printable ASCII characters"
            ),
        ),
    ],
)
def test_an_error_reads_as_a_sentence_about_the_field(packet_id, data, message):
    """The message can be sent to the peer as it is."""
    assert str(refusal(packet_id, data)) == message


@pytest.mark.parametrize("key", ["\n", "\n` - at `$.x", "\n - at `$.x", "` - at `$.path[0]`\n"])
def test_a_long_strange_key_is_shortened_in_the_error(key):
    """A peer cannot fill our answers or logs with its own text."""
    for strange in (key + "y" * 5000, "y" * 5000 + key, key):
        error = refusal("c2s:create-folder", {"path": "/", strange: 1})
        assert error.rule == "is not a known field"
        assert len(str(error)) < 200
        assert "\n" not in str(error)


def test_a_strange_value_is_not_quoted_in_the_error():
    """Values may be secrets, and may look like anything."""
    data = {"path": "/", "page": 0, "type": "hush' - at `$.path"}
    assert str(refusal("c2s:list-request", data)) == "data.type: must be one of files, subfolders"


def test_the_file_id_of_a_thumbnail_request_is_called_id_on_the_wire():
    """The class attribute `id` is the packet's; the field has a name of its own."""
    assert written(c2s.ThumbnailRequest(file_id=7)) == {"id": 7}


@pytest.mark.parametrize(
    "record",
    [
        s2u.Crypto(enabled=True, key="hush"),
        s2u.EncodedObjectKey(key="hush", key_id="01234567"),
        s2u.WebhookLease(id="1", token="hush", channel_id="2"),
        s2u.UploadServiceConfiguration(
            crypto=s2u.Crypto(enabled=True, key="hush"),
            discord_bot_token="hush",
            discord_channel_id="2",
        ),
        s2u.WebhookConfiguration(
            crypto=s2u.Crypto(enabled=True, key="hush"),
            webhooks=(s2u.WebhookLease(id="1", token="hush", channel_id="2"),),
            api_url="",
            requests_per_s=1,
        ),
        s2c.SignedDownload(payload="hush"),
    ],
)
def test_a_secret_does_not_show_in_a_repr(record):
    """Logs and tracebacks may hold any packet."""
    assert "hush" not in repr(record)
    assert "hush" not in repr(record.__rich_repr__())
    assert "<hidden>" in repr(record)


def test_a_repr_shows_what_is_no_secret():
    """Packets in a log can be distinguished."""
    assert repr(s2c.UploadBooking(amount=3)) == "UploadBooking(amount=3)"
    assert repr(s2c.SignedDownload()) == "SignedDownload(payload=None)"


def test_a_packet_cannot_be_changed():
    """One packet may be handed to many receivers."""
    packet: Any = s2c.UploadBooking(amount=3)
    with pytest.raises(AttributeError):
        packet.amount = 4


@pytest.mark.parametrize(
    "build",
    [
        lambda: s2c.Ownership(status="shared"),
        lambda: s2c.ListedOwnership(status="owned", share=s2c.Share(**SHARE), can="r"),
        lambda: s2u.Crypto(enabled=True),
        lambda: s2u.Crypto(enabled=False, key=CRYPTO_KEY),
    ],
)
def test_fields_that_belong_together_are_checked_in_our_own_packets_too(build):
    """Half an ownership or half a key is a bug at its origin, not at the receiver."""
    with pytest.raises(ValueError, match="exactly when"):
        build()
