"""Many small files in one body: what `POST /download-files` answers with. No I/O.

Each file is a frame: the length of its header in four bytes (big-endian), the header as JSON, and as many
bytes of content as the header says. A file that cannot be sent has a header that says why, and no content,
so one file never spoils the others. Frames come in any order, and each names its file by the place that it
has in the request. A body that ends too early just lacks frames.
"""

import struct

import msgspec

from protocol.errors import MalformedFileStream

MEDIA_TYPE = "application/vnd.discord-cloud.files"
MOST_FILES = 1000
"""Files that one request may ask for."""
MAX_HEADER_BYTES = 4096

_LENGTH = struct.Struct(">I")


class FileHeader(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a frame holds.

    Attributes:
        index: Place of the file in the request, from 0.
        size: Bytes of content that follow.
        hash: SHA-256 over the hex digest of the content; empty for an empty file.
        error: Why the content does not follow, as a code; empty if it does.
        details: The same in words.
        modified_at: When the content was last modified, in seconds since the epoch; None: the manager does
            not say.
    """

    index: int
    size: int = 0
    hash: str = ""
    error: str = ""
    details: str = ""
    modified_at: float | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(FileHeader)


def frame_head(header: FileHeader) -> bytes:
    """What goes before the content of a file."""
    text = _encoder.encode(header)
    return _LENGTH.pack(len(text)) + text


class FileStreamParser:
    """Splits a body into files, as it comes.

    Args:
        most_bytes: Size of the largest file that is expected.
    """

    def __init__(self, *, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._kept = bytearray()

    def feed(self, piece: bytes) -> list[tuple[FileHeader, bytes]]:
        """The files that are complete now.

        Raises:
            MalformedFileStream: This is no such body, or a file is larger than expected.
        """
        self._kept += piece
        files: list[tuple[FileHeader, bytes]] = []
        start = 0
        with memoryview(self._kept) as view:
            while (found := self._head_at(view, start)) is not None:
                header, begin = found
                end = begin + header.size
                if end > len(view):
                    break
                files.append((header, bytes(view[begin:end])))
                start = end
        del self._kept[:start]
        return files

    def _head_at(self, view: memoryview, start: int) -> tuple[FileHeader, int] | None:
        """The header that begins there, and where it ends; None as long as it is not complete."""
        begin = start + _LENGTH.size
        if begin > len(view):
            return None
        (length,) = _LENGTH.unpack_from(view, start)
        if length > MAX_HEADER_BYTES:
            raise MalformedFileStream("a header is too long")
        if begin + length > len(view):
            return None
        try:
            header = _decoder.decode(view[begin : begin + length])
        except msgspec.DecodeError as error:
            raise MalformedFileStream("a header cannot be read") from error
        if not 0 <= header.size <= self._most_bytes:
            raise MalformedFileStream("a file is larger than expected")
        return header, begin + length
