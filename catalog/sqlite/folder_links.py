"""Links to folders, and what is added by them."""

import dataclasses
from uuid import UUID

from catalog.errors import FolderMissing, LinkFull, LinkMissing, TooManyLinks
from catalog.folder_link_port import (
    NOTED_EVERY_S,
    FolderLink,
    FolderLinkChanges,
    LinkUpload,
    PlacedFolderLink,
)
from catalog.rows import folder_link_of, link_upload_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.folders import find_path, path_to
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteFolderLinks(SqlitePart):
    """`FolderLinkStore` on SQLite."""

    @write
    def create_folder_link(self, session: Session, link: FolderLink, *, most: int | None) -> None:
        """Adds a link. Raises `FolderMissing`, `UserMissing`, `TooManyLinks`."""
        if _find(session, link.id) is not None:
            return
        if link.folder_id is None:
            raise FolderMissing("a link needs a folder")
        path_to(session, link.folder_id)
        require_user(session, link.owner_id)
        if most is not None:
            self._require_room(session, link.owner_id, most)
        session.run(sql.insert_folder_link, **_columns_of(link))

    def _require_room(self, session: Session, owner_id: int, most: int) -> None:
        if _number_of(session, owner_id) < most:
            return
        session.run(sql.delete_ended_folder_links_of, owner_id=owner_id, now=self._clock())
        if _number_of(session, owner_id) >= most:
            raise TooManyLinks(
                f"a user may have {counted(most, 'link')} to folders, and no more: "
                "revoke one that is not needed"
            )

    @read
    def folder_link_by_hash(self, session: Session, token_hash: bytes) -> FolderLink | None:
        """The link whose token has that hash, or None."""
        row = session.row(sql.folder_link_by_hash, token_hash=token_hash)
        return folder_link_of(row) if row else None

    @read
    def folder_link_by_id(self, session: Session, link_id: UUID) -> FolderLink | None:
        """The link with that id, or None."""
        return _find(session, link_id)

    @snapshot
    def folder_links_of(
        self, session: Session, owner_id: int, *, after: UUID | None, limit: int
    ) -> list[PlacedFolderLink]:
        """A user's links, the newest first, those after another one."""
        rows = session.rows(
            sql.folder_links_of_owner,
            owner_id=owner_id,
            after=after.bytes if after else None,
            limit=limit,
        )
        links = [folder_link_of(row) for row in rows]
        return [
            PlacedFolderLink(link=link, folder=find_path(session, link.folder_id)) for link in links
        ]

    @write
    def change_folder_link(
        self, session: Session, link_id: UUID, changes: FolderLinkChanges
    ) -> FolderLink:
        """Changes some of its fields. Raises `LinkMissing`."""
        columns = _columns_of(dataclasses.replace(_require(session, link_id), **changes))
        names = ("id", *FolderLinkChanges.__annotations__)
        row = session.row(sql.change_folder_link, **{name: columns[name] for name in names})
        return folder_link_of(row) if row else _require(session, link_id)

    @write
    def revoke_folder_link(
        self, session: Session, link_id: UUID, *, owner_id: int | None, at: float
    ) -> FolderLink | None:
        """Ends a link. None when the user has no such link."""
        row = session.row(sql.revoke_folder_link, id=link_id.bytes, owner_id=owner_id, at=at)
        return folder_link_of(row) if row else None

    @write
    def note_folder_link(self, session: Session, link_id: UUID, *, at: float) -> None:
        """Notes that a link is used."""
        session.run(sql.note_folder_link, id=link_id.bytes, at=at, every_s=NOTED_EVERY_S)

    @write
    def open_link_upload(self, session: Session, upload: LinkUpload) -> None:
        """Enters an upload. Raises `LinkMissing`, `LinkFull`."""
        if _find_upload(session, upload.id) is not None:
            return
        link = _require_receiving(session, upload.link_id)
        self._require_limits(session, link, upload)
        session.run(
            sql.insert_link_upload,
            id=upload.id.bytes,
            link_id=upload.link_id.bytes,
            name=upload.name,
            size=upload.size,
            expires_at=upload.expires_at,
        )

    def _require_limits(self, session: Session, link: FolderLink, upload: LinkUpload) -> None:
        under_way = session.row(
            sql.link_uploads_under_way,
            link_id=link.id.bytes,
            id=upload.id.bytes,
            now=self._clock(),
        )
        if under_way is not None:
            _check_limits(link, upload, files=under_way["files"], size=under_way["size"])

    @read
    def link_upload(self, session: Session, upload_id: UUID) -> LinkUpload | None:
        """The upload, for as long as it is kept."""
        return _find_upload(session, upload_id)

    @write
    def count_link_upload(self, session: Session, upload_id: UUID, *, at: float) -> FolderLink:
        """Counts an upload of which all is there, once. Raises `LinkMissing`, `LinkFull`."""
        upload = _find_upload(session, upload_id)
        if upload is None:
            raise LinkMissing(f"nothing with the id {upload_id} is added by a link")
        link = _require_receiving(session, upload.link_id)
        if upload.counted_at is not None:
            return link
        _check_limits(link, upload, files=0, size=0)
        session.run(sql.mark_link_upload, id=upload_id.bytes, at=at)
        session.run(sql.count_received, link_id=link.id.bytes, files=1, size=upload.size)
        return _require(session, link.id)

    @write
    def drop_link_upload(self, session: Session, upload_id: UUID) -> None:
        """Takes an upload back, also one that was counted."""
        row = session.row(sql.delete_link_upload, id=upload_id.bytes)
        if row is not None and row["counted_at"] is not None:
            session.run(sql.count_received, link_id=row["link_id"], files=-1, size=-row["size"])

    @write
    def drop_ended_folder_links(self, session: Session, before: float, *, limit: int) -> int:
        """Deletes links that ended before, and uploads that expired. Answers how many links."""
        session.run(sql.delete_expired_link_uploads, before=before)
        return len(session.rows(sql.delete_ended_folder_links, before=before, limit=limit))


