"""What a request for a file is answered with: status, headers and pieces of the body. No I/O."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalog.records import File, StoredObject
from manager.downloads.conditions import Outcome, Validators, evaluate, range_applies
from manager.downloads.disposition import attachment
from manager.downloads.ranges import (
    ByteRange,
    MultipartFraming,
    Segment,
    parse_range,
    segments,
)

SAFE_CONTENT = {
    # What people store must never run as a page of this origin, whatever type it claims to be.
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self'",
}

Piece = bytes | Segment
"""A piece of a body: literal bytes, or part of a chunk."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The head of a response, and the plan of its body."""

    status: int
    headers: Mapping[str, str]
    chunk_size: int
    parts: tuple[ByteRange, ...] = ()
    framing: MultipartFraming | None = None

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


@dataclass(frozen=True, slots=True)
class Representation:
    """A file and its content at one moment."""

    file: File
    content: StoredObject

    @property
    def validators(self) -> Validators:
        """Equal content has an equal tag, so a resumed download survives a repeated upload."""
        return Validators(self.content.hash or self.content.id.hex, self.file.updated_at)

    @property
    def _media_type(self) -> str:
        return self.file.mime_type or "application/octet-stream"

    def answer(self, method: str, headers: Mapping[str, str], *, boundary: str) -> Answer:
        """Judges conditions and ranges of a GET or HEAD.

        `boundary` separates the parts if there are several; it must be unguessable, so that no
        stored file can contain it. Raises `RangeNotSatisfiable`.
        """
        outcome = evaluate(headers, self.validators)
        if outcome is Outcome.NOT_MODIFIED:
            return self._bodiless(304)
        if outcome is Outcome.FAILED:
            return self._bodiless(412)
        parts = None
        # Ranges are defined for GET alone (section 14.2).
        if method == "GET" and range_applies(headers, self.validators):
            parts = parse_range(headers.get("Range"), self.content.size)
        if parts is None:
            return self._whole()
        return self._part(parts[0]) if len(parts) == 1 else self._several(parts, boundary)

    def _bodiless(self, status: int) -> Answer:
        return Answer(status=status, headers=self._headers(), chunk_size=self.content.chunk_size)

    def _whole(self) -> Answer:
        size = self.content.size
        return Answer(
            status=200,
            headers=self._headers(size, self._media_type),
            chunk_size=self.content.chunk_size,
            parts=(ByteRange(0, size),) if size else (),
        )

    def _part(self, part: ByteRange) -> Answer:
        headers = self._headers(part.length, self._media_type)
        return Answer(
            status=206,
            headers=headers | {"Content-Range": part.content_range(self.content.size)},
            chunk_size=self.content.chunk_size,
            parts=(part,),
        )

    def _several(self, parts: tuple[ByteRange, ...], boundary: str) -> Answer:
        framing = MultipartFraming(boundary, self._media_type, self.content.size)
        return Answer(
            status=206,
            headers=self._headers(framing.body_length(parts), framing.media_type),
            chunk_size=self.content.chunk_size,
            parts=parts,
            framing=framing,
        )

    def _headers(self, length: int | None = None, media_type: str | None = None) -> dict[str, str]:
        headers = {
            "ETag": self.validators.etag,
            "Last-Modified": self.validators.last_modified,
            "Accept-Ranges": "bytes",
            # Rights may change at any time, so a copy is asked about before it is used again.
            "Cache-Control": "private, no-cache",
            "Content-Disposition": attachment(self.file.name),
            **SAFE_CONTENT,
        }
        if length is not None:
            headers["Content-Length"] = str(length)
        if media_type is not None:
            headers["Content-Type"] = media_type
        return headers
