"""Where running uploads go while folders are renamed and moved.

A commit makes the folder that it goes into when there is none. One that meets the catalog between the
renaming of its folder and the news of it would make the old folder again, beside the new one. So commits
and changes of folders take turns: any number of commits at a time, or one change, after which every upload
knows its new place. That holds in one manager; what another one on the same catalog renames at that
moment is not known here.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

from catalog.port import ChangedFolder
from manager.domain.places import Place


class UploadPlaces:
    """Keeps uploads going where their folders went."""

    def __init__(self) -> None:
        self._places: set[Place] = set()
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
        """Around one attempt to enter a file: no folder is renamed or moved meanwhile."""
        # Whoever waits for the entrance waits for one change of a folder at most, as locks are fair.
        async with self._entrance:
            self._entering += 1
            self._is_quiet.clear()
        try:
            yield
        finally:
            self._entering -= 1
            if not self._entering:
                self._is_quiet.set()

    async def following(self, change: Callable[[], Awaitable[ChangedFolder]]) -> ChangedFolder:
        """Carries out a change of a folder while no file is being entered, and has all places follow it.

        Raises what `change` raises.
        """
        async with self._entrance:
            await self._is_quiet.wait()
            changed = await change()
            for place in self._places:
                place.folder_moved(changed.before.path, changed.after.path)
            return changed
