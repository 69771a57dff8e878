"""How many downloads run at once: all together, from one address, and for one reader.

A download over the limits waits, but not for long: a page that asks for a hundred small pictures at once
gets them all, one after the other, and takes no more of the limits than others leave to it.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from reading.errors import TooManyDownloads

RETRY_AFTER_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """How many downloads may run at once, and wait for that.

    Attributes:
        total: of all clients together.
        per_address: from one address.
        per_reader: of one user, or of those who have the same link.
        wait_s: seconds for which one waits.
        waiting: how many may wait, of all clients together.
        waiting_per_address: how many of one address may wait.
    """

    total: int
    per_address: int
    per_reader: int
    wait_s: float
    waiting: int = 512
    waiting_per_address: int = 128


@dataclass(frozen=True, slots=True)
class _Asker:
    address: str
    reader: str


class DownloadAdmission:
    """Admits downloads within the limits."""

    def __init__(self, limits: DownloadLimits) -> None:
        self._limits = limits
        self._total = 0
        self._of_address: Counter[str] = Counter()
        self._of_reader: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[None], _Asker] = {}

    @contextlib.asynccontextmanager
    async def admitted(self, address: str, reader: str) -> AsyncIterator[None]:
        """Admits a download for the length of the context, after a wait if necessary.

        Raises `TooManyDownloads`.
        """
        asker = _Asker(address, reader)
        if self._is_within_limits(asker):
            self._take(asker)
        else:
            await self._wait(asker)
        try:
            yield
        finally:
            self._end(asker)

    async def _wait(self, asker: _Asker) -> None:
        """Returns once the download is admitted."""
        if not self._may_wait(asker):
            raise _too_many()
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[turn] = asker
        try:
            async with asyncio.timeout(self._limits.wait_s):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                # It was admitted at the very moment at which the waiting ended.
                self._end(asker)
            if isinstance(error, TimeoutError):
                raise _too_many() from error
            raise
        finally:
            self._waiting.pop(turn, None)

    def _may_wait(self, asker: _Asker) -> bool:
        of_address = sum(each.address == asker.address for each in self._waiting.values())
        return (
            len(self._waiting) < self._limits.waiting
            and of_address < self._limits.waiting_per_address
        )

    def _is_within_limits(self, asker: _Asker) -> bool:
        return (
            self._total < self._limits.total
            and self._of_address[asker.address] < self._limits.per_address
            and self._of_reader[asker.reader] < self._limits.per_reader
        )

    def _take(self, asker: _Asker) -> None:
        self._total += 1
        self._of_address[asker.address] += 1
        self._of_reader[asker.reader] += 1

    def _end(self, asker: _Asker) -> None:
        self._total -= 1
        _decrease(self._of_address, asker.address)
        _decrease(self._of_reader, asker.reader)
        self._admit_waiting()

    def _admit_waiting(self) -> None:
        """Admits those that have waited longest, of those within the limits."""
        for turn, asker in list(self._waiting.items()):
            if not turn.done() and self._is_within_limits(asker):
                self._take(asker)
                turn.set_result(None)


def _decrease(counts: Counter[str], key: str) -> None:
    counts[key] -= 1
    if counts[key] == 0:
        # What was asked for once must not be remembered for ever.
        del counts[key]


def _too_many() -> TooManyDownloads:
    return TooManyDownloads(retry_after_s=RETRY_AFTER_S)
