"""Which bytes of a file are there. No I/O."""

from collections.abc import Iterable, Iterator

Span = tuple[int, int]
"""Bytes from the first number up to, and without, the second."""


class ByteRanges:
    """Spans that neither overlap nor touch, in order.

    Args:
        spans: What is there at first, in any order.
    """

    def __init__(self, spans: Iterable[Span] = ()) -> None:
        self._spans: list[Span] = []
        for start, end in spans:
            self.add(start, end)

    def __iter__(self) -> Iterator[Span]:
        return iter(self._spans)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ByteRanges) and self._spans == other._spans

    __hash__ = None  # type: ignore[assignment]  # it changes

    def __repr__(self) -> str:
        return f"ByteRanges({self._spans})"

    @property
    def total(self) -> int:
        """How many bytes are there."""
        return sum(end - start for start, end in self._spans)

    @property
    def prefix(self) -> int:
        """How many bytes are there without a gap from the beginning."""
        return self._spans[0][1] if self._spans and self._spans[0][0] == 0 else 0

    @property
    def end(self) -> int:
        """Where the last byte that is there ends."""
        return self._spans[-1][1] if self._spans else 0

    def add(self, start: int, end: int) -> None:
        """Bytes that are there now."""
        if start >= end:
            return
        apart = [span for span in self._spans if span[1] < start or span[0] > end]
        joined = [span for span in self._spans if span[1] >= start and span[0] <= end]
        whole = (min([start, *(s for s, _ in joined)]), max([end, *(e for _, e in joined)]))
        self._spans = sorted([*apart, whole])

    def gaps(self, size: int) -> list[Span]:
        """What is missing of a file of so many bytes, in order."""
        edges = [0, *(edge for span in self._spans for edge in span), size]
        pairs = zip(edges[::2], edges[1::2], strict=True)
        return [(start, min(end, size)) for start, end in pairs if start < min(end, size)]

    def missing(self, start: int, end: int) -> list[Span]:
        """What is missing of a span, in order."""
        return [(max(first, start), last) for first, last in self.gaps(end) if last > start]


def cut(gaps: Iterable[Span], size: int, unit: int) -> list[Span]:
    """Cuts gaps into segments of about `size` bytes, where possible at multiples of `unit`."""
    step = max(unit, size // unit * unit)
    segments: list[Span] = []
    for first, end in gaps:
        start = first
        while start < end:
            stop = min(end, (start + step) // unit * unit)
            segments.append((start, stop))
            start = stop
    return segments
