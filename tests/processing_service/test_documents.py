"""Reading PDFs, office documents and texts."""

from pathlib import Path

import pytest

from processing_service.content_words import MAX_WORD_LENGTH, MAX_WORDS_LENGTH, content_words
from processing_service.errors import Unreadable
from processing_service.readers import ReaderOptions, offices, pdfs, texts
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


def test_the_words_of_a_pdf_are_read(tmp_path):
    """What is written on its pages, and its keywords."""
    found = pdfs.read(written(tmp_path, samples.written_document("Annual figures")), rules(0))
    assert found.text.split() == ["Annual", "figures"]
    assert found.metadata["keywords"] == "money, year"


@pytest.mark.parametrize("content", ["grün und rot".encode(), "grün und rot".encode("utf-16")])
def test_the_words_of_a_text_are_read(tmp_path, content):
    """Where its encoding is certain."""
    assert texts.read(written(tmp_path, content), rules(len(content))).text.endswith("und rot")
    assert texts.read(written(tmp_path, b"\0\1\2"), rules(3)).text == ""


CORE = (
    '<cp:coreProperties xmlns:cp="c" xmlns:dc="d"><dc:title>A title</dc:title>'
    "<dc:creator>Ann</dc:creator><dc:creator>Bob</dc:creator><cp:keywords>k</cp:keywords>"
    "</cp:coreProperties>"
)
BODY = (
    '<w:document xmlns:w="w"><w:p><w:r><w:t>Hel</w:t></w:r><w:proofErr/><w:r><w:t>lo</w:t></w:r></w:p>'
    "<w:p><w:t>world</w:t><w:tab/><w:t>again</w:t></w:p></w:document>"
)


def test_an_office_document_tells_text_and_properties(tmp_path):
    """Words that are written in pieces are one; paragraphs are apart; other parts are not read."""
    content = samples.archive(
        {"docProps/core.xml": CORE, "word/document.xml": BODY, "word/styles.xml": "<a>Heading</a>"}
    )
    found = offices.read(written(tmp_path, content), rules(0))
    assert found.metadata == {"title": "A title", "author": "Ann, Bob", "keywords": "k"}
    assert found.text.split() == ["Hello", "world", "again"]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"xl/sharedStrings.xml": "<sst><si><t>one</t></si><si><t>two</t></si></sst>"}, "one two"),
        (
            {
                "ppt/slides/slide2.xml": "<a><p>second</p></a>",
                "ppt/slides/slide1.xml": "<a><p>first</p></a>",
            },
            "first second",
        ),
        ({"content.xml": '<o xmlns:t="t"><t:p>open</t:p><t:p>document</t:p></o>'}, "open document"),
        ({"OEBPS/a.xhtml": "<html><p>a&nbsp;b<em>ook</em></p></html>"}, "a book"),
        ({"content.xml": "<a><p>before</p><broken"}, "before"),
        ({"META-INF/nav.html": "<p>none</p>"}, ""),
    ],
)
def test_kinds_of_documents(tmp_path, parts, words):
    """Sheets, slides, OpenDocument and e-books; of what is broken the beginning."""
    found = offices.read(written(tmp_path, samples.archive(parts)), rules(0))
    assert found.text.replace("ab", "a b").split() == words.split()


def test_documents_that_grow_are_read_in_part(tmp_path, monkeypatch):
    """So many parts, and so much of each."""
    monkeypatch.setattr(offices, "MOST_PART_BYTES", 20)
    monkeypatch.setattr(offices, "MOST_PARTS", 2)
    parts = {f"ppt/slides/slide{number}.xml": f"<a>{'x' * 1000}</a>" for number in range(5)}
    found = offices.read(written(tmp_path, samples.archive(parts)), rules(0))
    assert len(found.text.replace(" ", "")) == 2 * (20 - len("<a>"))


ENTITIES = '<!DOCTYPE a [<!ENTITY x "lol"><!ENTITY y "&x;&x;">]><a>&y;</a>'


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"words", "not a document"),
        (samples.archive({"content.xml": ENTITIES}), "declares entities"),
        (samples.archive({"content.xml": "x" * 99})[:-30], "not a document"),
    ],
    ids=["words", "entities", "cut off"],
)
def test_what_is_no_document_is_unreadable(tmp_path, content, reason):
    """Something else, one that is cut off, and XML that grows."""
    with pytest.raises(Unreadable, match=reason):
        offices.read(written(tmp_path, content), rules(len(content)))


def test_each_word_is_there_once():
    """In lower case and in the order of the text; so many bytes of words at most."""
    assert content_words("One, two; ONE: größe 3-D\0 東京") == "one two größe 3 d 東京"
    assert content_words("x" * (MAX_WORD_LENGTH + 1)) == ""
    many = content_words(" ".join(f"word{number}ü" for number in range(20_000)))
    assert MAX_WORDS_LENGTH - 20 < len(many.encode()) <= MAX_WORDS_LENGTH
