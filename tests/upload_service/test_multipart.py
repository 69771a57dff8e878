"""The form parser: what real clients send, in any order and any pieces, and what nobody should."""

from collections.abc import Iterable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from upload_service.errors import (
    BadField,
    BadForm,
    BodyCut,
    BodyTooLarge,
    ChunkError,
    EncodedBody,
    WrongLength,
)
from upload_service.multipart import (
    MAX_TAIL_BYTES,
    Event,
    Field,
    FileData,
    FileEnd,
    FileStart,
    FormParser,
    form_boundary,
)

BOUNDARY = b"xXx"
DATA = b"some\r\n--xX bytes\r\n--"


def part(name: str, value: bytes, headers: str = "") -> bytes:
    """One part with the line break behind it."""
    head = f'--xXx\r\nContent-Disposition: form-data; name="{name}"{headers}\r\n\r\n'
    return head.encode() + value + b"\r\n"


ID, INDEX = part("id", b"an id"), part("chunk", b"7")
FILE = part("file", DATA, '; filename="a \\" b; name=\\"id"\r\nContent-Type: text/plain')
END = b"--xXx--\r\n"


class Form:
    """What comes out of a parser."""

    def __init__(self, expected: int) -> None:
        self.parser = FormParser(BOUNDARY)
        self.file = bytearray()
        self.fields: dict[str, str] = {}
        self._expected = expected

    def take(self, events: Iterable[Event]) -> None:
        """Take all events, as the service does."""
        for event in events:
            match event:
                case FileStart() if len(self.fields) == 2:
                    self.parser.expect(self._expected)
                case FileData(data=data):
                    self.file.extend(data)
                case Field(name=name, value=value):
                    self.fields[name] = value

    def take_tail(self) -> None:
        """Cut off what stands behind a file of unknown length, and take it as well."""
        end = self.parser.file_end(memoryview(bytes(self.file)))
        tail = bytes(self.file[end:])
        del self.file[end:]
        self.take(self.parser.resume(tail))


def parse(
    body: bytes, *, expected: int = len(DATA), piece: int = 2**20
) -> tuple[bytes, dict[str, str]]:
    """The file and the fields of a body that comes in pieces; `expected` is the file's length."""
    form = Form(expected)
    for start in range(0, len(body), piece):
        form.take(form.parser.feed(body[start : start + piece]))
    form.parser.finish()
    if form.file and len(form.fields) < 2:
        form.take_tail()
        form.parser.finish()
    return bytes(form.file), form.fields


WHOLE = (DATA, {"id": "an id", "chunk": "7"})


@settings(max_examples=150)
@given(order=st.permutations([ID, INDEX, FILE]), piece=st.integers(1, 200))
def test_order_and_pieces_do_not_matter(order: list[bytes], piece: int) -> None:
    """Whatever comes first, and however the body is cut, the same file and fields come out."""
    assert parse(b"".join(order) + END, piece=piece) == WHOLE


@pytest.mark.parametrize(
    "body",
    [
        b"a preamble\r\n" + ID + INDEX + FILE + END,
        ID + INDEX + FILE + END + b"an epilogue",
        ID + INDEX + FILE + b"--xXx--",
        (ID + INDEX + FILE).replace(b"xXx\r\n", b"xXx \t\r\n") + END,
        part("more", b"x" * 1000) + ID + INDEX + FILE + part("token", b"") + END,
        b"--xXx\r\n\r\nno headers at all\r\n" + ID + INDEX + FILE + END,
        (ID + INDEX + FILE).replace(b'name="id"', b"name=id") + END,
        (ID + INDEX + FILE).replace(b"form-data; name", b"form-data;\r\n name") + END,
        (ID + INDEX + FILE).replace(b"Content-Disposition", b"content-disposition") + END,
        ID + INDEX + FILE.replace(b"text/plain", b"a/b\r\nContent-Transfer-Encoding: binary") + END,
    ],
    ids=[
        "preamble",
        "epilogue",
        "no-final-break",
        "padding",
        "more-fields",
        "no-headers",
        "unquoted",
        "folded",
        "lower-case",
        "encoding",
    ],
)
@pytest.mark.parametrize("piece", [1, 7, 2**20])
def test_what_clients_do_differently_is_accepted(body: bytes, piece: int) -> None:
    """Everything that RFC 2046 allows around the parts is passed over."""
    assert parse(body, piece=piece) == WHOLE


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (ID + INDEX + FILE, WrongLength),
        (ID + INDEX + FILE[:-10], WrongLength),
        (ID, BodyCut),
        (b"", BodyCut),
        (FILE + ID + INDEX, BodyCut),
        (FILE[:-2], BodyCut),
        (ID + ID + INDEX + FILE + END, BadForm),
        (ID + INDEX + FILE + FILE + END, BadForm),
        (part("id", b"x" * 257) + INDEX + FILE + END, BadField),
        (b"--xXxyz\r\n", BadForm),
        (
            ID + INDEX + FILE.replace(b"text/plain", b"a\r\nContent-Transfer-Encoding: base64"),
            BadForm,
        ),
        (ID + INDEX + FILE.replace(b"text/plain", b"a\r\nContent-Encoding: gzip"), EncodedBody),
        (part("more", b"x", "\r\ncontent-encoding: identity\r\nContent-encoding: br"), EncodedBody),
        (b"p" * (MAX_TAIL_BYTES + 200), BodyTooLarge),
        (part("more", b"x" * MAX_TAIL_BYTES) + ID, BodyTooLarge),
        (b"--xXx\r\n" + b"h" * MAX_TAIL_BYTES, BodyTooLarge),
        (ID + INDEX + FILE + END + b"e" * MAX_TAIL_BYTES, BodyTooLarge),
    ],
)
@pytest.mark.parametrize("piece", [1000, 2**20])
def test_what_is_no_such_form_is_refused(body: bytes, error: type[ChunkError], piece: int) -> None:
    """A broken, cut or bloated form is told apart by its error."""
    with pytest.raises(error):
        parse(body, piece=piece)


