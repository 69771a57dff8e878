"""What becomes of a sealed chunk: a message on Discord, and a report to the manager that makes it count.

A post that has begun is never given up because its client hung up or its upload was aborted:
Discord may have the message already, and only the report tells the manager that it is there, as
content or as garbage. So every chunk is forwarded by a task of its own, and the request merely
watches. While Discord takes nothing the chunk waits, for as long as its upload lives.

No report is lost, whichever process stops or dies. Until the manager has answered for good, this
process alone knows that the message is there. An answer is for good once the catalog knows the
message, as content or as garbage; until then the report is sent again. The manager identifies a
report by the message that it names, so that a report which arrives twice does no harm.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from typing import Final
from weakref import WeakKeyDictionary

import structlog
from msgspec.structs import replace

from client_sdk.connection import Connection
from client_sdk.errors import ConnectionLost, ReplyTimeout, UnexpectedAnswer
from common.faults import FaultLog
from common.log_events import bound_ids
from common.retry import Backoff
from common.tasks import BackgroundTasks
from protocol.extensions import RESUME
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import ReportDeferred
from protocol.u2s import ChunkStored
from storage.discord.messages import ChunkAddress
from storage.errors import DiscordFull, RequestTooLarge, StorageError
from upload_service.chunk_receiver import SealedChunk
from upload_service.errors import Busy, ChunkError, NotStored, StorageFault, TooLargeForDiscord
from upload_service.metrics import Metrics
from upload_service.report_journal import ReportJournal

log = structlog.get_logger(__name__)

_LINK_LOST: Final = "the link to the manager was lost; what became of the upload is not known"
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
            log.error("report-answered-wrongly", reason=str(error))
        else:
            if isinstance(answer, Boolean):
                return answer
            if isinstance(answer, ReportDeferred) and answer.fault is not None:
                raise StorageFault(answer.fault)
        await backoff.wait()


class ReportQueue:
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

    async def deliver(self, report: ChunkStored, links: Iterable[Connection]) -> Boolean:
        """Send a report that was added, again and again until the manager has answered for good.

        Args:
            report: what to send.
            links: over which of them, best first; the next one is taken when one is lost.

        Returns:
            What the manager has answered for good.

        Raises:
            NotStored: if no link is left. One that comes up later takes the report over.
            StorageFault: if the manager cannot enter it until its operator acts. It is sent again,
                but no request needs to wait for that.
        """
        del self._undelivered[report.message_id]
        try:
            answer = None
            for link in links:
                with suppress(ConnectionLost):
                    async with self._turns.setdefault(link, asyncio.Semaphore(AT_ONCE)):
                        ask = partial(link.request, _readable_over(link, report), ReportDeferred)
                        answer = await answer_for_good(ask, self._backoff())
                        break
            if answer is None:
                log.info("report-kept", upload=report.upload_id, index=report.index)
                raise NotStored(_LINK_LOST)
        except BaseException:
            self._undelivered[report.message_id] = None
            self._note_change()
            raise
        self._journal.answered(report.message_id)
        if not self.unanswered:
            self._note_change()
        return answer

    async def flush(self, link: Connection) -> None:
        """Send what no task delivers, oldest first, until the link ends or this is cancelled."""
        backoff = self._backoff()
        while True:
            while self._undelivered:
                message_id = next(iter(self._undelivered))
                try:
                    await self.deliver(self._journal.reports[message_id], (link,))
                except NotStored:
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

    def _note_change(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()


NO_ROOM = "the server has no room left for files: its operator has to make some"


class Forwarder:
    """Stores sealed chunks and reports them.

    Args:
        reports: delivers the reports.
        metrics: what is counted.
    """

    def __init__(self, reports: ReportQueue, metrics: Metrics) -> None:
        self._reports = reports
        self._metrics = metrics
        self._storage_faults = FaultLog("no-room-for-chunks")
        # The request that waits answers with it, unless its client has hung up.
        self._tasks = BackgroundTasks(expected=ChunkError)

    def begin(self, chunk: SealedChunk) -> asyncio.Task[None]:
        """Begin to store and report a chunk, whatever becomes of the caller.

        Returns:
            A task to be awaited under `asyncio.shield`. It raises `ChunkError` if the chunk does not
            count as stored; the client may send it again.
        """
        with bound_ids(upload=chunk.upload.id):
            return self._tasks.spawn(self._forward(chunk), name=f"forward-{chunk.index}")

    async def drain(self, grace_s: float) -> None:
        """Wait for all chunks under way; what takes longer than `grace_s` seconds is given up."""
        await self._tasks.drain(grace_s)

    async def _forward(self, chunk: SealedChunk) -> None:
        upload = chunk.upload
        with self._metrics.forwarding.track_inprogress():
            try:
                self._reports.require_room()
                log.debug("chunk-received", index=chunk.index, size=chunk.size)
                report = _report_of(chunk, await self._post(chunk))
                self._reports.add(report)
                chunk.held.release()
                answer = await self._reports.deliver(report, upload.backend.links)
                upload.chunks.require_alive()
                if not answer.success:
                    raise NotStored(answer.message or "the manager did not take the chunk")
            except BaseException:
                upload.dropped(chunk.index)
                raise
            finally:
                chunk.held.release()
        log.debug("chunk-stored", index=chunk.index, size=chunk.size, message_id=report.message_id)
        self._metrics.chunk_stored(chunk.size)
        upload.stored(chunk.index, chunk.digest)

    async def _post(self, chunk: SealedChunk) -> ChunkAddress:
        """Post a chunk, and translate what Discord says against it. Raises `ChunkError`."""
        upload = chunk.upload
        try:
            address = await upload.backend.store(chunk.content, upload.finished)
        except RequestTooLarge as error:
            # The size of chunks is fixed for the whole upload, so sending again can never help.
            refusal = TooLargeForDiscord(len(chunk.content))
            log.error("chunks-too-large", upload=str(upload.id), stored_size=len(chunk.content))
            upload.end(str(refusal))
            raise refusal from error
        except DiscordFull as error:
            self._storage_faults.met(str(error))
            raise StorageFault(NO_ROOM) from error
        except StorageError as error:
            upload.chunks.require_alive()
            log.warning("chunk-refused", code=error.code, upload=str(upload.id))
            raise NotStored(f"Discord did not take the chunk ({error.code})") from error
        self._storage_faults.works()
        return address


def _readable_over(link: Connection, report: ChunkStored) -> ChunkStored:
    """The report without what the manager at the other end would refuse as unknown."""
    return report if RESUME in link.granted else replace(report, type=None)


def _report_of(chunk: SealedChunk, address: ChunkAddress) -> ChunkStored:
    upload = chunk.upload
    has_type = upload.spec.reports_type and chunk.index == 0
    return ChunkStored(
        upload_id=str(upload.id),
        index=chunk.index,
        message_id=str(address.message_id),
        channel_id=str(address.channel_id),
        webhook_id=str(address.webhook_id),
        attachment_id=None if address.attachment_id is None else str(address.attachment_id),
        offset=address.offset,
        stored_size=address.stored_size,
        size=chunk.size,
        digest=chunk.digest.hex(),
        type=upload.mime_type if has_type else None,
    )
