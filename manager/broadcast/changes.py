"""Tells every client of what changed in folders and files, each as far as it may see it."""

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import cast
from uuid import UUID

import structlog

from catalog.errors import CatalogError
from catalog.port import (
    ChangedFolder,
    CommittedFile,
    FileStore,
    FolderPath,
    MovedFile,
    PlacedFile,
    PlacedFolder,
)
from manager.broadcast.hub import Hub
from manager.broadcast.ordered_queue import Announcer
from manager.connections.clients import ClientSession
from manager.downloads.content_links import ContentLinks
from manager.files.conversion import (
    file_handle,
    folder_handle,
    folder_id_to_wire,
    ownership,
)
from manager.files.rights import access_to
from manager.retrying import CatalogPatience
from protocol import s2c
from protocol.values import format_path

log = structlog.get_logger(__name__)


THUMBNAIL = "thumbnail"
"""The view that listings and clients know of."""


@dataclass(slots=True, eq=False)
class _Changed:
    """What was told while somebody read. A folder stands for all that may lie in it."""

    files: set[int] = field(default_factory=set)
    is_any_folder: bool = False

    def concerns(self, files: Iterable[PlacedFile]) -> bool:
        return any(self.is_any_folder or placed.file.id in self.files for placed in files)


class ChangeFeed:
    """Broadcasts changes after they are durable, in the order in which the catalog has answered.

    So whoever changed something tells it without waiting for anything after that answer, which holds all
    that is needed. Otherwise a later change, perhaps the file's deletion, would be told before it.
    """

    def __init__(
        self,
        hub: Hub,
        files: FileStore,
        patience: CatalogPatience,
        links: ContentLinks,
        announcer: Announcer,
    ) -> None:
        self._hub = hub
        self._announcer = announcer
        self._links = links
        self._files = files
        self._patience = patience
        self._listeners: list[Callable[[], None]] = []
        self._watching: list[_Changed] = []

    def subscribe(self, listener: Callable[[], None]) -> None:
        """Has a listener called whenever some file has new content."""
        self._listeners.append(listener)

    async def all_told(self) -> None:
        """Returns when all changes until now are told; for whoever makes many."""
        await self._announcer.all_said()

    def file_committed(self, committed: CommittedFile, folder: FolderPath) -> None:
        """A file was added, or got other content; folders may have been made for it."""
        for listener in self._listeners:
            listener()
        self.folders_created(committed.created_folders)
        placed = PlacedFile(folder=folder, file=committed.file, shares=committed.shares)
        self.file_changed("modify" if committed.replaced else "add", placed)

    async def thumbnail_made(self, object_id: UUID) -> None:
        """Content has a thumbnail now: its files are told with a link, to whom may read them.

        What has changed by the time at which it is told is told as it is then, or not at all.
        """
        try:
            files = await self._unchanged_files_of(object_id)
        except CatalogError as error:
            log.error("a thumbnail was not announced", object=str(object_id), code=error.code)
            return
        for placed in files:
            self.file_changed("modify", placed, thumbnail=self._links.view(object_id, THUMBNAIL))

    def file_changed(
        self, action: s2c.FileAction, placed: PlacedFile, *, thumbnail: str | None = None
    ) -> None:
        """A file was added, changed or deleted; everybody hears what it is, or was, to them.

        `thumbnail` is the path of a link that only those get who may read the file.
        """
        self._note_files([placed])
        self._announcer.say([partial(self._tell_of_file, action, placed, thumbnail=thumbnail)])

    def files_moved(self, moved: Iterable[MovedFile]) -> None:
        """Files left their folders for another one, one after the other."""
        changed = [each for each in moved if each.before != each.after]
        self._note_files([each.after for each in changed])
        self._announcer.say(
            announcement
            for each in changed
            for announcement in (
                partial(self._tell_of_file, "delete", each.before),
                partial(self._tell_of_file, "add", each.after),
            )
        )

    def folders_created(self, created: tuple[PlacedFolder, ...]) -> None:
        """Folders came into being, outermost first."""
        for placed in created:
            self._tell_of_folder("add", placed)

    def folder_renamed(self, changed: ChangedFolder) -> None:
        """A folder has another name, and is told with it and with the old one."""
        if changed.before != changed.after:
            self._note_folder()
            self._tell_of_folder("rename", changed.after, origin=changed.before.folder.name)

    def folder_moved(self, changed: ChangedFolder) -> None:
        """A folder lies in another one, perhaps under another name there."""
        before, after = changed.before.folder, changed.after.folder
        if before == after:
            return
        self._note_folder()
        packet = s2c.FolderModify(
            path=format_path(changed.after.path),
            handle=folder_handle(after),
            action="move",
            rename_origin=None if before.name == after.name else before.name,
            parent_folder_origin=folder_id_to_wire(before.parent_id),
        )
        self._announcer.say([partial(self._hub.broadcast, packet)])

    def folder_deleted(self, placed: PlacedFolder) -> None:
        """A folder is gone, and everything in it, which is not told one by one."""
        self._note_folder()
        self._tell_of_folder("delete", placed)

    async def _unchanged_files_of(self, object_id: UUID) -> list[PlacedFile]:
        """The files that have this content, of which nothing was told since they were read."""
        while True:
            changed = _Changed()
            self._watching.append(changed)
            try:
                files = await self._patience.answering(lambda: self._files.files_of(object_id))
            finally:
                self._watching.remove(changed)
            if not changed.concerns(files):
                return files

    def _note_files(self, files: Iterable[PlacedFile]) -> None:
        for changed in self._watching:
            changed.files.update(placed.file.id for placed in files)

    def _note_folder(self) -> None:
        for changed in self._watching:
            changed.is_any_folder = True

    def _tell_of_folder(
        self, action: s2c.FolderAction, placed: PlacedFolder, *, origin: str | None = None
    ) -> None:
        packet = s2c.FolderModify(
            path=format_path(placed.path),
            handle=folder_handle(placed.folder),
            action=action,
            rename_origin=origin,
        )
        self._announcer.say([partial(self._hub.broadcast, packet)])

    def _tell_of_file(
        self, action: s2c.FileAction, placed: PlacedFile, *, thumbnail: str | None = None
    ) -> None:
        file, path = placed.file, format_path(placed.folder)
        shares = {share.user_id: share for share in placed.shares}

        def view_of(client: ClientSession) -> tuple[s2c.Ownership, str | None]:
            share = shares.get(client.user.id)
            access = access_to(file, client.user.id, share)
            is_shown = thumbnail is not None and access.may_read
            return ownership(access, share), f"{client.base_url}{thumbnail}" if is_shown else None

        def packet_for(view: Hashable) -> s2c.FileModify:
            owned, url = cast("tuple[s2c.Ownership, str | None]", view)
            handle = file_handle(file, owned, thumbnail_url=url)
            return s2c.FileModify(path=path, action=action, handle=handle)

        self._hub.broadcast_views(view_of, packet_for)
