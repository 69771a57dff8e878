"""Chunks on their way to an upload service, by HTTP.

The body of the request is written piece by piece, straight from the source. Its fields go in the
order id, chunk, file, so that a service knows where the bytes belong before the first of them
arrives. A chunk whose answer is lost is sent again: the service knows equal bytes for what they
are. A service that is there but silent waits for Discord or for the manager's catalog, so that the
chunk waits with it: the manager says when the upload is over.
"""

import asyncio
import contextlib
import json
from abc import abstractmethod
from collections.abc import Callable, Iterator
from uuid import uuid4

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from client_sdk.endpoint import unreachable
from client_sdk.errors import (
    CloudError,
    LastingFailure,
    SourceChanged,
    Unreachable,
    UploadFailed,
)
from client_sdk.rate_limit import RateLimit
from client_sdk.settings import ClientSettings
from client_sdk.sources import Bytes, OpenSource, SourceChunk
from client_sdk.transfers import AcceptedUpload, ProgressMeter
from common.http_bodies import read_up_to
from common.log_events import EventLogger, bound_ids, correlation_header
from protocol.chunks import chunk_length, indices_in

CONFLICT = 409
REQUEST_TIMEOUT = 408
TOO_MANY_REQUESTS = 429
SERVER_ERRORS = 500
INSUFFICIENT_STORAGE = 507
"""Nothing can be stored until the server's operator acts."""
CONNECT_TIMEOUT_S = 30.0
LONGEST_REASON = 300

log = EventLogger(__name__)


class _StillWaiting(Exception):
    """The service has taken the connection, but neither bytes nor an answer came through in time."""


class ServiceBody(Payload):
    """The body of one try to send something to an upload service.

    Attributes:
        failure: Why the source could not be read, if that was it.
        has_stalled: Whether the service stopped reading.
    """

    failure: CloudError | None = None
    has_stalled = False

    def __init__(
        self, value: object, content_type: str, stall_timeout_s: float, rate: RateLimit
    ) -> None:
        super().__init__(value, content_type=content_type)
        self._stall_timeout_s = stall_timeout_s
        self._rate = rate

    async def _write_paced(
        self, writer: AbstractStreamWriter, content: Bytes, written: Callable[[int], None]
    ) -> None:
        """Write within the rate; calls `written` with the length of each piece that is through."""
        async for piece in self._rate.paced(content):
            try:
                async with asyncio.timeout(self._stall_timeout_s):
                    await writer.write(piece)
            except TimeoutError:
                self.has_stalled = True
                raise
            written(len(piece))

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:
        """Not possible: the body is bytes."""
        raise TypeError("what goes to an upload service is not text")

    @abstractmethod
    def take_back(self) -> None:
        """The try failed: its bytes do not count."""


class ChunkBody(ServiceBody):
    """The multipart body of one chunk."""

    def __init__(
        self,
        upload_id: str,
        index: int,
        chunk: SourceChunk,
        length: int,
        meter: ProgressMeter,
        stall_timeout_s: float,
        rate: RateLimit,
    ) -> None:
        boundary = uuid4().hex
        content_type = f"multipart/form-data; boundary={boundary}"
        super().__init__(chunk, content_type, stall_timeout_s, rate)
        self._head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="id"\r\n\r\n{upload_id}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="chunk"\r\n\r\n{index}\r\n'
            f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="chunk"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n"
        ).encode()
        self._tail = f"\r\n--{boundary}--\r\n".encode()
        self._size = len(self._head) + length + len(self._tail)
        self._chunk = chunk
        self._meter = meter
        self._sent = 0

    def take_back(self) -> None:
        """The try failed: its bytes do not count."""
        self._meter.add(-self._sent)
        self._sent = 0

    async def write(self, writer: AbstractStreamWriter) -> None:
        """Write the whole body, the length of which is always the announced one."""
        await writer.write(self._head)
        try:
            async for piece in self._chunk.pieces():
                await self._write_paced(writer, piece, self._count)
        except CloudError as error:
            self.failure = error
            raise
        await writer.write(self._tail)

    def _count(self, length: int) -> None:
        self._sent += length
        self._meter.add_sent(length)


