"""The part of the port that takes a whole catalog out of a database, and puts one into it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from catalog.transfer_records import TransferRecord

Batch = Sequence[TransferRecord]
"""Some records of one kind."""


class RecordSink(Protocol):
    """Takes the records of an import."""

    async def add(self, batch: Batch) -> None:
        """Takes records of one kind. Kinds come in the order of `transfer_records.KINDS`.

        Raises `InvalidRecord` when they contradict one another or themselves, now or at the end.
        """


class CatalogTransfer(Protocol):
    """Export and import. Memory does not grow with the catalog."""

    def exporting(self) -> AbstractAsyncContextManager[AsyncIterator[Batch]]:
        """All records as they stood together at one moment, whatever is written meanwhile.

        Kinds come in the order of `transfer_records.KINDS`, folders after those they lie in, all
        else by key, so that the same catalog always gives the same sequence.
        """

    def importing(self) -> AbstractAsyncContextManager[RecordSink]:
        """Fills an empty catalog, all or nothing.

        The records are there once the context has been left without an error; until then, and after
        an error, nobody sees any of them. What is counted (entries of folders, totals, references)
        is counted anew.

        Raises:
            CatalogNotEmpty: There is something in the catalog; on entering or on leaving.
            InvalidRecord: A record refers to something that is not there, two have one key, or
                content that is stored lacks chunks.
        """
