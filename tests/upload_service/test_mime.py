"""What type a file is said to be of."""

import puremagic
import pytest

from upload_service.mime import FALLBACK, mime_type

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
PDF = b"%PDF-1.7\n" + bytes(20)
ZIP = b"PK\x03\x04" + bytes(40)


@pytest.mark.parametrize(
    ("head", "name", "expected"),
    [
        (PNG, "picture.png", "image/png"),
        (PNG, "picture.txt", "image/png"),
        (PDF, "no extension", "application/pdf"),
        (
            ZIP,
            "letter.docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (b"plain text", "notes.txt", "text/plain"),
        (b"BMW is a make of cars", "cars.txt", "text/plain"),
        (b"BMW is a make of cars", "cars", FALLBACK),
        (b"whatever", "data.unheard-of", FALLBACK),
        (b"", "empty.csv", "text/csv"),
        (b"", "", FALLBACK),
        (b"\x00\x01\x02", "notes.txt.gz", "application/gzip"),
    ],
)
def test_bytes_decide_then_the_name(head: bytes, name: str, expected: str) -> None:
    """Strong magic bytes win, the name decides among equals, and is asked when there are none."""
    assert mime_type(head, name) == expected


@pytest.mark.parametrize(
    "answer", [RuntimeError("sniffer"), [type("Match", (), {"mime_type": None, "confidence": 1})()]]
)
def test_a_sniffer_that_fails_costs_nothing(
    answer: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the sniffer raises or makes up, the name is asked instead."""

    def sniff(_head: bytes) -> object:
        if isinstance(answer, Exception):
            raise answer
        return answer

    monkeypatch.setattr(puremagic, "magic_string", sniff)
    assert mime_type(PNG, "table.csv") == "text/csv"
