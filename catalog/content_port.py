"""The parts of the port for content: objects, the messages that hold them, webhooks and master keys.

The promises of `catalog.port` hold here as well.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol
from uuid import UUID

from catalog.errors import InvalidRecord
from catalog.records import (
    ChannelLimits,
    Chunk,
    ChunkLocation,
    ChunkMove,
    Garbage,
    Message,
    MessageAuthor,
    MessageUse,
    Quarantine,
    Reference,
    StoredObject,
    Watch,
)


def require_chunks_of(message: Message, chunks: Sequence[Chunk]) -> None:
    """Returns if all chunks lie in the message. Raises `InvalidRecord`."""
    if any(chunk.message_id != message.id for chunk in chunks):
        raise InvalidRecord(f"a chunk lies in another message than {message.id}")


class ObjectStore(Protocol):
    """Content, its chunks, the messages that hold them, and what keeps them alive."""

    async def begin_objects(
        self, drafts: Sequence[StoredObject], holds: Sequence[Reference]
    ) -> None:
        """Starts objects in state `uploading`, each with the reference that keeps it alive.

        `holds` has one for each draft, in the same order. An object that has begun stays as it is.
        """

    async def add_message(self, message: Message, chunks: Sequence[Chunk]) -> list[bool]:
        """Enters a message together with the chunks that lie in it.

        The answer says of each chunk, in their order, whether its object now has it there. It has
        not if the object is gone, has no such index, or has that index in another place. A message of
        which no chunk is wanted, or that has none, is entered all the same: without a chunk, for the
        reaper to delete. The same call again is no change and answers as before.

        A message that was once without a chunk is never used again, as it may be deleted on Discord
        at any moment: no chunk is put into it, and the answer is False. That still holds when it was
        forgotten; then it is not entered again, for a month. So all chunks of a message are entered by
        one call.

        Raises `InvalidRecord` for a chunk of another message.
        """

    async def finish_object(
        self, object_id: UUID, *, mime_type: str, hash_hex: str
    ) -> StoredObject:
        """From `uploading` to `stored`. One that is stored already stays as it is.

        Raises `ObjectMissing`, and `ObjectIncomplete` unless chunks 0 to chunk_count - 1 are
        journalled and their plain sizes add up to the object's.
        """

    async def object_by_id(self, object_id: UUID) -> StoredObject | None:
        """The object with that id."""

    async def chunks(self, object_id: UUID, *, first: int, limit: int) -> list[ChunkLocation]:
        """Chunks from index `first` on, in order, `limit` at most."""

    async def single_chunks(
        self, object_ids: Collection[UUID]
    ) -> list[tuple[StoredObject, ChunkLocation]]:
        """Those of these objects that are stored as one chunk, and where that lies; in any order.

        Objects that are missing, not stored, empty or of more chunks are left out. For some hundred
        small files at a time.
        """

    async def hold(self, reference: Reference) -> None:
        """Adds a reference or moves its expiry. Raises `ObjectMissing`."""

    async def release(self, object_id: UUID, *, service: str, key: str) -> None:
        """Removes a reference. A missing one is no error."""

    async def renew(
        self, service: str, held: Collection[tuple[UUID, str]], *, expires_at: float
    ) -> None:
        """Moves the expiry of a service's temporary references that are not over yet.

        `held`: object and key of each. Other references, and missing ones, are no error and stay as
        they are.
        """

    async def collect_objects(self, *, limit: int, grace_s: float = 0.0) -> int:
        """Deletes up to `limit` objects that no file, live reference or living object's view needs.

        Their chunks, tickets and jobs go with them, their messages stay without chunks. Answers how
        many it deleted. A reference is over as soon as the clock reaches its expiry: it counts as
        none, and is deleted no later than the object.

        A stored object stays until it has been without a reference for `grace_s` seconds, counted
        from the first call that finds it so; a new reference ends that. What never was completed,
        and what was a view, goes without grace.

        A call does what a caller has time to wait for: it ends with the object that brings the
        chunks deleted to 20 000, and 20 000 objects begin their grace in it at most. Calls are
        repeated until one deletes nothing; what has not begun its grace then does so in a later one.
        """

    async def garbage(self, *, limit: int) -> list[Garbage]:
        """What `collect_objects` would delete now or after its grace, those noticed first first.

        Their views, which go with them, are not listed. Each has the name under which it was
        committed, and as whose: the name by which it may be known.
        """


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

        A message that holds a chunk is kept. `ObjectStore.add_message` says what forgetting leaves
        behind.
        """

    async def messages_in_use(self, *, after: int, limit: int) -> list[MessageUse]:
        """Messages that hold chunks, by id, those behind the id `after`, `limit` at most."""

    async def chunks_in(self, message_id: int) -> list[Chunk]:
        """The chunks that lie in a message, in any order."""

    async def move_chunks(
        self, message: Message, moves: Sequence[ChunkMove], *, keep_until: float
    ) -> int:
        """Enters a message that holds copies of chunks, and has the chunks lie there.

        A chunk that does not lie any more where a move says it does stays as it is. Answers how many of
        them lie in the message now; the same call again is no change and answers as before. A message
        without any is garbage, as with `ObjectStore.add_message`. Messages that have lost their last
        chunk are garbage, too, but not in `orphan_messages` before `keep_until`: readers may have been
        told of them.
        """

    async def channel_sweeps(self) -> Mapping[int, int]:
        """Up to which message (its snowflake) each channel was looked through, by channel."""

    async def note_sweep(
        self, channel_id: int, *, swept_until: int, messages: Sequence[Message] = ()
    ) -> int:
        """Notes how far a channel was looked through, and what was found.

        Messages that are unknown are entered without a chunk, so that they are never used:
        `ObjectStore.add_message` puts no chunk into them from then on. Answers how many those
        were; after a lost answer the second call counts none. A sweep never goes back.
        """

    async def watches(self) -> list[Watch]:
        """The times at which a manager has kept this very catalog, in order."""

    async def keep_watch(self, watch: Watch) -> None:
        """Adds a watch, or prolongs the one that began at the same time.

        Watches that ended more than `REMEMBERED_WATCH_S` before its end are dropped.
        """


