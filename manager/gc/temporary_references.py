"""Temporary references that this process holds: on what is being uploaded, decided about, or sent.

Their service name is this process's own, so what a crashed process held is not renewed by the next
one and ends by itself.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import structlog

from catalog.content_port import ObjectStore
from catalog.errors import CatalogError, CatalogUnavailable, ObjectMissing
from catalog.records import Reference
from manager.error_texts import log_level

log = structlog.get_logger(__name__)


class TemporaryReferences:
    """Keeps content alive, and renews all holds of the process together."""

    def __init__(
        self,
        catalog: ObjectStore,
        clock: Callable[[], float],
        *,
        life_s: float,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`life_s`: seconds that a hold lasts without renewal; `clock`: seconds since the epoch."""
        self._catalog = catalog
        self._clock = clock
        self._life_s = life_s
        self._sleep = sleep
        self._service = f"manager:{uuid4()}"
        self._held: set[tuple[UUID, str]] = set()
        # No hold began, or was renewed, before this moment.
        self._kept_at = clock()

    def begin(self, object_id: UUID, key: str) -> Reference:
        """A reference that is renewed from now on; the caller writes it into the catalog."""
        self._held.add((object_id, key))
        return self._reference(object_id, key)

    async def release(self, object_id: UUID, key: str) -> None:
        """Lets go. May be repeated. Raises `CatalogError`: then the hold ends when it expires."""
        self._held.discard((object_id, key))
        await self._catalog.release(object_id, service=self._service, key=key)

    async def end(self, object_id: UUID, key: str) -> None:
        """Lets go. If the catalog is away the hold ends when it expires."""
        try:
            await self.release(object_id, key)
        except CatalogError as error:
            log.log(log_level(error), "hold-not-released", code=error.code)

    @contextlib.asynccontextmanager
    async def held(self, object_id: UUID) -> AsyncIterator[Reference]:
        """A reference for the length of the context; the caller writes it into the catalog."""
        key = str(uuid4())
        try:
            yield self.begin(object_id, key)
        finally:
            # A cancelled caller still lets go.
            await asyncio.shield(self.end(object_id, key))

    @contextlib.asynccontextmanager
    async def hold(self, object_id: UUID) -> AsyncIterator[None]:
        """Holds an object that exists for the length of the context. Raises `ObjectMissing`.

        If the catalog takes no writes now (a full disk, say) there is no hold: whoever only reads
        shall not suffer from that, and what is deleted meanwhile ends early, as it would anyhow.
        """
        async with self.held(object_id) as reference:
            try:
                await self._catalog.hold(reference)
            except CatalogUnavailable as error:
                log.log(log_level(error), "hold-not-taken", problem=str(error))
            yield

    async def keep(self) -> None:
        """Renews what is held, also holds whose time is over already. Raises `CatalogError`.

        Called before garbage is collected: a machine that slept, or a catalog that was away, for
        longer than a hold lives must not cost anybody what is still in use.
        """
        now = self._clock()
        age_s = now - self._kept_at
        if 0 <= age_s < self._life_s / 4:
            return
        if 0 <= age_s < self._life_s:
            # By name: one that could not be released must not live on with the others.
            held = tuple(self._held)
            await self._catalog.renew(self._service, held, expires_at=now + self._life_s)
        else:
            # Too late, or the clock was set back: what expires when is not known.
            for object_id, key in tuple(self._held):
                await self._revive(object_id, key)
        self._kept_at = now

    async def run(self) -> None:
        """Renews all holds in time, until cancelled."""
        while True:
            await self._sleep(self._life_s / 3)
            try:
                await self.keep()
            except CatalogError as error:
                log.log(log_level(error), "holds-not-renewed", code=error.code)

    async def _revive(self, object_id: UUID, key: str) -> None:
        try:
            await self._catalog.hold(self._reference(object_id, key))
        except ObjectMissing:
            return
        if (object_id, key) not in self._held:
            # Let go of meanwhile; left there, it would be renewed for ever.
            await self.end(object_id, key)

    def _reference(self, object_id: UUID, key: str) -> Reference:
        return Reference(
            object_id=object_id,
            service=self._service,
            key=key,
            expires_at=self._clock() + self._life_s,
        )
