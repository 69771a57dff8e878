"""Texts: their encoding, the number of lines, and their words."""

from pathlib import Path
from typing import Final

from processing_service.job_file import SAMPLE_BYTES
from processing_service.readers import ReaderOptions, ReaderResult

_MARKS: Final = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_LONGEST_CHARACTER: Final = 4


def read(source: Path, options: ReaderOptions) -> ReaderResult:
    """Read a text: its encoding, and its lines when the whole file was downloaded."""
    content = source.read_bytes()[:SAMPLE_BYTES]
    is_whole = len(content) == options.size
    encoding = _encoding(content, is_whole=is_whole)
    metadata: dict[str, object] = {"encoding": encoding}
    if is_whole and encoding is not None:
        metadata["lines"] = len(content.decode(encoding).splitlines())
    text = "" if encoding is None else content.decode(encoding, "ignore")
    return ReaderResult(metadata=metadata, text=text)


def _encoding(content: bytes, *, is_whole: bool) -> str | None:
    marked = next((name for mark, name in _MARKS if content.startswith(mark)), None)
    for name in (marked,) if marked else ("ascii", "utf-8"):
        if _decodes(content, name, is_whole=is_whole):
            return name
    return None


def _decodes(content: bytes, encoding: str, *, is_whole: bool) -> bool:
    if b"\0" in content and not encoding.startswith("utf-16"):
        return False
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        # The sample may end inside a character, and those of ASCII have but one byte.
        is_cut = not is_whole and error.start > len(content) - _LONGEST_CHARACTER
        return is_cut and encoding != "ascii"
    return True
