"""Content of files that is replaced, and may be kept."""

from catalog.errors import ObjectMissing, VersionMissing
from catalog.permits import Permit
from catalog.placed import PlacedFile
from catalog.records import File, StoredObject
from catalog.rows import file_version_of, object_of
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, snapshot, write
from catalog.sqlite.placed_files import changed_file, require_file
from catalog.sqlite.quotas import require_quota
from catalog.sqlite.statements import sql
from catalog.sqlite.upkeep import count_file, uncount_file
from catalog.trash_port import FileVersion


class SqliteVersions(SqlitePart):
    """`VersionStore` on SQLite."""

    @snapshot
    def versions_of(
        self, session: Session, file_id: int, *, permit: Permit | None = None
    ) -> list[FileVersion]:
        """The earlier contents of a file. Raises `FileMissing`, `NotPermitted`."""
        require_file(session, file_id, permit=permit)
        return _versions(session, file_id)

    @write
    def restore_version(
        self,
        session: Session,
        file_id: int,
        version_id: int,
        *,
        keep: int,
        permit: Permit | None = None,
    ) -> PlacedFile:
        """Makes a version the content. Raises `FileMissing`, `VersionMissing`, `NotPermitted`."""
        file = require_file(session, file_id, permit=permit)
        wanted = next((each for each in _versions(session, file_id) if each.id == version_id), None)
        if wanted is None:
            raise VersionMissing(f"the file {file_id} has no version {version_id}")
        content = session.row(sql.object_by_id, object_id=wanted.object_id.bytes)
        if content is None:
            raise ObjectMissing(f"there is no object {wanted.object_id}")
        session.run(sql.delete_version, file_id=file_id, version_id=version_id)
        replace_content(session, file, object_of(content), keep=keep, now=self._clock())
        return changed_file(session, require_file(session, file_id))

    @write
    def delete_version(
        self, session: Session, file_id: int, version_id: int, *, permit: Permit | None = None
    ) -> bool:
        """False when there is none. Raises `FileMissing`, `NotPermitted`."""
        require_file(session, file_id, permit=permit)
        return session.row(sql.delete_version, file_id=file_id, version_id=version_id) is not None


def replace_content(
    session: Session, present: File, content: StoredObject, *, keep: int, now: float
) -> None:
    """Gives a file other content, and keeps what it had as a version. Raises `QuotaExceeded`.

    Args:
        session: The transaction.
        present: The file as it is.
        content: What it gets.
        keep: How many versions it may have then.
        now: The time of the change.
    """
    file_id, owner_id, folder_id = present.id, present.owner_id, present.folder_id
    if keep:
        session.run(sql.insert_version, file_id=file_id, now=now)
    session.run(sql.delete_old_versions, file_id=file_id, keep=keep)
    session.run(
        sql.replace_content, file_id=file_id, object_id=content.id.bytes, size=content.size, now=now
    )
    uncount_file(session, folder_id, mime_type=present.mime_type, size=present.size)
    count_file(session, folder_id, mime_type=content.mime_type, size=content.size)
    if owner_id is not None:
        _make_room(session, file_id, owner_id)
    require_quota(session, owner_id, more_bytes=content.size - present.size)


def _make_room(session: Session, file_id: int, owner_id: int) -> None:
    """Deletes the oldest versions of a file, as long as its owner stores too much."""
    while (user := session.row(sql.stored_by_user, user_id=owner_id)) is not None:
        limit = user["quota_bytes"]
        if limit is None or user["used_bytes"] <= limit:
            return
        oldest = session.row(sql.oldest_version, file_id=file_id)
        if oldest is None:
            return
        session.run(sql.delete_version, file_id=file_id, version_id=oldest["id"])


def _versions(session: Session, file_id: int) -> list[FileVersion]:
    return [file_version_of(row) for row in session.rows(sql.versions_of, file_id=file_id)]
