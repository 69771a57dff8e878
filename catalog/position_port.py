"""The part of the port that tells where in a listing an entry stands.

Indexes count from 0 in the order in which `list_folders` and `list_files` list with the same
arguments. A missing folder has no entries. The promises of `catalog.port` hold here as well.
"""

from dataclasses import dataclass
from typing import Protocol

from catalog.records import FileOrder


@dataclass(frozen=True, slots=True, kw_only=True)
class Position:
    """Where an entry stands, and what it is called."""

    index: int
    name: str


class FolderPositions(Protocol):
    """Finding entries by name, without going through the pages.

    An entry matches when its name is `name`, or with `is_prefix` when its name starts with it, in
    whatever (ASCII) case. No character of `name` stands for others.
    """

    async def subfolder_position(
        self, folder_id: int, name: str, *, is_prefix: bool, ascending: bool, start: int = 0
    ) -> Position | None:
        """The first subfolder that matches, from index `start` on; None when none does."""

    async def file_position(
        self,
        folder_id: int,
        name: str,
        *,
        is_prefix: bool,
        order: FileOrder,
        ascending: bool,
        start: int = 0,
    ) -> Position | None:
        """The first file that matches, from index `start` on; None when none does."""
