"""What services say when they connect, and what one has left on its disk: read, or refused."""

import json
from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st
from yarl import URL

from manager.errors import InvalidRequest
from manager.websocket import Handshake
from tests.fuzz.inputs import fuzzed, json_values, mutated, mutated_text, quickly, repeated
from tests.upload_service.test_report_journal import report
from upload_service.report_codec import decode_journal, encode_answered, encode_report

ADDRESSES = ["http://a.test/x", "https://[::1]:4000/", "http://ü.de:99999", "http://user:pw@a?b#c"]
PIECES = st.sampled_from(["http://", "[", "]", "%", "ä.", "@", ":", "xn--", "/", "?", "#", "\t"])
FIRST, SECOND, LAST = (report(number) for number in (1, 2, 3))
LINES = encode_report(FIRST) + encode_report(SECOND) + encode_answered(FIRST.message_id)


def texts(*known: str) -> st.SearchStrategy[str]:
    """Good values, nearly good ones, and any."""
    near = st.sampled_from(known).flatmap(mutated_text) if known else st.nothing()
    return near | st.text(max_size=40) | repeated(PIECES, 4000)


@fuzzed
@given(address=texts(*ADDRESSES) | texts(*ADDRESSES).map(lambda it: f"http://{it}"))
@example(address="http://xn--a/")
def test_addresses(address: str) -> None:
    """An address that is taken is a URL with a host that clients can use."""
    with quickly(), suppress(InvalidRequest):
        assert URL(Handshake.read({"type": "upload", "address": address}).upload_address()).host


@fuzzed
@given(
    query=st.fixed_dictionaries(
        {"type": texts("upload", "client")},
        optional={"key": texts(), "extensions": texts("a,b"), "process": texts("0f8fad5b")},
    )
)
def test_queries(query: dict[str, str]) -> None:
    """Any query is a handshake or refused."""
    with quickly(), suppress(InvalidRequest):
        handshake = Handshake.read(query)
        assert all(name == name.strip() for name in handshake.extensions)
        handshake.process()


@fuzzed
@given(
    content=mutated(LINES) | repeated(st.sampled_from([b"[", b"{", b"\n", b'{"stored":', b"\xff"]))
)
def test_damaged_journals(content: bytes) -> None:
    """A journal of reports that a disk has damaged is read as far as it can be; its end is whole."""
    with quickly():
        decode_journal(content)
        reports, _ = decode_journal(content + b"\n" + encode_report(LAST))
        assert LAST in reports


@fuzzed
@given(value=json_values())
def test_journals_of_any_json(value: object) -> None:
    """Lines of other programs are skipped."""
    line = json.dumps({"stored": value, "answered": value, "type": value}).encode()
    with quickly():
        decode_journal(line)
