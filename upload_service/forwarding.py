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
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import chain, islice
from typing import Final, TypeVar
from weakref import WeakKeyDictionary

import structlog
from msgspec.structs import replace

from client_sdk.connection import Connection
from client_sdk.errors import ConnectionLost, ReplyTimeout, UnexpectedAnswer
from common.faults import FaultLog
from common.log_events import bound_ids
from common.retry import Backoff
from common.tasks import BackgroundTasks
from protocol.extensions import MESSAGES, RESUME
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import MessageEntered, ReportDeferred
from protocol.u2s import MessageStored
from storage.discord.messages import ChunkAddress
from storage.errors import DiscordFull, RequestTooLarge, StorageError
from storage.outgoing import FileSender
from upload_service.errors import Busy, ChunkError, NotStored, StorageFault, TooLargeForDiscord
from upload_service.metrics import Metrics
from upload_service.parcels import Parcel, ParcelChunk, report_of
from upload_service.report_codec import single_reports
from upload_service.report_journal import ReportJournal

log = structlog.get_logger(__name__)

_LINK_LOST: Final = "the link to the manager was lost; what became of the upload is not known"
AT_ONCE: Final = 32
"""Reports that are sent over one link at the same time: fewer than the manager handles of one peer,
so that each is handled at once, and answered in time."""


_Answer = TypeVar("_Answer", bound=Packet)


