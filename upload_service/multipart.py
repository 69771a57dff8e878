"""The form in which a chunk is sent: `multipart/form-data` with `id`, `chunk` and `file`.

RFC 7578 and RFC 2046 say how it looks. The parser does no I/O. Bytes go in through `feed`, events
come out, and `finish` says that the body has ended. Fields may come in any order, and that decides
where the file ends:

- `id` and `chunk` came first. Then the caller knows how long the file must be and calls
  `expect` when it gets `FileStart`. That many bytes are taken unseen, and only what follows is
  checked for the delimiter: searching 10 MiB for it would cost more than encrypting them.
- `file` came first. Then everything up to the end of the body is handed out as `FileData`. The
  caller collects it, and `file_end` finds the delimiter in the tail. What stands behind it goes
  through `resume` for the fields that followed.

Clients differ, so the parser accepts a preamble, an epilogue, blanks behind a delimiter, any
further headers of a part, and fields that it does not know. Everything that is neither file nor
known field counts against one small budget.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Final

from common.content_encoding import is_encoding
from upload_service.errors import (
    BadField,
    BadForm,
    BodyCut,
    BodyTooLarge,
    EncodedBody,
    WrongLength,
)

MAX_TAIL_BYTES: Final = 64 * 1024
"""How many bytes may stand around the file: delimiters, headers, fields, preamble, epilogue."""
CHUNK_FIELDS: Final = frozenset({"id", "chunk"})
"""The fields that identify a chunk."""
MAX_FIELD_BYTES: Final = 256
"""How long the value of `id` or `chunk` may be, in bytes."""
MAX_BOUNDARY_BYTES: Final = 70
"""RFC 2046, section 5.1.1."""

_PARAMETER: Final = re.compile(
    r';\s*([\w!#$&+.^`|~*-]+)\s*=\s*(?:"((?:\\.|[^"\\])*)"|([^;"]*))', re.DOTALL
)
_ESCAPED: Final = re.compile(r"\\(.)")
_OPAQUE_ENCODINGS: Final = frozenset({"", "7bit", "8bit", "binary"})


@dataclass(frozen=True, slots=True)
class Field:
    """The value of a field that was asked for, as it was sent."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class FileStart:
    """The headers of `file` are over. The caller may now call `expect`."""


@dataclass(frozen=True, slots=True)
class FileData:
    """Bytes of the file or, if its length is not known, of the rest of the body."""

    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class FileEnd:
    """The file is over, and a delimiter stands behind it."""


Event = Field | FileStart | FileData | FileEnd


class _State(Enum):
    """Where in the form the next byte belongs."""

    PREAMBLE = "preamble"
    DELIMITED = "delimited"
    """Right behind a delimiter: `--` ends the form, a line break begins a part."""
    HEADERS = "headers"
    FIELD = "field"
    IGNORED = "ignored"
    """Inside of a field that the caller did not name."""
    FILE = "file"
    BEHIND_FILE = "behind-file"
    """The file is over; now there must be a delimiter."""
    REST = "rest"
    """A file of unknown length: all the rest is handed out."""
    EPILOGUE = "epilogue"


def form_boundary(content_type: str) -> bytes:
    """The boundary that a Content-Type header announces.

    Raises:
        BadForm: if it is not that of a multipart form with a boundary.
    """
    media_type, _, _ = content_type.partition(";")
    if media_type.strip().lower() != "multipart/form-data":
        raise BadForm("a chunk is sent as multipart/form-data")
    boundary = _parameter(content_type, "boundary").encode("latin-1", "replace")
    if not 1 <= len(boundary) <= MAX_BOUNDARY_BYTES:
        raise BadForm("the Content-Type header needs a boundary of 1 to 70 characters")
    return boundary


def _parameter(header: str, wanted: str) -> str:
    """The value of a header's parameter; "" without it, and if it is there twice or unclear.

    What another reader might take for another value is none: it could see another form than this one.
    Behind the value anything may follow, such as a file name with quotes that are not escaped.
    """
    found = ""
    position = header.find(";")
    while position >= 0:
        match = _PARAMETER.match(header, position)
        end = match.end() if match else position + 1
        position = header.find(";", end)
        is_clear = not header[end : len(header) if position < 0 else position].strip()
        is_wanted = match is not None and match[1].lower() == wanted
        if (is_wanted and found) or not (is_clear or found):
            return ""
        if match is not None and is_wanted:
            found = match[3].strip() if match[2] is None else _ESCAPED.sub(r"\1", match[2])
    return found


