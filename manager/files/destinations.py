"""Keeps the destinations of running uploads up to date while folders are renamed and moved.

A commit creates its folder when there is none. A commit between the renaming of its folder and the update
of its destination would create the old folder again, beside the new one. So commits and changes of folders
exclude one another: any number of commits at a time, or one change, after which every destination is up to
date. This holds within one manager. What another manager on the same catalog renames is learned shortly
afterwards (`moved_elsewhere`): a commit in between makes the old folder again.

When the catalog becomes unavailable during a change, the manager does not know whether it was made. The
next commit or change asks the catalog first.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from catalog.errors import CatalogUnavailable, FolderMissing
from catalog.port import ChangedFolder, FolderStore
from manager.files.upload_requests import DestinationFolder, FolderPath


class DestinationTracker:
    """The destinations of running uploads, and the lock between commits and changes of folders."""

    def __init__(self, folders: FolderStore) -> None:
        self._folders = folders
        self._destinations: set[DestinationFolder] = set()
        self._in_doubt: tuple[int, FolderPath] | None = None
        self._turn = asyncio.Lock()
        self._commits = 0
        self._no_commits = asyncio.Event()
        self._no_commits.set()

    def track(self, destination: DestinationFolder) -> None:
        """Keeps a destination up to date, until `untrack`."""
        self._destinations.add(destination)

    def untrack(self, destination: DestinationFolder) -> None:
        """Ends that: no running upload uses the destination any more."""
        self._destinations.discard(destination)

    @contextlib.asynccontextmanager
    async def committing(self) -> AsyncIterator[None]:
        """Surrounds one attempt to commit a file: no folder is renamed or moved meanwhile.

        Raises `CatalogUnavailable` when the catalog cannot say whether an earlier change was made.
        """
        # asyncio locks are fair: no change of a folder overtakes a commit that waits.
        async with self._turn:
            await self._settle()
            self._commits += 1
            self._no_commits.clear()
        try:
            yield
        finally:
            self._commits -= 1
            if not self._commits:
                self._no_commits.set()

    async def changing_folder(
        self, folder_id: int, change: Callable[[], Awaitable[ChangedFolder]]
    ) -> ChangedFolder:
        """Changes a folder while no file is being committed, then updates all destinations.

        Raises `FolderMissing`, `CatalogUnavailable`, and what `change` raises.
        """
        async with self._turn:
            await self._settle()
            await self._no_commits.wait()
            before = await self._folders.folder_path(folder_id)
            try:
                changed = await change()
            except CatalogUnavailable:
                self._in_doubt = (folder_id, before)
                raise
            self._update(changed.before.path, changed.after.path)
            return changed

    def moved_elsewhere(self, changed: ChangedFolder) -> None:
        """Another manager has renamed or moved a folder."""
        self._update(changed.before.path, changed.after.path)

    async def _settle(self) -> None:
        """Finds out whether a change was made. Raises `CatalogUnavailable`."""
        if self._in_doubt is None:
            return
        folder_id, before = self._in_doubt
        # A folder that was deleted since has no path.
        with contextlib.suppress(FolderMissing):
            self._update(before, await self._folders.folder_path(folder_id))
        self._in_doubt = None

    def _update(self, before: FolderPath, after: FolderPath) -> None:
        for destination in self._destinations:
            destination.folder_moved(before, after)
