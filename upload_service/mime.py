"""What type a file is of: from its first bytes, else from its name.

Sniffing serves a label on a download, nothing more, so it must never fail an upload: whatever a
sniffer raises or makes up, the answer is a well-formed MIME type.
"""

import mimetypes
import re
from typing import Final

import puremagic
import structlog

HEAD_BYTES: Final = 4096
"""How many plain bytes of the first chunk are kept for sniffing."""
FALLBACK: Final = "application/octet-stream"
_MIN_CONFIDENCE: Final = 0.3
"""puremagic's figure is a tenth for each matched byte. Two bytes match by accident too often:
"BM" begins many an English text, and every bitmap."""
_WELL_FORMED: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")

log = structlog.get_logger(__name__)


def mime_type(head: bytes, name: str) -> str:
    """The type of a file.

    Args:
        head: the first bytes of the file, as many as are at hand.
        name: its name. It decides where several types begin with the same bytes: a docx is a zip.
    """
    by_name = _by_name(name)
    sniffed = _sniff(head)
    if by_name is not None and (not sniffed or by_name in sniffed):
        return by_name
    return sniffed[0] if sniffed else FALLBACK


def _sniff(head: bytes) -> list[str]:
    """Well-formed types that the bytes speak for, best first."""
    if not head:
        return []
    try:
        matches = puremagic.magic_string(head)
        return [
            match.mime_type.lower()
            for match in matches
            if match.confidence >= _MIN_CONFIDENCE
            and _WELL_FORMED.fullmatch(match.mime_type.lower())
        ]
    except puremagic.PureError:
        return []
    except Exception as error:  # noqa: BLE001 - a sniffer that stumbles must not cost the upload
        log.warning("sniffing-failed", error=type(error).__name__)
        return []


def _by_name(name: str) -> str | None:
    kind, encoding = mimetypes.guess_type(name)
    if encoding is not None:
        # notes.txt.gz is not text.
        kind = {"gzip": "application/gzip", "bzip2": "application/x-bzip2"}.get(encoding)
    return kind.lower() if kind and _WELL_FORMED.fullmatch(kind.lower()) else None
