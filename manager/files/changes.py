"""Broadcasts changes of folders and files to all clients, to each with the rights of its user."""

import asyncio
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast
from uuid import UUID

import structlog

from catalog.copy_port import CopiedEntries
from catalog.errors import CatalogError
from catalog.placed import PlacedFile, PlacedFolder
from catalog.port import (
    ChangedFolder,
    CommittedFile,
    FileStore,
    FolderPath,
    MadeFolders,
    MovedFile,
)
from catalog.records import File, Share
from catalog.trash_port import RestoredItem
from manager.broadcast.hub import Broadcast, Hub, PacedBroadcasts
from manager.broadcast.sequencer import Sequencer
from manager.connections.clients import ClientSession
from manager.files.conversion import (
    file_handle,
    folder_handle,
    folder_id_to_wire,
    ownership,
)
from manager.files.rights import access_to, is_visible
from manager.retrying import CatalogRetry
from protocol import s2c
from protocol.extensions import BUNDLE, OVERVIEW
from protocol.values import format_path

log = structlog.get_logger(__name__)


THUMBNAIL = "thumbnail"
"""Name of the view that listings and changes mention."""

ORDER_WAIT_S = 5.0
"""Seconds for which a change waits for an earlier one whose answer is late."""


FILES_PER_FRAME = 500
"""Files that are announced in one packet, at most: fewer than fill the longest frame."""


@dataclass(slots=True, eq=False)
class _ChangedMeanwhile:
    """What changed while files were read; after a change of a folder, every file may have changed."""

    files: set[int] = field(default_factory=set)
    is_any_folder: bool = False

    def concerns(self, files: Iterable[PlacedFile]) -> bool:
        return any(self.is_any_folder or placed.file.id in self.files for placed in files)


class ExpectedChange:
    """A call of the catalog that may change something, until its result was passed to the feed."""

    def __init__(self, settle: Callable[[], None]) -> None:
        self._settle = settle

    def close(self) -> None:
        """Ends the wait for the call: its result was passed on, or it failed. May be repeated."""
        self._settle()


