"""Conditional requests, asked as clients and caches do, and `Content-Disposition`."""

from urllib.parse import unquote
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from catalog.records import EnvelopeKind, File, ObjectState, StoredObject
from manager.downloads.representation import (
    Precondition,
    Representation,
    Validators,
    attachment,
    evaluate,
    range_applies,
)
from reading.plans import ResponsePlan
from reading.ranges import ByteRange, Segment

CURRENT = Validators("abc", 1_700_000_000.75)
SAME = "Tue, 14 Nov 2023 22:13:20 GMT"
BEFORE = "Tue, 14 Nov 2023 22:13:19 GMT"
AFTER = "Tue, 14 Nov 2023 22:13:21 GMT"


def test_header_values():
    """Entity tag and date are written as HTTP wants them."""
    assert CURRENT.etag == '"abc"'
    assert CURRENT.last_modified == SAME


@pytest.mark.parametrize(
    ("headers", "outcome"),
    [
        ({}, Precondition.PROCEED),
        ({"If-None-Match": '"abc"'}, Precondition.NOT_MODIFIED),
        ({"If-None-Match": 'W/"abc"'}, Precondition.NOT_MODIFIED),
        ({"If-None-Match": '"x", "abc"'}, Precondition.NOT_MODIFIED),
        ({"If-None-Match": "*"}, Precondition.NOT_MODIFIED),
        ({"If-None-Match": '"x"'}, Precondition.PROCEED),
        ({"If-None-Match": '"x"', "If-Modified-Since": AFTER}, Precondition.PROCEED),
        ({"If-Modified-Since": SAME}, Precondition.NOT_MODIFIED),
        ({"If-Modified-Since": BEFORE}, Precondition.PROCEED),
        ({"If-Modified-Since": "yesterday"}, Precondition.PROCEED),
        ({"If-Match": '"abc"'}, Precondition.PROCEED),
        ({"If-Match": "*"}, Precondition.PROCEED),
        ({"If-Match": 'W/"abc"'}, Precondition.FAILED),
        ({"If-Match": '"x"'}, Precondition.FAILED),
        ({"If-Unmodified-Since": SAME}, Precondition.PROCEED),
        ({"If-Unmodified-Since": BEFORE}, Precondition.FAILED),
        ({"If-Match": '"abc"', "If-Unmodified-Since": BEFORE}, Precondition.PROCEED),
    ],
)
def test_outcome(headers, outcome):
    """Every condition comes to what the RFC says, tags before dates."""
    assert evaluate(headers, CURRENT) is outcome


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("If-None-Match", Precondition.NOT_MODIFIED), ("If-Match", Precondition.PROCEED)],
)
def test_lists_may_be_spread_over_several_lines(name, outcome):
    """Lines of the same header are one list, as section 5.3 says."""
    lines = CIMultiDictProxy(CIMultiDict([(name, '"x"'), (name.lower(), '"y", "abc"')]))
    assert evaluate(lines, CURRENT) is outcome


@pytest.mark.parametrize(
    ("condition", "applies"),
    [
        (None, True),
        ('"abc"', True),
        ('W/"abc"', False),
        ('"x"', False),
        (SAME, True),
        (BEFORE, False),
        (AFTER, False),
        ("nonsense", False),
    ],
)
def test_if_range(condition, applies):
    """A range counts only for exactly the version that the client has part of."""
    headers = {} if condition is None else {"If-Range": condition}
    assert range_applies(headers, CURRENT) is applies


@pytest.mark.parametrize(
    ("name", "fallback"),
    [
        ("plain.txt", "plain.txt"),
        ("two words.txt", "two words.txt"),
        ('a"b\\c%41.txt', "a_b_c_41.txt"),
        ("Ärger €.txt", "_rger _.txt"),
        ("x\r\nSet-Cookie: a=b", "x__Set-Cookie: a=b"),
    ],
)
def test_fallback(name, fallback):
    """Old clients get an ASCII name that cannot break out of its quotes."""
    assert f'filename="{fallback}";' in attachment(name)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
def test_exact_name_survives(name):
    """Modern clients get exactly the name, and the header is printable ASCII."""
    header = attachment(name)
    assert header.isascii()
    assert header.isprintable()
    assert unquote(header.partition("filename*=UTF-8''")[2]) == name


