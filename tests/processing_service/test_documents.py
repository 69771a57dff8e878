"""Reading PDFs and texts."""

from pathlib import Path

import pytest

from processing_service.errors import Unreadable
from processing_service.readers import ReaderOptions, pdfs, texts
from tests.processing_service import samples


def written(path: Path, content: bytes) -> Path:
    """A file of this content."""
    source = path / "input"
    source.write_bytes(content)
    return source


def rules(size: int) -> ReaderOptions:
    """ReaderOptions of a usual job."""
    return ReaderOptions(max_side=60, max_pixels=10**6, keep_gps=False, size=size)


def test_a_pdf_tells_its_pages_and_title(tmp_path):
    """Title, author, pages and the size of the first one."""
    found = pdfs.read(written(tmp_path, samples.titled_document()), rules(0)).metadata
    assert (found["title"], found["author"], found["pages"]) == ("A title", "Somebody", 1)
    assert (found["page_width_pt"], found["page_height_pt"]) == (200, 300)
    assert pdfs.read(written(tmp_path, samples.document(pages=3)), rules(0)).metadata["pages"] == 3


def test_a_pdf_shows_its_first_page(tmp_path):
    """The picture is the first page, as large as the largest view."""
    found = pdfs.read(written(tmp_path, samples.titled_document()), rules(0))
    assert found.recipe == "first-page"
    assert found.picture is not None
    assert found.picture.size == (40, 60)
    assert samples.colour(found.picture, 0.5, 0.5) == "red"


@pytest.mark.parametrize("content", [b"words", b"%PDF-1.7\nnothing behind it", b""])
def test_what_is_no_pdf_is_unreadable(tmp_path, content):
    """Something else, or the mere beginning of a PDF, is recognised."""
    with pytest.raises(Unreadable, match="not a PDF"):
        pdfs.read(written(tmp_path, content), rules(len(content)))


@pytest.mark.parametrize(
    ("content", "encoding", "lines"),
    [
        (b"one\ntwo\n", "ascii", 2),
        ("grün\r\nrot".encode(), "utf-8", 2),
        ("\N{BYTE ORDER MARK}grün\n".encode(), "utf-8", 1),
        ("a\nb\nc".encode("utf-16"), "utf-16-le", 3),
        ("grün".encode("latin-1"), None, None),
        (b"\0\1\2", None, None),
    ],
)
def test_a_text_tells_encoding_and_lines(tmp_path, content, encoding, lines):
    """The encoding where it is certain, and then the lines."""
    found = texts.read(written(tmp_path, content), rules(len(content))).metadata
    assert found["encoding"] == encoding
    assert found.get("lines") == lines


def test_the_beginning_of_a_text_may_end_anywhere(tmp_path):
    """A character that is cut at the end of a sample is no fault of the text; lines are not counted."""
    content = "grü".encode()[:-1]
    found = texts.read(written(tmp_path, content), rules(10_000_000)).metadata
    assert found == {"encoding": "utf-8"}
