"""Links that open a file without an account."""

import dataclasses
from uuid import UUID

from catalog.link_port import FileLink, LinkChanges, PlacedLink
from catalog.rows import link_of
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import Row, file_of, path_of, text_of


class SupabaseLinks(SupabasePart):
    """`LinkStore` on Supabase."""

    async def create_link(self, link: FileLink, *, most: int | None) -> None:
        """Adds a link. Raises `FileMissing`, `UserMissing`, `TooManyLinks`."""
        await self._functions.write("create_link", link=_row_of(link), most=most, now=self._clock())

    async def link_by_hash(self, token_hash: bytes) -> FileLink | None:
        """The link whose token has that hash, or None."""
        return _link_or_none(
            await self._functions.read("link_by_hash", token_hash=text_of(token_hash))
        )

    async def link_by_id(self, link_id: UUID) -> FileLink | None:
        """The link with that id, or None."""
        return _link_or_none(await self._functions.read("link_by_id", id=str(link_id)))

    async def requested_link(
        self, owner_id: int, file_id: int, object_id: UUID, *, now: float
    ) -> FileLink | None:
        """The newest link made for a packet that this user has for a file with this content."""
        row = await self._functions.read(
            "requested_link",
            owner_id=owner_id,
            file_id=file_id,
            object_id=str(object_id),
            now=now,
        )
        return _link_or_none(row)

    async def links_of(
        self, owner_id: int, *, file_id: int | None, after: UUID | None, limit: int
    ) -> list[PlacedLink]:
        """A user's links, the newest first, those after another one."""
        rows = await self._functions.read(
            "links_of",
            owner_id=owner_id,
            file_id=file_id,
            after=after and str(after),
            limit=limit,
        )
        return [_placed_link_of(row) for row in rows]

    async def change_link(self, link_id: UUID, changes: LinkChanges) -> FileLink:
        """Changes some of its fields. Raises `LinkMissing`."""
        row = await self._functions.write("change_link", id=str(link_id), changes=dict(changes))
        return link_of(row)

    async def extend_link(self, link_id: UUID, expires_at: float) -> FileLink | None:
        """Moves its expiry to a later time. None when it is missing or revoked."""
        return _link_or_none(
            await self._functions.write("extend_link", id=str(link_id), expires_at=expires_at)
        )

    async def revoke_link(
        self, link_id: UUID, *, owner_id: int | None, at: float
    ) -> FileLink | None:
        """Ends a link. None when the user has no such link."""
        return _link_or_none(
            await self._functions.write("revoke_link", id=str(link_id), owner_id=owner_id, at=at)
        )

    async def count_download(self, link_id: UUID, *, at: float) -> bool:
        """Counts a download, if the link has one left."""
        is_counted: bool = await self._change("count_download", id=str(link_id), at=at)
        return is_counted

    async def drop_ended_links(self, before: float, *, limit: int) -> int:
        """Deletes links that ended before. Answers how many."""
        dropped: int = await self._functions.write("drop_ended_links", before=before, limit=limit)
        return dropped


def _link_or_none(row: Row | None) -> FileLink | None:
    return None if row is None else link_of(row)


def _placed_link_of(row: Row) -> PlacedLink:
    placed = row["placed"]
    return PlacedLink(
        link=link_of(row["link"]),
        folder=placed and path_of(placed["folder"]),
        file=placed and file_of(placed["file"]),
    )


def _row_of(link: FileLink) -> Row:
    row = {field.name: getattr(link, field.name) for field in dataclasses.fields(link)}
    return row | {
        "id": str(link.id),
        "object_id": link.object_id and str(link.object_id),
        "token_hash": text_of(link.token_hash),
        "sealed_token": text_of(link.sealed_token),
    }
