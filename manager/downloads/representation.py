"""What a request for a file is answered with: status, headers and the plan of the body. No I/O.

Conditional requests, by which a client asks whether its copy is current, follow RFC 9110 section 13;
`Content-Disposition` for any file name follows RFC 6266 and RFC 8187.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from enum import Enum, auto
from urllib.parse import quote

from multidict import MultiMapping

from catalog.records import EnvelopeKind, File, StoredObject
from protocol.timestamps import format_timestamp
from reading.plans import ResponsePlan
from reading.ranges import ByteRange, MultipartFraming, parse_range

_ENTITY_TAG = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')


class Precondition(Enum):
    """What the conditions of a request come to."""

    PROCEED = auto()
    """They are met, or there are none."""
    NOT_MODIFIED = auto()
    """The client's copy is the current one: 304."""
    FAILED = auto()
    """The client wants another version than there is: 412."""


@dataclass(frozen=True, slots=True)
class Validators:
    """What identifies a version: a strong entity tag, and the time of change (epoch seconds)."""

    tag: str
    modified_at: float

    @property
    def etag(self) -> str:
        """The value of `ETag`."""
        return f'"{self.tag}"'

    @property
    def last_modified(self) -> str:
        """The value of `Last-Modified`; whole seconds, which is all that HTTP knows."""
        return format_datetime(datetime.fromtimestamp(int(self.modified_at), UTC), usegmt=True)


def evaluate(headers: Mapping[str, str], current: Validators) -> Precondition:
    """Judges the preconditions of a GET or HEAD in the order of RFC 9110 section 13.2.2."""
    if not _precondition_holds(headers, current):
        return Precondition.FAILED
    if _copy_is_current(headers, current):
        return Precondition.NOT_MODIFIED
    return Precondition.PROCEED


def range_applies(headers: Mapping[str, str], current: Validators) -> bool:
    """Whether `Range` counts: without `If-Range`, or when that names the current version."""
    condition = headers.get("If-Range")
    if condition is None:
        return True
    if _ENTITY_TAG.fullmatch(condition.strip()):
        # The comparison is strong: a weak tag never matches (section 13.1.5).
        return condition.strip() == current.etag
    return _seconds(condition) == int(current.modified_at)


def _precondition_holds(headers: Mapping[str, str], current: Validators) -> bool:
    if (tags := _list(headers, "If-Match")) is not None:
        return tags.strip() == "*" or current.etag in _ENTITY_TAG.findall(tags)
    since = _seconds(headers.get("If-Unmodified-Since"))
    return since is None or int(current.modified_at) <= since


def _copy_is_current(headers: Mapping[str, str], current: Validators) -> bool:
    if (tags := _list(headers, "If-None-Match")) is not None:
        listed = (tag.removeprefix("W/") for tag in _ENTITY_TAG.findall(tags))
        return tags.strip() == "*" or current.etag in listed
    since = _seconds(headers.get("If-Modified-Since"))
    return since is not None and int(current.modified_at) <= since


def _list(headers: Mapping[str, str], name: str) -> str | None:
    """A list that may be spread over several lines of the header (section 5.3)."""
    if isinstance(headers, MultiMapping) and name in headers:
        return ", ".join(headers.getall(name))
    return headers.get(name)


def _seconds(date: str | None) -> int | None:
    """Epoch seconds of an HTTP date; None when there is none or it is malformed."""
    try:
        return int(parsedate_to_datetime(date).timestamp()) if date else None
    except (ValueError, OverflowError):
        return None


_ATTR_CHARS = "!#$&+-.^_`|~"


def attachment(name: str) -> str:
    """The header's value: the exact name in UTF-8, and an ASCII one for older clients."""
    # A few browsers decode percent escapes in the plain form, hence `%` is not left in it.
    fallback = "".join(char if " " <= char <= "~" and char not in '"\\%' else "_" for char in name)
    return f"attachment; filename=\"{fallback}\"; filename*=UTF-8''{quote(name, safe=_ATTR_CHARS)}"


SAFE_CONTENT = {
    # Stored content must never run as a page of this origin, even if its declared type allows it.
    "Content-Security-Policy": "sandbox; default-src 'none'; style-src 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self'",
}


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

    def response_plan(
        self, method: str, headers: Mapping[str, str], *, boundary: str
    ) -> ResponsePlan:
        """Judges conditions and ranges of a GET or HEAD.

        `boundary` separates the parts if there are several; it must be unguessable, so that no
        stored file can contain it. Raises `RangeNotSatisfiable`.
        """
        outcome = evaluate(headers, self.validators)
        if outcome is Precondition.NOT_MODIFIED:
            return self._bodiless(304)
        if outcome is Precondition.FAILED:
            return self._bodiless(412)
        parts, wanted = None, headers.get("Range")
        # Ranges are defined for GET alone (section 14.2).
        if wanted is not None and method == "GET" and range_applies(headers, self.validators):
            parts = parse_range(wanted, self.content.size)
        if parts is None:
            return self._whole()
        return self._part(parts[0]) if len(parts) == 1 else self._several(parts, boundary)

    def _bodiless(self, status: int) -> ResponsePlan:
        return ResponsePlan(
            status=status, headers=self._headers(), chunk_size=self.content.chunk_size
        )

    def _whole(self) -> ResponsePlan:
        size = self.content.size
        return ResponsePlan(
            status=200,
            headers=self._headers(size, self._media_type),
            chunk_size=self.content.chunk_size,
            parts=(ByteRange(0, size),) if size else (),
        )

    def _part(self, part: ByteRange) -> ResponsePlan:
        headers = self._headers(part.length, self._media_type)
        return ResponsePlan(
            status=206,
            headers=headers | {"Content-Range": part.content_range(self.content.size)},
            chunk_size=self.content.chunk_size,
            parts=(part,),
        )

    def _several(self, parts: tuple[ByteRange, ...], boundary: str) -> ResponsePlan:
        framing = MultipartFraming(boundary, self._media_type, self.content.size)
        return ResponsePlan(
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
            # A file may be replaced by an older one: no condition may be about this time.
            "Discord-Cloud-Modified-At": format_timestamp(self.file.last_modified),
            "Accept-Ranges": "bytes",
            # Rights may change at any time, so a client revalidates its copy before it uses it again.
            "Cache-Control": "private, no-cache",
            "Content-Disposition": attachment(self.file.name),
            **SAFE_CONTENT,
        }
        if self.content.envelope is EnvelopeKind.V1:
            # Other chunks are only checked together, so a client should ask for the whole file.
            headers["Discord-Cloud-Chunk-Size"] = str(self.content.chunk_size)
        if length is not None:
            headers["Content-Length"] = str(length)
        if media_type is not None:
            headers["Content-Type"] = media_type
        return headers
