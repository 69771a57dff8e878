"""What users have starred."""

from collections.abc import Sequence

from catalog.rows import folder_of, star_key_of, star_page_of
from catalog.star_port import MAX_STARS, StarKey, StarPage
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import file_of, path_of


class SupabaseStars(SupabasePart):
    """`StarStore` on Supabase."""

    async def put_star(self, user_id: int, key: StarKey) -> None:
        """Stars something.

        Raises `UserMissing`, `FileMissing`, `FolderMissing`, `RootIsFixed`, `TooManyStars`.
        """
        await self._functions.write(
            "put_star",
            user_id=user_id,
            file_id=key.file_id,
            folder_id=key.folder_id,
            most=MAX_STARS,
        )

    async def remove_star(self, user_id: int, key: StarKey) -> None:
        """Takes a star back, if there is one."""
        await self._functions.write(
            "remove_star", user_id=user_id, file_id=key.file_id, folder_id=key.folder_id
        )

    async def star_keys(self, user_id: int) -> Sequence[StarKey]:
        """All that the user has starred, the last first."""
        return [
            star_key_of(row) for row in await self._functions.read("star_keys", user_id=user_id)
        ]

    async def starred(self, user_id: int, *, before: int | None, limit: int) -> StarPage:
        """What the user has starred and is not in the trash, the last first."""
        found = await self._functions.read("starred", user_id=user_id, before=before, limit=limit)
        return star_page_of(
            [star_key_of(row) for row in found["stars"]],
            [file_of(row) for row in found["files"]],
            [folder_of(row) for row in found["folders"]],
            {row["id"]: path_of(row["path"]) for row in found["paths"]},
            next_=found["next"],
        )
