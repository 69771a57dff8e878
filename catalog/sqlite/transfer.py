"""Whole catalogs out of SQLite and into it."""

import json
import sqlite3
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager
from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec

from catalog.errors import CatalogNotEmpty, InvalidRecord
from catalog.sqlite.connections import Connections, Session
from catalog.sqlite.database import SqlitePart
from catalog.sqlite.statements import sql
from catalog.sqlite.upkeep import free_file_name
from catalog.transfer import BATCH_RECORDS
from catalog.transfer_records import (
    KINDS,
    Batch,
    Digest,
    FileRecord,
    KeyId,
    Sealed,
    SequenceRecord,
    TransferRecord,
    Uuid,
    kind_of,
)

_Conversion = tuple[Callable[[Any], object], Callable[[Any], object]]
"""From a column to a field, and back."""

_Row = dict[str, Any]

_UUID: Final[_Conversion] = (
    lambda column: str(UUID(bytes=column)),
    lambda field: UUID(field).bytes,
)
_DIGEST: Final[_Conversion] = (bytes.hex, bytes.fromhex)
_BOOL: Final[_Conversion] = (bool, int)
_JSON: Final[_Conversion] = (json.loads, json.dumps)

_CONVERSIONS: Final[Mapping[object, _Conversion]] = {
    Uuid: _UUID,
    Uuid | None: _UUID,
    Digest: _DIGEST,
    Digest | None: _DIGEST,
    KeyId: _DIGEST,
    Sealed: _DIGEST,
    Sealed | None: _DIGEST,
    bool: _BOOL,
}


class SqliteTransfer(SqlitePart):
    """`CatalogTransfer` on SQLite: each is one transaction, on a connection of its own."""

    @asynccontextmanager
    async def exporting(self) -> AsyncIterator[AsyncIterator[Batch]]:
        """All records as they stood together at one moment."""
        async with (
            self.database.connection(read_only=True) as connection,
            aclosing(_exported(connection)) as batches,
        ):
            yield batches

    @asynccontextmanager
    async def importing(self) -> AsyncIterator["_Sink"]:
        """Fills an empty catalog, all or nothing."""
        # Closing the connection rolls back what was not committed.
        async with self.database.connection(read_only=False) as connection:
            import_ = await connection.submit(_Import)
            yield _Sink(connection, import_)
            await connection.submit(lambda _: import_.commit())


class _Sink:
    """Hands records to the thread of the import."""

    def __init__(self, connection: Connections, import_: "_Import") -> None:
        self._connection = connection
        self._import = import_

    async def add(self, batch: Batch) -> None:
        """Inserts records of one kind."""
        await self._connection.submit(lambda _: self._import.add(batch))


class _Import:
    """Inserts records; foreign keys are checked and triggers count as they do otherwise.

    An export of an earlier release may have a file and a folder of one path. Such files are kept back
    until all others have their names, and are numbered then.
    """

    def __init__(self, session: Session) -> None:
        """Begins the transaction. Raises `CatalogNotEmpty`."""
        self._session = session
        self._paired: list[_Row] = []
        session.run("BEGIN IMMEDIATE")
        row = session.row(sql.is_empty)
        if row is None or not row["is_empty"]:
            raise CatalogNotEmpty("the catalog is not empty: import into a new one")
        # This becomes the catalog of other times, in which no manager has kept it.
        session.run(sql.drop_watches)
        session.run(sql.drop_sweeps)
        session.run(sql.forget_master_keys)
        session.run(sql.forget_signing_keys)
        session.run(sql.forget_service_credentials)

    def add(self, batch: Batch) -> None:
        """Inserts records of one kind."""
        kind = type(batch[0])
        rows = [_row_of(record) for record in batch]
        if kind is FileRecord:
            rows = self._without_paired(rows)
        else:
            self._place_paired_files()
        self._insert(kind, rows)

    def commit(self) -> None:
        """Ends the transaction. Raises `InvalidRecord` for an incomplete catalog."""
        self._place_paired_files()
        if self._session.row(sql.incomplete_object):
            raise InvalidRecord("content that is marked as stored lacks chunks")
        if self._session.row(sql.stray_in_trash):
            raise InvalidRecord("the trash has something in it that was not deleted")
        self._session.run(sql.mark_imported_folders)
        self._session.run(sql.mark_imported_files)
        self._session.run(sql.count_usage)
        self._session.run("COMMIT")

    def _place_paired_files(self) -> None:
        """Inserts what was kept back. Other records refer to it."""
        paired, self._paired = self._paired, []
        for row in paired:
            name = free_file_name(self._session, row["folder_id"], row["name"])
            self._insert(FileRecord, [{**row, "name": name}])

    def _without_paired(self, rows: list[_Row]) -> list[_Row]:
        places = [{key: row[key] for key in ("id", "folder_id", "name")} for row in rows]
        found = self._session.rows(sql.paired_files, files=json.dumps(places))
        paired = {row["id"] for row in found}
        self._paired += [row for row in rows if row["id"] in paired]
        return [row for row in rows if row["id"] not in paired]

    def _insert(self, kind: type[TransferRecord], rows: list[_Row]) -> None:
        self._session.run_many(sql[f"import_{kind_of(kind)}"], rows)
        if kind is SequenceRecord:
            self._session.run_many(sql.raise_sequence, rows)


async def _exported(connection: Connections) -> AsyncGenerator[Batch, None]:
    """Reads ahead no further than one batch, each in the thread of the export."""
    batches = await connection.submit(_batches)
    while (batch := await connection.submit(lambda _: next(batches, None))) is not None:
        yield batch


def _batches(session: Session) -> Iterator[Batch]:
    session.run("BEGIN")
    for kind in KINDS:
        for rows in session.batches(sql[f"export_{kind_of(kind)}"], size=BATCH_RECORDS):
            yield [_record_of(kind, row) for row in rows]


def _record_of(kind: type[TransferRecord], row: sqlite3.Row) -> TransferRecord:
    fields = dict(row)
    for name, (from_column, _) in _conversions(kind).items():
        if fields[name] is not None:
            fields[name] = from_column(fields[name])
    try:
        return msgspec.convert(fields, kind)
    except msgspec.ValidationError as error:
        raise InvalidRecord(f"the database has an invalid value: {error}") from error


def _row_of(record: TransferRecord) -> _Row:
    row = msgspec.structs.asdict(record)
    for name, (_, to_column) in _conversions(type(record)).items():
        if row[name] is not None:
            row[name] = to_column(row[name])
    return row


@cache
def _conversions(kind: type[TransferRecord]) -> dict[str, _Conversion]:
    found = {
        field.name: _CONVERSIONS[field.type]
        for field in msgspec.structs.fields(kind)
        if field.type in _CONVERSIONS
    }
    for name in {"created_folders", "origin", "group_ids"} & set(kind.__struct_fields__):
        found[name] = _JSON
    return found
