"""Many files in one body, cut wherever the network likes."""

import struct

import pytest

from protocol.errors import MalformedFileStream
from protocol.file_stream import MAX_HEADER_BYTES, FileHeader, FileStreamParser, frame_head

FILES = [
    (FileHeader(index=2, size=5, hash="ab" * 32), b"hello"),
    (FileHeader(index=0, error="no-such-file", details="there is no such file"), b""),
    (FileHeader(index=1), b""),
    (FileHeader(index=3, size=3, hash="cd" * 32), b"\0\0\0"),
]
BODY = b"".join(frame_head(header) + content for header, content in FILES)


@pytest.mark.parametrize("step", [1, 7, 50, len(BODY)])
def test_files_come_out_as_they_went_in(step: int):
    """Whatever the pieces are in which the body comes."""
    parser = FileStreamParser(most_bytes=5)
    pieces = [BODY[start : start + step] for start in range(0, len(BODY), step)]
    assert [file for piece in pieces for file in parser.feed(piece)] == FILES


def test_a_file_is_there_once_its_last_byte_is():
    """Not a byte sooner, so that what breaks off is never taken for a file."""
    parser = FileStreamParser(most_bytes=5)
    whole = frame_head(FILES[0][0]) + b"hello"
    assert parser.feed(whole[:-1]) == []
    assert parser.feed(whole[-1:]) == FILES[:1]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(struct.pack(">I", MAX_HEADER_BYTES + 1), id="long-header"),
        pytest.param(struct.pack(">I", 3) + b"{,}", id="no-json"),
        pytest.param(struct.pack(">I", 2) + b"{}", id="no-index"),
        pytest.param(struct.pack(">I", 2) + b"\xff\xff", id="no-text"),
        pytest.param(frame_head(FileHeader(index=0, size=6)), id="large-file"),
        pytest.param(frame_head(FileHeader(index=0, size=-1)), id="negative-size"),
    ],
)
def test_what_is_no_such_body_is_refused(body: bytes):
    """At its header: nothing is kept of what a wrong size announces."""
    with pytest.raises(MalformedFileStream):
        FileStreamParser(most_bytes=5).feed(body)