async def answer_for_good(
    ask: Callable[[], Awaitable[_Answer | ReportDeferred]], backoff: Backoff
) -> _Answer:
    """Ask the manager again and again until it answers with something else than "later".

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
            if not isinstance(answer, ReportDeferred):
                return answer
            if answer.fault is not None:
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

    def add(self, report: MessageStored) -> None:
        """Keep a report, which the caller is to deliver."""
        self._journal.add(report)

    async def deliver(self, report: MessageStored, links: Iterable[Connection]) -> MessageEntered:
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
        self._undelivered.pop(report.message_id, None)
        try:
            answer = None
            for link in links:
                with suppress(ConnectionLost):
                    async with self._turns.setdefault(link, asyncio.Semaphore(AT_ONCE)):
                        answer = await self._entered(link, report)
                        break
            if answer is None:
                log.info("report-kept", message_id=report.message_id)
                raise NotStored(_LINK_LOST)
        except BaseException:
            self._undelivered[report.message_id] = None
            self._note_change()
            raise
        self._journal.answered(report.message_id)
        if not self.unanswered:
            self._note_change()
        return answer

    async def _entered(self, link: Connection, report: MessageStored) -> MessageEntered:
        """Report a message over one link, as the manager at its other end can read it."""
        if MESSAGES in link.granted:
            return await answer_for_good(partial(_ask, link, report), self._backoff())
        return await self._entered_one_by_one(link, report)

    async def _entered_one_by_one(self, link: Connection, report: MessageStored) -> MessageEntered:
        """Report each chunk by itself, and without what that manager would refuse as unknown."""
        answers: dict[tuple[str, int], Boolean] = {}
        for single in single_reports(report):
            packet = single if RESUME in link.granted else replace(single, type=None)
            ask = partial(link.request, packet, ReportDeferred)
            answers[single.upload_id, single.index] = await answer_for_good(ask, self._backoff())
        ordered = [answers.get((one.upload_id, one.index), _UNREADABLE) for one in report.chunks]
        refusals = (answer.message for answer in ordered if not answer.success)
        return MessageEntered(
            accepted=tuple(answer.success for answer in ordered), reason=next(refusals, None)
        )

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


async def _ask(link: Connection, report: MessageStored) -> MessageEntered | ReportDeferred:
    answer = await link.request(report, MessageEntered, ReportDeferred)
    count = len(report.chunks)
    if isinstance(answer, Boolean):
        return MessageEntered(accepted=(answer.success,) * count, reason=answer.message)
    if isinstance(answer, MessageEntered) and len(answer.accepted) == count:
        return answer
    if isinstance(answer, ReportDeferred):
        return answer
    raise UnexpectedAnswer(f"{report.id} was answered for another number of chunks")


NO_ROOM = "the server has no room left for files: its operator has to make some"
_UNREADABLE: Final = Boolean(success=False, message="the manager is too old to read such a chunk")


@dataclass(slots=True, eq=False)
class _Forwarding:
    """A parcel on its way.

    Attributes:
        entered: resolved with what the manager has answered about each of its chunks, once it is posted.
    """

    parcel: Parcel
    entered: asyncio.Future[MessageEntered] | None = None


class Forwarder:
    """Stores parcels of sealed chunks and reports them, a message with all parcels in it at a time.

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

    def begin(self, parcel: Parcel) -> asyncio.Task[tuple[ChunkError | None, ...]]:
        """Begin to store and report a parcel, whatever becomes of the caller.

        Returns:
            A task to be awaited under `asyncio.shield`. It gives for each chunk of the parcel None, or
            why it does not count as stored; the client may send it again. When none of them does, the
            task raises that `ChunkError` of the first one.
        """
        first = parcel.chunks[0]
        with bound_ids(upload=first.upload.id):
            return self._tasks.spawn(self._forward(parcel), name=f"forward-{first.index}")

    async def drain(self, grace_s: float) -> None:
        """Wait for all parcels under way; what takes longer than `grace_s` seconds is given up."""
        await self._tasks.drain(grace_s)

    async def _forward(self, parcel: Parcel) -> tuple[ChunkError | None, ...]:
        forwarding = _Forwarding(parcel)
        with self._metrics.forwarding.track_inprogress():
            try:
                self._reports.require_room()
                for chunk in parcel.chunks:
                    log.debug("chunk-received", upload=str(chunk.upload.id), index=chunk.index)
                address = await self._post(forwarding)
                if forwarding.entered is None:
                    raise RuntimeError("a message was saved and not reported")
                entered = await asyncio.shield(forwarding.entered)
            except BaseException:
                for chunk in parcel.chunks:
                    chunk.upload.dropped(chunk.index)
                raise
            finally:
                parcel.release()
            refusal = NotStored(entered.reason or "the manager did not take the chunk")
            outcomes = tuple(
                self._settle(chunk, address.message_id, None if is_accepted else refusal)
                for chunk, is_accepted in zip(parcel.chunks, entered.accepted, strict=True)
            )
        if outcomes[0] is not None and None not in outcomes:
            raise outcomes[0]
        return outcomes

    def _saved(self, files: Sequence[tuple[object, ChunkAddress]]) -> None:
        """Discord has saved a message: keep the report, and deliver it."""
        sent = [(one, address) for one, address in files if isinstance(one, _Forwarding)]
        report = report_of([(forwarding.parcel, address) for forwarding, address in sent])
        self._reports.add(report)
        forwardings = [forwarding for forwarding, _ in sent]
        for forwarding in forwardings:
            forwarding.parcel.release()
            forwarding.entered = asyncio.get_running_loop().create_future()
        self._metrics.message_posted()
        self._tasks.spawn(self._deliver(report, forwardings), name=f"report-{report.message_id}")

    async def _deliver(self, report: MessageStored, forwardings: Sequence[_Forwarding]) -> None:
        """Deliver the report of a message, and pass on what the manager answers about each parcel."""
        links = chain.from_iterable(each.parcel.backend.links for each in forwardings)
        try:
            # The task that posted the message did so for one upload, perhaps of several.
            with bound_ids(upload=report.upload_id):
                entered = await self._reports.deliver(report, links)
        except BaseException as error:
            for forwarding in forwardings:
                _fail(forwarding, error)
            raise
        accepted = iter(entered.accepted)
        for forwarding in forwardings:
            part = tuple(islice(accepted, len(forwarding.parcel.chunks)))
            if forwarding.entered is not None and not forwarding.entered.done():
                forwarding.entered.set_result(replace(entered, accepted=part))

    def _settle(
        self, chunk: ParcelChunk, message_id: int, refusal: ChunkError | None
    ) -> ChunkError | None:
        """End the flight of a chunk as the manager has answered."""
        upload = chunk.upload
        try:
            upload.require_alive()
            if refusal is not None:
                raise refusal
        except ChunkError as error:
            upload.dropped(chunk.index)
            return error
        log.debug(
            "chunk-stored",
            upload=str(upload.id),
            index=chunk.index,
            size=chunk.size,
            message_id=str(message_id),
        )
        self._metrics.chunk_stored(chunk.size)
        upload.stored(chunk.index, chunk.digest)
        return None

    async def _post(self, forwarding: _Forwarding) -> ChunkAddress:
        """Post a parcel, and translate what Discord says against it. Raises `ChunkError`."""
        parcel = forwarding.parcel
        sender = FileSender(owner=forwarding, on_saved=self._saved, chunks=len(parcel.chunks))
        uploads = [chunk.upload for chunk in parcel.chunks]
        try:
            address = await parcel.backend.store(parcel.content, parcel.ended, sender)
        except RequestTooLarge as error:
            # The size of chunks is fixed for the whole upload, so sending again can never help.
            refusal = TooLargeForDiscord(len(parcel.content))
            log.error("chunks-too-large", stored_size=len(parcel.content))
            for upload in uploads:
                upload.end(str(refusal))
            raise refusal from error
        except DiscordFull as error:
            self._storage_faults.met(str(error))
            raise StorageFault(NO_ROOM) from error
        except StorageError as error:
            uploads[0].require_alive()
            log.warning("chunk-refused", code=error.code, upload=str(uploads[0].id))
            raise NotStored(f"Discord did not take the chunk ({error.code})") from error
        self._storage_faults.works()
        return address


def _fail(forwarding: _Forwarding, error: BaseException) -> None:
    entered = forwarding.entered
    if entered is None or entered.done():
        return
    if isinstance(error, asyncio.CancelledError):
        entered.cancel()
    else:
        entered.set_exception(error)
        entered.exception()  # retrieved, as perhaps nobody waits for it any more
