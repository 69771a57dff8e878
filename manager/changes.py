"""Tells every client of what changed in folders and files, each as far as it may see it."""

from typing import cast

import structlog

from catalog.errors import CatalogError
from catalog.port import CommittedFile, FileStore, FolderPath, PlacedFolder
from catalog.records import File
from manager.clients import ClientSession
from manager.handles import access_to, file_handle, folder_handle, ownership
from manager.hub import Hub
from manager.retrying import CatalogPatience
from protocol import s2c
from protocol.values import format_path

log = structlog.get_logger(__name__)


class ChangeFeed:
    """Broadcasts changes after they are durable."""

    def __init__(self, hub: Hub, files: FileStore, patience: CatalogPatience) -> None:
        self._hub = hub
        self._files = files
        self._patience = patience

    async def file_committed(self, committed: CommittedFile, folder: FolderPath) -> None:
        """A file was added, or got other content; folders may have been made for it."""
        self.folders_created(committed.created_folders)
        await self.file_changed("modify" if committed.replaced else "add", committed.file, folder)

    async def file_changed(self, action: s2c.FileAction, file: File, folder: FolderPath) -> None:
        """A file in this folder changed.

        The change itself is durable, so nothing is raised if the catalog is away now: that nobody
        hears of it is logged.
        """
        try:
            found = await self._patience.answering(lambda: self._files.shares_of(file.id))
        except CatalogError as error:
            log.error("a change was not announced", file=file.id, code=error.code)
            return
        shares = {share.user_id: share for share in found}

        def view_of(client: ClientSession) -> s2c.Ownership:
            share = shares.get(client.user.id)
            return ownership(access_to(file, client.user.id, share), share)

        path = format_path(folder)
        self._hub.broadcast_views(
            view_of,
            lambda view: s2c.FileModify(
                path=path, action=action, handle=file_handle(file, cast("s2c.Ownership", view))
            ),
        )

    def folders_created(self, created: tuple[PlacedFolder, ...]) -> None:
        """Folders came into being, outermost first."""
        for placed in created:
            self._hub.broadcast(
                s2c.FolderModify(
                    path=format_path(placed.path), handle=folder_handle(placed.folder), action="add"
                )
            )
