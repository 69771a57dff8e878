"""Whole files over HTTP, as S3 takes them from a form: for clients with a ticket of the manager."""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit
from xml.sax.saxutils import escape

import structlog
from aiohttp import web

from common.addresses import ClientAddresses
from common.http_server import has_encoded_body
from common.retry import Backoff
from common.tasks import BackgroundTasks
from protocol.s2u import TicketAccepted
from protocol.u2s import TicketFinish
from upload_service.buffers import Admission, AdmissionQueue, BufferPool, Lane
from upload_service.errors import (
    BodyCut,
    Busy,
    ChunkError,
    EncodedBody,
    MethodNotAllowed,
    NotStored,
)
from upload_service.forwarding import Forwarder
from upload_service.metrics import Metrics
from upload_service.multipart import form_boundary
from upload_service.stall import StallGuard
from upload_service.ticket_upload import CHUNKS_AT_ONCE, FormBody, TicketBackend, TicketFormReceiver

log = structlog.get_logger(__name__)

BUCKET: Final = "discord-cloud"
"""What S3 would call the place where everything is."""
FAILURE_REPORT_TRIES: Final = 6
ADMISSION_WAIT_S: Final = 300.0
_CORS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Location",
}
_INTERNAL: Final = "the service failed at this file: ask for a new ticket"


class TicketIntake:
    """Takes forms with tickets.

    Args:
        backend: the manager and Discord.
        forwarder: stores the chunks.
        pool: buffers.
        at_once: how many forms are received at the same time.
        addresses: tells clients apart.
        stall_timeout_s: seconds in which the fields must come, and that a file may stand still.
        metrics: what is counted.
        backoff: makes the delays between attempts to tell the manager of a failure.
        admission_wait_s: seconds that a form whose ticket is redeemed waits for its place.
    """

    def __init__(
        self,
        *,
        backend: TicketBackend,
        forwarder: Forwarder,
        pool: BufferPool,
        at_once: int,
        addresses: ClientAddresses,
        stall_timeout_s: float,
        metrics: Metrics,
        backoff: Callable[[], Backoff],
        admission_wait_s: float = ADMISSION_WAIT_S,
    ) -> None:
        self._backend = backend
        self._forwarder = forwarder
        self._stall_timeout_s = stall_timeout_s
        self._metrics = metrics
        self._backoff = backoff
        self._addresses = addresses
        lanes = (Lane(pool, CHUNKS_AT_ONCE) for _ in range(at_once))
        self._admission_queue = AdmissionQueue(lanes, wait_s=admission_wait_s)
        metrics.waiting_forms.set_function(lambda: self._admission_queue.waiting)
        self._failure_reports = BackgroundTasks()
        self._forms: set[TicketFormReceiver] = set()
        self._is_stopping = False

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a POST as S3 does, and what went wrong as JSON."""
        try:
            if request.method != "POST":
                raise MethodNotAllowed("forms")
            return await self._take(request)
        except ChunkError as error:
            self._metrics.failed(error.code)
            return _refusal(error.status, str(error), error.code)
        except Exception:
            log.exception("ticket-failed")
            self._metrics.failed("internal")
            return _refusal(500, _INTERNAL, "internal")

    def end_all(self, reason: str) -> None:
        """End what is being received, and take nothing any more."""
        self._is_stopping = True
        for form in self._forms:
            form.end(reason)

    async def drain(self, grace_s: float) -> None:
        """Wait until the manager has heard of all that failed, for `grace_s` at most."""
        await self._failure_reports.drain(grace_s)

    async def _take(self, request: web.Request) -> web.Response:
        if has_encoded_body(request):
            raise EncodedBody
        boundary = form_boundary(request.headers.get("Content-Type", ""))
        body = FormBody(request.content, request.content_length, boundary)
        with Admission(self._admission_queue, self._addresses.of_request(request)) as admission:
            form = await self._receive(body, admission)
        accepted, upload = form.accepted, form.upload
        if accepted is None or upload is None:
            raise RuntimeError("a form was received without a ticket")
        content_hash = upload.chunks.content_hash()
        packet = TicketFinish(
            upload_id=accepted.upload_id, success=True, hash=content_hash, type=accepted.type
        )
        try:
            await self._backend.finish(packet)
        except ChunkError as error:
            raise self._failed(form, error) from error
        return _stored(accepted, content_hash)

    async def _receive(self, body: FormBody, admission: Admission) -> TicketFormReceiver:
        """Take the whole form, and have all its chunks stored. Raises `ChunkError`."""
        if self._is_stopping:
            raise Busy("this service stops: ask for a new ticket")
        form: TicketFormReceiver | None = None
        try:
            async with asyncio.TaskGroup() as forwards, StallGuard(self._stall_timeout_s) as guard:
                form = TicketFormReceiver(self._backend, self._forwarder, admission, guard)
                self._forms.add(form)
                await form.receive(body, forwards)
            return form
        except BaseExceptionGroup as group:
            error = _cause(group)
            if error is None:
                self._failed(form, NotStored(_INTERNAL))
                raise
            raise self._failed(form, error) from None
        except asyncio.CancelledError:
            self._failed(form, NotStored("the service stopped"))
            raise
        finally:
            self._forms.discard(form)

    def _failed(self, form: TicketFormReceiver | None, error: ChunkError) -> ChunkError:
        """Report the failure to the manager in the background, since the client may be gone."""
        if form is None or form.accepted is None:
            return error
        if form.upload is not None:
            form.upload.end(str(error))
        packet = TicketFinish(upload_id=form.accepted.upload_id, success=False, reason=str(error))
        self._failure_reports.spawn(self._report_failure(packet), name="ticket-failed")
        return error

    async def _report_failure(self, packet: TicketFinish) -> None:
        # Without this report the manager waits for as long as this process has any link.
        backoff = self._backoff()
        for _ in range(FAILURE_REPORT_TRIES):
            try:
                await self._backend.finish(packet)
            except ChunkError as error:
                log.info("ticket-failure-not-reported", code=error.code)
                await backoff.wait()
            else:
                return


def _cause(group: BaseExceptionGroup[BaseException]) -> ChunkError | None:
    """What ended the reception, as the client is answered; None for a defect."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            return _cause(error)
        if isinstance(error, ChunkError):
            return error
        if isinstance(error, OSError | web.RequestPayloadError):
            return BodyCut("the connection broke before the form was complete")
    return None


