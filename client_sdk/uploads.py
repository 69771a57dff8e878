"""Uploads at a manager, from the request to its final answer.

One upload goes: wait for a booked service, request, send the chunks, return the service at the stage
finish, answer a conflict, wait for the finish info. A rejection, a lost service or a failed transfer
begins it anew, on whichever service is free then; so does a lost connection, because the manager drops
the uploads of a client that is gone. What fails after the stage finish has failed for good. A request
that meets no free service has cost nothing: it is no attempt, and the booking is counted anew, since
manager and client see it differently.

Files of 0 bytes are made without an upload service. Their packet knows no conflict, so the client looks
whether the name is free, and does what the policy says.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from pathlib import PurePosixPath
from typing import Any
from uuid import uuid4

import aiohttp

from client_sdk import listing
from client_sdk.booked_services import BookedServices
from client_sdk.chunks import ChunkSender
from client_sdk.errors import (
    CloudError,
    ConnectionLost,
    Refused,
    Rejected,
    ReplyTimeout,
    Unreachable,
    UploadFailed,
)
from client_sdk.http import ManagerHttp
from client_sdk.link import Link
from client_sdk.settings import ClientSettings
from client_sdk.transfers import (
    AcceptedUpload,
    Conflict,
    ConflictResolver,
    OnConflict,
    Outcome,
    Stage,
    UploadOrder,
    UploadResult,
)
from common.log_events import EventLogger, bound_ids
from common.tasks import TaskScope, cancel_and_wait
from protocol import c2s, generic, s2c
from protocol.codec import Frame
from protocol.packet import Packet

_log = EventLogger(__name__)


class _TryAgain(Exception):
    """This try failed, but another one may not."""

    def __init__(self, error: CloudError) -> None:
        super().__init__(str(error))
        self.error = error


class _NoneFree(Exception):
    """The manager has no service free for the upload, though one was granted: it is no attempt."""


_Answer = AcceptedUpload | s2c.UploadRejection | CloudError


class Uploads:
    """All uploads of one client.

    Args:
        link: Connection to the manager.
        services: Where uploads get their services from.
        conflicts: Answers conflicts.
        http: Session for the chunks.
        settings: Limits, time limits and retries.
        scope: Where answers to conflicts and aborts run.
    """

    def __init__(
        self,
        link: Link,
        services: BookedServices,
        conflicts: ConflictResolver,
        http: aiohttp.ClientSession,
        settings: ClientSettings,
        scope: TaskScope,
    ) -> None:
        self._link = link
        self._services = services
        self._http = http
        self._settings = settings
        self._scope = scope
        self._conflicts = conflicts
        self._requests: dict[str, tuple[UploadOrder, asyncio.Future[_Answer]]] = {}
        self._jobs: dict[str, AcceptedUpload] = {}
        self._handlers: dict[type[Packet], Callable[[Any], None]] = {
            s2c.UploadStageFinish: self._stage_finished,
            s2c.UploadOverwriteRequest: self._asked,
            s2c.UploadOverwriteCancel: self._settled,
            s2c.UploadFinishInfo: self._finished,
        }

    async def upload(self, order: UploadOrder) -> UploadResult:
        """Upload, with as many tries as the settings allow.

        Raises:
            Rejected: The manager did not accept it.
            UploadFailed: It failed.
            SourceChanged, SourceUnreadable: The source has changed, or cannot be read.
            CloudError: The link gave up.
        """
        backoff, pause = self._settings.backoff(), self._settings.short_backoff()
        reconnects = failures = 0
        while True:
            order.meter.restart()
            try:
                return await self._try(order)
            except ConnectionLost:
                reconnects += 1
                if reconnects > self._settings.reconnect_attempts:
                    raise
            except _NoneFree:
                await pause.wait()
            except _TryAgain as failure:
                failures += 1
                _log.info("upload-begun-anew", problem=type(failure.error).__name__)
                if failures >= self._settings.upload_attempts:
                    raise failure.error from failure
                pause.reset()
                await backoff.wait()

    def disconnected(self) -> None:
        """The connection is gone, and with it every upload."""
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

    async def _try(self, order: UploadOrder) -> UploadResult:
        order.meter.enter(Stage.WAITING)
        ticket = await self._services.acquire()
        job: AcceptedUpload | None = None
        try:
            job = await self._open(order)
            with bound_ids(upload=job.upload_id):
                _log.debug("upload-accepted", address=job.address, size=order.source.size)
                await self._transfer(job)
        except _NoneFree:
            self._services.recount(ticket)
            raise
        except BaseException:
            self._give_up(job, ticket)
            raise
        self._services.release(ticket)
        with bound_ids(upload=job.upload_id):
            _log.debug("upload-stored")
            result = await self._settle(job)
            _log.debug("upload-finished")
        return result

    async def _open(self, order: UploadOrder) -> AcceptedUpload:
        packet = c2s.UploadRequest(
            name=order.name,
            path=order.path,
            size=order.source.size,
            is_public=order.is_public,
            do_overwrite=True if order.on_conflict is OnConflict.OVERWRITE else None,
        )
        losses = self._services.losses
        answer = await self._request(order, packet)
        if isinstance(answer, AcceptedUpload):
            return answer
        if isinstance(answer, s2c.UploadRejection):
            raise _rejected(answer)
        if isinstance(answer, Rejected) and losses != self._services.losses:
            # It gives no code; most often the service that it counted on has just gone.
            raise _NoneFree
        if isinstance(answer, ConnectionLost):
            raise answer
        raise _TryAgain(answer)

    async def _request(self, order: UploadOrder, packet: c2s.UploadRequest) -> _Answer:
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
            self._abandon(reply)
            raise
        finally:
            self._requests.pop(uuid, None)

    def _abandon(self, reply: asyncio.Future[_Answer]) -> None:
        """Take back what was accepted in the moment in which its caller went away."""
        answer = reply.result() if reply.done() and not reply.cancelled() else None
        if isinstance(answer, AcceptedUpload):
            self._spawn_abort(answer.upload_id)

    def _answered(self, uuid: str, packet: Packet) -> None:
        order, reply = self._requests.pop(uuid)
        if isinstance(packet, s2c.UploadResponse) and packet.accepted:
            job = self._jobs[packet.upload_id] = AcceptedUpload(order, packet)
            _resolve(reply, job)
        elif isinstance(packet, s2c.UploadRejection):
            _resolve(reply, packet)
        else:
            _resolve(reply, Rejected(_rejection(packet)))

    async def _transfer(self, job: AcceptedUpload) -> None:
        """Send all chunks and wait until the service is free again."""
        order = job.order
        order.meter.enter(Stage.TRANSFERRING)
        try:
            async with order.source.open() as source:
                sender = ChunkSender(
                    self._http,
                    job.address,
                    job.upload_id,
                    job.chunk_size,
                    order.meter,
                    self._settings,
                )
                await self._until_left(job, sender.send_all(source, order.source.size))
        except (Unreachable, UploadFailed) as error:
            raise _TryAgain(UploadFailed(str(error))) from error
        if not job.is_stored:
            raise _after(job.error)

    async def _until_left(self, job: AcceptedUpload, sending: Coroutine[Any, Any, None]) -> None:
        """Send, but no longer than the service has the upload: an answer may be lost."""
        left = asyncio.create_task(job.left_service.wait(), name="left-service")
        sent = asyncio.create_task(sending, name="send-chunks")
        try:
            await asyncio.wait({left, sent}, return_when=asyncio.FIRST_COMPLETED)
            if not left.done():
                await sent
                async with asyncio.timeout(self._settings.finish_timeout_s):
                    await left
        except TimeoutError as error:
            raise UploadFailed("the upload service did not finish in time") from error
        finally:
            await cancel_and_wait(left, sent)

    async def _settle(self, job: AcceptedUpload) -> UploadResult:
        job.order.meter.restart(job.order.source.size)
        job.order.meter.enter(Stage.SETTLING)
        try:
            await job.over.wait()
        except BaseException:
            self._spawn_abort(job.upload_id)
            raise
        return job.result()

    def _give_up(self, job: AcceptedUpload | None, ticket: object) -> None:
        """Take an upload back from the manager, and its service once that has stopped."""
        if job is None or job.over.is_set():
            self._services.release(ticket)
        else:
            self._scope.spawn(self._stop(job, ticket), f"stop {job.upload_id}")

    async def _stop(self, job: AcceptedUpload, ticket: object) -> None:
        try:
            if await self._abort(job.upload_id):
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(self._settings.finish_timeout_s):
                        await job.left_service.wait()
        finally:
            self._services.release(ticket)

    def _spawn_abort(self, upload_id: str) -> None:
        async def abort() -> None:
            await self._abort(upload_id)

        self._scope.spawn(abort(), f"abort {upload_id}")

    async def _abort(self, upload_id: str) -> bool:
        """Whether the manager ends the upload, and will say when it has."""
        try:
            answer = await self._link.ask(c2s.UploadAbortRequest(upload_id=upload_id))
        except CloudError:
            return False
        return answer.success

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
            job.end(UploadFailed(packet.reason or "the manager gave no reason"))

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
            conflict = await self._conflict(order)
            action = await self._conflicts.decide(conflict, order.on_conflict)
        except Exception as error:  # noqa: BLE001 - the callback's own error ends its upload
            job.end(error)
            self._spawn_abort(job.upload_id)
            return
        job.decision = action
        answer = c2s.UploadOverwriteResponse(upload_id=job.upload_id, action=action.value)
        with contextlib.suppress(CloudError):
            await self._link.send(answer)

    async def _conflict(self, order: UploadOrder) -> Conflict:
        """What the name of an upload has met; nobody looks where nobody is asked."""
        is_folder = False
        if not isinstance(order.on_conflict, OnConflict):
            with contextlib.suppress(CloudError):
                is_folder = await listing.has_folder(self._link, order.path, order.name)
        return Conflict(path=order.full_path, is_folder=is_folder)


def _rejected(packet: s2c.UploadRejection) -> Exception:
    """What follows from a rejection that has a code."""
    error = Rejected(packet.reason, packet.code)
    match packet.retry:
        case "soon":
            return _NoneFree()
        case "later":
            return _TryAgain(error)
        case "never":
            return error


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


def _after(error: Exception | None) -> Exception:
    """What follows from the error of an upload that did not come to its stage finish."""
    if isinstance(error, UploadFailed):
        return _TryAgain(error)
    return error or UploadFailed("the upload ended without a reason")


NAMES_TO_TRY = 1000
SPARE_CHARACTERS = 100
"""Of the name, in the one that a new file has until it takes the old one's place."""


