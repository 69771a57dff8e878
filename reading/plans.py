"""What a request is answered with: the head of the response, and which bytes make up its body. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from reading.ranges import ByteRange, MultipartFraming, Segment, segments

Piece = bytes | Segment
"""A piece of a body: literal bytes, or part of a chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponsePlan:
    """The head of a response, and the plan of its body."""

    status: int
    headers: Mapping[str, str]
    chunk_size: int
    parts: tuple[ByteRange, ...] = ()
    framing: MultipartFraming | None = None

    @property
    def has_first_byte(self) -> bool:
        """Whether the first byte of the content is in the body."""
        return any(part.start == 0 for part in self.parts)

    def pieces(self) -> Iterator[Piece]:
        """The body in order; lazily, since a large file has many."""
        for part in self.parts:
            if self.framing:
                yield self.framing.head(part)
            yield from segments(part, self.chunk_size)
        if self.framing:
            yield self.framing.tail

    def chunk_indexes(self) -> Iterator[int]:
        """The chunks that the body needs, in order; none twice in a row."""
        last = None
        for piece in self.pieces():
            if isinstance(piece, Segment) and piece.index != last:
                last = piece.index
                yield last

    def chunks_in_part(self, size: int) -> frozenset[int]:
        """The chunks of which the body needs only a part; `size` is that of the whole file."""
        edges = (edge for part in self.parts for edge in (part.start, part.stop))
        cuts = (edge for edge in edges if edge % self.chunk_size and edge != size)
        return frozenset(edge // self.chunk_size for edge in cuts)
