"""Reports of stored chunks on their way to the manager. None is lost, whoever stops or dies.

Until the manager has answered for good, this process alone knows that the message is there. An
answer is for good once the catalog knows the message, as content or as garbage; until then the
report is sent again. The manager knows a report by the message that it names, so that one which it
hears of twice does no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final
from weakref import WeakKeyDictionary

import structlog

from client_sdk.backoff import Backoff
from client_sdk.connection import Connection
from client_sdk.errors import ConnectionLost, ReplyTimeout, UnexpectedAnswer
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import ReportDeferred
from protocol.u2s import ChunkStored
from upload_service.errors import Busy, NotStored, StorageFault
from upload_service.report_journal import ReportJournal

log = structlog.get_logger(__name__)

AT_ONCE: Final = 32
"""Reports that are sent over one link at the same time: fewer than the manager handles of one peer,
so that each is handled at once, and answered in time."""


async def answer_for_good(ask: Callable[[], Awaitable[Packet]], backoff: Backoff) -> Boolean:
    """Ask the manager again and again until it says yes or no.

    Args:
        ask: sends the packet and waits for the answer.
        backoff: makes the delays after the manager has said that it cannot do it now.

    Raises:
        ConnectionLost: the link has ended.
        StorageFault: the manager cannot do it until its operator acts.
    """
    while True:
        try:
            answer = await ask()
        except ReplyTimeout as error:
            log.warning("report-unanswered", packet=error.packet_id)
            continue
        except UnexpectedAnswer as error:
            log.error("report-answered-wrongly", problem=str(error))
        else:
            if isinstance(answer, Boolean):
                return answer
            if isinstance(answer, ReportDeferred) and answer.fault is not None:
                raise StorageFault(answer.fault)
        await backoff.wait()


class Reports:
    """Delivers reports. What no task delivers is taken by the next link that has time for it.

    Args:
        journal: keeps them until they are answered.
        backoff: makes the delays between attempts over the same link.
    """

    def __init__(self, journal: ReportJournal, backoff: Callable[[], Backoff]) -> None:
        self._journal = journal
        self._backoff = backoff
        # Ids of messages, oldest first.
        self._undelivered: dict[str, None] = {}
        self._turns: WeakKeyDictionary[Connection, asyncio.Semaphore] = WeakKeyDictionary()
        self._changed = asyncio.Event()

    @property
    def unanswered(self) -> int:
        """How many reports the manager has not answered for good."""
        return len(self._journal.reports)

    @contextmanager
    def kept_on_disk(self) -> Iterator[None]:
        """Keep reports on disk for the length of the context, and deliver what was left there.

        Raises:
            OSError: the folder cannot be made or written.
        """
        with self._journal.opened():
            self._undelivered.update(dict.fromkeys(self._journal.reports))
            yield

    def require_room(self) -> None:
        """Check that one more report can be kept.

        Raises:
            Busy: if very many wait for the manager already.
        """
        if self._journal.is_full:
            raise Busy("the manager does not take note of chunks at the moment: try again later")

    def add(self, report: ChunkStored) -> None:
        """Keep a report, which is to be delivered next."""
        self._journal.add(report)
        self._undelivered[report.message_id] = None

    async def deliver(self, link: Connection | None, report: ChunkStored) -> Boolean:
        """Send a report that was added, again and again as long as the link lives.

        Returns:
            What the manager has answered for good.

        Raises:
            NotStored: if there is no link. Another one takes the report over.
            StorageFault: if the manager cannot enter it until its operator acts. It is sent again,
                but nobody needs to wait for that.
        """
        try:
            if link is not None:
                return await self._carry(link, report)
            self._note_change()
        except ConnectionLost:
            log.info("report-kept", upload=report.upload_id, index=report.index)
        raise NotStored("the link to the manager was lost; what became of the upload is not known")

    async def flush(self, link: Connection) -> None:
        """Send what nobody else delivers, oldest first, until the link ends or this is cancelled."""
        backoff = self._backoff()
        while True:
            while self._undelivered:
                message_id = next(iter(self._undelivered))
                try:
                    await self._carry(link, self._journal.reports[message_id])
                except ConnectionLost:
                    return
                except StorageFault:
                    await backoff.wait()
                else:
                    backoff.reset()
            await self._changed.wait()

    async def all_answered(self) -> None:
        """Wait until the manager has answered everything for good."""
        while self.unanswered:
            await self._changed.wait()

    async def _carry(self, link: Connection, report: ChunkStored) -> Boolean:
        del self._undelivered[report.message_id]
        try:
            async with self._turns.setdefault(link, asyncio.Semaphore(AT_ONCE)):
                answer = await answer_for_good(
                    lambda: link.request(report, ReportDeferred), self._backoff()
                )
        except BaseException:
            self._undelivered[report.message_id] = None
            self._note_change()
            raise
        self._journal.answered(report.message_id)
        if not self.unanswered:
            self._note_change()
        return answer

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