class ChunkSender:
    """Sends the chunks of one upload.

    Args:
        http: Session to send with.
        upload: Where the chunks go, and which are missing.
        settings: Time limits and retries.
        rate: How fast all transfers are together.
        acknowledged: Called after each chunk that the service has stored.
    """

    def __init__(
        self,
        http: aiohttp.ClientSession,
        upload: AcceptedUpload,
        settings: ClientSettings,
        rate: RateLimit,
        acknowledged: Callable[[], None],
    ) -> None:
        self._http = http
        self._address = upload.address
        self._upload_id = upload.upload_id
        self._chunk_size = upload.chunk_size
        self._size = upload.order.source.size
        self._missing = upload.missing
        self._meter = upload.order.meter
        self._settings = settings
        self._rate = rate
        self._acknowledged = acknowledged

    async def send_missing(self, source: OpenSource) -> None:
        """Send the missing chunks, several at a time, and return when each was acknowledged.

        Raises:
            SourceChanged, SourceUnreadable: The source has changed, or cannot be read.
            UploadFailed: The service refused a chunk.
            Unreachable: A chunk did not get through, however often it was sent.
        """
        indices = indices_in(self._missing)
        turn = asyncio.Lock()
        try:
            async with asyncio.TaskGroup() as group:
                for number in range(self._settings.chunks_in_flight):
                    worker = self._send_in_turn(source, indices, turn)
                    group.create_task(worker, name=f"chunks-{number}")
        except BaseExceptionGroup as errors:
            first = _first(errors)
            raise first from first.__cause__

    async def _send_in_turn(
        self, source: OpenSource, indices: Iterator[int], turn: asyncio.Lock
    ) -> None:
        while True:
            async with turn:
                index = next(indices, None)
                if index is None:
                    return
                length = chunk_length(self._size, self._chunk_size, index)
                chunk = await source.chunk(index * self._chunk_size, length)
            await self._send(index, chunk, length)

    async def _send(self, index: int, chunk: SourceChunk, length: int) -> None:
        def body() -> ChunkBody:
            # Before it is sent: the answer to the last one may come after the upload's end.
            log.debug("chunk-sending", index=index, size=length)
            return ChunkBody(
                self._upload_id,
                index,
                chunk,
                length,
                self._meter,
                self._settings.stall_timeout_s,
                self._rate,
            )

        await post_to_service(self._http, self._address, body, self._settings)
        self._acknowledged()


async def post_to_service(
    http: aiohttp.ClientSession,
    address: str,
    new_body: Callable[[], ServiceBody],
    settings: ClientSettings,
) -> None:
    """Send a body to an upload service until it is acknowledged.

    Args:
        http: Session to send with.
        address: Where it goes.
        new_body: Makes the body of each try.
        settings: Time limits and retries.

    Raises:
        SourceChanged, SourceUnreadable: The source has changed, or cannot be read.
        UploadFailed: The service refused it.
        Unreachable: It did not get through, however often it was sent.
    """
    backoff = settings.backoff()
    attempts = 0
    while True:
        with bound_ids(request=uuid4()):
            body = new_body()
            try:
                await _post(http, address, body, settings)
                return
            except _StillWaiting:
                body.take_back()
            except Unreachable:
                body.take_back()
                attempts += 1
                if attempts >= settings.chunk_attempts:
                    raise
            except BaseException:
                body.take_back()
                raise
        await backoff.wait()


async def _post(
    http: aiohttp.ClientSession, address: str, body: ServiceBody, settings: ClientSettings
) -> None:
    timeout = aiohttp.ClientTimeout(
        total=None,
        sock_connect=CONNECT_TIMEOUT_S,
        sock_read=settings.chunk_reply_timeout_s,
    )
    try:
        async with http.post(
            address,
            data=body,
            headers=correlation_header(),
            timeout=timeout,
            allow_redirects=False,
        ) as response:
            if response.status != 200:
                raise _refusal(response.status, await read_up_to(response.content, 4096))
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        if body.failure is not None:
            raise body.failure from body.failure.__cause__
        if body.has_stalled or isinstance(error, aiohttp.SocketTimeoutError):
            raise _StillWaiting from error
        raise unreachable("the upload service", address, error) from error


def _refusal(status: int, body: bytes) -> CloudError:
    """The error for an answer that is not 200; `Unreachable` for those that may pass."""
    reason = _reason(status, body)
    if status == INSUFFICIENT_STORAGE:
        return LastingFailure(reason)
    if status in {REQUEST_TIMEOUT, TOO_MANY_REQUESTS} or status >= SERVER_ERRORS:
        return Unreachable(f"the upload service could not take a chunk: {reason}")
    if status == CONFLICT:
        return SourceChanged(f"a chunk was sent twice with different content: {reason}")
    return UploadFailed(f"the upload service refused a chunk: {reason}")


def _reason(status: int, body: bytes) -> str:
    with contextlib.suppress(ValueError, TypeError, KeyError, RecursionError):
        return str(json.loads(body)["error"])[:LONGEST_REASON]
    return f"HTTP {status}"


def _first(errors: BaseExceptionGroup[BaseException]) -> BaseException:
    """One error for several; a change of the source explains the others."""
    for kind in (SourceChanged, CloudError):
        for error in errors.exceptions:
            if isinstance(error, kind):
                return error
    return errors.exceptions[0]