class FormParser:
    """Events of one form body.

    Args:
        boundary: as `form_boundary` gives it.
        fields: names of the fields to hand out, besides `file`.
        max_field_bytes: how long the value of one may be, in bytes.

    Every method raises `BadForm`, `BadField`, `BodyTooLarge`, `EncodedBody` or `WrongLength` when
    the body is not the form it should be.
    """

    def __init__(
        self,
        boundary: bytes,
        *,
        fields: frozenset[str] = CHUNK_FIELDS,
        max_field_bytes: int = MAX_FIELD_BYTES,
    ) -> None:
        self._known: Final = fields | {"file"}
        self._max_field_bytes: Final = max_field_bytes
        self._delimiter: Final = b"\r\n--" + boundary
        # The first delimiter may stand at the very beginning, without a line break before it.
        self._pending = bytearray(b"\r\n")
        self._state = _State.PREAMBLE
        self._around = 0
        self._name = ""
        self._seen: set[str] = set()
        self._remaining = 0
        self._steps: Final = {
            _State.PREAMBLE: self._preamble,
            _State.DELIMITED: self._delimited,
            _State.HEADERS: self._headers,
            _State.FIELD: self._field,
            _State.IGNORED: self._ignored,
            _State.BEHIND_FILE: self._behind_file,
            _State.EPILOGUE: self._epilogue,
        }

    def expect(self, length: int) -> None:
        """Set how many bytes the file must have, at least 1. Only right after `FileStart`."""
        self._remaining = length
        self._state = _State.FILE

    @property
    def length_around(self) -> int:
        """How many bytes the form has besides the file, at least. Only right after `FileStart`."""
        return self._around - len(b"\r\n") + len(self._delimiter) + len(b"--")

    @property
    def file_remaining(self) -> int:
        """How many bytes of a file of known length are still to come."""
        return self._remaining

    def passed(self, count: int) -> None:
        """Count bytes of a file of known length that were taken without the parser."""
        self._remaining -= count
        if not self._remaining:
            self._state = _State.BEHIND_FILE

    def feed(self, data: bytes | memoryview) -> Iterator[Event]:
        """Take the next bytes of the body. The events must be taken to the end."""
        rest = memoryview(data)
        while rest:
            if self._state is _State.FILE:
                taken = rest[: self._remaining]
                rest = rest[len(taken) :]
                self.passed(len(taken))
                yield FileData(taken)
            elif self._state is _State.REST:
                yield FileData(rest)
                return
            else:
                yield from self._feed_around(rest)
                rest = self._begun_file()

    def finish(self) -> None:
        """Check that the form is complete, as the body has ended.

        Raises:
            BodyCut: if something is missing.
            WrongLength: if the file is shorter than expected.
        """
        if self._state in {_State.FILE, _State.BEHIND_FILE}:
            raise WrongLength("the file is shorter than it must be, or the form is cut")
        if self._state not in {_State.EPILOGUE, _State.REST}:
            raise BodyCut("the body ends before the form is complete")

    def file_end(self, collected: memoryview) -> int:
        """Where the file ends in all the bytes that were handed out for a file of unknown length.

        Raises:
            BodyCut: if there is no delimiter in the last 64 KiB.
        """
        tail_start = max(0, len(collected) - MAX_TAIL_BYTES)
        found = bytes(collected[tail_start:]).find(self._delimiter)
        if found < 0:
            raise BodyCut("the body ends before the form is complete")
        return tail_start + found

    def resume(self, tail: bytes | memoryview) -> Iterator[Event]:
        """Take what stands behind a file of unknown length, from its `file_end` on."""
        self._state = _State.BEHIND_FILE
        yield from self.feed(tail)

    def _feed_around(self, data: memoryview) -> Iterator[Event]:
        """Everything but the bytes of the file: collected, as it is little, and cut into parts."""
        self._pending += data
        while (step := self._steps.get(self._state)) is not None:
            events = step()
            if events is None:
                self._spend(len(self._pending), keep=True)
                return
            yield from events

    def _begun_file(self) -> memoryview:
        """The bytes behind the headers of a file that has just begun; nothing otherwise."""
        if self._state in self._steps:
            return memoryview(b"")
        begun = memoryview(bytes(self._pending))
        self._pending.clear()
        return begun

    def _spend(self, count: int, *, keep: bool = False) -> None:
        """Count bytes around the file, and drop them unless more is needed to understand them."""
        if self._around + count > MAX_TAIL_BYTES:
            raise BodyTooLarge("there is too much around the file")
        if not keep:
            self._around += count
            del self._pending[:count]

    # Each step returns the events that it found, or None when it needs more bytes.

    def _preamble(self) -> tuple[Event, ...] | None:
        return self._skip_to_delimiter()

    def _ignored(self) -> tuple[Event, ...] | None:
        return self._skip_to_delimiter()

    def _skip_to_delimiter(self) -> tuple[Event, ...] | None:
        found = self._pending.find(self._delimiter)
        if found < 0:
            self._spend(max(0, len(self._pending) - len(self._delimiter) + 1))
            return None
        return self._pass_delimiter(found)

    def _pass_delimiter(self, start: int) -> tuple[Event, ...]:
        self._spend(start + len(self._delimiter))
        self._state = _State.DELIMITED
        return ()

    def _delimited(self) -> tuple[Event, ...] | None:
        if self._pending.startswith(b"--"):
            self._state = _State.EPILOGUE
            return ()
        line_end = self._pending.find(b"\r\n")
        if self._pending[: max(line_end, 0)].strip(b" \t"):
            raise BadForm("a delimiter is followed by neither a line break nor an end")
        if line_end < 0:
            return None
        # The line break stays: a part without any header is then just as good as one with headers.
        self._spend(line_end)
        self._state = _State.HEADERS
        return ()

    def _headers(self) -> tuple[Event, ...] | None:
        end = self._pending.find(b"\r\n\r\n")
        if end < 0:
            return None
        self._name = _field_name(self._pending[:end].decode("latin-1"))
        self._spend(end + 4)
        if self._name not in self._known:
            self._state = _State.IGNORED
            return ()
        if self._name in self._seen:
            raise BadForm(f"the form has two fields {self._name}")
        self._seen.add(self._name)
        if self._name == "file":
            self._state = _State.REST
            return (FileStart(),)
        self._state = _State.FIELD
        return ()

    def _field(self) -> tuple[Event, ...] | None:
        end = self._pending.find(self._delimiter)
        length = end if end >= 0 else len(self._pending) - len(self._delimiter)
        if length > self._max_field_bytes:
            raise BadField(f"the field {self._name} is too long")
        if end < 0:
            return None
        value = self._pending[:end].decode("utf-8", "replace")
        self._pass_delimiter(end)
        return (Field(self._name, value),)

    def _behind_file(self) -> tuple[Event, ...] | None:
        if len(self._pending) < len(self._delimiter):
            return None
        if not self._pending.startswith(self._delimiter):
            raise WrongLength("the file is not exactly as long as it must be")
        self._pass_delimiter(0)
        return (FileEnd(),)

    def _epilogue(self) -> tuple[Event, ...] | None:
        self._spend(len(self._pending))
        return None


def _field_name(headers: str) -> str:
    """The name in a part's Content-Disposition, or an empty string.

    Raises:
        BadForm: if the part has a transfer encoding, which RFC 7578 (section 4.7) has done away with.
        EncodedBody: if the part is compressed.
    """
    name = ""
    for line in re.sub(r"\r\n[ \t]+", " ", headers).split("\r\n"):
        header, _, value = line.partition(":")
        match header.strip().lower():
            case "content-disposition":
                name = _parameter(value, "name")
            case "content-transfer-encoding":
                if value.strip().lower() not in _OPAQUE_ENCODINGS:
                    raise BadForm("a part's Content-Transfer-Encoding must be binary")
            case "content-encoding":
                if is_encoding(value):
                    raise EncodedBody
    return name
