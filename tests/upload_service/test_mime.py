"""What type a file is said to be of."""

import puremagic
import pytest

from upload_service.mime import FALLBACK, contradicts, mime_type

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


JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + bytes(20)
MP4 = bytes.fromhex("000000186674797069736f6d") + b"\x00\x00\x02\x00isomiso2" + bytes(20)


@pytest.mark.parametrize(
    ("head", "claimed"),
    [
        (PNG, "image/png"),
        (PNG, "image/jpeg"),
        (PDF, "application/pdf"),
        (MP4, "audio/mp4"),
        (MP4, "video/mp4"),
        (JPEG, FALLBACK),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"),
        (b"some words", "text/plain"),
        (b"some words", "application/json"),
        (bytes(range(256)), "image/x-unheard-of"),
        (b"\xff\xfb\x90\x00" + bytes(40), "audio/mpeg"),
        (ZIP, "application/vnd.oasis.opendocument.text"),
    ],
)
def test_types_of_the_same_family_agree(head: bytes, claimed: str) -> None:
    """Sniffing knows families better than types, and unknown bytes speak against nothing."""
    assert contradicts(head, claimed) is False


@pytest.mark.parametrize(
    ("head", "claimed"),
    [
        (b"some words", "image/jpeg"),
        ("Wörter".encode()[:-1] + "ü".encode()[:1], "image/jpeg"),
        (b"some words", "application/pdf"),
        (PNG, "video/mp4"),
        (JPEG, "text/plain"),
        (PDF, "image/png"),
        (MP4, "image/jpeg"),
        (PNG, "application/zip"),
    ],
)
def test_other_families_contradict(head: bytes, claimed: str) -> None:
    """A text named .jpg is no picture, and a picture is no text."""
    assert contradicts(head, claimed) is True
