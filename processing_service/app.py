"""The processing service, put together."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlencode, urlsplit, urlunsplit

import aiohttp

from client_sdk.backoff import QUICK_TRIES, Backoff
from common.tasks import cancel_and_wait
from processing_service.extensions import load_extensions
from processing_service.jobs import Workshop
from processing_service.link import Link, Surroundings
from processing_service.settings import MIB, ProcessingServiceSettings
from processing_service.views import load_views
from processing_service.workers import Workers

CONNECT_TIMEOUT_S: Final = 30.0
STALL_TIMEOUT_S: Final = 60.0
"""Seconds without a byte after which a request has failed."""


class ProcessingService:
    """One process of the processing service. Its workers are processes of their own.

    Args:
        settings: what is configured.
        backoff: makes the delays between attempts to reach the manager, or to fetch and deliver
            something; None for the usual ones.
        on_ready: called whenever the manager has accepted the service.
    """

    def __init__(
        self,
        settings: ProcessingServiceSettings,
        *,
        backoff: Callable[[], Backoff] | None = None,
        on_ready: Callable[[], None] = lambda: None,
    ) -> None:
        self._settings = settings
        self._on_ready = on_ready
        self._link_backoff = backoff or _delays_of_link
        self._workshop = Workshop(
            manager_http_url=_with_scheme(settings.manager_address, {"ws": "http", "wss": "https"}),
            upload_origin=settings.upload_origin,
            workers=Workers(),
            views=load_views(settings.views_file),
            extensions=load_extensions(),
            limits=settings.limits,
            max_input_bytes=settings.max_input_mib * MIB,
            keep_gps=settings.keep_gps,
            temp_folder=settings.temp_folder,
            backoff=backoff or Backoff,
        )

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Take jobs for the length of the context. At its end, running workers are killed."""
        timeout = aiohttp.ClientTimeout(sock_connect=CONNECT_TIMEOUT_S, sock_read=STALL_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout, auto_decompress=False) as http:
            link = Link(
                Surroundings(
                    manager_url=_link_url(self._settings),
                    workers=self._settings.workers,
                    workshop=self._workshop,
                    http=http,
                    on_ready=self._on_ready,
                    backoff=self._link_backoff,
                )
            )
            running = asyncio.create_task(link.run(), name="link")
            try:
                yield
            finally:
                await cancel_and_wait(running)
                await self._workshop.workers.end()


async def serve(
    settings: ProcessingServiceSettings, *, on_ready: Callable[[str], None] = lambda _url: None
) -> None:
    """Run a processing service until cancelled.

    Args:
        settings: what is configured.
        on_ready: called with the manager's URL once it has accepted the service.
    """
    ready = asyncio.Event()
    async with ProcessingService(settings, on_ready=ready.set).run():
        await ready.wait()
        on_ready(settings.manager_address)
        await asyncio.Event().wait()


def _delays_of_link() -> Backoff:
    return Backoff(quick_tries=QUICK_TRIES)


def _with_scheme(url: str, schemes: dict[str, str]) -> str:
    parts = urlsplit(url)
    return urlunsplit(parts._replace(scheme=schemes.get(parts.scheme, parts.scheme)))


def _link_url(settings: ProcessingServiceSettings) -> str:
    parts = urlsplit(_with_scheme(settings.manager_address, {"http": "ws", "https": "wss"}))
    query = {"type": "thumbnail", "key": settings.service_password.get_secret_value()}
    return urlunsplit(parts._replace(path=f"{parts.path}/", query=urlencode(query)))
