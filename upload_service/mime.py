"""What type a file is of: from its first bytes, else from its name.

Sniffing serves a label on a download, nothing more, so it must never fail an upload: whatever a
sniffer raises or makes up, the answer is a well-formed MIME type.
"""

import codecs
import mimetypes
import re
from functools import cache
from typing import Final

import puremagic
import structlog

HEAD_BYTES: Final = 4096
"""How many plain bytes of the first chunk are kept for sniffing."""
FALLBACK: Final = "application/octet-stream"
_MIN_CONFIDENCE: Final = 0.3
"""puremagic's figure is a tenth for each matched byte. Two bytes match by accident too often:
"BM" begins many an English text, and every bitmap."""
_FIRST_BYTES: Final = 2
"""Of what may stand somewhere, that many bytes are looked at first."""
_WELL_FORMED: Final = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]*/[a-z0-9][a-z0-9!#$&^_.+-]*")

_TEXTUAL: Final = frozenset({"image/svg+xml", "image/x-xbitmap", "image/x-xpixmap"})
"""Pictures that are written in text."""
_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0e-\x1a\x1c-\x1f]")

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


def contradicts(head: bytes, claimed: str) -> bool:
    """Whether the first bytes speak against a type.

    What counts is the family: image, sound and film (which share containers), PDF. Bytes that look
    like another family's contradict, and so does plain text for any family. A type of no family is
    contradicted by nothing but the bytes of one, unless it says nothing (`FALLBACK`).

    Args:
        head: the first bytes of the file.
        claimed: the type that it is said to have.
    """
    claimed = claimed.partition(";")[0].strip().lower()
    if claimed == FALLBACK:
        return False
    family = _family(claimed)
    sniffed = {found for kind in _sniff(head) if (found := _family(kind))}
    if sniffed:
        return family not in sniffed
    return family is not None and claimed not in _TEXTUAL and _is_text(head)


def _family(kind: str) -> str | None:
    if kind == "application/pdf":
        return "pdf"
    major = kind.partition("/")[0]
    return {"image": "image", "audio": "media", "video": "media"}.get(major)


def _is_text(head: bytes) -> bool:
    try:
        # The last character may be cut off.
        text = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return not _CONTROL.search(text)


class _Signatures:
    """The magic bytes that puremagic knows, to see at a glance whether any of them are there.

    It compares every file with all of them one by one, a third of a millisecond long, and most files hold
    none. What is too short to be trusted counts only if it may be continued elsewhere in the file.
    """

    def __init__(self) -> None:
        self._magic: dict[int, dict[bytes, list[bytes]]] = {}
        self._short: list[tuple[int, bytes]] = []
        for row in (*puremagic.magic_header_array, *puremagic.magic_footer_array):
            magic = row.byte_match
            if len(magic) < _MIN_CONFIDENCE * 10 and magic not in puremagic.multi_part_dict:
                continue
            if len(magic) < _FIRST_BYTES:
                self._short.append((row.offset, magic))
            else:
                by_start = self._magic.setdefault(row.offset, {})
                by_start.setdefault(magic[:_FIRST_BYTES], []).append(magic)

    def may_match(self, head: bytes) -> bool:
        """Whether any of them are in the bytes, counted from their start or their end."""
        for at, by_start in self._magic.items():
            for magic in by_start.get(head[at : at + _FIRST_BYTES or None], ()):
                if head[at : at + len(magic) or None] == magic:
                    return True
        return any(head[at : at + len(magic) or None] == magic for at, magic in self._short)


@cache
def _signatures() -> _Signatures:
    return _Signatures()


def _sniff(head: bytes) -> list[str]:
    """Well-formed types that the bytes speak for, best first."""
    if not head or not _signatures().may_match(head):
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
