"""Temporary references of this process to content that is being uploaded, committed or sent.

Their service name is unique to the process. So the next process does not renew those of a crashed one,
and they expire.
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
    """The temporary references of this process, which are renewed together.

    Content with one is no garbage.
    """

    def __init__(
        self,
        catalog: ObjectStore,
        clock: Callable[[], float],
        *,
        life_s: float,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`life_s`: seconds that a reference lasts without renewal; `clock`: seconds since the epoch."""
        self._catalog = catalog
        self._clock = clock
        self._life_s = life_s
        self._sleep = sleep
        self._service = f"manager:{uuid4()}"
        self._references: set[tuple[UUID, str]] = set()
        # No reference began, or was renewed, before this moment.
        self._renewed_at = clock()

    def begin(self, object_id: UUID, key: str) -> Reference:
        """A new reference, renewed from now on; the caller writes it into the catalog."""
        self._references.add((object_id, key))
        return self._reference(object_id, key)

    def name_of(self, key: str) -> tuple[str, str]:
        """Service and key of a reference, for a write that releases it as well."""
        return self._service, key

    def released(self, object_id: UUID, key: str) -> None:
        """The reference was released by another write."""
        self._references.discard((object_id, key))

    async def release(self, object_id: UUID, key: str) -> None:
        """Releases a reference; may be repeated. After `CatalogError` it ends when it expires."""
        self._references.discard((object_id, key))
        await self._catalog.release(object_id, service=self._service, key=key)

    async def end(self, object_id: UUID, key: str) -> None:
        """Releases a reference. If the catalog is unavailable, it ends when it expires."""
        try:
            await self.release(object_id, key)
        except CatalogError as error:
            log.log(log_level(error), "reference-not-released", code=error.code)

    @contextlib.asynccontextmanager
    async def referring(self, object_id: UUID) -> AsyncIterator[Reference]:
        """A reference for the length of the context; the caller writes it into the catalog."""
        key = str(uuid4())
        try:
            yield self.begin(object_id, key)
        finally:
            # The reference of a cancelled caller is released as well.
            await asyncio.shield(self.end(object_id, key))

    @contextlib.asynccontextmanager
    async def protecting(self, object_id: UUID) -> AsyncIterator[None]:
        """Keeps an existing object for the length of the context. Raises `ObjectMissing`.

        If the catalog accepts no writes (for example because the disk is full), there is no
        reference: reading goes on without one, and fails if the content is deleted meanwhile.
        """
        async with self.referring(object_id) as reference:
            try:
                await self._catalog.hold(reference)
            except CatalogUnavailable as error:
                log.log(log_level(error), "reference-not-added", reason=str(error))
            yield

    async def renew(self) -> None:
        """Renews all references, including expired ones. Raises `CatalogError`.

        The reaper calls it before it collects garbage: after the machine was suspended, or the catalog was
        unavailable, for longer than a reference lasts, content in use must not be deleted.
        """
        now = self._clock()
        age_s = now - self._renewed_at
        if 0 <= age_s < self._life_s / 4:
            return
        if 0 <= age_s < self._life_s:
            # By key: a reference that could not be released must not be renewed with the others.
            renewed = tuple(self._references)
            await self._catalog.renew(self._service, renewed, expires_at=now + self._life_s)
        else:
            # References may have expired, or the clock was set back: write each again.
            for object_id, key in tuple(self._references):
                await self._revive(object_id, key)
        self._renewed_at = now

    async def run(self) -> None:
        """Renews all references in time, until cancelled."""
        while True:
            await self._sleep(self._life_s / 3)
            try:
                await self.renew()
            except CatalogError as error:
                log.log(log_level(error), "references-not-renewed", code=error.code)

    async def _revive(self, object_id: UUID, key: str) -> None:
        try:
            await self._catalog.hold(self._reference(object_id, key))
        except ObjectMissing:
            return
        if (object_id, key) not in self._references:
            # It was released meanwhile; this new one would never be.
            await self.end(object_id, key)

    def _reference(self, object_id: UUID, key: str) -> Reference:
        return Reference(
            object_id=object_id,
            service=self._service,
            key=key,
            expires_at=self._clock() + self._life_s,
        )
