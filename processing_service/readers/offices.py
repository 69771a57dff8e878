"""Reads the text and the properties of office documents and e-books: archives of XML files.

Of an archive, and of each of its parts, only so much is read. XML that declares entities is refused, since
these can grow without bound.
"""

import re
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final
from xml.parsers import expat

from processing_service.content_words import MAX_TEXT_LENGTH
from processing_service.errors import Unreadable, unreadable_on_error
from processing_service.readers import ReaderOptions, ReaderResult

_TEXT_PARTS: Final = re.compile(
    r"word/(?:document|footnotes|endnotes|comments|header\d*|footer\d*)\.xml"
    r"|xl/sharedStrings\.xml|ppt/(?:slides|notesSlides)/[^/]+\.xml|content\.xml"
    r"|(?!META-INF/).*\.x?html?"
)
_PROPERTY_PARTS: Final = re.compile(r"docProps/core\.xml|meta\.xml|.*\.opf")
_PROPERTIES: Final = {
    "title": "title",
    "creator": "author",
    "subject": "subject",
    "keywords": "keywords",
    "keyword": "keywords",
    "description": "description",
}
_WITHIN_WORDS: Final = frozenset(
    {
        *("a", "b", "i", "u", "s", "em", "strong", "span", "font", "small", "sub", "sup"),
        *("r", "t", "rPr", "lang", "proofErr", "bookmarkStart", "bookmarkEnd", "hyperlink"),
        *("noProof", "rFonts", "sz", "szCs", "color", "lastRenderedPageBreak"),
    }
)
"""Elements that may begin and end in the middle of a word."""
MOST_PARTS: Final = 500
MOST_PART_BYTES: Final = 8 * 1024 * 1024
MOST_BYTES: Final = 32 * 1024 * 1024
"""Of all parts together, unpacked."""


def read(source: Path, options: ReaderOptions) -> ReaderResult:
    """Read a document.

    Raises:
        Unreadable: it is none, broken, or encrypted.
    """
    del options
    with unreadable_on_error("the document"), _opened(source) as archive:
        metadata: dict[str, object] = {}
        for content in _parts(archive, _PROPERTY_PARTS):
            metadata = _properties(content) | metadata
        pieces: list[str] = []
        length = 0
        for content in _parts(archive, _TEXT_PARTS):
            pieces.append(_text(content))
            length += len(pieces[-1])
            if length > MAX_TEXT_LENGTH:
                break
        return ReaderResult(metadata=metadata, text=" ".join(pieces))


def _opened(source: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(source)
    except zipfile.BadZipFile as error:
        raise Unreadable("the file is not a document of a known format") from error


def _parts(archive: zipfile.ZipFile, names: re.Pattern[str]) -> Iterator[bytes]:
    """The beginnings of the parts of these names, some at most, in the order of their names."""
    wanted = sorted(name for name in archive.namelist() if names.fullmatch(name))
    left = MOST_BYTES
    for name in wanted[:MOST_PARTS]:
        with archive.open(name) as part:
            content = part.read(min(MOST_PART_BYTES, left))
        left -= len(content)
        yield content
        if left <= 0:
            return


def _text(content: bytes) -> str:
    """The text of an XML file up to where it is broken or cut off."""
    pieces: list[str] = []

    def separate(element: str) -> None:
        if element.rpartition(":")[2] not in _WITHIN_WORDS:
            pieces.append(" ")

    parser = _parser()
    parser.CharacterDataHandler = pieces.append
    parser.StartElementHandler = lambda element, _: separate(element)
    parser.EndElementHandler = separate
    with suppress(expat.ExpatError):
        parser.Parse(content)
    return "".join(pieces)


def _properties(content: bytes) -> dict[str, object]:
    found: dict[str, list[str]] = {}
    into: list[str] | None = None

    def begin(element: str, _: dict[str, str]) -> None:
        nonlocal into
        name = _PROPERTIES.get(element.rpartition(":")[2])
        into = None if name is None else found.setdefault(name, [])
        if into:
            into.append(", ")

    def end(_: str) -> None:
        nonlocal into
        into = None

    def add(text: str) -> None:
        if into is not None:
            into.append(text)

    parser = _parser()
    parser.StartElementHandler, parser.EndElementHandler = begin, end
    parser.CharacterDataHandler = add
    with suppress(expat.ExpatError):
        parser.Parse(content)
    return {name: "".join(pieces) for name, pieces in found.items()}


def _parser() -> expat.XMLParserType:
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise Unreadable("the document declares entities")

    parser.EntityDeclHandler = refuse
    # Else the names of characters that XHTML has would end the text.
    parser.UseForeignDTD()
    return parser
