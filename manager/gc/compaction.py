"""Gives back what lies between the chunks of messages of which most chunks are deleted.

Discord deletes whole messages only, so a message with several chunks stays as long as one of them is needed.
The compactor looks through the messages that hold chunks. Where at most half of the bytes are still used, it
reads the chunks that are left, as they are sealed, posts them together as a new message and has the catalog
point there, in one transaction. The old message is garbage then.

**Readers are never in the way.** A reader that was told of the old message finds it there: the reaper
leaves an emptied message alone for `KEPT_S`, which is longer than the slowest reader takes for what it was
told. A chunk that is deleted or moved meanwhile stays as it is. A new message that is not needed in the
end, or of which the catalog never hears because this process dies, is garbage like any other.

**Uploads come first.** The compactor posts only while none runs: an upload process has the lease of a
webhook's channel and does not count what others post there. Each message that it posts is a single small
one, after a pause, so that the limits of the channel have room for both when an upload begins.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Protocol

import structlog

from catalog.content_port import MessageStore, ObjectStore
from catalog.errors import CatalogError
from catalog.records import Chunk, ChunkLocation, ChunkMove, Message, MessageUse, StoredObject
from manager.error_texts import log_level
from manager.metrics import ManagerMetrics
from manager.retrying import CatalogRetry
from manager.services.webhooks import WebhookDirectory
from storage.discord.messages import PostedMessage
from storage.discord.routes import WebhookCredentials
from storage.errors import DiscordUnavailable, StorageError, WebhookUnusable

log = structlog.get_logger(__name__)

INTERVAL_S = 3600.0
"""Seconds between two searches."""
PAUSE_S = 10.0
"""Seconds before each post."""
KEPT_S = 24 * 3600.0
"""Seconds for which an emptied message is kept for readers."""
PAGE = 1000
"""Messages that are looked at at once."""
LEAST_HOLES = 64 * 1024
"""Bytes that are not used, below which a message is not worth a post."""
MOST_MOVED = 8 * 1024 * 1024
"""Bytes that one new message gets; more than that are left where they are. Every channel takes that."""
MOST_EMPTIED = 10
"""Messages of which one new message takes what is left."""

ReadSealed = Callable[[StoredObject, ChunkLocation], Awaitable[memoryview]]
"""Reads a chunk as it is sealed, verified. Raises `StorageError`."""
PostFile = Callable[[WebhookCredentials, memoryview], Awaitable[PostedMessage]]
"""Posts a message with one file. Raises `StorageError`."""


class CompactedStore(ObjectStore, MessageStore, Protocol):
    """The parts of the catalog that the compactor uses."""


def is_mostly_holes(use: MessageUse) -> bool:
    """Whether it is worth moving what a message still holds."""
    holes = use.message.stored_size - use.used_bytes
    return LEAST_HOLES <= holes >= use.used_bytes and use.used_bytes <= MOST_MOVED


class Compactor:
    """Searches for messages that are mostly holes at intervals, and moves what is left in them."""

    def __init__(
        self,
        catalog: CompactedStore,
        webhooks: WebhookDirectory,
        read_sealed: ReadSealed,
        post: PostFile,
        is_idle: Callable[[], bool],
        retry: CatalogRetry,
        metrics: ManagerMetrics,
        *,
        wake_reaper: Callable[[], None],
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """Takes what it uses.

        Args:
            catalog: Knows the messages and what lies in them.
            webhooks: Those that may post.
            read_sealed: Reads a chunk.
            post: Posts the new message.
            is_idle: Whether no upload runs.
            retry: Has the catalog note a message that is posted.
            metrics: Counts what was given back.
            wake_reaper: Called when there may be garbage.
            clock: Seconds since the epoch, as the catalog counts them.
            sleep: Waits for seconds.
        """
        self._catalog = catalog
        self._webhooks = webhooks
        self._read_sealed = read_sealed
        self._post = post
        self._is_idle = is_idle
        self._retry = retry
        self._metrics = metrics
        self._wake_reaper = wake_reaper
        self._clock = clock
        self._sleep = sleep

    async def run(self) -> None:
        """Searches until cancelled."""
        while True:
            await self._sleep(INTERVAL_S)
            await self.sweep()

    async def sweep(self) -> int:
        """Looks through all messages once, as long as no upload runs.

        Returns how many messages were emptied.
        """
        emptied, after = 0, 0
        try:
            while self._is_idle():
                page = await self._catalog.messages_in_use(after=after, limit=PAGE)
                if not page:
                    break
                after = page[-1].message.id
                for batch in _batches([use for use in page if is_mostly_holes(use)]):
                    await self._sleep(PAUSE_S)
                    if not self._is_idle():
                        return emptied
                    emptied += await self._compact(batch)
        except WebhookUnusable as error:
            self._webhooks.lost(error)
        except (StorageError, CatalogError) as error:
            log.log(log_level(error), "compaction-interrupted", code=error.code, reason=str(error))
        return emptied

    async def _compact(self, uses: Sequence[MessageUse]) -> int:
        """Moves what some messages hold into a new one. Returns how many it has emptied."""
        webhook = next(iter(self._webhooks.usable), None)
        if webhook is None:
            return 0
        content = bytearray()
        moves: list[tuple[Chunk, int]] = []
        moved: list[MessageUse] = []
        for use in uses:
            pieces = await self._pieces_of(use.message)
            for chunk, sealed in pieces:
                moves.append((chunk, len(content)))
                content += sealed
            if pieces:
                moved.append(use)
        if not moved:
            return 0
        posted = await self._post(webhook, memoryview(content))
        await self._moved(webhook, posted, len(content), moves)
        freed = sum(use.message.stored_size - use.used_bytes for use in moved)
        self._metrics.compacted_bytes.inc(freed)
        log.info("messages-compacted", messages=len(moved), chunks=len(moves), freed_bytes=freed)
        self._wake_reaper()
        return len(moved)

    async def _pieces_of(self, message: Message) -> list[tuple[Chunk, memoryview]]:
        """The chunks in a message, and each as it is sealed; none if one of them cannot be moved.

        Raises `DiscordUnavailable`.
        """
        pieces = []
        try:
            for chunk in await self._catalog.chunks_in(message.id):
                # A chunk in all attachments together is alone in its message, and no hole.
                if chunk.attachment_id is None:
                    return []
                sealed = await self._sealed(chunk, message)
                if sealed is not None:
                    pieces.append((chunk, sealed))
        except DiscordUnavailable:
            raise
        except StorageError as error:
            log.warning("message-not-compacted", message_id=message.id, code=error.code)
            return []
        return pieces

    async def _sealed(self, chunk: Chunk, message: Message) -> memoryview | None:
        """A chunk as it lies on Discord; None if its object went meanwhile. Raises `StorageError`."""
        content = await self._catalog.object_by_id(chunk.object_id)
        if content is None:
            return None
        return await self._read_sealed(content, ChunkLocation(chunk=chunk, message=message))

    async def _moved(
        self,
        webhook: WebhookCredentials,
        posted: PostedMessage,
        size: int,
        moves: Sequence[tuple[Chunk, int]],
    ) -> None:
        """Has the catalog point to the new message, unless Discord has saved something else."""
        is_whole = [attachment.size for attachment in posted.attachments] == [size]
        message = Message(
            id=posted.id, channel_id=posted.channel_id, webhook_id=webhook.id, stored_size=size
        )
        targets = [
            ChunkMove(chunk=chunk, attachment_id=posted.attachments[0].id, offset=offset)
            for chunk, offset in moves
            if is_whole
        ]
        keep_until = self._clock() + KEPT_S
        call = partial(self._catalog.move_chunks, message, targets, keep_until=keep_until)
        await self._retry.committing(call)


def _batches(uses: Sequence[MessageUse]) -> list[list[MessageUse]]:
    """The messages in groups, of each of which one new message takes what is left."""
    batches: list[list[MessageUse]] = []
    room = 0
    for use in uses:
        if not batches or use.used_bytes > room or len(batches[-1]) == MOST_EMPTIED:
            batches.append([])
            room = MOST_MOVED
        batches[-1].append(use)
        room -= use.used_bytes
    return batches
