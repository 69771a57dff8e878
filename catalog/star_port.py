"""The part of the port for stars: files and folders that a user has marked.

The promises of `catalog.port` hold here as well.

A star belongs to one user and to a file or folder, whatever that is called and wherever it lies. It outlasts
the trash, and goes with what it marks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from catalog.records import File, Folder

FolderPath = tuple[str, ...]

MAX_STARS: Final = 1000
"""Stars of one user."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StarKey:
    """What a star marks. Exactly one of the two is given."""

    file_id: int | None = None
    folder_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StarredEntry:
    """A file, with the share of the viewer, or a folder; and the folder in which it lies."""

    folder: FolderPath
    entry: File | Folder


@dataclass(frozen=True, slots=True, kw_only=True)
class StarPage:
    """Some of what is starred; `next` is the `before` of the next page, None at the end."""

    entries: tuple[StarredEntry, ...]
    next: int | None


class StarStore(Protocol):
    """What users have starred."""

    async def put_star(self, user_id: int, key: StarKey) -> None:
        """Stars something; what is starred stays so.

        Raises `UserMissing`, `FileMissing`, `FolderMissing`, `RootIsFixed`, `TooManyStars`.
        """

    async def remove_star(self, user_id: int, key: StarKey) -> None:
        """Takes a star back, if there is one."""

    async def star_keys(self, user_id: int) -> Sequence[StarKey]:
        """All that the user has starred, the last first; also what lies in the trash."""

    async def starred(self, user_id: int, *, before: int | None, limit: int) -> StarPage:
        """What the user has starred and is not in the trash, the last first.

        A page is looked for among `limit` stars, and may be shorter.
        """
