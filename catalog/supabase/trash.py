"""What was deleted and is kept for a while, and content that was replaced."""

from collections.abc import Sequence

from catalog.permits import Permit
from catalog.placed import PlacedFile
from catalog.rows import file_version_of, trashed_item_of
from catalog.supabase.client import SupabasePart, permit_to_json
from catalog.supabase.rows import Row, path_of, placed_file_of, placed_folder_of
from catalog.trash_port import FileVersion, RestoredItem, TrashedItem, TrashKey, TrashTotals


def restored_of(row: Row) -> RestoredItem:
    """What has come out of the trash."""
    return RestoredItem(
        file=placed_file_of(row["file"]) if "file" in row else None,
        placed_folder=placed_folder_of(row["folder"]) if "folder" in row else None,
        created_folders=tuple(placed_folder_of(placed) for placed in row["created"]),
        sequence=row.get("sequence"),
    )


class SupabaseTrash(SupabasePart):
    """`TrashStore` on Supabase."""

    async def trash_of(self, user_id: int, *, before: int | None, limit: int) -> list[TrashedItem]:
        """What the user sees in the trash, the last deletion first."""
        rows = await self._functions.read(
            "trash_of", user_id=user_id, before=before, limit=limit, now=self._clock()
        )
        return [trashed_item_of(row, path_of(row["origin"])) for row in rows]

    async def trash_totals(self, user_id: int) -> TrashTotals:
        """How much of what the user owns lies in the trash."""
        row = await self._functions.read("trash_totals", user_id=user_id)
        return TrashTotals(bytes=row["bytes"], files=row["files"])

    async def restore_trashed(
        self,
        user_id: int,
        key: TrashKey,
        *,
        max_depth: int | None = None,
        permit: Permit | None = None,
    ) -> RestoredItem:
        """Puts something back. Raises `TrashMissing`, `NotAFolder`, `TooDeep`, `NotPermitted`."""
        row = await self._change(
            "restore_trashed",
            user_id=user_id,
            file_id=key.file_id,
            folder_id=key.folder_id,
            max_depth=max_depth,
            permit=permit_to_json(permit),
        )
        return restored_of(row)

    async def discard_trashed(
        self, user_id: int, keys: Sequence[TrashKey] | None, *, limit: int
    ) -> bool:
        """Has things expire at once. Answers whether there is more to do."""
        is_more: bool = await self._functions.write(
            "discard_trashed",
            user_id=user_id,
            file_ids=None if keys is None else [key.file_id for key in keys if key.file_id],
            folder_ids=None if keys is None else [key.folder_id for key in keys if key.folder_id],
            limit=limit,
            now=self._clock(),
        )
        return is_more

    async def collect_trash(self, *, limit: int) -> int:
        """Deletes up to `limit` files of what has expired, and folders that are empty then."""
        deleted: int = await self._functions.write("collect_trash", limit=limit, now=self._clock())
        return deleted


class SupabaseVersions(SupabasePart):
    """`VersionStore` on Supabase."""

    async def versions_of(self, file_id: int, *, permit: Permit | None = None) -> list[FileVersion]:
        """The earlier contents of a file. Raises `FileMissing`, `NotPermitted`."""
        rows = await self._functions.read(
            "versions_of", file_id=file_id, permit=permit_to_json(permit)
        )
        return [file_version_of(row) for row in rows]

    async def restore_version(
        self, file_id: int, version_id: int, *, keep: int, permit: Permit | None = None
    ) -> PlacedFile:
        """Makes a version the content. Raises `FileMissing`, `VersionMissing`, `NotPermitted`."""
        row = await self._change(
            "restore_version",
            file_id=file_id,
            version_id=version_id,
            keep=keep,
            permit=permit_to_json(permit),
        )
        return placed_file_of(row)

    async def delete_version(
        self, file_id: int, version_id: int, *, permit: Permit | None = None
    ) -> bool:
        """False when there is none. Raises `FileMissing`, `NotPermitted`."""
        was_there: bool = await self._functions.write(
            "delete_version",
            file_id=file_id,
            version_id=version_id,
            permit=permit_to_json(permit),
        )
        return was_there
