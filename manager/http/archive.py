"""A zip archive made from left to right: members in, bytes out. No I/O.

Files are stored, not compressed. Their sizes and checksums follow them (data descriptors, APPNOTE
4.3.9), since a stream cannot go back to its headers; zip64 fields come only where the limits of the
old ones demand it, because some old programs refuse archives that have them. The only thing that
grows with the archive is the directory at its end.
"""

import stat
import struct
import zipfile
from datetime import UTC, datetime
from types import TracebackType
from typing import IO, Self

from manager.http.read_ahead import Buffer

_FILE_MODE = stat.S_IFREG | 0o644
_FOLDER_MODE = stat.S_IFDIR | 0o755
_MADE_BY_UNIX = 3
_MS_DOS_FOLDER = 0x10
_EARLIEST = datetime(1980, 1, 1, tzinfo=UTC).timestamp()
_LATEST = datetime(2038, 1, 19, tzinfo=UTC).timestamp()
"""Between these both forms of a time exist: MS-DOS' and signed seconds since the epoch."""

MemberPath = tuple[str, ...]


class ZipStream:
    """An archive in the making. What came of each call is taken with `take`.

    Leaving the context before `finish` gives the archive up.
    """

    def __init__(self) -> None:
        self._out = _Outlet()
        self._archive = zipfile.ZipFile(self._out, "w", zipfile.ZIP_STORED)
        self._file: IO[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.end_file()
        # Closing writes the directory, which may be long and which nobody wants any more.
        self._archive.infolist().clear()
        self._archive.close()
        self._out.take()

    def add_folder(self, path: MemberPath, *, modified_at: float) -> None:
        """A folder, before its entries; times are seconds since the Unix epoch."""
        member = _member("/".join(path) + "/", modified_at)
        member.external_attr = _FOLDER_MODE << 16 | _MS_DOS_FOLDER
        member.CRC = 0
        self._archive.mkdir(member)

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
        """No more bytes for the file; without one, nothing."""
        if self._file is not None:
            self._file.close()
        self._file = None

    def finish(self) -> None:
        """Ends the archive with its directory: with 100 000 members the work of half a second."""
        self._archive.close()

    def take(self) -> list[Buffer]:
        """The bytes made since the last call, in pieces. Content is not copied."""
        return self._out.take()


def _member(name: str, modified_at: float) -> zipfile.ZipInfo:
    seconds = int(min(max(modified_at, _EARLIEST), _LATEST))
    moment = datetime.fromtimestamp(seconds, UTC)
    member = zipfile.ZipInfo(name, moment.timetuple()[:6])
    member.create_system = _MADE_BY_UNIX
    # "Extended timestamp": MS-DOS times know neither odd seconds nor a time zone.
    member.extra = struct.pack("<2sHBl", b"UT", 5, 1, seconds)
    return member


class _Outlet:
    """What `zipfile` takes for a file that can only be written to."""

    def __init__(self) -> None:
        self._pieces: list[Buffer] = []

    def write(self, content: Buffer) -> int:
        self._pieces.append(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Whoever takes the pieces closes where they go."""

    def take(self) -> list[Buffer]:
        pieces, self._pieces = self._pieces, []
        return pieces
