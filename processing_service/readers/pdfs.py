"""Reads PDFs with PDFium. Scripts in them do not run: the library is built without an engine."""

from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import pypdfium2

from processing_service.content_words import MAX_TEXT_LENGTH
from processing_service.errors import Unreadable, unreadable_on_error
from processing_service.readers import ReaderOptions, ReaderResult
from processing_service.readers.images import prepare

_METADATA_KEYS: Final = {
    "Title": "title",
    "Author": "author",
    "Subject": "subject",
    "Keywords": "keywords",
}
MOST_PAGES: Final = 500
"""Pages whose text is read."""


def read(source: Path, options: ReaderOptions) -> ReaderResult:
    """Read a PDF and draw its first page.

    Raises:
        Unreadable: it is none, broken, or asks for a password.
    """
    with unreadable_on_error("the PDF"), closing(_opened(source)) as document:
        found = document.get_metadata_dict()
        metadata: dict[str, object] = {"pages": len(document)}
        metadata |= {name: found.get(key) for key, name in _METADATA_KEYS.items()}
        if len(document) == 0:
            return ReaderResult(metadata=metadata)
        with closing(document[0]) as page:
            width, height = page.get_size()
            metadata |= {"page_width_pt": width, "page_height_pt": height}
            image = page.render(scale=options.max_side / max(width, height, 1.0)).to_pil()
        return ReaderResult(
            metadata=metadata,
            picture=prepare(image, options.max_side),
            recipe="first-page",
            text=_text(document),
        )


def _text(document: pypdfium2.PdfDocument) -> str:
    """The text of the first pages; a page that is broken has none."""
    pieces: list[str] = []
    length = 0
    for number in range(min(len(document), MOST_PAGES)):
        with (
            suppress(pypdfium2.PdfiumError),
            closing(document[number]) as page,
            closing(page.get_textpage()) as text,
        ):
            pieces.append(text.get_text_bounded())
            length += len(pieces[-1])
        if length > MAX_TEXT_LENGTH:
            break
    return "\n".join(pieces)


def _opened(source: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("the PDF asks for a password") from error
        raise Unreadable("the file is not a PDF, or broken") from error
