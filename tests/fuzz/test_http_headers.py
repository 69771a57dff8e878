"""Ranges and conditions of requests for files: any header has an answer that RFC 9110 allows."""

from collections.abc import Mapping
from contextlib import suppress

from hypothesis import example, given
from hypothesis import strategies as st
from multidict import CIMultiDict

from manager.downloads.representation import Precondition, Validators, evaluate, range_applies
from reading.errors import RangeNotSatisfiable
from reading.ranges import MAX_RANGES, ByteRange, parse_range, segments
from tests.fuzz.inputs import fuzzed, mutated_text, quickly, repeated

CURRENT = Validators("a" * 64, 1_764_460_800.0)
DATES = [CURRENT.last_modified, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"]
TAGS = [CURRENT.etag, f"W/{CURRENT.etag}", "*", '"x", "y"', '""']
RANGES = ["bytes=0-0", "bytes=-5", "bytes=3-", "bytes=0-1,5-,-1", "bytes = 1 - 2", "items=0-1"]
CONDITIONS = ["If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since", "If-Range"]
PIECES = st.sampled_from(
    [",", "-", "0-", "-0", '"', '"a"', "W/", " ", "(", "9", "bytes=", "1-1,", "\t"]
)


def values(known: list[str]) -> st.SearchStrategy[str]:
    """Good values, nearly good ones, and anything that a header may hold."""
    any_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF), max_size=40)
    return st.sampled_from(known).flatmap(mutated_text) | any_text | repeated(PIECES, 8000)


def explained(header: str, size: int) -> list[tuple[int, int]]:
    """The ranges of a header, by its grammar (RFC 9110 section 14.1.1), each as [start, stop)."""
    wanted = []
    for spec in header.partition("=")[2].split(","):
        first, _, last = spec.strip(" \t").partition("-")
        if first:
            wanted.append((int(first), min(size, int(last) + 1 if last else size)))
        elif last:
            wanted.append((max(0, size - int(last)), size))
    return [part for part in wanted if part[0] < part[1]]


@fuzzed
@given(header=values(RANGES), size=st.integers(0, 1000) | st.integers(0, 2**53))
@example(header="bytes=0-,0-,0-", size=1)
def test_ranges(header: str, size: int) -> None:
    """All parts lie within the file, hold exactly what was asked for, and are few."""
    with quickly(), suppress(RangeNotSatisfiable):
        parts = parse_range(header, size)
        if parts is None:
            return
        assert 1 <= len(parts) <= MAX_RANGES
        assert all(0 <= part.start < part.stop <= size for part in parts)
        assert covered([(part.start, part.stop) for part in parts]) == covered(
            explained(header, size)
        )


def covered(parts: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The same bytes as parts that neither touch nor overlap, in order."""
    joined: list[tuple[int, int]] = []
    for start, stop in sorted(parts):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(stop, joined[-1][1]))
        else:
            joined.append((start, stop))
    return joined


@fuzzed
@given(start=st.integers(0, 5000), length=st.integers(1, 5000), chunk_size=st.integers(1, 3000))
def test_segments(start: int, length: int, chunk_size: int) -> None:
    """The pieces of chunks are those bytes, each once and in order."""
    position = start
    for piece in segments(ByteRange(start, start + length), chunk_size):
        assert (piece.index * chunk_size + piece.start, piece.start < piece.stop) == (
            position,
            True,
        )
        assert piece.stop <= chunk_size
        position += piece.stop - piece.start
    assert position == start + length


@fuzzed
@given(headers=st.lists(st.tuples(st.sampled_from(CONDITIONS), values(DATES + TAGS)), max_size=5))
def test_conditions(headers: list[tuple[str, str]]) -> None:
    """Any conditions come to an outcome, and one of a copy that is current never costs its transfer."""
    given_headers: Mapping[str, str] = CIMultiDict(headers)
    with quickly():
        assert evaluate(given_headers, CURRENT) in Precondition
        assert range_applies(given_headers, CURRENT) in {True, False}
        current = CIMultiDict({"If-None-Match": CURRENT.etag})
        assert evaluate(current, CURRENT) is Precondition.NOT_MODIFIED