def _check_limits(link: FolderLink, upload: LinkUpload, *, files: int, size: int) -> None:
    """Raises `LinkFull` unless the link has room for an upload beside so much that is under way."""
    needed = (
        (upload.size, link.max_file_size),
        (link.received_size + size + upload.size, link.max_total_size),
        (link.received_files + files + 1, link.max_files),
    )
    if any(limit is not None and amount > limit for amount, limit in needed):
        raise LinkFull(f"the limits of the link leave no room for {counted(upload.size, 'byte')}")


def _find(session: Session, link_id: UUID) -> FolderLink | None:
    row = session.row(sql.folder_link_by_id, id=link_id.bytes)
    return folder_link_of(row) if row else None


def _require(session: Session, link_id: UUID) -> FolderLink:
    link = _find(session, link_id)
    if link is None:
        raise LinkMissing(f"there is no link {link_id}")
    return link


def _require_receiving(session: Session, link_id: UUID) -> FolderLink:
    """The link, which takes uploads. Raises `LinkMissing`."""
    link = _require(session, link_id)
    if not link.is_for_uploads or link.revoked_at is not None:
        raise LinkMissing(f"nothing can be added by the link {link_id}")
    return link


def _find_upload(session: Session, upload_id: UUID) -> LinkUpload | None:
    row = session.row(sql.link_upload, id=upload_id.bytes)
    return link_upload_of(row) if row else None


def _number_of(session: Session, owner_id: int) -> int:
    row = session.row(sql.count_folder_links, owner_id=owner_id)
    return row["total"] if row else 0


def _columns_of(link: FolderLink) -> dict[str, object]:
    columns = {field.name: getattr(link, field.name) for field in dataclasses.fields(link)}
    return columns | {"id": link.id.bytes}
