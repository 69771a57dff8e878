"""How many downloads run at once: all together, from one address, and for one reader.

A download that finds no place waits for one, but not for long: a page that asks for a hundred small
pictures at once gets them all, one after the other, and takes no more places than others leave to it.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass

from manager.errors import Overloaded

RETRY_AFTER_S = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadLimits:
    """How many downloads may run at once, and wait for that.

    Attributes:
        total: of everybody together.
        per_address: from one address.
        per_reader: of one user, or of those who have the same link.
        wait_s: seconds that one waits for a place.
        waiting: how many may wait, of everybody together.
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
    """Lets downloads begin."""

    def __init__(self, limits: DownloadLimits) -> None:
        self._limits = limits
        self._total = 0
        self._of_address: Counter[str] = Counter()
        self._of_reader: Counter[str] = Counter()
        self._waiting: dict[asyncio.Future[None], _Asker] = {}

    @contextlib.asynccontextmanager
    async def place(self, address: str, reader: str) -> AsyncIterator[None]:
        """One of the places for downloads, for the length of the context. Raises `Overloaded`."""
        asker = _Asker(address, reader)
        if self._has_place(asker):
            self._take(asker)
        else:
            await self._wait(asker)
        try:
            yield
        finally:
            self._give_back(asker)

    async def _wait(self, asker: _Asker) -> None:
        """Returns with a place taken."""
        if not self._may_wait(asker):
            raise _overloaded()
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[place] = asker
        try:
            async with asyncio.timeout(self._limits.wait_s):
                await place
        except BaseException as error:
            if place.done() and not place.cancelled():
                # It was given at the very moment at which the waiting ended.
                self._give_back(asker)
            if isinstance(error, TimeoutError):
                raise _overloaded() from error
            raise
        finally:
            self._waiting.pop(place, None)

    def _may_wait(self, asker: _Asker) -> bool:
        of_address = sum(each.address == asker.address for each in self._waiting.values())
        return (
            len(self._waiting) < self._limits.waiting
            and of_address < self._limits.waiting_per_address
        )

    def _has_place(self, asker: _Asker) -> bool:
        return (
            self._total < self._limits.total
            and self._of_address[asker.address] < self._limits.per_address
            and self._of_reader[asker.reader] < self._limits.per_reader
        )

    def _take(self, asker: _Asker) -> None:
        self._total += 1
        self._of_address[asker.address] += 1
        self._of_reader[asker.reader] += 1

    def _give_back(self, asker: _Asker) -> None:
        self._total -= 1
        _decrease(self._of_address, asker.address)
        _decrease(self._of_reader, asker.reader)
        self._admit_waiting()

    def _admit_waiting(self) -> None:
        """Gives free places to those who have waited longest, of those who may have one."""
        for place, asker in list(self._waiting.items()):
            if not place.done() and self._has_place(asker):
                self._take(asker)
                place.set_result(None)


def _decrease(counts: Counter[str], key: str) -> None:
    counts[key] -= 1
    if counts[key] == 0:
        # What was asked for once must not be remembered for ever.
        del counts[key]


def _overloaded() -> Overloaded:
    return Overloaded("downloads", retry_after_s=RETRY_AFTER_S)
