"""Whole catalogs to files and back, in memory that does not grow with them.

An export is JSON lines: a header, a line per record, and a footer with their number and hash. The lines
are a function of the catalog alone: no time and no name of a program is in them. So two exports can be
compared byte by byte, whichever databases they come from.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO, Final, Union

import msgspec

from catalog.errors import ExportDamaged
from catalog.transfer_records import KINDS, RANKS, Batch, CatalogTransfer, TransferRecord, kind_of
from common.tasks import settled

FORMAT: Final = "discord-cloud catalog"
VERSION: Final = 2
"""What is written. Version 1 has neither master keys nor signing keys, and is read as well."""
BATCH_RECORDS: Final = 2000
BATCH_BYTES: Final = 1024 * 1024
"""About where a batch that is read ends, however few records it has."""
MAX_LINE_BYTES: Final = 64 * 1024 * 1024

Counts = dict[str, int]
"""Number of records by kind; kinds without records are left out."""


class Header(msgspec.Struct, frozen=True, tag_field="kind", tag="header"):
    """The first line."""

    format: str
    version: int


class Footer(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind", tag="footer"
):
    """The last line. `sha256` is that of all lines before it, ends of lines included."""

    counts: Counts
    sha256: str


_encoder = msgspec.json.Encoder()
_headers = msgspec.json.Decoder(Header)
_lines: msgspec.json.Decoder[TransferRecord | Footer] = msgspec.json.Decoder(
    Union[(*KINDS, Footer)]  # a tuple cannot be joined otherwise
)


class ExportWriter:
    """Writes one export. `finish` makes it complete: what ends without is refused."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._counts: Counter[str] = Counter()
        self._write(_encoder.encode(Header(FORMAT, VERSION)) + b"\n")

    def add(self, batch: Batch) -> None:
        """Writes records, which are of one kind."""
        if batch:
            self._counts[kind_of(type(batch[0]))] += len(batch)
            self._write(_encoder.encode_lines(batch))

    def finish(self) -> Counts:
        """Writes the footer. Answers what was written."""
        counts = dict(self._counts)
        footer = Footer(counts=counts, sha256=self._hash.hexdigest())
        self._file.write(_encoder.encode(footer) + b"\n")
        self._file.flush()
        return counts

    def _write(self, lines: bytes) -> None:
        self._hash.update(lines)
        self._file.write(lines)


class ExportReader:
    """Reads one export. Only one that was read to the end without an error is what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._hash = hashlib.sha256()
        self._line_number = 0
        self.counts: Counter[str] = Counter()

    def batches(self) -> Iterator[Batch]:
        """The records, in batches of one kind each.

        Raises:
            ExportDamaged: Now or at the end; the text says which line is wrong.
        """
        self._read_header()
        batch: list[TransferRecord] = []
        size = 0
        for record, length in self._records():
            if batch and (type(record) is not type(batch[0]) or _is_full(batch, size)):
                yield self._counted(batch)
                batch, size = [], 0
            batch.append(record)
            size += length
        if batch:
            yield self._counted(batch)

    def _read_header(self) -> None:
        line = self._read_line()
        try:
            header = _headers.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise ExportDamaged("this is no export of a catalog: line 1 is no header") from error
        if header.format != FORMAT:
            raise ExportDamaged("this is an export, but not of a catalog")
        if not 1 <= header.version <= VERSION:
            raise ExportDamaged(
                f"this export has version {header.version}, this release reads up to {VERSION}: "
                "import it with the release that wrote it"
            )
        self._hash.update(line)

    def _records(self) -> Iterator[tuple[TransferRecord, int]]:
        """The records with the lengths of their lines, then checks the footer."""
        rank, seen = 0, Counter[str]()
        while True:
            line = self._read_line()
            record = self._decoded(line)
            if isinstance(record, Footer):
                self._check(record, seen)
                return
            self._hash.update(line)
            kind = type(record)
            if RANKS[kind] < rank:
                raise self._damaged("the kinds of records are not in their order")
            rank = RANKS[kind]
            seen[kind_of(kind)] += 1
            yield record, len(line)

    def _read_line(self) -> bytes:
        line = self._file.readline(MAX_LINE_BYTES)
        self._line_number += 1
        if not line.endswith(b"\n"):
            raise self._damaged("the file ends too early: it has been cut off")
        return line

    def _decoded(self, line: bytes) -> TransferRecord | Footer:
        try:
            return _lines.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            # The decoder's text names fields and rules, never values.
            raise self._damaged(f"it is no record ({error})") from error

    def _check(self, footer: Footer, seen: Counter[str]) -> None:
        if footer.counts != seen:
            raise self._damaged("there are more or fewer records than the footer says")
        if footer.sha256 != self._hash.hexdigest():
            raise self._damaged("the lines are not those that were written (their hash is wrong)")
        if self._file.read(1):
            raise ExportDamaged("something follows the footer")

    def _counted(self, batch: list[TransferRecord]) -> Batch:
        self.counts[kind_of(type(batch[0]))] += len(batch)
        return batch

    def _damaged(self, what: str) -> ExportDamaged:
        return ExportDamaged(f"line {self._line_number}: {what}")


def _is_full(batch: list[TransferRecord], size: int) -> bool:
    return len(batch) >= BATCH_RECORDS or size >= BATCH_BYTES


async def export_catalog(catalog: CatalogTransfer, file: BinaryIO) -> Counts:
    """Writes everything to a file. Answers the number of records by kind.

    Raises:
        OSError: The file cannot be written.
        CatalogUnavailable: The catalog cannot be read.
    """
    async with catalog.exporting() as batches:
        writer = ExportWriter(file)
        async for batch in batches:
            await settled(asyncio.to_thread(writer.add, batch))
    return await asyncio.to_thread(writer.finish)


async def import_catalog(catalog: CatalogTransfer, file: BinaryIO) -> Counts:
    """Fills an empty catalog from a file. Answers the number of records by kind.

    After an error the catalog is as empty as before.

    Raises:
        OSError: The file cannot be read.
        ExportDamaged: It is not what was written.
        CatalogNotEmpty: There is something in the catalog.
        InvalidRecord: The records contradict one another.
        CatalogUnavailable: The catalog cannot be written.
    """
    reader = ExportReader(file)
    batches = reader.batches()
    async with catalog.importing() as sink:
        while batch := await settled(asyncio.to_thread(next, batches, None)):
            await sink.add(batch)
    return dict(reader.counts)
