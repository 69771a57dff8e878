"""A zip archive made from left to right: members in, bytes out.

Files are stored, not compressed. Their sizes and checksums follow them (data descriptors, APPNOTE
4.3.9), since a stream cannot go back to its headers; zip64 fields come only where the limits of the
old ones demand it, because some old programs refuse archives that have them.

The only thing that grows with the archive is the directory at its end. `zipfile` would keep half a
kilobyte of memory for each member until then, so its entries are written to a file while the archive
is made, as `zipfile` itself would write them.
"""

import io
import stat
import struct
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, Final, Self

from reading.chunk_cache import Buffer

_FILE_MODE = stat.S_IFREG | 0o644
_FOLDER_MODE = stat.S_IFDIR | 0o755
_MADE_BY_UNIX = 3
_MS_DOS_FOLDER = 0x10
_MS_DOS_TIMES = (
    datetime(1980, 1, 1, tzinfo=UTC).timestamp(),
    datetime(2107, 12, 31, tzinfo=UTC).timestamp(),
)
_UNIX_TIMES = (-(2**31), 2**31 - 1)
"""The first and last time of either form, in seconds since the epoch."""

_MEMBERS_AT_ONCE: Final = 100
"""So many members are kept until their entries are written to the directory."""
_PIECE_BYTES: Final = 256 * 1024
_END_RECORD_BYTES: Final = 22
_MAX_16: Final = 0xFFFF
_MAX_32: Final = 0xFFFF_FFFF

MemberPath = tuple[str, ...]


class ZipStream:
    """An archive in the making. The bytes that a call has made are taken with `take`.

    Leaving the context before the end of `finish` gives the archive up.

    Args:
        directory: An empty file, which takes the directory until the end.
    """

    def __init__(self, directory: IO[bytes]) -> None:
        self._directory = directory
        self._out = _Outlet()
        self._archive = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)
        self._file: IO[bytes] | None = None
        self._members = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()
        # Closing would write the directory of `zipfile`, which would be incomplete.
        self._archive.infolist().clear()
        self._archive.close()
        self._out.take()

    def add_folder(self, path: MemberPath, *, modified_at: float) -> None:
        """A folder, before its entries; times are seconds since the Unix epoch."""
        member = _member("/".join(path) + "/", modified_at)
        member.external_attr = _FOLDER_MODE << 16 | _MS_DOS_FOLDER
        member.CRC = 0
        self._archive.mkdir(member)
        self._write_entries(least=_MEMBERS_AT_ONCE)

    def begin_file(self, path: MemberPath, *, size: int, modified_at: float) -> None:
        """A file of so many bytes, to be ended before anything else is added."""
        member = _member("/".join(path), modified_at)
        member.external_attr = _FILE_MODE << 16
        member.file_size = size
        self._file = self._archive.open(member, "w")

    def write(self, content: Buffer) -> None:
        """The next bytes of the file. Raises ValueError when none has begun."""
        if self._file is None:
            raise ValueError("no file has begun")
        self._file.write(content)

    def end_file(self) -> None:
        """No more bytes for the file; without one, nothing. Raises OSError as the directory does."""
        if self._file is not None:
            self._file.close()
            self._write_entries(least=_MEMBERS_AT_ONCE)
        self._file = None

    def finish(self) -> Iterator[bytes]:
        """Ends the archive: yields its directory, which comes behind all that was taken.

        Raises OSError as the file of the directory does.
        """
        self._write_entries(least=1)
        size_bytes = self._directory.tell()
        self._directory.seek(0)
        while piece := self._directory.read(_PIECE_BYTES):
            yield piece
        yield _end_of_archive(self._members, size_bytes, self._out.written_bytes)

    def take(self) -> list[Buffer]:
        """The bytes made since the last call, in pieces. Content is not copied."""
        return self._out.take()

    def _write_entries(self, *, least: int) -> None:
        """Moves the entries of all members that `zipfile` keeps into the directory, if so many."""
        kept = self._archive.infolist()
        if len(kept) < least:
            return
        self._directory.write(_entries_of(kept))
        self._members += len(kept)
        kept.clear()
        self._archive.NameToInfo.clear()


def _entries_of(members: list[zipfile.ZipInfo]) -> bytes:
    """The directory's entries of some members, in the bytes of `zipfile`."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.infolist().extend(members)
    # Behind the entries of so few it writes an end of archive without zip64 and without a comment.
    return file.getvalue()[:-_END_RECORD_BYTES]


def _end_of_archive(members: int, size_bytes: int, start: int) -> bytes:
    """What follows the directory (APPNOTE 4.3.14 to 4.3.16), which begins at `start`."""
    count, size, offset = min(members, _MAX_16), min(size_bytes, _MAX_32), min(start, _MAX_32)
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, count, count, size, offset, 0)
    if count < _MAX_16 and size < _MAX_32 and offset < _MAX_32:
        return end
    version = zipfile.ZIP64_VERSION
    record = struct.pack(
        "<4sQ2H2L4Q", b"PK\6\6", 44, version, version, 0, 0, members, members, size_bytes, start
    )
    locator = struct.pack("<4sLQL", b"PK\6\7", 0, start + size_bytes, 1)
    return record + locator + end


def _member(name: str, modified_at: float) -> zipfile.ZipInfo:
    moment = datetime.fromtimestamp(_between(modified_at, *_MS_DOS_TIMES), UTC)
    member = zipfile.ZipInfo(name, moment.timetuple()[:6])
    member.create_system = _MADE_BY_UNIX
    # "Extended timestamp": MS-DOS times know neither odd seconds nor a time zone.
    seconds = int(_between(modified_at, *_UNIX_TIMES))
    member.extra = struct.pack("<2sHBl", b"UT", 5, 1, seconds)
    return member


def _between(seconds: float, earliest: float, latest: float) -> float:
    return min(max(seconds, earliest), latest)


class _Outlet:
    """What `zipfile` takes for a file that can only be written to."""

    def __init__(self) -> None:
        self._pieces: list[Buffer] = []
        self.written_bytes = 0

    def write(self, content: Buffer) -> int:
        self._pieces.append(content)
        self.written_bytes += len(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """The caller closes what the pieces are written to."""

    def take(self) -> list[Buffer]:
        pieces, self._pieces = self._pieces, []
        return pieces
