"""Keeps content alive while it is being sent, though its file is overwritten or deleted meanwhile."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import structlog

from catalog.errors import CatalogError
from catalog.port import ObjectStore
from catalog.records import Reference

_log = structlog.get_logger()


class DownloadHolds:
    """Temporary references of running downloads, renewed together.

    The service name is this process's own, so what a crashed process held is not renewed by the next
    one, and ends after `life_s` seconds.
    """

    def __init__(
        self,
        catalog: ObjectStore,
        clock: Callable[[], float],
        *,
        life_s: float,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._life_s = life_s
        self._sleep = sleep
        self._service = f"download:{uuid4()}"
        self._running = 0

    @contextlib.asynccontextmanager
    async def hold(self, object_id: UUID) -> AsyncIterator[None]:
        """Holds an object for the length of the context. Raises `ObjectMissing`."""
        key = str(uuid4())
        expires_at = self._clock() + self._life_s
        await self._catalog.hold(Reference(object_id, self._service, key, expires_at))
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            # A cancelled download still lets go; what fails here ends by itself when it expires.
            await asyncio.shield(self._release(object_id, key))

    async def run(self) -> None:
        """Renews all holds, three times within their life, until cancelled."""
        while True:
            await self._sleep(self._life_s / 3)
            if self._running:
                await self._renew()

    async def _renew(self) -> None:
        try:
            await self._catalog.renew(self._service, expires_at=self._clock() + self._life_s)
        except CatalogError as error:
            _log.warning("download-holds-not-renewed", code=error.code)

    async def _release(self, object_id: UUID, key: str) -> None:
        try:
            await self._catalog.release(object_id, service=self._service, key=key)
        except CatalogError as error:
            _log.warning("download-hold-not-released", code=error.code)
