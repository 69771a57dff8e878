"""Whole catalogs out of Supabase and into it.

The functions of `supabase/migrations/*_transfer.sql` stage the records, since each call is a
transaction of its own: a staged export does not change while it is read, and a staged import is not
visible before it is complete.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any
from uuid import uuid4

import msgspec

from catalog.errors import CatalogUnavailable, InvalidRecord
from catalog.supabase.client import Functions, SupabasePart
from catalog.transfer import BATCH_RECORDS
from catalog.transfer_records import RANKS, Batch, TransferRecord
from common.tasks import settled


class SupabaseTransfer(SupabasePart):
    """`CatalogTransfer` on Supabase."""

    @asynccontextmanager
    async def exporting(self) -> AsyncIterator[AsyncIterator[Batch]]:
        """All records as they stood together at one moment."""
        async with _transfer(self._functions) as transfer_id:
            await self._functions.write("begin_export", id=transfer_id)
            async with aclosing(_batches(self._functions, transfer_id)) as batches:
                yield batches

    @asynccontextmanager
    async def importing(self) -> AsyncIterator["_Sink"]:
        """Fills an empty catalog, all or nothing."""
        async with _transfer(self._functions) as transfer_id:
            await self._functions.write("begin_import", id=transfer_id)
            sink = _Sink(self._functions, transfer_id)
            yield sink
            await self._functions.write("finish_import", id=transfer_id, count=sink.count)


class _Sink:
    """Stages records. They are looked at when all are there."""

    def __init__(self, functions: Functions, transfer_id: str) -> None:
        self._functions = functions
        self._transfer_id = transfer_id
        self.count = 0

    async def add(self, batch: Batch) -> None:
        """Stages records of one kind."""
        await self._functions.write(
            "stage_records",
            id=self._transfer_id,
            rank=RANKS[type(batch[0])],
            first=self.count,
            records=msgspec.to_builtins(batch),
        )
        self.count += len(batch)


@asynccontextmanager
async def _transfer(functions: Functions) -> AsyncIterator[str]:
    """The id of a transfer, whose records are thrown away at the end."""
    transfer_id = str(uuid4())
    try:
        yield transfer_id
    finally:
        # The catalog does not use what stays behind, and the database deletes it a day later.
        with suppress(CatalogUnavailable):
            await settled(functions.write("end_transfer", id=transfer_id))


async def _batches(functions: Functions, transfer_id: str) -> AsyncGenerator[Batch, None]:
    for kind, rank in RANKS.items():
        last = -1
        while True:
            page = await functions.read(
                "export_page", id=transfer_id, rank=rank, number=last, limit=BATCH_RECORDS
            )
            if not page["records"]:
                break
            yield _records_of(kind, page["records"])
            last = page["last"]


def _records_of(kind: type[TransferRecord], rows: Sequence[Any]) -> list[TransferRecord]:
    try:
        return [msgspec.convert(row, kind) for row in rows]
    except msgspec.ValidationError as error:
        raise InvalidRecord(f"the database has an invalid value: {error}") from error
