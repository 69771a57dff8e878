"""Byte ranges, after RFC 9110 section 14."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reading.errors import RangeNotSatisfiable
from reading.ranges import (
    MAX_RANGES,
    ByteRange,
    MultipartFraming,
    Segment,
    parse_range,
    segments,
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("bytes=0-0", [(0, 1)]),
        ("bytes=0-499", [(0, 500)]),
        ("bytes=500-", [(500, 1000)]),
        ("bytes=-1", [(999, 1000)]),
        ("bytes=-5000", [(0, 1000)]),
        ("bytes=990-5000", [(990, 1000)]),
        ("BYTES = 1-2", [(1, 3)]),
        ("bytes= 0-0 ,, -1,", [(0, 1), (999, 1000)]),
        ("bytes=900-909,0-9", [(900, 910), (0, 10)]),
        ("bytes=2000-,5-6", [(5, 7)]),
        ("bytes=10-19,15-29", [(10, 30)]),
        ("bytes=20-29,10-19", [(10, 30)]),
    ],
)
def test_satisfiable(header, expected):
    """Each form of range gives the bytes that exist of it; order is kept, overlaps are joined."""
    parts = parse_range(header, 1000)
    assert [(part.start, part.stop) for part in parts or ()] == expected


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=5-4",
        "bytes=a-b",
        "bytes=1-2,x",
        "bytes=+1-2",
        "bytes=1 - 2",
        "items=0-1",
        "bytes=" + "9" * 40 + "-",
        "bytes=" + ",".join(f"{n * 2}-{n * 2}" for n in range(MAX_RANGES + 1)),
    ],
)
def test_ignored(header):
    """A missing, malformed or excessive header means the whole file."""
    assert parse_range(header, 1000) is None


@pytest.mark.parametrize("header", ["bytes=1000-", "bytes=1000-1001,5000-", "bytes=-0"])
def test_unsatisfiable(header):
    """Asking only for bytes that do not exist is an error that tells the size."""
    with pytest.raises(RangeNotSatisfiable) as caught:
        parse_range(header, 1000)
    assert caught.value.size == 1000


@given(st.text(max_size=40), st.integers(0, 2**40))
def test_any_header_is_handled(header, size):
    """Whatever the header holds, the parts lie within the file and do not overlap."""
    try:
        parts = parse_range("bytes=" + header, size) or ()
    except RangeNotSatisfiable:
        return
    assert all(0 <= part.start < part.stop <= size for part in parts)
    in_order = sorted(parts, key=lambda part: part.start)
    assert all(a.stop < b.start for a, b in pairwise(in_order))


def test_segments_split_at_chunk_borders():
    """A part is cut where chunks end."""
    assert list(segments(ByteRange(5, 25), 10)) == [
        Segment(0, 5, 10),
        Segment(1, 0, 10),
        Segment(2, 0, 5),
    ]


@given(st.integers(0, 500), st.integers(1, 500), st.integers(1, 64))
def test_segments_cover_exactly_the_part(start, length, chunk_size):
    """Put together, the segments are the bytes of the part."""
    content = bytes(n % 251 for n in range(1000))
    part = ByteRange(start, start + length)
    pieces = [content[s.index * chunk_size :][s.start : s.stop] for s in segments(part, chunk_size)]
    assert b"".join(pieces) == content[part.start : part.stop]


def test_multipart_framing_announces_its_exact_length():
    """The length of a multipart body is known before it is sent."""
    framing = MultipartFraming("b0undary", "text/plain", 100)
    parts = (ByteRange(0, 3), ByteRange(50, 60))
    body = b"".join(framing.head(part) + b"x" * part.length for part in parts) + framing.tail
    assert len(body) == framing.body_length(parts)
    assert b"Content-Range: bytes 50-59/100\r\n" in body
    assert framing.media_type == "multipart/byteranges; boundary=b0undary"
