"""Links that open a file without an account."""

import dataclasses
from collections.abc import Mapping, Sequence
from uuid import UUID

from catalog.errors import FileMissing, LinkMissing, TooManyLinks
from catalog.link_port import FileLink, LinkChanges, PlacedLink
from catalog.placed import PlacedFile
from catalog.rows import link_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.placed_files import find_files, places_of, require_file
from catalog.sqlite.statements import sql
from common.wording import counted


class SqliteLinks(SqlitePart):
    """`LinkStore` on SQLite."""

    @write
    def create_link(self, session: Session, link: FileLink, *, most: int | None) -> None:
        """Adds a link. Raises `FileMissing`, `UserMissing`, `TooManyLinks`."""
        if _find(session, link.id) is not None:
            return
        if link.file_id is None:
            raise FileMissing("a link needs a file")
        require_file(session, link.file_id)
        require_user(session, link.owner_id)
        if most is not None:
            self._require_room(session, link.owner_id, most)
        session.run(sql.insert_link, **_columns_of(link))

    def _require_room(self, session: Session, owner_id: int, most: int) -> None:
        if _number_of(session, owner_id) < most:
            return
        session.run(sql.delete_ended_links_of, owner_id=owner_id, now=self._clock())
        if _number_of(session, owner_id) >= most:
            raise TooManyLinks(
                f"a user may have {counted(most, 'link')}, and no more: revoke one that is not needed"
            )

    @read
    def link_by_hash(self, session: Session, token_hash: bytes) -> FileLink | None:
        """The link whose token has that hash, or None."""
        row = session.row(sql.link_by_hash, token_hash=token_hash)
        return link_of(row) if row else None

    @read
    def link_by_id(self, session: Session, link_id: UUID) -> FileLink | None:
        """The link with that id, or None."""
        return _find(session, link_id)

    @read
    def requested_link(
        self, session: Session, owner_id: int, file_id: int, object_id: UUID, *, now: float
    ) -> FileLink | None:
        """The newest link made for a packet that this user has for a file with this content."""
        row = session.row(
            sql.requested_link,
            owner_id=owner_id,
            file_id=file_id,
            object_id=object_id.bytes,
            now=now,
        )
        return link_of(row) if row else None

    @snapshot
    def links_of(
        self,
        session: Session,
        owner_id: int,
        *,
        file_id: int | None,
        after: UUID | None,
        limit: int,
    ) -> list[PlacedLink]:
        """A user's links, the newest first, those after another one."""
        page: dict[str, object] = {
            "owner_id": owner_id,
            "after": after.bytes if after else None,
            "limit": limit,
        }
        if file_id is None:
            rows = session.rows(sql.links_of_owner, **page)
        else:
            rows = session.rows(sql.links_of_file, **page, file_id=file_id)
        links = [link_of(row) for row in rows]
        files = _files_of(session, links)
        return [_placed(link, files) for link in links]

    @write
    def change_link(self, session: Session, link_id: UUID, changes: LinkChanges) -> FileLink:
        """Changes some of its fields. Raises `LinkMissing`."""
        found = _find(session, link_id)
        if found is None:
            raise LinkMissing(f"there is no link {link_id}")
        columns = _columns_of(dataclasses.replace(found, **changes))
        names = ("id", "label", "password_hash", "max_downloads", "expires_at")
        row = session.row(sql.change_link, **{name: columns[name] for name in names})
        return link_of(row) if row else found

    @write
    def extend_link(self, session: Session, link_id: UUID, expires_at: float) -> FileLink | None:
        """Moves its expiry to a later time. None when it is missing or revoked."""
        row = session.row(sql.extend_link, id=link_id.bytes, expires_at=expires_at)
        return link_of(row) if row else None

    @write
    def revoke_link(
        self, session: Session, link_id: UUID, *, owner_id: int | None, at: float
    ) -> FileLink | None:
        """Ends a link. None when the user has no such link."""
        row = session.row(sql.revoke_link, id=link_id.bytes, owner_id=owner_id, at=at)
        return link_of(row) if row else None

    @write
    def count_download(self, session: Session, link_id: UUID, *, at: float) -> bool:
        """Counts a download, if the link has one left."""
        row = session.row(sql.count_download, id=link_id.bytes, at=at)
        return row is not None

    @write
    def drop_ended_links(self, session: Session, before: float, *, limit: int) -> int:
        """Deletes links that ended before. Answers how many."""
        return len(session.rows(sql.delete_ended_links, before=before, limit=limit))


def _find(session: Session, link_id: UUID) -> FileLink | None:
    row = session.row(sql.link_by_id, id=link_id.bytes)
    return link_of(row) if row else None


def _number_of(session: Session, owner_id: int) -> int:
    row = session.row(sql.count_links, owner_id=owner_id)
    return row["total"] if row else 0


def _files_of(session: Session, links: Sequence[FileLink]) -> dict[int, PlacedFile]:
    ids = list(dict.fromkeys(link.file_id for link in links if link.file_id is not None))
    placed = places_of(session, find_files(session, ids))
    return {each.file.id: each for each in placed}


def _placed(link: FileLink, files: Mapping[int, PlacedFile]) -> PlacedLink:
    found = None if link.file_id is None else files.get(link.file_id)
    if found is None:
        return PlacedLink(link=link, folder=None, file=None)
    return PlacedLink(link=link, folder=found.folder, file=found.file)


def _columns_of(link: FileLink) -> dict[str, object]:
    columns = {field.name: getattr(link, field.name) for field in dataclasses.fields(link)}
    return columns | {"id": link.id.bytes, "object_id": link.object_id and link.object_id.bytes}
