"""Uploads at a manager, from the request to its final answer.

One upload goes: wait for a booked service, request, send the chunks, return the service at the stage
finish, answer a conflict, wait for the finish info. A rejection, a lost service, a failed transfer or a
lost connection leads to another try, on whichever service is free then. It goes on with what is stored if the
manager keeps the upload (`client_sdk.kept_uploads`), and begins it anew otherwise, because the manager
drops the other uploads of a client that is gone. A request that meets no free service has cost nothing:
it is no attempt, and the booking is counted anew, since manager and client see it differently.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import uuid4

import aiohttp

from client_sdk.attempts import NoneFree, TryAgain, conflict_at, end_run, is_done
from client_sdk.booked_services import BookedServices
from client_sdk.chunks import ChunkSender
from client_sdk.errors import (
    CloudError,
    ConnectionLost,
    LastingFailure,
    Refused,
    Rejected,
    ReplyTimeout,
    ResumedElsewhere,
    SourceUnreadable,
    Unavailable,
    Unreachable,
    UploadFailed,
)
from client_sdk.kept_uploads import SOURCE_CHANGED, UploadKeeper, UploadSession
from client_sdk.link import Link
from client_sdk.rate_limit import RateLimit
from client_sdk.settings import ClientSettings
from client_sdk.transfers import (
    AcceptedUpload,
    ConflictResolver,
    OnConflict,
    Stage,
    UploadOrder,
    UploadResult,
)
from common.log_events import EventLogger, bound_ids
from common.tasks import TaskScope, cancel_and_wait
from protocol import c2s, generic, s2c
from protocol.codec import Frame
from protocol.packet import Packet

log = EventLogger(__name__)


class _BeginAnew(Exception):
    """The manager does not go on with the upload: another one has to be begun."""


RESUMED_ELSEWHERE = "resumed-elsewhere"
"""Code for what another client goes on with."""
BEGINS_ANEW = {
    "upload-gone": "the manager no longer keeps what was stored",
    "source-changed": SOURCE_CHANGED,
}
"""Codes after which a kept upload is begun anew, each with why."""
_Answer = AcceptedUpload | s2c.UploadRejection | CloudError


class Uploads:
    """All uploads of one client.

    Args:
        link: Connection to the manager.
        services: Where uploads get their services from.
        conflicts: Answers conflicts.
        http: Session for the chunks.
        settings: Limits, time limits and retries.
        rate: How fast all transfers are together.
        scope: Where answers to conflicts and aborts run.
    """

    def __init__(
        self,
        link: Link,
        services: BookedServices,
        conflicts: ConflictResolver,
        http: aiohttp.ClientSession,
        settings: ClientSettings,
        rate: RateLimit,
        scope: TaskScope,
    ) -> None:
        self._link = link
        self._services = services
        self._http = http
        self._settings = settings
        self._rate = rate
        self._scope = scope
        self._conflicts = conflicts
        self._keeper = UploadKeeper(link, settings)
        self._requests: dict[str, tuple[UploadOrder, asyncio.Future[_Answer]]] = {}
        self._jobs: dict[str, AcceptedUpload] = {}
        self._leaving: dict[str, asyncio.Task[None]] = {}
        self._handlers: dict[type[Packet], Callable[[Any], None]] = {
            s2c.UploadStageFinish: self._stage_finished,
            s2c.UploadOverwriteRequest: self._asked,
            s2c.UploadOverwriteCancel: self._settled,
            s2c.UploadFinishInfo: self._finished,
            s2c.UploadParked: self._parked,
        }

    @property
    def has_kept(self) -> bool:
        """Whether the manager keeps an upload that runs."""
        return self._keeper.has_kept

    async def upload(self, order: UploadOrder) -> UploadResult:
        """Upload, with as many tries as the settings allow; a kept upload, for as long as they say.

        Raises:
            Rejected: The manager did not accept it.
            UploadFailed: It failed.
            UploadStalled: It made no progress for too long, and is kept.
            ResumedElsewhere: Another client has it now.
            SourceChanged, SourceUnreadable: The source has changed, or cannot be read.
            CloudError: The link gave up.
        """
        with self._keeper.session(order) as session:
            async with session.patiently():
                try:
                    return await self._until_done(session)
                except (ResumedElsewhere, UploadFailed):
                    session.let_go()
                    raise
                except asyncio.CancelledError:
                    if not (order.keep_on_cancel or session.is_out_of_patience):
                        self._drop(session)
                    raise

    def _drop(self, session: UploadSession) -> None:
        if session.is_kept and session.kept_id is not None:
            self._spawn_order(c2s.UploadDrop(upload_id=session.kept_id))

    async def _until_done(self, session: UploadSession) -> UploadResult:
        pause = self._settings.short_backoff()
        while True:
            if not session.is_kept:
                session.order.meter.restart()
            try:
                return await self._try(session)
            except ConnectionLost as error:
                session.lost(error)
            except _BeginAnew as refusal:
                session.begin_anew(str(refusal))
            except NoneFree:
                await pause.wait()
            except TryAgain as failure:
                session.failed(failure.error)
                pause.reset()
                await session.backoff.wait()

    def disconnected(self) -> None:
        """The connection is gone, and with it every upload."""
        self._keeper.forget()
        lost = ConnectionLost("the connection to the manager was lost")
        requests, self._requests = self._requests, {}
        for _, reply in requests.values():
            _resolve(reply, lost)
        jobs, self._jobs = self._jobs, {}
        for job in jobs.values():
            job.end(lost)

    def received(self, frame: Frame) -> None:
        """Act on a frame that is about an upload."""
        if frame.reply_uuid in self._requests:
            self._answered(frame.reply_uuid, frame.packet)
        elif isinstance(frame.packet, s2c.UploadResponse) and frame.packet.accepted:
            # No caller waits for this one any more; it would hold its service until it times out.
            self._spawn_abort(frame.packet.upload_id)
        elif handler := self._handlers.get(type(frame.packet)):
            handler(frame.packet)

    async def _try(self, session: UploadSession) -> UploadResult:
        session.order.meter.enter(Stage.WAITING)
        # Whether that is still true, only the manager knows: a second try waits for a service.
        is_stored, session.is_stored = session.is_stored, False
        ticket = None if is_stored else await self._services.acquire()
        job: AcceptedUpload | None = None
        try:
            job = await self._open(session)
            with bound_ids(upload=job.upload_id):
                await self._transfer(session, job)
        except NoneFree:
            if ticket is not None:
                self._services.recount(ticket)
            raise
        except BaseException as error:
            self._give_up(session, job, ticket, error)
            raise
        self._release(ticket)
        with bound_ids(upload=job.upload_id):
            log.debug("upload-stored")
            result = await self._settle(session, job)
            log.debug("upload-finished")
        return result

    async def _open(self, session: UploadSession) -> AcceptedUpload:
        """Begin the upload, or go on with it if the manager keeps it."""
        if session.kept_id is None:
            await self._look_up(session)
        losses = self._services.losses
        if session.kept_id in self._leaving:
            await asyncio.wait({self._leaving[session.kept_id]})
        if session.kept_id is None:
            answer = await self._request(session.order, self._first_request(session.order))
        else:
            resume = c2s.UploadResume(
                upload_id=session.kept_id, fingerprint=await session.fingerprint()
            )
            answer = await self._request(session.order, resume)
        if isinstance(answer, AcceptedUpload):
            self._opened(session, answer)
            return answer
        if isinstance(answer, s2c.UploadRejection):
            raise _rejected(answer)
        if isinstance(answer, Rejected) and losses != self._services.losses:
            # It gives no code; most often the service that it counted on has just gone.
            raise NoneFree
        if isinstance(answer, ConnectionLost):
            raise answer
        raise TryAgain(answer)

    async def _look_up(self, session: UploadSession) -> None:
        try:
            await self._keeper.look_up(session)
        except (Refused, ReplyTimeout, Unavailable) as error:
            raise TryAgain(error) from error

    def _first_request(self, order: UploadOrder) -> c2s.UploadRequest:
        # A later call may go on with the upload under another policy, so that each answers for itself.
        is_told = order.on_conflict is OnConflict.OVERWRITE and not self._keeper.may_keep(order)
        return c2s.UploadRequest(
            name=order.name,
            path=order.path,
            size=order.source.size,
            is_public=order.is_public,
            do_overwrite=True if is_told else None,
            modified_at=self._link.told_time(order.modified_at),
        )

    def _opened(self, session: UploadSession, job: AcceptedUpload) -> None:
        with bound_ids(upload=job.upload_id):
            if not job.is_kept:
                log.debug("upload-accepted", address=job.address, size=session.order.source.size)
                self._scope.spawn(self._keeper.keep(session, job), f"keep {job.upload_id}")
                return
            log.info("upload-resumed", address=job.address, stored=job.stored_bytes)
        session.keep(job.upload_id)

    async def _request(self, order: UploadOrder, packet: Packet) -> _Answer:
        uuid = str(uuid4())
        reply: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        self._requests[uuid] = order, reply
        try:
            async with asyncio.timeout(self._settings.reply_timeout_s):
                await self._link.send(packet, uuid=uuid)
                return await reply
        except TimeoutError:
            return ReplyTimeout(packet.id)
        except BaseException:
            self._abandon(order, reply)
            raise
        finally:
            self._requests.pop(uuid, None)

    def _abandon(self, order: UploadOrder, reply: asyncio.Future[_Answer]) -> None:
        """Take back what was accepted in the moment in which its caller went away."""
        answer = reply.result() if reply.done() and not reply.cancelled() else None
        if isinstance(answer, AcceptedUpload) and not (answer.is_kept and order.keep_on_cancel):
            self._spawn_abort(answer.upload_id)

    def _answered(self, uuid: str, packet: Packet) -> None:
        order, reply = self._requests.pop(uuid)
        match packet:
            case s2c.UploadResponse(accepted=True) | s2c.UploadResumed():
                job = self._jobs[packet.upload_id] = AcceptedUpload(order, packet)
                _resolve(reply, job)
            case s2c.UploadRejection():
                _resolve(reply, packet)
            case _:
                _resolve(reply, Rejected(_rejection(packet)))

    async def _transfer(self, session: UploadSession, job: AcceptedUpload) -> None:
        """Send all missing chunks and wait until the service is free again."""
        job.order.meter.enter(Stage.TRANSFERRING, job.stored_bytes)
        sender = ChunkSender(self._http, job, self._settings, self._rate, session.progressed)
        try:
            async with job.order.meter.watched(self._settings.quiet_s):
                await self._send(job, sender)
        except (Unreachable, UploadFailed) as error:
            raise TryAgain(UploadFailed(str(error))) from error
        if not job.is_stored:
            raise _after(job)

    async def _send(self, job: AcceptedUpload, sender: ChunkSender) -> None:
        if not job.missing:
            await self._until_finished(job)
            return
        async with job.order.source.open() as source:
            await self._until_left(job, sender.send_missing(source))

    async def _until_left(self, job: AcceptedUpload, sending: Coroutine[Any, Any, None]) -> None:
        """Send, but no longer than the service has the upload: an answer may be lost."""
        left = asyncio.create_task(job.left_service.wait(), name="left-service")
        sent = asyncio.create_task(sending, name="send-chunks")
        try:
            await asyncio.wait({left, sent}, return_when=asyncio.FIRST_COMPLETED)
            if not left.done():
                await sent
                await self._until_finished(job)
        finally:
            await cancel_and_wait(left, sent)

    async def _until_finished(self, job: AcceptedUpload) -> None:
        try:
            async with asyncio.timeout(self._settings.finish_timeout_s):
                await job.left_service.wait()
        except TimeoutError as error:
            raise UploadFailed("the upload service did not finish in time") from error

    async def _settle(self, session: UploadSession, job: AcceptedUpload) -> UploadResult:
        session.suspend_patience()
        session.is_stored = job.is_kept
        job.order.meter.enter(Stage.SETTLING, job.order.source.size)
        try:
            async with job.order.meter.watched(self._settings.quiet_s):
                await job.over.wait()
        except BaseException:
            if job.is_kept and job.order.keep_on_cancel:
                self._leave(job, None)
            else:
                session.let_go()
                self._spawn_abort(job.upload_id)
            raise
        if job.is_kept and isinstance(job.error, ConnectionLost | TryAgain):
            raise job.error
        return job.result()

    def _give_up(
        self,
        session: UploadSession,
        job: AcceptedUpload | None,
        ticket: object | None,
        error: BaseException,
    ) -> None:
        """Leave an upload that is kept for later, and take any other back from the manager."""
        if job is None or job.over.is_set():
            self._release(ticket)
        elif job.is_kept and _is_left(session, error):
            self._leave(job, ticket)
        else:
            session.let_go()
            end = c2s.UploadAbortRequest(upload_id=job.upload_id)
            self._scope.spawn(self._end_run(job, ticket, end), f"stop {job.upload_id}")

    def _release(self, ticket: object | None) -> None:
        if ticket is not None:
            self._services.release(ticket)

    def _leave(self, job: AcceptedUpload, ticket: object | None) -> None:
        """Have the manager park a kept upload; nobody goes on with it before that is done."""
        upload_id = job.upload_id
        self._keeper.forget()
        park = c2s.UploadPark(upload_id=upload_id)
        task = self._scope.spawn(self._end_run(job, ticket, park), f"leave {upload_id}")
        if task is not None:
            self._leaving[upload_id] = task
            task.add_done_callback(lambda _: self._leaving.pop(upload_id))

    async def _end_run(
        self,
        job: AcceptedUpload,
        ticket: object | None,
        packet: c2s.UploadAbortRequest | c2s.UploadPark,
    ) -> None:
        """End an upload at the manager; its service is free once that has stopped."""
        try:
            await end_run(self._link, packet, job.left_service, self._settings.finish_timeout_s)
        finally:
            self._release(ticket)

    def _spawn_abort(self, upload_id: str) -> None:
        self._spawn_order(c2s.UploadAbortRequest(upload_id=upload_id))

    def _spawn_order(self, packet: c2s.UploadAbortRequest | c2s.UploadDrop) -> None:
        async def order() -> None:
            await is_done(self._link, packet)

        self._scope.spawn(order(), f"{packet.id} {packet.upload_id}")

    def _stage_finished(self, packet: s2c.UploadStageFinish) -> None:
        job = self._jobs.get(packet.upload_id)
        if job is None:
            return
        if packet.service_disconnect:
            del self._jobs[packet.upload_id]
            job.end(UploadFailed("the upload service disconnected"))
        else:
            job.is_stored = True
            job.left_service.set()

    def _finished(self, packet: s2c.UploadFinishInfo) -> None:
        job = self._jobs.pop(packet.upload_id, None)
        if job is None:
            return
        if packet.success:
            job.is_stored = True
            job.rename_target = packet.rename_target
            job.end(None)
        else:
            # A kept upload that may go on is parked.
            job.is_lasting = job.is_kept
            job.end(UploadFailed(packet.reason or "the manager gave no reason"))

    def _parked(self, packet: s2c.UploadParked) -> None:
        job = self._jobs.pop(packet.upload_id, None)
        if job is None:
            return
        if packet.code == RESUMED_ELSEWHERE:
            job.end(ResumedElsewhere(packet.reason))
        else:
            job.end(TryAgain(UploadFailed(packet.reason)))

    def _asked(self, packet: s2c.UploadOverwriteRequest) -> None:
        job = self._jobs.get(packet.upload_id)
        if job is not None and job.prompt is None:
            job.prompt = self._scope.spawn(self._decide(job), f"conflict {job.upload_id}")

    def _settled(self, _: s2c.UploadOverwriteCancel) -> None:
        for job in self._jobs.values():
            if job.prompt is not None:
                job.prompt.cancel()

    async def _decide(self, job: AcceptedUpload) -> None:
        order = job.order
        try:
            conflict = await conflict_at(
                self._link,
                path=order.path,
                name=order.name,
                full_path=order.full_path,
                policy=order.on_conflict,
            )
            action = await self._conflicts.decide(conflict, order.on_conflict)
        except Exception as error:  # noqa: BLE001 - the callback's own error ends its upload
            job.end(error)
            self._spawn_abort(job.upload_id)
            return
        job.decision = action
        answer = c2s.UploadOverwriteResponse(upload_id=job.upload_id, action=action.value)
        with contextlib.suppress(CloudError):
            await self._link.send(answer)


def _rejected(packet: s2c.UploadRejection) -> Exception:
    """What follows from a rejection that has a code."""
    if packet.code in BEGINS_ANEW:
        return _BeginAnew(BEGINS_ANEW[packet.code])
    if packet.code == RESUMED_ELSEWHERE:
        return ResumedElsewhere(packet.reason)
    error = Rejected(packet.reason, packet.code, may_pass=packet.retry != "never")
    match packet.retry:
        case "soon":
            return NoneFree()
        case "later":
            return TryAgain(error)
        case "never":
            return error


def _is_left(session: UploadSession, error: BaseException) -> bool:
    """Whether a kept upload that has failed or was cancelled may go on later."""
    if isinstance(error, asyncio.CancelledError):
        return session.order.keep_on_cancel or session.is_out_of_patience
    return isinstance(error, TryAgain | LastingFailure | SourceUnreadable)


def _resolve(reply: asyncio.Future[_Answer], answer: _Answer) -> None:
    if not reply.done():
        reply.set_result(answer)


def _rejection(packet: Packet) -> str:
    match packet:
        case s2c.UploadResponse(rejection_reason=str(reason)):
            return reason
        case generic.Boolean(message=str(reason)):
            return reason
        case _:
            return "the manager rejected the upload without a reason"


def _after(job: AcceptedUpload) -> Exception:
    """What follows when an upload did not come to its stage finish."""
    error = job.error or UploadFailed("the upload ended without a reason")
    if isinstance(error, UploadFailed) and not job.is_lasting:
        return TryAgain(error)
    return error
