"""The part of the port for messages on Discord, and for the webhooks that post them.

The promises of `catalog.port` hold here as well.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from catalog.records import ChunkLocation, Message, MessageAuthor, Quarantine, Watch

REMEMBERED_WATCH_S = 30 * 24 * 3600.0
"""How long a watch that has ended is kept: what was posted in it has long been looked through."""


class MessageStore(Protocol):
    """Messages that hold no chunk, and how far channels were looked through for unknown ones."""

    async def orphan_authors(self, *, limit: int) -> list[MessageAuthor]:
        """Who has posted messages that hold no chunk, `limit` at most.

        The effort is that of the authors, however many such messages they have.
        """

    async def orphan_messages(self, author: MessageAuthor, *, limit: int) -> list[Message]:
        """Messages of the author that hold no chunk: to be deleted on Discord, then forgotten.

        Oldest first, `limit` at most, without those that are postponed.
        """

    async def count_orphans(self, authors: Collection[MessageAuthor]) -> int:
        """How many messages of these authors hold no chunk, postponed ones included."""

    async def postpone_message(self, message_id: int, *, until: float) -> None:
        """Keeps a message out of `orphan_messages` until then. Missing is no error."""

    async def forget_message(self, message_id: int) -> None:
        """Forgets a message that Discord has deleted. Missing is no error.

        A message that holds a chunk is kept. `ObjectStore.add_chunk` says what forgetting leaves
        behind.
        """

    async def channel_sweeps(self) -> Mapping[int, int]:
        """Up to which message (its snowflake) each channel was looked through, by channel."""

    async def note_sweep(
        self, channel_id: int, *, swept_until: int, messages: Sequence[Message] = ()
    ) -> int:
        """Notes how far a channel was looked through, and what was found.

        Messages that are unknown are entered without a chunk, so that they are given up for good:
        `ObjectStore.add_chunk` refuses them from then on. Answers how many those were; after a lost
        answer the second call counts none. A sweep never goes back.
        """

    async def watches(self) -> list[Watch]:
        """The times at which a manager has kept this very catalog, in order."""

    async def keep_watch(self, watch: Watch) -> None:
        """Adds a watch, or prolongs the one that began at the same time.

        Watches that ended more than `REMEMBERED_WATCH_S` before its end are dropped.
        """


class WebhookStore(Protocol):
    """What is known of webhooks. Their tokens are never in a catalog."""

    async def quarantines(self) -> list[Quarantine]:
        """The webhooks that are not used any more, by id."""

    async def put_quarantine(self, quarantine: Quarantine) -> None:
        """Adds a webhook's quarantine, or replaces it."""

    async def end_quarantine(self, webhook_id: int) -> None:
        """The webhook may be used again. Missing is no error."""

    async def chunks_posted_by(
        self, object_id: UUID, webhook_ids: Collection[int]
    ) -> list[ChunkLocation]:
        """One chunk of the object for each of these webhooks that has posted any, and each channel.

        By webhook and channel; of each the one with the lowest index.
        """
