"""Where running uploads go while folders are renamed and moved.

A commit makes the folder that it goes into when there is none. One that meets the catalog between the
renaming of its folder and the news of it would make the old folder again, beside the new one. So commits
and changes of folders take turns: any number of commits at a time, or one change, after which every upload
knows its new place. That holds in one manager; what another one on the same catalog renames at that
moment is not known here.

A catalog that goes away in the middle of a change does not say whether the change was made. Then the next
one whose turn it is asks, before it does anything else.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from catalog.errors import CatalogUnavailable, FolderMissing
from catalog.port import ChangedFolder, FolderStore
from manager.uploads.place import FolderPath, Place


class UploadPlaces:
    """Keeps uploads going where their folders went."""

    def __init__(self, folders: FolderStore) -> None:
        self._folders = folders
        self._places: set[Place] = set()
        self._in_doubt: tuple[int, FolderPath] | None = None
        self._entrance = asyncio.Lock()
        self._entering = 0
        self._is_quiet = asyncio.Event()
        self._is_quiet.set()

    def follow(self, place: Place) -> None:
        """Keeps a place true, until `leave`."""
        self._places.add(place)

    def leave(self, place: Place) -> None:
        """Nothing goes there any more."""
        self._places.discard(place)

    @contextlib.asynccontextmanager
    async def entering(self) -> AsyncIterator[None]:
        """Around one attempt to enter a file: no folder is renamed or moved meanwhile.

        Raises `CatalogUnavailable` if it is not known where folders are.
        """
        # Locks are fair, so that no change of a folder overtakes whoever waits for the entrance.
        async with self._entrance:
            await self._settle()
            self._entering += 1
            self._is_quiet.clear()
        try:
            yield
        finally:
            self._entering -= 1
            if not self._entering:
                self._is_quiet.set()

    async def following(
        self, folder_id: int, change: Callable[[], Awaitable[ChangedFolder]]
    ) -> ChangedFolder:
        """Carries out a change of a folder while no file is being entered, and has all places follow it.

        Raises `FolderMissing`, `CatalogUnavailable`, and what `change` raises.
        """
        async with self._entrance:
            await self._settle()
            await self._is_quiet.wait()
            before = await self._folders.folder_path(folder_id)
            try:
                changed = await change()
            except CatalogUnavailable:
                self._in_doubt = (folder_id, before)
                raise
            self._follow(changed.before.path, changed.after.path)
            return changed

    async def _settle(self) -> None:
        """Finds out what became of a change. Raises `CatalogUnavailable`."""
        if self._in_doubt is None:
            return
        folder_id, before = self._in_doubt
        # What was deleted since goes nowhere.
        with contextlib.suppress(FolderMissing):
            self._follow(before, await self._folders.folder_path(folder_id))
        self._in_doubt = None

    def _follow(self, before: FolderPath, after: FolderPath) -> None:
        for place in self._places:
            place.folder_moved(before, after)
