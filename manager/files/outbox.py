"""Changes of all managers, in one order: each manager reads them from the catalog, and announces them itself.

The catalog numbers every change within the transaction that makes it, and keeps what the change was. Each
manager knows the number up to which it has announced changes. Messages between the managers only say that
there is more, and bring what the sender has just read, so that usually one manager reads a change and the
others need not. What does not come, or comes out of turn, is read from the catalog: after any message that
does not join on, after each change of this manager's own, and every two seconds in any case.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from catalog.change_port import ChangeLog, ChangePage, RecordedChange
from catalog.errors import CatalogError
from common.retry import Backoff
from common.tasks import first_of
from manager.cluster.errors import ClusterError
from manager.cluster.messages import MAX_MESSAGE_BYTES, ClusterMessage
from manager.cluster.port import Cluster
from manager.error_texts import log_level

POLL_S: Final = 2.0
"""Seconds between two looks at the catalog when no message comes."""
PAGE: Final = 200
"""Changes that are read at once."""
HISTORY_S: Final = 3000.0
"""Seconds for which the catalog keeps changes, a little less than it does."""
_SUBJECT: Final = "changes"
_ROOM: Final = 1024
"""Bytes of a message beside the page."""

log = structlog.get_logger(__name__)


class ChangesMade(ClusterMessage, frozen=True, kw_only=True):
    """There are changes up to this number.

    Attributes:
        last: The number.
        page: The last of them as `ChangeLog.page_of` reads them; empty: they are too many.
    """

    last: int
    page: bytes = b""


class ChangeFollower:
    """Hands on every change once, in the order of the numbers.

    Args:
        changes: Where they are read.
        cluster: The other managers.
        apply: Takes successive changes.
        lost_track: Called when changes may have been missed, since the catalog was away for too long.
        monotonic: Seconds that never jump.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        changes: ChangeLog,
        cluster: Cluster,
        apply: Callable[[Sequence[RecordedChange]], None],
        lost_track: Callable[[], None],
        *,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._changes = changes
        self._cluster = cluster
        self._apply = apply
        self._lost_track = lost_track
        self._monotonic = monotonic
        self._sleep = sleep
        self._position = 0
        self._read_at = 0.0
        self._woken = asyncio.Event()
        self._is_rung = False
        self._waiting: list[asyncio.Future[None]] = []

    @property
    def position(self) -> int:
        """The number up to which all changes were handed on."""
        return self._position

    async def start(self) -> None:
        """Begins after the last change. Before any client is connected. Raises `CatalogUnavailable`."""
        self._position = await self._changes.last_change()
        self._read_at = self._monotonic()
        await self._cluster.subscribe(_SUBJECT, ChangesMade, self._heard)
        self._cluster.watch_connection(self._woken.set, lambda: None)

    def ring(self) -> None:
        """This manager may have made a change: it is read, and the others hear of it."""
        self._is_rung = True
        self._woken.set()

    async def caught_up(self) -> None:
        """Returns when all changes up to now were handed on, or the catalog could not be read."""
        done = asyncio.get_running_loop().create_future()
        self._waiting.append(done)
        self._woken.set()
        await done

    async def reached(self, number: int) -> None:
        """Returns when the change with that number was handed on."""
        while self._position < number:
            await self.caught_up()

    async def run(self) -> None:
        """Follows the catalog, until cancelled."""
        backoff = Backoff(first_s=0.2, cap_s=POLL_S, sleep=self._sleep)
        while True:
            await self._wait()
            if await self._follow():
                backoff.reset()
            else:
                await backoff.wait()

    async def _follow(self) -> bool:
        """Reads once. False: the catalog is away."""
        waiting, self._waiting = self._waiting, []
        is_rung, self._is_rung = self._is_rung, False
        try:
            await self._read(announces=is_rung)
            return True
        except CatalogError as error:
            self._is_rung |= is_rung
            self._woken.set()
            log.log(log_level(error), "changes-not-read", code=error.code)
            return False
        finally:
            for each in waiting:
                if not each.done():
                    each.set_result(None)

    async def _wait(self) -> None:
        await first_of(self._sleep(POLL_S), self._woken.wait())
        self._woken.clear()

    async def _read(self, *, announces: bool) -> None:
        has_more = True
        while has_more:
            page = await self._changes.changes_after(self._position, limit=PAGE)
            if announces and page.changes:
                await self._announce(page)
            has_more = page.has_more
            self._note_reading()
            self._take(page)

    async def _announce(self, page: ChangePage) -> None:
        raw = page.raw if len(page.raw) <= MAX_MESSAGE_BYTES - _ROOM else b""
        try:
            await self._cluster.publish(_SUBJECT, ChangesMade(last=page.last, page=raw))
        except ClusterError as error:
            # The others read it by themselves soon.
            log.debug("changes-not-announced", code=error.code)

    def _note_reading(self) -> None:
        now = self._monotonic()
        if now - self._read_at > HISTORY_S:
            log.warning("changes-missed", seconds=round(now - self._read_at))
            self._lost_track()
        self._read_at = now

    async def _heard(self, message: ChangesMade) -> None:
        if message.last <= self._position:
            return
        try:
            page = self._changes.page_of(message.page)
        except ValueError:
            self._woken.set()
            return
        if page.after > self._position:
            self._woken.set()
        else:
            self._take(page)

    def _take(self, page: ChangePage) -> None:
        changes = [each for each in page.changes if each.sequence > self._position]
        self._position = max(self._position, page.last)
        if changes:
            self._apply(changes)
