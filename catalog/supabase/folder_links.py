"""Links to folders, and what is added by them."""

import dataclasses
from uuid import UUID

from catalog.folder_link_port import (
    NOTED_EVERY_S,
    FolderLink,
    FolderLinkChanges,
    LinkUpload,
    PlacedFolderLink,
)
from catalog.rows import folder_link_of, link_upload_of
from catalog.supabase.client import SupabasePart
from catalog.supabase.rows import Row, path_of, text_of


class SupabaseFolderLinks(SupabasePart):
    """`FolderLinkStore` on Supabase."""

    async def create_folder_link(self, link: FolderLink, *, most: int | None) -> None:
        """Adds a link. Raises `FolderMissing`, `UserMissing`, `TooManyLinks`."""
        await self._functions.write(
            "create_folder_link", link=_row_of(link), most=most, now=self._clock()
        )

    async def folder_link_by_hash(self, token_hash: bytes) -> FolderLink | None:
        """The link whose token has that hash, or None."""
        return _link_or_none(
            await self._functions.read("folder_link_by_hash", token_hash=text_of(token_hash))
        )

    async def folder_link_by_id(self, link_id: UUID) -> FolderLink | None:
        """The link with that id, or None."""
        return _link_or_none(await self._functions.read("folder_link_by_id", id=str(link_id)))

    async def folder_links_of(
        self, owner_id: int, *, after: UUID | None, limit: int
    ) -> list[PlacedFolderLink]:
        """A user's links, the newest first, those after another one."""
        rows = await self._functions.read(
            "folder_links_of", owner_id=owner_id, after=after and str(after), limit=limit
        )
        return [
            PlacedFolderLink(
                link=folder_link_of(row["link"]),
                folder=None if row["folder"] is None else path_of(row["folder"]),
            )
            for row in rows
        ]

    async def change_folder_link(self, link_id: UUID, changes: FolderLinkChanges) -> FolderLink:
        """Changes some of its fields. Raises `LinkMissing`."""
        row = await self._functions.write(
            "change_folder_link", id=str(link_id), changes=dict(changes)
        )
        return folder_link_of(row)

    async def revoke_folder_link(
        self, link_id: UUID, *, owner_id: int | None, at: float
    ) -> FolderLink | None:
        """Ends a link. None when the user has no such link."""
        return _link_or_none(
            await self._functions.write(
                "revoke_folder_link", id=str(link_id), owner_id=owner_id, at=at
            )
        )

    async def note_folder_link(self, link_id: UUID, *, at: float) -> None:
        """Notes that a link is used."""
        await self._functions.write(
            "note_folder_link", id=str(link_id), at=at, every_s=NOTED_EVERY_S
        )

    async def open_link_upload(self, upload: LinkUpload) -> None:
        """Enters an upload. Raises `LinkMissing`, `LinkFull`."""
        await self._functions.write(
            "open_link_upload",
            id=str(upload.id),
            link_id=str(upload.link_id),
            name=upload.name,
            size=upload.size,
            expires_at=upload.expires_at,
            now=self._clock(),
        )

    async def link_upload(self, upload_id: UUID) -> LinkUpload | None:
        """The upload, for as long as it is kept."""
        row = await self._functions.read("link_upload", id=str(upload_id))
        return None if row is None else link_upload_of(row)

    async def count_link_upload(self, upload_id: UUID, *, at: float) -> FolderLink:
        """Counts an upload of which all is there, once. Raises `LinkMissing`, `LinkFull`."""
        return folder_link_of(
            await self._functions.write("count_link_upload", id=str(upload_id), at=at)
        )

    async def drop_link_upload(self, upload_id: UUID) -> None:
        """Takes an upload back, also one that was counted."""
        await self._functions.write("drop_link_upload", id=str(upload_id))

    async def drop_ended_folder_links(self, before: float, *, limit: int) -> int:
        """Deletes links that ended before, and uploads that expired. Answers how many links."""
        dropped: int = await self._functions.write(
            "drop_ended_folder_links", before=before, limit=limit
        )
        return dropped


def _link_or_none(row: Row | None) -> FolderLink | None:
    return None if row is None else folder_link_of(row)


def _row_of(link: FolderLink) -> Row:
    row = {field.name: getattr(link, field.name) for field in dataclasses.fields(link)}
    return row | {
        "id": str(link.id),
        "token_hash": text_of(link.token_hash),
        "sealed_token": text_of(link.sealed_token),
    }
