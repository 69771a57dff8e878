"""The part of the port for content and what keeps it. The promises of `catalog.port` hold here as well."""

from collections.abc import Collection
from typing import Protocol
from uuid import UUID

from catalog.records import ChunkLocation, Garbage, Reference, StoredObject


class ObjectStore(Protocol):
    """Content, its chunks, the messages that hold them, and what keeps them alive."""

    async def begin_object(self, draft: StoredObject, hold: Reference) -> None:
        """Starts an object in state `uploading`, and the reference that keeps it alive."""

    async def add_chunk(self, location: ChunkLocation) -> bool:
        """Journals a message, and the chunk that it holds. True when the chunk is now this one.

        The message is recorded whatever happens: if the object is gone, or the index is taken by
        another message, the new message stays without a chunk, for the reaper to delete, and the
        answer is False. The same location again is no change and answers as before.

        A message that was once without a chunk is given up for good, as it may be deleted on Discord
        at any moment: no chunk is put into it, and the answer is False. That still holds when it was
        forgotten; then it is not recorded again, for a month.
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

        Their views, which go with them, are not listed. Each is told with the name under which it was
        committed, and as whose: the name by which it may be known.
        """
