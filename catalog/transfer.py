"""Whole catalogs to files and back, in memory that does not grow with them."""

import asyncio
from typing import BinaryIO

from catalog.transfer_format import Counts, ExportReader, ExportWriter
from catalog.transfer_port import CatalogTransfer
from common.tasks import settled


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
