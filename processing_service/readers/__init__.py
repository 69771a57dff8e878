"""Readers: one module for each family of files. The modules run in worker processes only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from processing_service.job_file import FileFamily

if TYPE_CHECKING:
    from PIL import Image

    from processing_service.views import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderOptions:
    """What a reader has to respect.

    Attributes:
        max_side: pixels of the longest side of any view.
        max_pixels: pixels of a picture that is decoded.
        keep_gps: whether coordinates go into the metadata.
        size: bytes of the whole file; the input may be its beginning only.
    """

    max_side: int
    max_pixels: int
    keep_gps: bool
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ReaderResult:
    """What a reader has found in a file.

    Attributes:
        metadata: values by name, not yet fit for JSON.
        picture: shows the file, upright and reduced; None when nothing can.
        recipe: which recipe the picture is of; None without a picture.
        picture_error: why there is no picture although there should be one; None otherwise.
        text: what can be read in it; of a long one the beginning may do.
    """

    metadata: Mapping[str, object]
    picture: "Image.Image | None" = None
    recipe: "Recipe | None" = None
    picture_error: str | None = field(default=None)
    text: str = ""


class FormatReader(Protocol):
    """A module that reads a family of files."""

    def read(self, source: Path, options: ReaderOptions) -> ReaderResult:
        """Read a file.

        Raises:
            Unreadable: it is broken, locked, or of another kind.
            TooManyPixels: a picture in it is larger than the options allow.
        """


_READERS: Final = {
    FileFamily.IMAGE: "images",
    FileFamily.VIDEO: "media",
    FileFamily.AUDIO: "media",
    FileFamily.OFFICE: "offices",
    FileFamily.PDF: "pdfs",
    FileFamily.TEXT: "texts",
}


def reader_of(family: FileFamily) -> FormatReader:
    """Return the reader of a family. Its libraries are imported only now: they are large."""
    return cast("FormatReader", import_module(f"processing_service.readers.{_READERS[family]}"))
