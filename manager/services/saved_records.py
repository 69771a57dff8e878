"""Keeps what the manager learns while it runs in the catalog, so that it outlives the process."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Generic, TypeVar

import structlog

from catalog.errors import CatalogError
from common.retry import Backoff
from common.tasks import first_of
from manager.error_texts import log_level

log = structlog.get_logger(__name__)

SAVE_WITHIN_S = 2.0
"""Seconds for which a stop waits for an unavailable catalog."""

_Record = TypeVar("_Record")


class SavedRecords(ABC, Generic[_Record]):
    """Base of what has records of one kind, which are written into the catalog in the background.

    Subclasses change their records at once, and call `_note_change`. While the catalog is unavailable the
    records wait; what could not be written before the process ends, the next one has to learn anew.

    Args:
        kind: What the records are, in the log.
        new_backoff: Makes the delays while the catalog is unavailable.
    """

    def __init__(self, kind: str, new_backoff: Callable[[], Backoff]) -> None:
        self._kind = kind
        self._new_backoff = new_backoff
        self._saved: dict[int, _Record] = {}
        self._changed = asyncio.Event()
        self._writing = asyncio.Lock()
        self._tell_others: Callable[[], None] = lambda: None

    @abstractmethod
    async def _read(self) -> Mapping[int, _Record]:
        """All records in the catalog, by what identifies them. Raises `CatalogError`."""

    @abstractmethod
    async def _put(self, record: _Record) -> None:
        """Writes a record into the catalog. Raises `CatalogError`."""

    @abstractmethod
    def _current(self) -> Mapping[int, _Record]:
        """All records as they are now."""

    @abstractmethod
    def _restored(self, records: Mapping[int, _Record]) -> None:
        """These are the records from now on."""

    async def restore(self) -> None:
        """Restores what an earlier process has written, as soon as the catalog is available."""
        backoff = self._new_backoff()
        while True:
            try:
                records = await self._read()
            except CatalogError as error:
                log.warning("records-not-known-yet", kind=self._kind, code=error.code)
                await backoff.wait()
            else:
                self._saved = dict(records)
                self._restored(records)
                return

    @abstractmethod
    async def _adopt(self, changed: Sequence[_Record], gone: Sequence[_Record]) -> None:
        """Another manager has written these records, and removed those. Raises `CatalogError`."""

    async def refresh(self) -> None:
        """Takes over what other managers have written. Raises `CatalogError`.

        A record that this manager has changed and not written yet stays as it is.
        """
        async with self._writing:
            written, current = await self._read(), dict(self._current())
            unwritten = {key for key in current if current[key] != self._saved.get(key)}
            changed = {
                key: record
                for key, record in written.items()
                if key not in unwritten and record != current.get(key)
            }
            gone = [key for key in self._saved if key not in written and key not in unwritten]
            removed = [self._saved.pop(key) for key in gone]
            self._saved.update(changed)
            await self._adopt(list(changed.values()), removed)

    def tell_others_by(self, tell: Callable[[], None]) -> None:
        """Calls this whenever something was written, for other managers."""
        self._tell_others = tell

    def _note_change(self) -> None:
        self._changed.set()

    async def run(self) -> None:
        """Writes what is new, until cancelled."""
        backoff = self._new_backoff()
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self._save()
                backoff.reset()
            except CatalogError as error:
                log.warning("records-not-saved-yet", kind=self._kind, code=error.code)
                self._changed.set()
                await backoff.wait()

    async def save_at_last(self) -> None:
        """Writes what is new at a stop; the next process learns what cannot be written in time."""
        try:
            async with asyncio.timeout(SAVE_WITHIN_S):
                await self._save()
        except (CatalogError, TimeoutError):
            log.warning("records-not-saved", kind=self._kind)

    @asynccontextmanager
    async def _removing(self, key: int) -> AsyncIterator[None]:
        """Writes nothing while the caller removes a record from the catalog and from the current ones."""
        async with self._writing:
            yield
            self._saved.pop(key, None)
            self._tell_others()

    async def _save(self) -> None:
        async with self._writing:
            for key, record in tuple(self._current().items()):
                if self._saved.get(key) != record:
                    await self._put(record)
                    self._saved[key] = record
                    self._tell_others()


class SharedRecords:
    """Takes over what other managers write.

    Args:
        keepers: Of the records.
        interval_s: Seconds between two looks; None: there is no other manager.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        keepers: Sequence[SavedRecords[Any]],
        *,
        interval_s: float | None = None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._keepers = keepers
        self._interval_s = interval_s
        self._sleep = sleep
        self._woken = asyncio.Event()

    def look_soon(self) -> None:
        """Another manager has written something."""
        self._woken.set()

    async def run(self) -> None:
        """Looks now and then, until cancelled; returns at once when there is no other manager."""
        while self._interval_s is not None:
            await first_of(self._sleep(self._interval_s), self._woken.wait())
            self._woken.clear()
            for keeper in self._keepers:
                try:
                    await keeper.refresh()
                except CatalogError as error:
                    log.log(log_level(error), "records-not-read", code=error.code)