class ChangeFeed:
    """Broadcasts changes after they are durable, in the order in which they were committed.

    The answers of the catalog carry the sequence numbers of the changes, and may overtake one another. A
    caller enters `expecting` before it calls the catalog, and passes the answer on within that context;
    see `manager.broadcast.sequencer`. A change that arrives more than `order_wait_s` after a later
    one is broadcast out of order.
    """

    def __init__(
        self,
        hub: Hub,
        files: FileStore,
        retry: CatalogRetry,
        thumbnail_link: Callable[[UUID], str],
        broadcasts: PacedBroadcasts,
        *,
        order_wait_s: float = ORDER_WAIT_S,
    ) -> None:
        """Takes what it uses.

        Args:
            hub: The clients.
            files: Finds the files that have some content.
            retry: Repeats that while the catalog is away.
            thumbnail_link: Returns path and query of the thumbnail of some content.
            broadcasts: Sends the packets in order.
            order_wait_s: Seconds for which a change waits for the answer to an earlier one.
        """
        self._hub = hub
        self._broadcasts = broadcasts
        self._sequencer: Sequencer[list[Broadcast]] = Sequencer(order_wait_s)
        self._timer: asyncio.TimerHandle | None = None
        self._all_ordered = asyncio.Event()
        self._all_ordered.set()
        self._thumbnail_link = thumbnail_link
        self._files = files
        self._retry = retry
        self._listeners: list[Callable[[], None]] = []
        self._readings: list[_ChangedMeanwhile] = []

    async def start(self) -> None:
        """Is called before any client is connected. What one manager changes is passed on to it."""

    async def run(self) -> None:
        """Follows changes that are not passed on to it: there are none."""

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Adds a listener, which is called whenever a file has new content."""
        self._listeners.append(listener)

    def expect(self) -> ExpectedChange:
        """Announces a call of the catalog that may change something; the caller closes the result."""
        call = self._sequencer.expect()
        return ExpectedChange(partial(self._settle, call))

    @contextmanager
    def expecting(self) -> Iterator[None]:
        """Surrounds a call of the catalog that may change something, and passing on its answer."""
        expected = self.expect()
        try:
            yield
        finally:
            expected.close()

    async def drained(self) -> None:
        """Returns when all changes so far were broadcast; for a caller that makes many."""
        await self._all_ordered.wait()
        await self._broadcasts.drained()

    def file_committed(self, committed: CommittedFile) -> None:
        """A file was added, or got other content; folders may have been made for it."""
        for listener in self._listeners:
            listener()
        placed = _placed(committed)
        self._note_files([placed])
        action: s2c.FileAction = "modify" if committed.replaced else "add"
        folders = [self._folder_announcement("add", each) for each in committed.created_folders]
        self._change(committed.sequence, [*folders, partial(self._announce_file, action, placed)])

    def files_committed(self, committed: Sequence[CommittedFile]) -> None:
        """Files were added, or got other content, by one call of the catalog.

        Those with successive numbers are broadcast together.
        """
        for listener in self._listeners:
            listener()
        self._note_files(_placed(each) for each in committed)
        for burst in _bursts(committed):
            broadcasts = self._announcements(
                [placed for each in burst for placed in each.created_folders],
                [("modify" if each.replaced else "add", _placed(each)) for each in burst],
            )
            first, last = burst[0].sequence, burst[-1].sequence
            if first is None or last is None:
                self._broadcasts.add(broadcasts)
            else:
                self._sequencer.add_changes(first, last, broadcasts, self._now())
        self._broadcast_ready()

    def copied(self, copied: CopiedEntries) -> None:
        """Folders and files were copied in one change: folders outermost first, then the files in them."""
        self._note_files(copied.files)
        self._change(
            copied.sequence,
            self._announcements(copied.folders, [("add", placed) for placed in copied.files]),
        )

    def _announcements(
        self,
        created: Iterable[PlacedFolder],
        files: Iterable[tuple[s2c.FileAction, PlacedFile]],
    ) -> list[Broadcast]:
        """Folders first; then all files of a folder in one packet, for clients that can read it."""
        broadcasts = [self._folder_announcement("add", placed) for placed in created]
        together: dict[tuple[FolderPath, s2c.FileAction], list[PlacedFile]] = {}
        for action, file in files:
            together.setdefault((file.folder, action), []).append(file)
        for (_, action), placed in together.items():
            for start in range(0, len(placed), FILES_PER_FRAME):
                part = placed[start : start + FILES_PER_FRAME]
                broadcasts.append(partial(self._announce_files, action, part))
        if any(BUNDLE not in client.extensions for client in self._hub):
            broadcasts += [
                partial(self._announce_file, action, each, is_single=True)
                for (_, action), placed in together.items()
                for each in placed
            ]
        return broadcasts

    async def thumbnail_made(self, object_id: UUID) -> None:
        """Content has a thumbnail now: clients that may read its files get them with a link.

        The files are as in the broadcasts so far: when one changes while they are read, they are read
        again, and changes after that are broadcast later.
        """
        try:
            files = await self._unchanged_files_of(object_id)
        except CatalogError as error:
            log.error("thumbnail-not-announced", object=str(object_id), code=error.code)
            return
        if not files:
            return
        link = self._thumbnail_link(object_id)
        broadcasts: list[Broadcast] = [
            partial(self._announce_file, "modify", placed, thumbnail=link) for placed in files
        ]
        if (number := files[0].sequence) is None:
            self._broadcasts.add(broadcasts)
            return
        self._sequencer.add_reading(number, broadcasts, self._now())
        self._broadcast_ready()

    async def processed(self, object_id: UUID) -> None:
        """Processing has ended for content: clients that may read its files are sent their ids.

        Clients read what was found out by themselves, so the order among other changes does not matter.
        """
        if all(OVERVIEW not in client.extensions for client in self._hub):
            return
        try:
            files = await self._retry.answering(lambda: self._files.files_of(object_id))
        except CatalogError as error:
            log.error("processing-not-announced", object=str(object_id), code=error.code)
            return
        self._broadcasts.add(partial(self._announce_processed, placed) for placed in files)

    def file_changed(self, action: s2c.FileAction, placed: PlacedFile) -> None:
        """A file was added, changed or deleted; each client gets it with the rights of its user."""
        self.files_changed(action, [placed], placed.sequence)

    def files_changed(
        self, action: s2c.FileAction, files: Iterable[PlacedFile], sequence: int | None
    ) -> None:
        """Several files were added, changed or deleted in one change, with this sequence number."""
        files = list(files)
        self._note_files(files)
        self._change(sequence, [partial(self._announce_file, action, placed) for placed in files])

    def files_moved(self, moved: Iterable[MovedFile]) -> None:
        """Files were moved to another folder, in this order."""
        moved = list(moved)
        changed = [each for each in moved if each.before != each.after]
        self._note_files([each.after for each in changed])
        broadcasts: list[Broadcast] = []
        for each in changed:
            broadcasts.append(partial(self._announce_file, "delete", each.before))
            broadcasts.append(partial(self._announce_file, "add", each.after))
        self._change(moved[0].sequence if moved else None, broadcasts)

    def folders_created(self, made: MadeFolders) -> None:
        """Folders were created, outermost first."""
        self._change(
            made.sequence, [self._folder_announcement("add", placed) for placed in made.created]
        )

    def folder_renamed(self, changed: ChangedFolder) -> None:
        """A folder was renamed; clients get the new name and the old one."""
        broadcasts: list[Broadcast] = []
        if changed.before != changed.after:
            self._note_folder()
            origin = changed.before.folder.name
            broadcasts.append(self._folder_announcement("rename", changed.after, origin=origin))
            broadcasts.append(partial(self._move_scopes, changed.before.path, changed.after.path))
        self._change(changed.sequence, broadcasts)

    def folder_moved(self, changed: ChangedFolder) -> None:
        """A folder was moved into another one, perhaps under another name."""
        before, after = changed.before.folder, changed.after.folder
        if before == after:
            self._change(changed.sequence, [])
            return
        self._note_folder()
        broadcasts: list[Broadcast] = [
            partial(self._announce_move, changed.before, changed.after),
            partial(self._move_scopes, changed.before.path, changed.after.path),
        ]
        self._change(changed.sequence, broadcasts)

    def folder_deleted(self, placed: PlacedFolder) -> None:
        """A folder was deleted with its contents, for which clients get no changes of their own."""
        self._note_folder()
        self._change(placed.sequence, [self._folder_announcement("delete", placed)])

    def restored(self, item: RestoredItem) -> None:
        """A file or folder has come out of the trash; folders may have been made for it."""
        broadcasts = [self._folder_announcement("add", each) for each in item.created_folders]
        if item.file is not None:
            self._note_files([item.file])
            broadcasts.append(partial(self._announce_file, "add", item.file))
        if item.placed_folder is not None:
            self._note_folder()
            broadcasts.append(self._folder_announcement("add", item.placed_folder))
        self._change(item.sequence, broadcasts)

    def _change(self, sequence: int | None, broadcasts: list[Broadcast]) -> None:
        """Broadcasts a change in its order; one without a sequence number at once."""
        if sequence is None:
            self._broadcasts.add(broadcasts)
            return
        self._sequencer.add_change(sequence, broadcasts, self._now())
        self._broadcast_ready()

    def _settle(self, call: int) -> None:
        self._sequencer.settle(call)
        self._broadcast_ready()

    def _broadcast_ready(self) -> None:
        for broadcasts in self._sequencer.ready(self._now()):
            self._broadcasts.add(broadcasts)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if (due_at := self._sequencer.due_at) is None:
            self._all_ordered.set()
            return
        self._all_ordered.clear()
        self._timer = asyncio.get_running_loop().call_at(due_at, self._broadcast_ready)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def _unchanged_files_of(self, object_id: UUID) -> list[PlacedFile]:
        """The files that have this content, none of which has changed while they were read."""
        while True:
            changed = _ChangedMeanwhile()
            self._readings.append(changed)
            try:
                files = await self._retry.answering(lambda: self._files.files_of(object_id))
                if files and (number := files[0].sequence) is not None:
                    await self._reached(number)
            finally:
                self._readings.remove(changed)
            if not changed.concerns(files):
                return files

    async def _reached(self, number: int) -> None:
        """Returns when the change with that number may have been broadcast.

        Here the sequencer does that: it delivers what was read after the change.
        """

    def _note_files(self, files: Iterable[PlacedFile]) -> None:
        for changed in self._readings:
            changed.files.update(placed.file.id for placed in files)

    def _note_folder(self) -> None:
        for changed in self._readings:
            changed.is_any_folder = True

    def _folder_announcement(
        self, action: s2c.FolderAction, placed: PlacedFolder, *, origin: str | None = None
    ) -> Broadcast:
        def announce() -> None:
            self._hub.broadcast_views(
                lambda client: _seen_folder(client, placed),
                lambda view: _folder_packet(action, cast("PlacedFolder", view), origin=origin),
            )

        return announce

    def _announce_move(self, before: PlacedFolder, after: PlacedFolder) -> None:
        """To a client that sees only one of the places, the folder is added there, or deleted."""

        def view_of(
            client: ClientSession,
        ) -> tuple[PlacedFolder | None, PlacedFolder | None] | None:
            seen = _seen_folder(client, before), _seen_folder(client, after)
            return seen if any(seen) else None

        def packet_for(view: Hashable) -> s2c.FolderModify:
            was, now = cast("tuple[PlacedFolder | None, PlacedFolder | None]", view)
            if now is None:
                return _folder_packet("delete", cast("PlacedFolder", was))
            if was is None:
                return _folder_packet("add", now)
            return s2c.FolderModify(
                path=format_path(now.path),
                handle=folder_handle(now.folder),
                action="move",
                rename_origin=None if was.folder.name == now.folder.name else was.folder.name,
                parent_folder_origin=folder_id_to_wire(was.folder.parent_id),
            )

        self._hub.broadcast_views(view_of, packet_for)

    def _move_scopes(self, before: FolderPath, after: FolderPath) -> None:
        """Clients that are confined to this folder, or to one below it, follow it; so do their views."""
        for client in self._hub:
            login = client.login
            client.login = replace(
                login, scope=login.scope.moved(before, after), view=login.view.moved(before, after)
            )

    def _announce_files(self, action: s2c.FileAction, files: Sequence[PlacedFile]) -> None:
        """Sends files of one folder to the clients that take them together."""
        folder = files[0].folder
        shares = [{share.user_id: share for share in placed.shares} for placed in files]

        def view_of(
            client: ClientSession,
        ) -> _SeenFiles | None:
            if BUNDLE not in client.extensions or (shown := client.login.shown(folder)) is None:
                return None
            user_id = client.user.id
            owned = tuple(
                ownership(_with_right(client, placed), user_id, of_file.get(user_id))
                for placed, of_file in zip(files, shares, strict=True)
            )
            return shown, owned, client.receives_times

        def packet_for(view: Hashable) -> s2c.FilesModify:
            shown, owned, with_times = cast("_SeenFiles", view)
            handles = zip(files, owned, strict=True)
            return s2c.FilesModify(
                path=format_path(shown),
                action=action,
                handles=tuple(
                    file_handle(placed.file, each, with_times=with_times)
                    for placed, each in handles
                ),
            )

        self._hub.broadcast_views(view_of, packet_for)

    def _announce_file(
        self,
        action: s2c.FileAction,
        placed: PlacedFile,
        *,
        thumbnail: str | None = None,
        is_single: bool = False,
    ) -> None:
        """`is_single`: clients that take files together have got it already."""
        shares = {share.user_id: share for share in placed.shares}

        def view_of(client: ClientSession) -> _SeenFile | None:
            if is_single and _is_told_together(client, placed.folder):
                return None
            share = shares.get(client.user.id)
            file = _seen_file(client, placed, share)
            if file is None:
                return None
            path, shown = client.login.view.shown_file(placed.folder, file)
            access = access_to(file, client.user.id, share)
            is_shown = thumbnail is not None and access.may_read
            url = f"{client.base_url}{thumbnail}" if is_shown else None
            owned = ownership(file, client.user.id, share)
            return path, shown.name, owned, url, client.receives_times

        def packet_for(view: Hashable) -> s2c.FileModify:
            path, name, owned, url, with_times = cast("_SeenFile", view)
            file = replace(placed.file, name=name)
            handle = file_handle(file, owned, thumbnail_url=url, with_times=with_times)
            return s2c.FileModify(path=format_path(path), action=action, handle=handle)

        self._hub.broadcast_views(view_of, packet_for)

    def _announce_processed(self, placed: PlacedFile) -> None:
        packet = s2c.FileProcessed(file_id=placed.file.id)
        shares = {share.user_id: share for share in placed.shares}

        def view_of(client: ClientSession) -> bool | None:
            if OVERVIEW not in client.extensions:
                return None
            share = shares.get(client.user.id)
            file = _seen_file(client, placed, share)
            return (file and access_to(file, client.user.id, share).may_read) or None

        self._hub.broadcast_views(view_of, lambda _: packet)


_SeenFile = tuple[FolderPath, str, s2c.Ownership, str | None, bool]
"""Path, name, ownership and thumbnail link, as one client sees them; and whether it receives times."""

_SeenFiles = tuple[FolderPath, tuple[s2c.Ownership, ...], bool]
"""Path and ownership of several files, as one client sees them; and whether it receives times."""


def _is_told_together(client: ClientSession, folder: FolderPath) -> bool:
    """Whether the client is sent the files of a folder in one packet."""
    return BUNDLE in client.extensions and client.login.shown(folder) is not None


def _seen_folder(client: ClientSession, placed: PlacedFolder) -> PlacedFolder | None:
    """The folder as the client sees it; None: it does not see in what it lies."""
    login = client.login
    if not login.view.is_personal:
        return placed if login.scope.covers_entry(placed.path) else None
    shown = login.shown_entry(placed.path)
    if shown is None:
        return None
    return PlacedFolder(path=shown, folder=login.view.shown_folder(placed.folder))


def _seen_file(client: ClientSession, placed: PlacedFile, share: Share | None) -> File | None:
    """The file with the right on its folder; None: the client does not see it."""
    login = client.login
    if not login.scope.covers(placed.folder):
        return None
    file = _with_right(client, placed)
    if login.view.is_personal and not is_visible(file, login.user.id, share):
        return None
    return file


def _with_right(client: ClientSession, placed: PlacedFile) -> File:
    view = client.login.view
    if not view.is_personal:
        return placed.file
    return replace(placed.file, folder_right=view.right_on(placed.folder))


def _placed(committed: CommittedFile) -> PlacedFile:
    return PlacedFile(folder=committed.folder, file=committed.file, shares=committed.shares)


def _bursts(committed: Sequence[CommittedFile]) -> Iterator[list[CommittedFile]]:
    """Runs of successive sequence numbers; what has no number is by itself."""
    burst: list[CommittedFile] = []
    for each in sorted(committed, key=lambda one: one.sequence or 0):
        if burst and (each.sequence is None or burst[-1].sequence != each.sequence - 1):
            yield burst
            burst = []
        burst.append(each)
    if burst:
        yield burst


def _folder_packet(
    action: s2c.FolderAction, placed: PlacedFolder, *, origin: str | None = None
) -> s2c.FolderModify:
    return s2c.FolderModify(
        path=format_path(placed.path),
        handle=folder_handle(placed.folder),
        action=action,
        rename_origin=origin,
    )