def plan_of(
    size: int = 25,
    *,
    method: str = "GET",
    hash_hex: str = "abc",
    envelope: EnvelopeKind = EnvelopeKind.V1,
    **asked: str,
):
    """The answer to a request for a file in chunks of ten bytes; headers with `_` for `-`."""
    file = File(
        id=1,
        folder_id=0,
        name="a.txt",
        object_id=UUID(int=5),
        owner_id=None,
        is_public=False,
        size=size,
        mime_type="",
        has_thumbnail=False,
        created_at=0.0,
        updated_at=CURRENT.modified_at,
    )
    content = StoredObject(
        id=file.object_id,
        size=size,
        chunk_size=10,
        chunk_count=-(-size // 10),
        envelope=envelope,
        state=ObjectState.STORED,
        mime_type="",
        hash=hash_hex,
        created_at=0.0,
    )
    headers = {name.replace("_", "-"): value for name, value in asked.items()}
    return Representation(file, content).response_plan(method, headers, boundary="b0undary")


def test_a_whole_file_is_sent_chunk_by_chunk():
    """Its length and a type are told, and it never runs as a page of this origin."""
    plan = plan_of()
    assert (plan.status, plan.headers["Content-Length"]) == (200, "25")
    assert plan.headers["Content-Type"] == "application/octet-stream"
    assert plan.headers["Content-Security-Policy"].startswith("sandbox")
    assert list(plan.pieces()) == [Segment(0, 0, 10), Segment(1, 0, 10), Segment(2, 0, 5)]
    assert list(plan.chunk_indexes()) == [0, 1, 2]


@pytest.mark.parametrize(("envelope", "told"), [("v1", "10"), ("base", None), ("plain", None)])
def test_chunks_that_prove_themselves_are_told_by_their_size(envelope, told):
    """A client may ask for such chunks side by side; others are only checked as a whole."""
    plan = plan_of(envelope=EnvelopeKind(envelope))
    assert plan.headers.get("Discord-Cloud-Chunk-Size") == told


def test_an_empty_file_needs_no_chunk():
    """It has a length, and no body."""
    plan = plan_of(0)
    assert (plan.status, plan.headers["Content-Length"]) == (200, "0")
    assert list(plan.pieces()) == []


def test_one_range_is_part_of_the_file():
    """With its place in the whole; a HEAD, and a range of another version, get the whole."""
    plan = plan_of(Range="bytes=8-11")
    assert (plan.status, plan.headers["Content-Range"]) == (206, "bytes 8-11/25")
    assert list(plan.pieces()) == [Segment(0, 8, 10), Segment(1, 0, 2)]
    assert plan_of(method="HEAD", Range="bytes=8-11").status == 200
    assert plan_of(Range="bytes=8-11", If_Range='"other"').status == 200


def test_several_ranges_are_framed_and_share_their_chunk():
    """The announced length is that of the body, and a chunk that two parts need is read once."""
    plan = plan_of(Range="bytes=0-1,4-5,20-24")
    assert plan.headers["Content-Type"] == "multipart/byteranges; boundary=b0undary"
    assert plan.parts == (ByteRange(0, 2), ByteRange(4, 6), ByteRange(20, 25))
    assert list(plan.chunk_indexes()) == [0, 2]
    assert length_of(plan) == int(plan.headers["Content-Length"])


@pytest.mark.parametrize(
    ("asked", "status"), [({"If_None_Match": '"abc"'}, 304), ({"If_Match": '"other"'}, 412)]
)
def test_an_answer_by_condition_has_no_body(asked, status):
    """But it has what the client needs for its copy."""
    plan = plan_of(**asked)
    assert (plan.status, list(plan.pieces())) == (status, [])
    assert plan.headers["ETag"] == '"abc"'
    assert "Content-Length" not in plan.headers


def test_content_without_a_hash_has_a_tag_of_its_own():
    """It is that of no other content."""
    assert plan_of(hash_hex="").headers["ETag"] == f'"{UUID(int=5).hex}"'


@pytest.mark.parametrize(
    ("wanted", "has_it"),
    [("bytes=0-", True), ("bytes=5-", False), ("bytes=5-9,0-1", True), ("bytes=5-9,20-", False)],
)
def test_whether_the_first_byte_is_sent(wanted, has_it):
    """In whichever part it stands: a link counts by it."""
    assert plan_of(Range=wanted).has_first_byte is has_it


def length_of(plan: ResponsePlan) -> int:
    """Bytes of the body."""
    return sum(
        piece.stop - piece.start if isinstance(piece, Segment) else len(piece)
        for piece in plan.pieces()
    )


@pytest.mark.parametrize(
    ("parts", "chunks"),
    [
        ([(0, 3500)], set()),
        ([(1000, 2000)], set()),
        ([(2100, 2200)], {2}),
        ([(500, 3500)], {0}),
        ([(1000, 3400)], {3}),
        ([(0, 1), (1999, 2001)], {0, 1, 2}),
    ],
)
def test_chunks_of_which_a_part_is_wanted(parts, chunks):
    """Those that a range begins or ends in the middle of; the last one is shorter than the others."""
    wanted = tuple(ByteRange(start, stop) for start, stop in parts)
    plan = ResponsePlan(status=206, headers={}, chunk_size=1000, parts=wanted)
    assert plan.chunks_in_part(3500) == chunks
