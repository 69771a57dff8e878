"""Many small files sent together: one request, one booked service and one body for all of them.

Each file is still an upload of its own, with its own conflict and its own end. What cannot go in a bundle
is left open, for its caller to send by itself: everything, if no booked service that is free takes
bundles. After a lost connection, a lost service or a failure the files that have not ended go again. Those
that the manager may have entered meanwhile are asked about first, so that none is there twice.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Final
from uuid import uuid4

import aiohttp

from client_sdk.attempts import NoneFree, TryAgain, conflict_at, end_run, is_done
from client_sdk.batches import TrackedTransfer
from client_sdk.booked_services import BookedServices
from client_sdk.bundled_files import (
    AcceptedBundle,
    BundleBody,
    BundledTransfer,
    read_all,
    readable,
)
from client_sdk.chunks import post_to_service
from client_sdk.errors import (
    CloudError,
    ConnectionLost,
    Rejected,
    ReplyTimeout,
    Unreachable,
    UploadFailed,
)
from client_sdk.link import Link
from client_sdk.rate_limit import RateLimit
from client_sdk.settings import ClientSettings
from client_sdk.transfers import (
    ConflictPolicy,
    ConflictResolver,
    OnConflict,
    Stage,
)
from common.log_events import EventLogger
from common.tasks import TaskScope, cancel_and_wait
from protocol import c2s, s2c
from protocol.codec import Frame
from protocol.extensions import BUNDLE
from protocol.packet import Packet

ASKED_AT_ONCE: Final = 16
_LEFT_OPEN: Final = frozenset({"no-bundles-here", "too-large-for-bundle"})

log = EventLogger(__name__)


class _NoBundles(Exception):
    """The files have to go one by one."""


class Bundles:
    """All bundles of one client.

    Args:
        link: Connection to the manager.
        services: Where bundles get their services from.
        conflicts: Answers conflicts.
        http: Session for the bodies.
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
        self._conflicts = conflicts
        self._http = http
        self._settings = settings
        self._rate = rate
        self._scope = scope
        self._requests: dict[str, asyncio.Future[Packet | CloudError]] = {}
        self._jobs: dict[str, AcceptedBundle] = {}
        self._job_of: dict[str, AcceptedBundle] = {}
        self._handlers: dict[type[Packet], Callable[[Any], None]] = {
            s2c.UploadStageFinish: self._stage_finished,
            s2c.BundleFinished: self._finished,
            s2c.UploadOverwriteRequest: self._asked,
            s2c.UploadFinishInfo: self._file_finished,
        }

    async def are_taken(self) -> bool:
        """Whether the manager takes bundles."""
        if not self._link.grants(BUNDLE):
            # It says so before it answers anything, whatever the answer is.
            with contextlib.suppress(CloudError):
                await self._link.question(c2s.FolderStatusRequest(path="/"), s2c.FolderStatus)
        return self._link.grants(BUNDLE)

    async def upload(
        self, transfers: Sequence[TrackedTransfer], *, policy: ConflictPolicy, is_public: bool
    ) -> None:
        """Upload files; those that are still open afterwards have to go one by one.

        Raises:
            CloudError: The link gave up, or the manager gives no services.
        """
        pending = readable(transfers, await asyncio.to_thread(read_all, transfers))
        backoff, pause = self._settings.backoff(), self._settings.short_backoff()
        attempts = 0
        while pending:
            try:
                pending = await self._try(pending, policy, is_public=is_public)
            except ConnectionLost:
                pending = await self._not_entered(pending)
            except NoneFree:
                await pause.wait()
            except _NoBundles:
                return
            except TryAgain as failure:
                pending = [file for file in pending if file.tracked.is_open]
                attempts += 1
                if attempts >= self._settings.upload_attempts:
                    for file in pending:
                        file.tracked.failed(failure.error)
                    return
                await backoff.wait()

    def disconnected(self) -> None:
        """The connection is gone, and with it every bundle."""
        lost = ConnectionLost("the connection to the manager was lost")
        requests, self._requests = self._requests, {}
        for reply in requests.values():
            if not reply.done():
                reply.set_result(lost)
        jobs, self._jobs = self._jobs, {}
        self._job_of.clear()
        for job in jobs.values():
            job.end(lost)

    def received(self, frame: Frame) -> None:
        """Act on a frame that is about a bundle."""
        if frame.reply_uuid in self._requests:
            reply = self._requests.pop(frame.reply_uuid)
            if not reply.done():
                reply.set_result(frame.packet)
        elif isinstance(frame.packet, s2c.BundleResponse) and frame.packet.upload_address:
            # No caller waits for this one any more; it would hold its service until it times out.
            self._spawn_abort(frame.packet.bundle_id)
        elif handler := self._handlers.get(type(frame.packet)):
            handler(frame.packet)

    async def _try(
        self, files: Sequence[BundledTransfer], policy: ConflictPolicy, *, is_public: bool
    ) -> list[BundledTransfer]:
        """One bundle, as far as it comes; returns what has to go in another one.

        Raises `ConnectionLost`, `NoneFree`, `_NoBundles`, `TryAgain`, and what the link gave up with.
        """
        for file in files:
            file.progress(Stage.WAITING, 0)
        ticket = await self._services.acquire()
        job: AcceptedBundle | None = None
        try:
            job, left = await self._open(files, policy, is_public=is_public)
            if job is not None:
                await self._send(job)
        except NoneFree:
            self._services.recount(ticket)
            raise
        except BaseException:
            self._give_up(job, ticket)
            raise
        self._services.release(ticket)
        if job is not None:
            await self._settle(job, policy)
        return left

    async def _open(
        self, files: Sequence[BundledTransfer], policy: ConflictPolicy, *, is_public: bool
    ) -> tuple[AcceptedBundle | None, list[BundledTransfer]]:
        """Begin a bundle; also returns what has to go in another one."""
        losses = self._services.losses
        answer = await self._request(
            _request_for(files, policy, self._link.told_time, is_public=is_public)
        )
        if isinstance(answer, s2c.BundleResponse):
            return self._opened(answer, files)
        if isinstance(answer, s2c.UploadRejection):
            _raise_if_for_all(answer)
            left = [
                file for file in files if _is_left(file, answer.code, answer.reason, answer.retry)
            ]
            return None, left
        if isinstance(answer, ConnectionLost):
            raise answer
        if isinstance(answer, CloudError):
            raise TryAgain(answer)
        if losses != self._services.losses:
            raise NoneFree
        message = getattr(answer, "message", None)
        raise TryAgain(Rejected(message or "the manager rejected the files without a reason"))

    def _opened(
        self, response: s2c.BundleResponse, files: Sequence[BundledTransfer]
    ) -> tuple[AcceptedBundle | None, list[BundledTransfer]]:
        accepted: dict[str, BundledTransfer] = {}
        left: list[BundledTransfer] = []
        for file, upload in zip(files, response.uploads, strict=True):
            if upload.upload_id is not None:
                file.upload_id, file.decision, file.end = upload.upload_id, None, None
                accepted[upload.upload_id] = file
            elif (why := upload.rejection) is not None and _is_left(
                file, why.code, why.reason, why.retry
            ):
                left.append(file)
        if response.upload_address is None:
            return None, left
        log.debug("bundle-accepted", address=response.upload_address, files=len(accepted))
        job = AcceptedBundle(response.bundle_id, response.upload_address, accepted)
        self._jobs[job.bundle_id] = job
        self._job_of.update(dict.fromkeys(accepted, job))
        return job, left

    async def _request(self, packet: c2s.BundleRequest) -> Packet | CloudError:
        uuid = str(uuid4())
        reply: asyncio.Future[Packet | CloudError] = asyncio.get_running_loop().create_future()
        self._requests[uuid] = reply
        try:
            async with asyncio.timeout(self._settings.reply_timeout_s):
                await self._link.send(packet, uuid=uuid)
                return await reply
        except TimeoutError:
            return ReplyTimeout(packet.id)
        finally:
            self._requests.pop(uuid, None)

    async def _send(self, job: AcceptedBundle) -> None:
        """Send the body and wait until the service is free again."""
        left = asyncio.create_task(job.left_service.wait(), name="left-service")
        sent = asyncio.create_task(self._send_body(job), name="send-bundle")
        try:
            async with self._watched(job.files.values()):
                await asyncio.wait({left, sent}, return_when=asyncio.FIRST_COMPLETED)
                if not left.done():
                    await sent
                    async with asyncio.timeout(self._settings.finish_timeout_s):
                        await left
        except TimeoutError as error:
            raise TryAgain(UploadFailed("the upload service did not finish in time")) from error
        except (Unreachable, UploadFailed) as error:
            raise TryAgain(UploadFailed(str(error))) from error
        finally:
            await cancel_and_wait(left, sent)
        if not job.is_stored:
            await job.over.wait()
            raise _after(job)

    async def _send_body(self, job: AcceptedBundle) -> None:
        files = list(job.files.values())
        address = f"{job.address.rstrip('/')}/bundle/{job.bundle_id}"

        def body() -> BundleBody:
            for file in files:
                file.progress(Stage.TRANSFERRING, 0)
            return BundleBody(files, self._settings.stall_timeout_s, self._rate)

        await post_to_service(self._http, address, body, self._settings)

    async def _settle(self, job: AcceptedBundle, policy: ConflictPolicy) -> None:
        """Wait until each file has ended, and answer for those whose names are taken."""
        for file in job.files.values():
            file.progress(Stage.SETTLING, len(file.content))
        deciding = asyncio.create_task(self._decide(job, policy), name="conflicts")
        try:
            async with self._watched(job.files.values()):
                concluding = asyncio.create_task(_conclude_all(job), name="conclude")
                try:
                    await asyncio.wait({concluding, deciding}, return_when=asyncio.FIRST_COMPLETED)
                    await (concluding if concluding.done() else deciding)
                finally:
                    await cancel_and_wait(concluding)
        except BaseException:
            self._spawn_abort(job.bundle_id)
            raise
        finally:
            await cancel_and_wait(deciding)
        if job.error is not None:
            raise job.error

    async def _decide(self, job: AcceptedBundle, policy: ConflictPolicy) -> None:
        """Answer one conflict after the other. Raises what a callback raises."""
        while True:
            file = await job.asked.get()
            conflict = await conflict_at(
                self._link, path=file.path, name=file.name, full_path=file.full_path, policy=policy
            )
            file.decision = await self._conflicts.decide(conflict, policy)
            answer = c2s.UploadOverwriteResponse(
                upload_id=file.upload_id or "", action=file.decision.value
            )
            with contextlib.suppress(CloudError):
                await self._link.send(answer)

    async def _not_entered(self, files: Sequence[BundledTransfer]) -> list[BundledTransfer]:
        """Those files that the manager has not entered, after a connection was lost."""
        open_files = [file for file in files if file.tracked.is_open]
        if not any(file.upload_id for file in open_files):
            return open_files
        await self._link.ready()
        free = asyncio.Semaphore(ASKED_AT_ONCE)

        async def look_up(file: BundledTransfer) -> None:
            if file.upload_id is None:
                return
            async with free:
                with contextlib.suppress(CloudError):
                    resume = c2s.UploadResume(upload_id=file.upload_id)
                    answer = await self._link.ask(resume, s2c.UploadResumed, s2c.UploadRejection)
                    if isinstance(answer, s2c.UploadResumed):
                        file.stored(answer.name, answer.path)

        await asyncio.gather(*(look_up(file) for file in open_files))
        return [file for file in open_files if file.tracked.is_open]

    @contextlib.asynccontextmanager
    async def _watched(self, files: Iterable[BundledTransfer]) -> AsyncIterator[None]:
        """Report files as waiting when the block inside takes longer than some seconds."""

        def report() -> None:
            for file in files:
                file.progress(Stage.WAITING, 0)

        timer = asyncio.get_running_loop().call_later(self._settings.quiet_s, report)
        try:
            yield
        finally:
            timer.cancel()

    def _give_up(self, job: AcceptedBundle | None, ticket: object) -> None:
        """Take a bundle back from the manager; its service is free once that has stopped."""
        if job is None or job.over.is_set():
            self._services.release(ticket)
            return
        self._scope.spawn(self._end_run(job, ticket), f"stop {job.bundle_id}")

    async def _end_run(self, job: AcceptedBundle, ticket: object) -> None:
        abort = c2s.UploadAbortRequest(upload_id=job.bundle_id)
        try:
            await end_run(self._link, abort, job.left_service, self._settings.finish_timeout_s)
        finally:
            self._services.release(ticket)

    def _spawn_abort(self, bundle_id: str) -> None:
        async def abort() -> None:
            await is_done(self._link, c2s.UploadAbortRequest(upload_id=bundle_id))

        self._scope.spawn(abort(), f"abort {bundle_id}")

    def _stage_finished(self, packet: s2c.UploadStageFinish) -> None:
        job = self._jobs.get(packet.upload_id)
        if job is not None and not packet.service_disconnect:
            job.is_stored = True
            job.left_service.set()

    def _finished(self, packet: s2c.BundleFinished) -> None:
        job = self._jobs.pop(packet.bundle_id, None)
        if job is None:
            return
        for end in packet.files:
            file = job.files.get(end.upload_id)
            if file is not None and end.success is not None:
                job.note_end(file, end)
                self._job_of.pop(end.upload_id, None)
        job.end_if_settled()

    def _asked(self, packet: s2c.UploadOverwriteRequest) -> None:
        job = self._job_of.get(packet.upload_id)
        if job is not None and job.files[packet.upload_id].decision is None:
            job.asked.put_nowait(job.files[packet.upload_id])

    def _file_finished(self, packet: s2c.UploadFinishInfo) -> None:
        job = self._job_of.pop(packet.upload_id, None)
        if job is not None:
            job.note_end(job.files[packet.upload_id], packet)
            job.end_if_settled()


