"""The change feed of one manager of several, which announces the changes of all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import groupby
from typing import Any, Final, cast
from uuid import UUID

from catalog.change_port import ChangeKind, ChangeLog, RecordedChange
from catalog.copy_port import CopiedEntries
from catalog.placed import PlacedFile, PlacedFolder
from catalog.port import (
    ChangedFolder,
    CommittedFile,
    FileStore,
    MadeFolders,
    MovedFile,
    ReleasedFiles,
)
from catalog.trash_port import RestoredItem
from manager.broadcast.hub import Hub, PacedBroadcasts
from manager.cluster.errors import ClusterError
from manager.cluster.messages import ClusterMessage
from manager.cluster.port import Cluster
from manager.files.changes import ChangeFeed, ExpectedChange
from manager.files.outbox import ChangeFollower
from manager.retrying import CatalogRetry
from protocol import s2c

_FOLDER_PLACED: Final = frozenset({ChangeKind.FOLDER_RENAMED, ChangeKind.FOLDER_MOVED})


class ContentChanged(ClusterMessage, frozen=True, kw_only=True):
    """Content has a thumbnail now, or was processed.

    Attributes:
        by: Id of the manager that says so.
        object_id: The content.
        has_thumbnail: Whether it is that, rather than the end of processing.
    """

    by: str
    object_id: UUID
    has_thumbnail: bool


class SharedChangeFeed(ChangeFeed):
    """Announces what is read from the catalog, in its order, whoever has made the change.

    The answers of this manager's own calls are not needed for that. They only make the feed read,
    also when a call has failed, since it may have been carried out.
    """

    def __init__(
        self,
        hub: Hub,
        files: FileStore,
        retry: CatalogRetry,
        thumbnail_link: Callable[[UUID], str],
        broadcasts: PacedBroadcasts,
        *,
        cluster: Cluster,
        change_log: ChangeLog,
        lost_track: Callable[[], None],
        moved_elsewhere: Callable[[ChangedFolder], None],
        monotonic: Callable[[], float],
    ) -> None:
        """Takes what it uses.

        Args:
            hub: The clients.
            files: Finds the files that have some content.
            retry: Repeats that while the catalog is away.
            thumbnail_link: Returns path and query of the thumbnail of some content.
            broadcasts: Sends the packets in order.
            cluster: The other managers.
            change_log: Where changes are read.
            lost_track: Called when changes may have been missed.
            moved_elsewhere: Called when another manager has renamed or moved a folder.
            monotonic: Seconds that never jump.
        """
        super().__init__(hub, files, retry, thumbnail_link, broadcasts)
        self._cluster = cluster
        self.follower = ChangeFollower(
            change_log, cluster, self._apply, lost_track, monotonic=monotonic
        )
        self._own_moves: set[int | None] = set()
        self._moved_elsewhere = moved_elsewhere
        self._announcers: Mapping[ChangeKind, Callable[[Any], None]] = {
            ChangeKind.FOLDERS_MADE: super().folders_created,
            ChangeKind.FOLDER_RENAMED: super().folder_renamed,
            ChangeKind.FOLDER_MOVED: super().folder_moved,
            ChangeKind.FOLDER_DELETED: super().folder_deleted,
            ChangeKind.FILE_CHANGED: partial(self._announce_placed, "modify"),
            ChangeKind.FILE_DELETED: partial(self._announce_placed, "delete"),
            ChangeKind.FILES_MOVED: super().files_moved,
            ChangeKind.FILES_CHANGED: partial(self._announce_released, "modify"),
            ChangeKind.FILES_DELETED: partial(self._announce_released, "delete"),
            ChangeKind.COPIED: super().copied,
            ChangeKind.RESTORED: super().restored,
        }

    async def start(self) -> None:
        """Begins to follow, before any client is connected. Raises `CatalogUnavailable`."""
        await self.follower.start()
        await self._cluster.subscribe("content", ContentChanged, self._content_changed)

    async def run(self) -> None:
        """Follows the catalog, until cancelled."""
        await self.follower.run()

    # Announcing what was read.

    def _apply(self, changes: Sequence[RecordedChange]) -> None:
        for is_commit, group in groupby(
            changes, key=lambda change: change.kind is ChangeKind.FILE_COMMITTED
        ):
            if is_commit:
                self._announce_commits([cast("CommittedFile", change.record) for change in group])
                continue
            for change in group:
                if change.kind in _FOLDER_PLACED:
                    self._note_move(cast("ChangedFolder", change.record))
                self._announcers[change.kind](change.record)

    def _announce_commits(self, committed: Sequence[CommittedFile]) -> None:
        if len(committed) == 1:
            super().file_committed(committed[0])
        else:
            super().files_committed(committed)

    def _announce_placed(self, action: s2c.FileAction, placed: PlacedFile) -> None:
        super().files_changed(action, [placed], placed.sequence)

    def _announce_released(self, action: s2c.FileAction, released: ReleasedFiles) -> None:
        super().files_changed(action, released.files, released.sequence)

    def _note_move(self, changed: ChangedFolder) -> None:
        if changed.sequence in self._own_moves:
            self._own_moves.discard(changed.sequence)
        else:
            self._moved_elsewhere(changed)

    # What this manager does is read, too.

    def expect(self) -> ExpectedChange:
        """A call of the catalog that may change something: afterwards the feed reads."""
        return ExpectedChange(self.follower.ring)

    async def drained(self) -> None:
        """Returns when all changes so far were read and broadcast, or the catalog is away."""
        await self.follower.caught_up()
        await super().drained()

    def file_committed(self, committed: CommittedFile) -> None:
        """See `ChangeFeed`."""
        del committed
        self.follower.ring()

    def files_committed(self, committed: Sequence[CommittedFile]) -> None:
        """See `ChangeFeed`."""
        del committed
        self.follower.ring()

    def copied(self, copied: CopiedEntries) -> None:
        """See `ChangeFeed`."""
        del copied
        self.follower.ring()

    def file_changed(self, action: s2c.FileAction, placed: PlacedFile) -> None:
        """See `ChangeFeed`."""
        del action, placed
        self.follower.ring()

    def files_changed(
        self, action: s2c.FileAction, files: Iterable[PlacedFile], sequence: int | None
    ) -> None:
        """See `ChangeFeed`."""
        del action, files, sequence
        self.follower.ring()

    def files_moved(self, moved: Iterable[MovedFile]) -> None:
        """See `ChangeFeed`."""
        del moved
        self.follower.ring()

    def folders_created(self, made: MadeFolders) -> None:
        """See `ChangeFeed`."""
        del made
        self.follower.ring()

    def folder_renamed(self, changed: ChangedFolder) -> None:
        """See `ChangeFeed`. Destinations of this manager's uploads were updated by the caller."""
        self._moved_here(changed)

    def folder_moved(self, changed: ChangedFolder) -> None:
        """See `ChangeFeed`. Destinations of this manager's uploads were updated by the caller."""
        self._moved_here(changed)

    def _moved_here(self, changed: ChangedFolder) -> None:
        if changed.sequence is not None and changed.sequence > self.follower.position:
            self._own_moves.add(changed.sequence)
        self.follower.ring()

    def folder_deleted(self, placed: PlacedFolder) -> None:
        """See `ChangeFeed`."""
        del placed
        self.follower.ring()

    def restored(self, item: RestoredItem) -> None:
        """See `ChangeFeed`."""
        del item
        self.follower.ring()

    # What has no number.

    async def thumbnail_made(self, object_id: UUID) -> None:
        """See `ChangeFeed`. Clients of other managers get it as well, unless NATS is away."""
        await self._tell_others(self._content(object_id, has_thumbnail=True))
        await super().thumbnail_made(object_id)

    async def processed(self, object_id: UUID) -> None:
        """See `ChangeFeed`. Clients of other managers get it as well, unless NATS is away."""
        await self._tell_others(self._content(object_id, has_thumbnail=False))
        await super().processed(object_id)

    def _content(self, object_id: UUID, *, has_thumbnail: bool) -> ContentChanged:
        return ContentChanged(
            by=self._cluster.own.id, object_id=object_id, has_thumbnail=has_thumbnail
        )

    async def _tell_others(self, message: ContentChanged) -> None:
        with suppress(ClusterError):
            await self._cluster.publish("content", message)

    async def _content_changed(self, message: ContentChanged) -> None:
        if message.by == self._cluster.own.id:
            return
        if message.has_thumbnail:
            await super().thumbnail_made(message.object_id)
        else:
            await super().processed(message.object_id)

    async def _reached(self, number: int) -> None:
        await self.follower.reached(number)
