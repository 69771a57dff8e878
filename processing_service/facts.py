"""What is known of a file before a byte of it was read."""

from enum import StrEnum
from typing import Final

import msgspec

SAMPLE_BYTES: Final = 1024 * 1024
"""How much of a text is looked at."""


class Family(StrEnum):
    """Files that are read alike."""

    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    PDF = "pdf"
    TEXT = "text"


_FAMILIES: Final = {
    "application/json": Family.TEXT,
    "application/pdf": Family.PDF,
    "application/toml": Family.TEXT,
    "application/xml": Family.TEXT,
    "application/yaml": Family.TEXT,
    "image/apng": Family.IMAGE,
    "image/avif": Family.IMAGE,
    "image/bmp": Family.IMAGE,
    "image/gif": Family.IMAGE,
    "image/jp2": Family.IMAGE,
    "image/jpeg": Family.IMAGE,
    "image/jpg": Family.IMAGE,
    "image/pjpeg": Family.IMAGE,
    "image/png": Family.IMAGE,
    "image/tiff": Family.IMAGE,
    "image/vnd.microsoft.icon": Family.IMAGE,
    "image/webp": Family.IMAGE,
    "image/x-icon": Family.IMAGE,
    "image/x-ms-bmp": Family.IMAGE,
}
_FAMILIES_BY_TOP_LEVEL: Final = {
    "audio": Family.AUDIO,
    "text": Family.TEXT,
    "video": Family.VIDEO,
}
_SCORES_AND_PLAYLISTS: Final = frozenset(
    {"audio/midi", "audio/mpegurl", "audio/x-midi", "audio/x-mpegurl", "audio/x-scpls"}
)
"""Called audio, but without any sound in them."""


class FileFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A stored file as the manager describes it.

    Attributes:
        name: what the file is called, or None when it is not called anything.
        size: in bytes.
        type: its MIME type, which was declared or guessed and may be wrong.
    """

    name: str | None
    size: int
    type: str

    @property
    def family(self) -> Family | None:
        """How the file is read, or None when nobody here can."""
        mime_type = self.type.partition(";")[0].strip().lower()
        if mime_type in _SCORES_AND_PLAYLISTS:
            return None
        by_top_level = _FAMILIES_BY_TOP_LEVEL.get(mime_type.partition("/")[0])
        return _FAMILIES.get(mime_type, by_top_level)

    @property
    def bytes_needed(self) -> int:
        """How much must be downloaded for its metadata and pictures, from its beginning."""
        return min(self.size, SAMPLE_BYTES) if self.family is Family.TEXT else self.size