def _request_for(
    files: Sequence[BundledTransfer],
    policy: ConflictPolicy,
    told_time: Callable[[float | None], str | None],
    *,
    is_public: bool,
) -> c2s.BundleRequest:
    overwrites = True if policy is OnConflict.OVERWRITE else None
    skips = True if policy is OnConflict.SKIP else None
    return c2s.BundleRequest(
        files=tuple(
            c2s.BundleFile(
                name=file.name,
                path=file.path,
                size=len(file.content),
                is_public=is_public,
                do_overwrite=overwrites,
                do_skip=skips,
                modified_at=told_time(file.modified_at),
            )
            for file in files
        )
    )


def _raise_if_for_all(rejection: s2c.UploadRejection) -> None:
    """Raise what follows from a rejection that is about no file in particular."""
    if rejection.code in _LEFT_OPEN:
        raise _NoBundles
    if rejection.retry == "soon":
        raise NoneFree
    if rejection.retry == "later":
        raise TryAgain(Rejected(rejection.reason, rejection.code, may_pass=True))


def _is_left(file: BundledTransfer, code: str, reason: str, retry: str) -> bool:
    """Whether a file that was rejected goes in another bundle."""
    if code == "name-taken":
        file.skipped()
    elif retry != "never":
        return True
    elif code not in _LEFT_OPEN:
        file.tracked.failed(Rejected(reason, code))
    return False


async def _conclude_all(job: AcceptedBundle) -> None:
    """Report how each file ended, as it does; returns at the end of the bundle."""
    while (file := await job.ended.get()) is not None:
        _conclude(file)


def _conclude(file: BundledTransfer) -> None:
    """Report how a file ended, if it has."""
    end = file.end
    if end is None or not file.tracked.is_open:
        return
    if end.success:
        file.stored(end.rename_target)
    elif file.decision is OnConflict.SKIP:
        file.skipped()
    else:
        file.tracked.failed(UploadFailed(end.reason or "the manager gave no reason"))


def _after(job: AcceptedBundle) -> Exception:
    """What follows when a bundle did not come to its stage finish."""
    if job.error is not None:
        return job.error
    ends = (file.end for file in job.files.values())
    reason = next((end.reason for end in ends if end is not None and end.reason), None)
    return TryAgain(UploadFailed(reason or "the upload service disconnected"))