async def upload_empty(
    link: Link, http: ManagerHttp, conflicts: ConflictResolver, order: UploadOrder
) -> UploadResult:
    """Make an empty file.

    Raises:
        Refused: The manager did not make it.
        SourceChanged, SourceUnreadable: The source is not empty, or cannot be opened.
        UploadFailed: No name is free, or a folder was to be overwritten.
    """
    async with order.source.open() as source:
        # No chunk will be sent, so this is the only look at what may hold bytes after all.
        await source.chunk(0, 0)
    is_file = await http.file_exists(order.path, order.name)
    is_folder = not is_file and await listing.has_folder(link, order.path, order.name)
    if not is_file and not is_folder:
        await _make(link, http, order, order.name)
        return order.result(Outcome.STORED)
    conflict = Conflict(path=order.full_path, is_folder=is_folder)
    match await conflicts.decide(conflict, order.on_conflict):
        case OnConflict.SKIP:
            return order.result(Outcome.SKIPPED)
        case OnConflict.RENAME:
            name = await _free_name(link, http, order)
            await _make(link, http, order, name)
            return order.result(Outcome.RENAMED, name)
        case OnConflict.OVERWRITE if is_folder:
            raise UploadFailed(f"{order.full_path} is a folder")
        case OnConflict.OVERWRITE:
            await _replace(link, http, order)
            return order.result(Outcome.STORED)