def _stored(accepted: TicketAccepted, content_hash: str) -> web.Response:
    """What S3 answers to a POST."""
    headers = {**_CORS, "ETag": f'"{content_hash}"'}
    if accepted.success_action_redirect is not None:
        target = _redirect(accepted.success_action_redirect, accepted.upload_id, content_hash)
        return web.Response(status=303, headers={**headers, "Location": target})
    match accepted.success_action_status:
        case 200:
            return web.Response(status=200, headers=headers)
        case 201:
            xml = _post_response(accepted.upload_id, content_hash)
            return web.Response(
                status=201, text=xml, headers=headers, content_type="application/xml"
            )
        case _:
            return web.Response(status=204, headers=headers)


def _redirect(url: str, key: str, content_hash: str) -> str:
    parts = urlsplit(url)
    told = urlencode({"bucket": BUCKET, "key": key, "etag": f'"{content_hash}"'})
    return urlunsplit(parts._replace(query=f"{parts.query}&{told}" if parts.query else told))


def _post_response(key: str, content_hash: str) -> str:
    etag = escape(f'"{content_hash}"', {'"': "&quot;"})
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<PostResponse><Bucket>{BUCKET}</Bucket><Key>{escape(key)}</Key>"
        f"<ETag>{etag}</ETag></PostResponse>"
    )


def _refusal(status: int, text: str, code: str) -> web.Response:
    return web.json_response({"error": text, "code": code}, status=status, headers=_CORS)
