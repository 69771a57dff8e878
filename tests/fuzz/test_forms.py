"""The form parser, side by side with `python-multipart`, which much of the Python world relies on.

Where both take a form they must have understood the same: else a proxy or a client that reads a form in the
other's way could be made to see another file than the service stores.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from hypothesis import example, given
from hypothesis import strategies as st
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

from tests.fuzz.inputs import fuzzed, mutated, quickly, repeated
from tests.upload_service.test_multipart import BOUNDARY, parse
from upload_service.errors import ChunkError
from upload_service.multipart import form_boundary

DELIMITER = b"\r\n--" + BOUNDARY
END = b"--" + BOUNDARY + b"--\r\n"
PIECES = st.sampled_from(
    [b"\r", b"\n", b"\r\n", b"-", b"--", b"--xXx", b"x", b"\x00", b"\xc3\xa9", b" ", b":"]
)
HEADERS = [
    b"Content-Type: text/plain",
    b"content-type:a/b",
    b"Content-Transfer-Encoding: binary",
    b"X-Name: form-data; name=file",
]
OPTIONS = [b"", b'; filename="a"', b'; filename="a; name=\\"id\\""', b"; filename=b", b"; x=1"]


CONTRADICTION = b"".join(
    b"--xXx\r\nContent-Disposition: form-data; name=%b\r\n\r\n%b\r\n" % each
    for each in ((b'"id" name="id"', b"a"), (b'"chunk"', b"0"), (b"file", b"f"))
)


@st.composite
def parts(draw: st.DrawFn, name: str, values: st.SearchStrategy[bytes]) -> bytes:
    """One part of a form, as some client might write it, with the line break behind it."""
    quote = draw(st.sampled_from([b'"', b""]))
    line = b"Content-Disposition: form-data; name=" + quote + name.encode() + quote
    line += draw(st.sampled_from(OPTIONS))
    headers = draw(st.lists(st.sampled_from(HEADERS), max_size=2, unique=True))
    lines = draw(st.permutations([line, *headers]))
    return b"--" + BOUNDARY + b"\r\n" + b"\r\n".join(lines) + b"\r\n\r\n" + draw(values) + b"\r\n"


@st.composite
def forms(draw: st.DrawFn) -> bytes:
    """A form with everything that it needs, and perhaps more, in any order."""
    contents = st.lists(PIECES, max_size=12).map(b"".join).filter(lambda it: DELIMITER not in it)
    files = contents.map(lambda it: b"f" + it).filter(lambda it: DELIMITER not in it)
    texts = st.text("abc019-", max_size=20).map(str.encode)
    names = [("id", texts), ("chunk", texts), ("file", files), ("more", contents), ("", contents)]
    chosen = names[: 3 + draw(st.integers(0, 2))]
    return b"".join([draw(parts(*each)) for each in draw(st.permutations(chosen))]) + END


@dataclass
class Reference:
    """What `python-multipart` reads."""

    parts: list[tuple[str, bytes]] = field(default_factory=list)
    is_complete: bool = False
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _content: bytearray = field(default_factory=bytearray)
    _name: str = ""

    @classmethod
    def read(cls, body: bytes) -> "Reference | None":
        """The parts of a form; None if it is refused, or has no end."""
        seen = cls()
        collect: dict[str, Callable[..., None]] = {
            "on_part_begin": seen._begin,
            "on_part_data": lambda data, start, end: seen._content.extend(data[start:end]),
            "on_part_end": lambda: seen.parts.append((seen._name, bytes(seen._content))),
            "on_header_field": lambda data, start, end: seen._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: seen._value.extend(data[start:end]),
            "on_header_end": seen._header_end,
            "on_end": seen._end,
        }
        with suppress(FormParserError):
            parser = MultipartParser(BOUNDARY, collect)  # type: ignore[arg-type]  # any callables
            parser.write(body)
            parser.finalize()
        return seen if seen.is_complete else None

    def _begin(self) -> None:
        self._name = ""
        self._content.clear()

    def _header_end(self) -> None:
        if bytes(self._header).strip().lower() == b"content-disposition":
            _, options = parse_options_header(bytes(self._value))
            self._name = options.get(b"name", b"").decode("latin-1")
        self._header.clear()
        self._value.clear()

    def _end(self) -> None:
        self.is_complete = True


def compare(body: bytes, piece: int) -> tuple[bool, bool]:
    """Reads a form twice; what both take must be the same. Returns whether each has taken it."""
    reference = Reference.read(body)
    known = dict(reference.parts) if reference else {}
    length = len(known.get("file", b"x"))
    with quickly():
        try:
            file, fields = parse(body, expected=max(1, length), piece=piece)
        except ChunkError:
            return False, reference is not None
    if reference is not None:
        # What it finds unclear is not there, so the service refuses the form.
        assert file in {b"", known.get("file")}
        for name, value in fields.items():
            assert value == known.get(name, b"").decode("utf-8", "replace")
    return len(fields) == 2 and bool(file), reference is not None


@fuzzed
@given(body=forms(), piece=st.integers(1, 300))
def test_forms(body: bytes, piece: int) -> None:
    """Whatever a client may write, both take it, and understand the same."""
    assert compare(body, piece) == (True, True)


@fuzzed
@given(body=forms().flatmap(mutated), piece=st.integers(1, 300))
@example(body=CONTRADICTION + END, piece=1)
def test_mutated_forms(body: bytes, piece: int) -> None:
    """A form that is nearly right is refused with a typed error, or understood as the reference does."""
    compare(body, piece)


@fuzzed
@given(
    body=repeated(PIECES) | repeated(st.sampled_from([b"--xXx\r\n", b"--xXx\r\n\r\n", b"a:b\r\n"]))
)
def test_long_bodies(body: bytes) -> None:
    """Delimiters and line breaks without end cost no more than reading."""
    for whole in (body, b"--xXx\r\n" + body):
        for piece in (2**20, 1000):
            with quickly(), suppress(ChunkError):
                parse(whole, piece=piece)


@fuzzed
@given(
    header=st.sampled_from(
        ["multipart/form-data; boundary=xXx", 'multipart/form-data; a="b"; boundary="x"']
    )
    .flatmap(lambda it: mutated(it.encode()))
    .map(lambda it: it.decode("latin-1"))
    | repeated(st.sampled_from([";", '"', "\\", "=", "a=", ' ; a="', "boundary="]), 8000)
)
@example(header="multipart/form-data; boundary=" + "a" * 71)
def test_content_types(header: str) -> None:
    """A boundary is found in no time, or the header is refused."""
    for text in (header, f"multipart/form-data{header}"):
        with quickly(), suppress(ChunkError):
            assert 1 <= len(form_boundary(text)) <= 70
