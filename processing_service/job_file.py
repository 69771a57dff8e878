"""What is known of a file before any of its content is read."""

from enum import StrEnum
from typing import Final

import msgspec

SAMPLE_BYTES: Final = 1024 * 1024
"""How many bytes of a text are read."""


class FileFamily(StrEnum):
    """The kinds of files; each has one reader."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    OFFICE = "office"
    PDF = "pdf"
    TEXT = "text"


_OFFICE: Final = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT: Final = "application/vnd.oasis.opendocument."
_FAMILIES: Final = {
    "application/epub+zip": FileFamily.OFFICE,
    f"{_OFFICE}presentationml.presentation": FileFamily.OFFICE,
    f"{_OFFICE}spreadsheetml.sheet": FileFamily.OFFICE,
    f"{_OFFICE}wordprocessingml.document": FileFamily.OFFICE,
    f"{_OPEN_DOCUMENT}presentation": FileFamily.OFFICE,
    f"{_OPEN_DOCUMENT}spreadsheet": FileFamily.OFFICE,
    f"{_OPEN_DOCUMENT}text": FileFamily.OFFICE,
    "application/json": FileFamily.TEXT,
    "application/pdf": FileFamily.PDF,
    "application/toml": FileFamily.TEXT,
    "application/xml": FileFamily.TEXT,
    "application/yaml": FileFamily.TEXT,
    "image/apng": FileFamily.IMAGE,
    "image/avif": FileFamily.IMAGE,
    "image/bmp": FileFamily.IMAGE,
    "image/gif": FileFamily.IMAGE,
    "image/jp2": FileFamily.IMAGE,
    "image/jpeg": FileFamily.IMAGE,
    "image/jpg": FileFamily.IMAGE,
    "image/pjpeg": FileFamily.IMAGE,
    "image/png": FileFamily.IMAGE,
    "image/tiff": FileFamily.IMAGE,
    "image/vnd.microsoft.icon": FileFamily.IMAGE,
    "image/webp": FileFamily.IMAGE,
    "image/x-icon": FileFamily.IMAGE,
    "image/x-ms-bmp": FileFamily.IMAGE,
}
_FAMILIES_BY_TOP_LEVEL: Final = {
    "audio": FileFamily.AUDIO,
    "text": FileFamily.TEXT,
    "video": FileFamily.VIDEO,
}
_SCORES_AND_PLAYLISTS: Final = frozenset(
    {"audio/midi", "audio/mpegurl", "audio/x-midi", "audio/x-mpegurl", "audio/x-scpls"}
)
"""Audio types whose files hold no sound."""


class JobFile(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file as the manager describes it.

    Attributes:
        name: the name of the file; None when it has none.
        size: in bytes.
        type: the MIME type, which was declared or guessed and may be wrong.
    """

    name: str | None
    size: int
    type: str

    @property
    def family(self) -> FileFamily | None:
        """How the file is read; None when no reader can."""
        mime_type = self.type.partition(";")[0].strip().lower()
        if mime_type in _SCORES_AND_PLAYLISTS:
            return None
        by_top_level = _FAMILIES_BY_TOP_LEVEL.get(mime_type.partition("/")[0])
        return _FAMILIES.get(mime_type, by_top_level)

    @property
    def bytes_needed(self) -> int:
        """How many bytes from the beginning the metadata and pictures need."""
        return min(self.size, SAMPLE_BYTES) if self.family is FileFamily.TEXT else self.size
