"""What was deleted and is kept for a while, and content that was replaced.

The promises of `catalog.port` hold here as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from catalog.permits import Permit
from catalog.placed import PlacedFile, PlacedFolder


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashKey:
    """What lies in the trash, by the id that it had before and has again when it is restored.

    Exactly one of the two is given.
    """

    file_id: int | None = None
    folder_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashedItem:
    """A file or folder in the trash.

    Attributes:
        id: number of the deletion; a later one has a higher number.
        name: of the file or folder when it was deleted.
        folder: where it lay.
        size: bytes of the file, or of all files in the folder.
        files: how many files it is; 1 for a file.
        mime_type: of the file; None for a folder.
        deleted_by: name of the user who deleted it; None when that user was removed, or has emptied
            the trash of what belongs to others.
        expires_at: when it is deleted for good.
    """

    id: int
    key: TrashKey
    name: str
    folder: tuple[str, ...]
    size: int
    files: int
    mime_type: str | None
    deleted_by: str | None
    deleted_at: float
    expires_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrashTotals:
    """How much of what a user stores lies in the trash: bytes and files."""

    bytes: int
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoredItem:
    """What has been restored, where it stands now, and the folders that had to be made for it.

    Exactly one of `file` and `placed_folder` is given; neither has a `sequence` of its own.
    """

    file: PlacedFile | None = None
    placed_folder: PlacedFolder | None = None
    created_folders: tuple[PlacedFolder, ...]
    sequence: int | None = field(default=None, compare=False)


class TrashStore(Protocol):
    """Files and folders that were deleted with a `Trashing`.

    What lies in the trash is in no folder, and no other method finds it: its name is free, its size is
    in no folder's total. It keeps its content, owner, rights, shares, versions and links, and counts in
    its owner's quota. A user sees there what the user has deleted, and what holds files of the user.
    """

    async def trash_of(self, user_id: int, *, before: int | None, limit: int) -> list[TrashedItem]:
        """What the user sees in the trash, the last deletion first, those before another one."""

    async def trash_totals(self, user_id: int) -> TrashTotals:
        """How much of what the user owns lies in the trash."""

    async def restore_trashed(
        self,
        user_id: int,
        key: TrashKey,
        *,
        max_depth: int | None = None,
        permit: Permit | None = None,
    ) -> RestoredItem:
        """Puts something that the user sees in the trash back into its folder, numbering a taken name.

        The folder is made anew, with those above it, where it is gone; one that was renamed or moved
        is still the same.
        `max_depth` is how many names the path of a folder may have; `permit` is what the user needs on
        the folder.
        Raises `TrashMissing`, `NotAFolder` for a file in place of a folder to be made, `TooDeep`,
        `NotPermitted`.
        """

    async def discard_trashed(
        self, user_id: int, keys: Sequence[TrashKey] | None, *, limit: int
    ) -> bool:
        """Has things that the user sees in the trash expire at once; None: all of them.

        Of what holds files of others too, the user's own are deleted, `limit` files at most, and the
        user sees it no longer unless own files are left. What the user does not see is passed over.
        Answers whether there is more to do: then the same call goes on.
        """

    async def collect_trash(self, *, limit: int) -> int:
        """Deletes up to `limit` files of what has expired in the trash, with what they were kept in.

        Their content goes without grace. Answers how many files and emptied folders of the trash it
        has deleted. Calls are repeated until one deletes nothing.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class FileVersion:
    """Earlier content of a file.

    Attributes:
        stored_at: when it had become the content of the file.
        replaced_at: when other content took its place.
        modified_at: when it was last modified where it came from; None: that is not known.
    """

    id: int
    file_id: int
    object_id: UUID
    size: int
    mime_type: str
    stored_at: float
    replaced_at: float
    modified_at: float | None = None


class VersionStore(Protocol):
    """Content of files that was replaced while versions were kept.

    Versions count as bytes of the file's owner, but never as too many: where the quota has no room
    for them, older ones of the file are deleted, or the replaced content is not kept.
    """

    async def versions_of(self, file_id: int, *, permit: Permit | None = None) -> list[FileVersion]:
        """The earlier contents of a file, the last one first. Raises `FileMissing`, `NotPermitted`."""

    async def restore_version(
        self, file_id: int, version_id: int, *, keep: int, permit: Permit | None = None
    ) -> PlacedFile:
        """Makes a version the content of its file, as if it were uploaded once more.

        Of what is replaced by it, the last `keep` versions are kept.
        Raises `FileMissing`, `VersionMissing`, `NotPermitted`.
        """

    async def delete_version(
        self, file_id: int, version_id: int, *, permit: Permit | None = None
    ) -> bool:
        """Deletes a version; False when there is none. Raises `FileMissing`, `NotPermitted`."""
