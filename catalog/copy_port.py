"""Copies of files and folders: new names for content that is there."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from catalog.permits import Permit
from catalog.placed import PlacedFile, PlacedFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class CopiedEntries:
    """What a copy has made: folders, outermost first, and files. `sequence` is that of all of it."""

    folders: tuple[PlacedFolder, ...] = ()
    files: tuple[PlacedFile, ...]
    sequence: int | None = field(default=None, compare=False)


class CopyStore(Protocol):
    """Gives content that has names more of them. No content is moved.

    A copy belongs to `owner_id`, is public if the original is, and is shared with nobody. `permit` has to
    cover the files that are copied, `target_permit` the folder that the copies come into. Taken names are
    numbered.
    """

    async def copy_files(
        self,
        file_ids: Sequence[int],
        folder_id: int,
        *,
        owner_id: int,
        name: str | None = None,
        permit: Permit | None = None,
        target_permit: Permit | None = None,
    ) -> CopiedEntries:
        """Copies all or none into a folder, which may be their own, in the order of the ids.

        `name` is what a single copy is called; None: as the original.
        Raises `FileMissing`, `FolderMissing`, `UserMissing`, `NotPermitted`, `QuotaExceeded`.
        """

    async def copy_folder(
        self,
        folder_id: int,
        parent_id: int,
        *,
        owner_id: int,
        max_entries: int,
        name: str | None = None,
        max_depth: int | None = None,
        permit: Permit | None = None,
        target_permit: Permit | None = None,
    ) -> CopiedEntries:
        """Copies a folder with all in it into a folder, which may be the one that it lies in.

        `name` is what the copy is called; None: as the original. `max_entries` is how many folders and files
        it may have, `max_depth` is that of `FolderStore.move_folder`.
        Raises `FolderMissing`, `RootIsFixed`, `FolderCircle`, `TooDeep`, `CopyTooLarge`, `UserMissing`,
        `NotPermitted`, `QuotaExceeded`.
        """
