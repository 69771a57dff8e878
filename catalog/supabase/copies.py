"""Copies of files and folders, which refer to the same content."""

from collections.abc import Sequence

from catalog.copy_port import CopiedEntries
from catalog.permits import Permit
from catalog.supabase.client import SupabasePart, permit_to_json
from catalog.supabase.rows import Row, placed_file_of, placed_folder_of


class SupabaseCopies(SupabasePart):
    """`CopyStore` on Supabase."""

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
        """Copies all or none into a folder.

        Raises `FileMissing`, `FolderMissing`, `UserMissing`, `NotPermitted`, `QuotaExceeded`.
        """
        row = await self._change(
            "copy_files",
            file_ids=list(dict.fromkeys(file_ids)),
            folder_id=folder_id,
            owner_id=owner_id,
            name=name,
            permit=permit_to_json(permit),
            target_permit=permit_to_json(target_permit),
        )
        return copied_of(row)

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
        """Copies a folder with all in it.

        Raises `FolderMissing`, `RootIsFixed`, `FolderCircle`, `TooDeep`, `CopyTooLarge`, `UserMissing`,
        `NotPermitted`, `QuotaExceeded`.
        """
        row = await self._change(
            "copy_folder",
            folder_id=folder_id,
            parent_id=parent_id,
            owner_id=owner_id,
            max_entries=max_entries,
            name=name,
            max_depth=max_depth,
            permit=permit_to_json(permit),
            target_permit=permit_to_json(target_permit),
        )
        return copied_of(row)


def copied_of(row: Row) -> CopiedEntries:
    """What was copied."""
    return CopiedEntries(
        folders=tuple(placed_folder_of(placed) for placed in row["folders"]),
        files=tuple(placed_file_of(placed) for placed in row["files"]),
        sequence=row.get("sequence"),
    )
