"""The part of the port for going through everything that lies below a folder.

A walk goes on behind the last name of a page, and so meets once whatever stays in a folder, while
other entries come and go; pages by offset would skip or repeat some. Names are in the order of
Unicode code points, and "" comes before all of them. A missing folder has no entries. The promises
of `catalog.port` hold here as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from catalog.records import File, Folder, FolderCounts


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedFolder:
    """A folder and how many entries lie directly in it."""

    folder: Folder
    counts: FolderCounts


class FolderWalk(Protocol):
    """What lies in a folder, page by page."""

    async def subfolders_after(
        self, folder_id: int, *, after: str, limit: int
    ) -> list[CountedFolder]:
        """Subfolders whose name comes after `after`, by name."""

    async def subfolders_in(self, folder_id: int, names: Sequence[str]) -> list[Folder]:
        """Those subfolders that have one of the names."""

    async def files_after(
        self, folder_id: int, *, viewer_id: int | None, after: str, limit: int
    ) -> list[File]:
        """Files whose name comes after `after`, by name, each with the viewer's share."""
