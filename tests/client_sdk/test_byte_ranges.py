"""Which bytes are there, and which are missing."""

from hypothesis import given
from hypothesis import strategies as st

from client_sdk.byte_ranges import ByteRanges, cut

SIZE = 40
spans = st.lists(st.tuples(st.integers(0, SIZE), st.integers(0, SIZE)), max_size=8)


@given(spans)
def test_what_is_there_and_what_is_not(added):
    """Together they are the file, each byte once, in spans that do not touch."""
    ranges = ByteRanges(added)
    there = {byte for start, end in added for byte in range(start, end)}
    found = [byte for start, end in ranges for byte in range(start, end)]
    missing = [byte for start, end in ranges.gaps(SIZE) for byte in range(start, end)]
    assert found == sorted(there)
    assert missing == sorted(set(range(SIZE)) - there)
    assert ranges.total == len(there)
    assert ranges.prefix == next(byte for byte in range(SIZE + 1) if byte not in there)
    assert ranges.end == max(there, default=-1) + 1
    edges = [edge for span in ranges for edge in span]
    assert edges == sorted(set(edges))


@given(spans, st.integers(0, SIZE), st.integers(0, SIZE))
def test_what_is_missing_of_a_span(added, start, end):
    """Exactly what is not there of it."""
    ranges = ByteRanges(added)
    there = {byte for first, last in added for byte in range(first, last)}
    missing = {byte for first, last in ranges.missing(start, end) for byte in range(first, last)}
    assert missing == set(range(start, end)) - there


@given(spans, st.integers(1, 20), st.integers(1, 7))
def test_segments_make_up_the_gaps(added, size, unit):
    """In order, none empty, and cut at multiples of the unit alone."""
    gaps = ByteRanges(added).gaps(SIZE)
    segments = cut(gaps, size, unit)
    bytes_of = [byte for start, end in gaps for byte in range(start, end)]
    assert [byte for start, end in segments for byte in range(start, end)] == bytes_of
    assert all(start < end for start, end in segments)
    edges = {edge for gap in gaps for edge in gap}
    assert all(end % unit == 0 for _, end in segments if end not in edges)
