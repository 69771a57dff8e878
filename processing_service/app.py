"""The processing service: its connection to the manager, and the worker loops that run over it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import Final

import aiohttp
import msgspec
import structlog

from client_sdk.connection import Connection
from client_sdk.errors import ConnectionLost
from client_sdk.service_peer import connected_to, service_url, stay_connected
from common.manager_urls import ManagerUrls, split_urls
from common.retry import QUICK_TRIES, Backoff, RetryPolicy
from common.tasks import cancel_and_wait
from processing_service.errors import SandboxMissing
from processing_service.jobs import JobProcessor
from processing_service.kernel_calls import hide_memory
from processing_service.settings import ProcessingServiceSettings
from processing_service.transfers import TRANSFER_RETRY
from processing_service.worker_loop import JobSignal, WorkerLoop
from processing_service.worker_pool import WorkerPool
from protocol.codec import Frame
from protocol.extensions import PROCESSING
from protocol.generic import Boolean
from protocol.s2t import JobAvailable, ProcessingConfiguration, ThumbnailServiceConfiguration

CONNECT_TIMEOUT_S: Final = 30.0
STALL_TIMEOUT_S: Final = 60.0
"""Seconds without a byte after which a request has failed."""
_RECEIVES: Final = frozenset({"s2t", "generic"})
_EXTENSIONS: Final = frozenset({PROCESSING})

log = structlog.get_logger(__name__)


class ProcessingService:
    """One process of the processing service. Its workers are processes of their own.

    Jobs end with the connection over which they came: the manager then gives them to another
    service.

    Args:
        settings: what is configured.
        backoff: makes the delays between attempts to reach the manager; None for the default ones.
        retry: the delays between attempts to fetch or store something.
        on_ready: called whenever the manager has accepted the service.
    """

    def __init__(
        self,
        settings: ProcessingServiceSettings,
        *,
        backoff: Callable[[], Backoff] | None = None,
        retry: RetryPolicy = TRANSFER_RETRY,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._on_ready = on_ready
        self._reconnect_backoff = backoff or _reconnect_delays
        self._request_backoff: Callable[[], Backoff] = backoff or Backoff
        self._retry = retry
        self._workers = WorkerPool(
            settings.temp_folder or Path(gettempdir()), require_sandbox=settings.require_sandbox
        )
        credential = settings.service_credential.get_secret_value()
        self._managers = ManagerUrls(
            [
                service_url(url, "thumbnail", credential)
                for url in split_urls(settings.manager_address)
            ]
        )
        self._signal = JobSignal()
        self._lease_s = 0.0

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Process jobs for the length of the context. At its end, running workers are killed.

        Raises:
            ViewsInvalid: the file of views cannot be used.
            SandboxMissing: workers would run without the sandbox that is required.
        """
        # A worker of the same user could otherwise read the service's credential in its memory.
        hide_memory()
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=STALL_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http:
            jobs = JobProcessor(self._settings, http, self._workers, self._retry, self._managers)
            if self._settings.require_sandbox:
                await self._start_workers()
            running = asyncio.create_task(self._stay_connected(jobs), name="manager-connection")
            try:
                yield
            finally:
                await cancel_and_wait(running)
                await self._workers.close()

    async def _stay_connected(self, jobs: JobProcessor) -> None:
        if not self._settings.require_sandbox:
            # Here, since nothing has to wait for it.
            await self._start_workers()
        await stay_connected(partial(self._connect, jobs), self._reconnect_backoff())

    async def _start_workers(self) -> None:
        try:
            sandbox = await self._workers.start()
        except OSError as error:
            if self._settings.require_sandbox:
                raise SandboxMissing(f"no worker can be started: {error}") from error
            # Each job tries again, and is left to another service when it fails.
            log.error("worker-not-started", error=str(error))
            return
        log.info("worker-sandbox", **msgspec.structs.asdict(sandbox))
        if not sandbox.is_complete:
            log.warning("workers-not-confined", missing=sandbox.missing)

    async def _connect(self, jobs: JobProcessor, backoff: Backoff) -> None:
        """Serve one connection until it ends."""
        async with connected_to(
            self._managers, receives=_RECEIVES, extensions=_EXTENSIONS
        ) as manager:
            if PROCESSING not in manager.granted:
                log.error("manager-has-no-jobs-to-give")
            loops: list[asyncio.Task[None]] = []
            async with asyncio.TaskGroup() as tasks:
                try:
                    async for frame in manager:
                        if await self._handle(manager, frame):
                            backoff.reset()
                            loops = loops or self._start_loops(manager, jobs, tasks)
                finally:
                    for loop in loops:
                        loop.cancel()

    async def _handle(self, manager: Connection, frame: Frame) -> bool:
        """Returns whether the manager has accepted the service with this frame."""
        match frame.packet:
            case ProcessingConfiguration(lease_s=lease_s):
                self._lease_s = lease_s
                await _reply(manager, frame, Boolean(success=True))
                return True
            case JobAvailable():
                self._signal.wake_all()
            case ThumbnailServiceConfiguration():
                reason = "this service reads from the manager, not with a bot token"
                await _reply(manager, frame, Boolean(success=False, message=reason))
        return False

    def _start_loops(
        self, manager: Connection, jobs: JobProcessor, tasks: asyncio.TaskGroup
    ) -> list[asyncio.Task[None]]:
        loop = WorkerLoop(manager, jobs, self._signal, lambda: self._lease_s)
        started = [
            tasks.create_task(loop.run(self._request_backoff()), name=f"worker-loop-{number}")
            for number in range(self._settings.workers)
        ]
        self._on_ready()
        return started


async def serve(
    settings: ProcessingServiceSettings, *, on_ready: Callable[[str], None] = lambda _url: None
) -> None:
    """Run a processing service until cancelled.

    Args:
        settings: what is configured.
        on_ready: called with the manager's URL once it has accepted the service.

    Raises:
        ViewsInvalid: the file of views cannot be used.
        SandboxMissing: workers would run without the sandbox that is required.
    """
    ready = asyncio.Event()
    async with ProcessingService(settings, on_ready=ready.set).run():
        await ready.wait()
        on_ready(settings.manager_address)
        await asyncio.Event().wait()


def _reconnect_delays() -> Backoff:
    return Backoff(quick_tries=QUICK_TRIES)


async def _reply(manager: Connection, frame: Frame, answer: Boolean) -> None:
    if frame.uuid is not None:
        with suppress(ConnectionLost):
            await manager.send(answer, reply_uuid=frame.uuid)
