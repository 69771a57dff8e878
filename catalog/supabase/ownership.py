"""Whose files are, with whom they are shared, and which are public."""

from catalog.permits import Permit
from catalog.port import PlacedFile, ReleasedFiles
from catalog.records import Share
from catalog.supabase.part import SupabasePart, permit_to_json
from catalog.supabase.rows import placed_file_of, share_of


class SupabaseOwnership(SupabasePart):
    """The part of `FileStore` on Supabase that says who may use a file."""

    async def set_owner(
        self,
        file_id: int,
        owner_id: int | None,
        *,
        delete_shares: bool = False,
        share_with: int | None = None,
        permit: Permit | None = None,
    ) -> PlacedFile:
        """Gives the file away. Raises `FileMissing`, `UserMissing`, `NotPermitted`."""
        row = await self._change(
            "set_owner",
            file_id=file_id,
            owner_id=owner_id,
            delete_shares=delete_shares,
            share_with=share_with,
            permit=permit_to_json(permit),
        )
        return placed_file_of(row)

    async def release_files(
        self, user_id: int, *, heir_id: int | None, limit: int
    ) -> ReleasedFiles:
        """Gives files to the heir, or deletes them. Raises `UserMissing`."""
        answer = await self._change("release_files", user_id=user_id, heir_id=heir_id, limit=limit)
        files = tuple(placed_file_of(row) for row in answer["files"])
        return ReleasedFiles(
            files=files, remaining=answer["remaining"], sequence=answer.get("sequence")
        )

    async def set_public(
        self, file_id: int, *, is_public: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Makes a file public, or not any more. Raises `FileMissing`, `NotPermitted`."""
        row = await self._change(
            "set_public",
            file_id=file_id,
            is_public=is_public,
            permit=permit_to_json(permit),
        )
        return placed_file_of(row)

    async def shares_of(self, file_id: int) -> list[Share]:
        """The shares of a file by user id; none for a file that does not exist."""
        rows = await self._functions.read("shares_of", file_id=file_id)
        return [share_of(row) for row in rows]

    async def put_share(
        self, file_id: int, user_id: int, *, can_write: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Adds or changes a share. Raises `FileMissing`, `UserMissing`, `NotPermitted`."""
        row = await self._change(
            "put_share",
            file_id=file_id,
            user_id=user_id,
            can_write=can_write,
            permit=permit_to_json(permit),
        )
        return placed_file_of(row)

    async def remove_share(
        self, file_id: int, user_id: int, *, permit: Permit | None = None
    ) -> PlacedFile | None:
        """None when there was none. Raises `NotPermitted`."""
        row = await self._change(
            "remove_share", file_id=file_id, user_id=user_id, permit=permit_to_json(permit)
        )
        return None if row is None else placed_file_of(row)