async def _replace(link: Link, http: ManagerHttp, order: UploadOrder) -> None:
    """Put an empty file in the place of another, which stays until the new one is there."""
    spare = f"{order.name[:SPARE_CHARACTERS]} {secrets.token_hex(4)}"
    await _make(link, http, order, spare)
    try:
        await _delete(link, http, order, order.name)
    except CloudError:
        with suppress(CloudError):
            await _delete(link, http, order, spare)
        raise
    rename = c2s.RenameFile(path=order.path, name=spare, target_name=order.name)
    try:
        await _once(link, rename, lambda: http.file_exists(order.path, order.name))
    except Refused as error:
        raise UploadFailed(f"the empty file is there as {spare}: {error}") from error


async def _make(link: Link, http: ManagerHttp, order: UploadOrder, name: str) -> None:
    packet = c2s.EmptyFileUpload(path=order.path, name=name)
    await _once(link, packet, lambda: http.file_exists(order.path, name))


async def _delete(link: Link, http: ManagerHttp, order: UploadOrder, name: str) -> None:
    async def is_gone() -> bool:
        return not await http.file_exists(order.path, name)

    folder = await listing.status(link, order.path)
    await _once(link, c2s.DeleteFile(folder_id=folder.folder_id or 0, name=name), is_gone)


async def _once(link: Link, packet: Packet, is_done: Callable[[], Awaitable[bool]]) -> None:
    """Order something, again only if its answer was lost and it has not been done."""
    try:
        await link.order(packet)
    except (ConnectionLost, ReplyTimeout):
        # Done twice it would be refused: a name would be taken, or gone.
        if not await is_done():
            await link.order(packet)


async def _free_name(link: Link, http: ManagerHttp, order: UploadOrder) -> str:
    stem, suffix = PurePosixPath(order.name).stem, PurePosixPath(order.name).suffix
    for number in range(1, NAMES_TO_TRY):
        name = f"{stem} ({number}){suffix}"
        if await http.file_exists(order.path, name):
            continue
        if not await listing.has_folder(link, order.path, name):
            return name
    raise UploadFailed(f"no name like {order.name} is free")
