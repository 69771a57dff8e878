"""Whether an upload that is about to be called stored can be read again, as far as that is known.

A webhook that is deleted takes what it has posted out of reach, for good unless a bot may read the
channel. While an upload runs that may happen to any of its chunks; so before it is entered, one message of
every webhook that was lost since it began is looked up on Discord, in the way in which a reader would.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from uuid import UUID

import structlog

from catalog.port import Catalog
from catalog.records import ChunkLocation
from manager.errors import ContentOutOfReach
from manager.services.webhooks import WebhookDirectory
from storage.discord.messages import ChunkAddress
from storage.errors import StorageError, WebhookUnusable

log = structlog.get_logger(__name__)

SLACK_S = 24 * 3600.0
"""How far clocks may be set back, and posts be under way, without a lost webhook being overlooked."""

LocateChunk = Callable[[ChunkAddress], Awaitable[object]]
"""Looks a chunk's message up on Discord. Raises `StorageError` when it cannot be read."""


class ReadabilityCheck:
    """Checks uploads against the webhooks that were lost while they ran.

    Args:
        catalog: Where chunks are looked up.
        webhooks: Which webhooks were lost.
        locate: Looks a message up.
    """

    def __init__(self, catalog: Catalog, webhooks: WebhookDirectory, locate: LocateChunk) -> None:
        self._catalog = catalog
        self._webhooks = webhooks
        self._locate = locate

    async def require(self, object_id: UUID) -> frozenset[int]:
        """Checks the chunks that are stored of an object. An object that is unknown passes.

        Returns:
            The webhooks that were known to be lost. While `is_current` says so of them, the object is
            known to be readable.

        Raises:
            ContentOutOfReach: Some chunk cannot be read.
            CatalogUnavailable: The catalog is away.
        """
        lost = frozenset(self._webhooks.quarantined)
        for location in await self._doubtful_chunks(object_id) if lost else ():
            await self._require_chunk(location)
        return lost

    async def unreadable(
        self, objects: Sequence[UUID], *, began_at: float
    ) -> tuple[frozenset[int], Mapping[UUID, ContentOutOfReach]]:
        """Checks objects that began at that time, in seconds since the Unix epoch, as `require` does.

        Returns:
            The webhooks that were known to be lost, and the objects of which some chunk cannot be read.

        Raises:
            CatalogUnavailable: The catalog is away.
        """
        lost = frozenset(self._webhooks.quarantined)
        lost_at = [each.since for each in self._webhooks.quarantined.values()]
        failures: dict[UUID, ContentOutOfReach] = {}
        if max(lost_at, default=0.0) >= began_at - SLACK_S:
            for object_id in objects:
                try:
                    await self.require(object_id)
                except ContentOutOfReach as error:
                    failures[object_id] = error
        return lost, failures

    async def _doubtful_chunks(self, object_id: UUID) -> list[ChunkLocation]:
        """One chunk of each webhook that was lost since the object began."""
        content = await self._catalog.object_by_id(object_id)
        if content is None:
            return []
        since = content.created_at - SLACK_S
        lost = self._webhooks.quarantined.values()
        recent = {each.webhook_id for each in lost if each.since >= since}
        if not recent or await self._catalog.files_of(object_id):
            # What has a name was entered before, by a call whose answer was lost.
            return []
        return await self._catalog.chunks_posted_by(object_id, recent)

    def is_current(self, lost: frozenset[int]) -> bool:
        """Whether no webhook was lost since `require` has returned these."""
        return lost.issuperset(self._webhooks.quarantined)

    async def _require_chunk(self, location: ChunkLocation) -> None:
        try:
            await self._locate(address_of(location))
        except StorageError as error:
            if isinstance(error, WebhookUnusable):
                self._webhooks.lost(error)
            log.warning(
                "upload-out-of-reach",
                upload=str(location.chunk.object_id),
                webhook_id=location.message.webhook_id,
                code=error.code,
            )
            raise ContentOutOfReach from error


def address_of(location: ChunkLocation) -> ChunkAddress:
    """Where a chunk lies, in the terms of the storage."""
    chunk, message = location.chunk, location.message
    return ChunkAddress(
        message_id=message.id,
        channel_id=message.channel_id,
        webhook_id=message.webhook_id,
        attachment_id=chunk.attachment_id,
        offset=chunk.offset,
        stored_size=chunk.stored_size,
    )