class WebhookStore(Protocol):
    """What is known of webhooks and their channels. Tokens are never in a catalog."""

    async def quarantines(self) -> list[Quarantine]:
        """The webhooks that are not used any more, by id."""

    async def put_quarantine(self, quarantine: Quarantine) -> None:
        """Adds a webhook's quarantine, or replaces it."""

    async def end_quarantine(self, webhook_id: int) -> None:
        """The webhook may be used again. Missing is no error."""

    async def channel_limits(self) -> list[ChannelLimits]:
        """What a message of each channel takes, as far as it was learned, by channel."""

    async def put_channel_limits(self, limits: ChannelLimits) -> None:
        """Adds what is known of a channel, or replaces it."""

    async def chunks_posted_by(
        self, object_id: UUID, webhook_ids: Collection[int]
    ) -> list[ChunkLocation]:
        """One chunk of the object for each of these webhooks that has posted any, and each channel.

        By webhook and channel; of each the one with the lowest index.
        """


class MasterKeyStore(Protocol):
    """Which key has sealed what, by the time at which an upload began."""

    async def note_master_key(self, key_id: bytes) -> bool:
        """New content is sealed with this key from now on.

        The first key that is ever noted is taken for that of all content before. No change, and False, if
        it is the last one that was noted.
        """

    async def content_of_missing_keys(self, configured: Collection[bytes]) -> Mapping[bytes, int]:
        """How many stored objects were sealed with each key that is not one of these.

        Keys without any are left out. The effort is that of all objects, unless no key is missing.
        """
