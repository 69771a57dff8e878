"""Reads PDFs with PDFium. Scripts in them do not run: the library is built without an engine."""

from contextlib import closing
from pathlib import Path
from typing import Final

import pypdfium2

from processing_service.errors import Unreadable, reading
from processing_service.pictures import prepare
from processing_service.reading import Reading, Rules

_FACTS: Final = {"Title": "title", "Author": "author", "Subject": "subject"}


def read(source: Path, rules: Rules) -> Reading:
    """Reads a PDF and draws its first page.

    Raises:
        Unreadable: It is none, broken, or asks for a password.
    """
    with reading("the PDF"), closing(_opened(source)) as document:
        found = document.get_metadata_dict()
        metadata: dict[str, object] = {"pages": len(document)}
        metadata |= {name: found.get(key) for key, name in _FACTS.items()}
        if len(document) == 0:
            return Reading(metadata=metadata)
        with closing(document[0]) as page:
            width, height = page.get_size()
            metadata |= {"page_width_pt": width, "page_height_pt": height}
            image = page.render(scale=rules.max_side / max(width, height, 1.0)).to_pil()
        return Reading(
            metadata=metadata, picture=prepare(image, rules.max_side), recipe="first-page"
        )


def _opened(source: Path) -> pypdfium2.PdfDocument:
    try:
        return pypdfium2.PdfDocument(source)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise Unreadable("the PDF asks for a password") from error
        raise Unreadable("the file is not a PDF, or broken") from error
