"""What a reader finds in a file, and how the right reader is found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol, cast

from processing_service.facts import Family

if TYPE_CHECKING:
    from PIL import Image

    from processing_service.views import Recipe


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a reader minds.

    Attributes:
        max_side: no view is longer or wider, in pixels.
        max_pixels: of what is decoded.
        keep_gps: whether places go into the metadata.
        size: of the whole file in bytes; the input may be its beginning only.
    """

    max_side: int
    max_pixels: int
    keep_gps: bool
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What was found.

    Attributes:
        metadata: facts by name, not yet fit for JSON.
        picture: what shows the file, upright and reduced, if anything does.
        recipe: which recipe the picture is of.
        picture_error: why there is no picture although there should be one.
    """

    metadata: Mapping[str, object]
    picture: "Image.Image | None" = None
    recipe: "Recipe | None" = None
    picture_error: str | None = field(default=None)


class Reader(Protocol):
    """A module that reads a family of files."""

    def read(self, source: Path, rules: Rules) -> Reading:
        """Raises `Unreadable`, `TooManyPixels`."""


_READERS: Final = {
    Family.IMAGE: "images",
    Family.VIDEO: "media",
    Family.AUDIO: "media",
    Family.PDF: "pdfs",
    Family.TEXT: "texts",
}


def reader_of(family: Family) -> Reader:
    """The reader of a family. Libraries are imported only now: they are large."""
    return cast("Reader", import_module(f"processing_service.readers.{_READERS[family]}"))