@pytest.mark.parametrize(
    "disposition",
    [
        b'form-data; name="id" name="id"',
        b'form-data; name="id"; name="other"',
        b'form-data; name="other"; name="id"',
        b'form-data; name="id',
        b'form-data; filename="a"b"; name="id"',
        b'form-data; (x)="; name=id"',
        b'form-data; name="id"x',
    ],
)
def test_a_name_that_others_may_read_otherwise_is_none(disposition: bytes) -> None:
    """Whoever stands before the service, or wrote the form, might take it for another field."""
    part_of_id = ID.replace(b'form-data; name="id"', disposition)
    assert parse(FILE + part_of_id + INDEX + END)[1] == {"chunk": "7"}


@pytest.mark.parametrize("file_name", [b'a"b', b"a;b", b'"', b"a\\"])
def test_file_names_of_careless_clients_are_accepted(file_name: bytes) -> None:
    """The name of the file is not used, so it does not matter how its quotes are written."""
    careless = part("file", DATA, '; filename="#"').replace(b"#", file_name)
    assert parse(ID + INDEX + careless + END) == WHOLE


@pytest.mark.parametrize("off_by", [-5, -1, 1, 30])
def test_a_file_of_another_length_is_refused(off_by: int) -> None:
    """A file that is a little shorter or longer than the chunk is noticed."""
    with pytest.raises(WrongLength):
        parse(ID + INDEX + FILE + END, expected=len(DATA) + off_by)


def test_bytes_that_look_like_the_delimiter_are_taken_unseen() -> None:
    """A file of known length may hold anything, even the delimiter itself."""
    data = b"\r\n--xXx--\r\n" * 3
    body = ID + INDEX + part("file", data) + END
    assert parse(body, expected=len(data)) == (data, WHOLE[1])


def test_the_end_of_an_expected_file_is_told() -> None:
    """`FileEnd` comes once, when the delimiter has been seen."""
    parser = FormParser(BOUNDARY)
    events = []
    for event in parser.feed(ID + INDEX + FILE + END):
        if isinstance(event, FileStart):
            parser.expect(len(DATA))
        events.append(type(event))
    assert events == [Field, Field, FileStart, FileData, FileEnd]


@settings(max_examples=200)
@given(body=st.binary(max_size=400), piece=st.integers(1, 50))
def test_noise_never_breaks_the_parser(body: bytes, piece: int) -> None:
    """Any bytes end in a result or in a typed error."""
    with suppress(ChunkError):
        parse(ID + body, piece=piece)


@pytest.mark.parametrize(
    ("header", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('multipart/form-data; boundary="a b:c"', b"a b:c"),
        ("Multipart/Form-Data;charset=utf-8;BOUNDARY=----x", b"----x"),
        ('multipart/form-data; x="; boundary=no"; boundary=yes', b"yes"),
    ],
)
def test_boundary_is_read_as_clients_write_it(header: str, boundary: bytes) -> None:
    """Quoted or not, in any case, and never out of quoted text."""
    assert form_boundary(header) == boundary


@pytest.mark.parametrize(
    "header",
    [
        "",
        "application/json",
        "multipart/mixed; boundary=a",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        f"multipart/form-data; boundary={'a' * 71}",
    ],
)
def test_other_content_types_are_refused(header: str) -> None:
    """Without a usable boundary there is no form."""
    with pytest.raises(BadForm):
        form_boundary(header)


def test_a_parser_counts_what_is_not_the_file() -> None:
    """A body's length tells that of its file, and what is taken without the parser counts as taken."""
    body = ID + INDEX + FILE + END
    parser = FormParser(BOUNDARY)
    taken = 0
    for event in parser.feed(body[: body.index(DATA)]):
        if isinstance(event, FileStart):
            assert len(body) - parser.length_around - len(DATA) == len(b"\r\n")
            parser.expect(len(DATA))
    assert parser.file_remaining == len(DATA)
    parser.passed(len(DATA) - 1)
    assert parser.file_remaining == 1
    for event in parser.feed(body[body.index(DATA) + len(DATA) - 1 :]):
        taken += len(event.data) if isinstance(event, FileData) else 0
    parser.finish()
    assert taken == 1
