"""Names for content: finding, committing, renaming, moving, sharing and deleting them."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from uuid import UUID

from catalog.account_port import NO_PASSWORD
from catalog.errors import CatalogError, CatalogUnavailable, FileMissing, IsAFolder, UserMissing
from catalog.permits import Permit
from catalog.placed import PlacedFile
from catalog.port import (
    CommittedFile,
    FolderPath,
    MovedFile,
    ReleasedFiles,
    Trashing,
    UploadCommit,
)
from catalog.records import File, Share
from catalog.sqlite.accounts import require_user
from catalog.sqlite.commits import commit_upload
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, long_write, read, snapshot, write
from catalog.sqlite.folders import path_to, require_folder, require_no_file
from catalog.sqlite.group_commit import in_savepoint
from catalog.sqlite.placed_files import (
    changed_file,
    delete_files,
    move_files,
    place_file,
    places_of,
    require_file,
    require_files,
    shares_of,
)
from catalog.sqlite.quotas import require_quota
from catalog.sqlite.rights import require_right
from catalog.sqlite.rows import file_of
from catalog.sqlite.statements import sql
from catalog.sqlite.trash import delete_trashed
from catalog.sqlite.trashing import trash_file
from catalog.sqlite.upkeep import (
    last_change,
    next_change,
)


class SqliteFiles(SqlitePart):
    """`FileStore` on SQLite."""

    @read
    def file_at(
        self, session: Session, folder: FolderPath, name: str, *, viewer_id: int | None = None
    ) -> File | None:
        """The file of that name in the folder at that path, or None."""
        row = session.row(sql.file_at, path=json.dumps(folder), name=name, viewer_id=viewer_id)
        return file_of(row) if row else None

    @read
    def file_by_id(
        self, session: Session, file_id: int, *, viewer_id: int | None = None
    ) -> File | None:
        """The file with that id, or None."""
        row = session.row(sql.file_by_id, file_id=file_id, viewer_id=viewer_id)
        return file_of(row) if row else None

    @read
    def files_in(
        self,
        session: Session,
        folder_id: int,
        names: Sequence[str],
        *,
        viewer_id: int | None = None,
    ) -> list[File]:
        """Those files of the folder that have one of the names."""
        rows = session.rows(
            sql.files_by_name,
            folder_id=folder_id,
            names=json.dumps(list(dict.fromkeys(names))),
            viewer_id=viewer_id,
        )
        return [file_of(row) for row in rows]

    @snapshot
    def files_of(self, session: Session, object_id: UUID) -> list[PlacedFile]:
        """The files that have this content, by id."""
        rows = session.rows(sql.files_by_object, object_id=object_id.bytes, viewer_id=None)
        placed = places_of(session, [file_of(row) for row in rows])
        sequence = last_change(session)
        return [replace(each, sequence=sequence) for each in placed]

    @snapshot
    def check_place(self, session: Session, folder: FolderPath, name: str) -> None:
        """Raises `NotAFolder`, `IsAFolder` if something stands where it cannot."""
        path = (*folder, name)
        rows = session.rows(sql.folders_along_path, path=json.dumps(path))
        if len(rows) > len(path):
            raise IsAFolder(path)
        if len(rows) < len(path):
            require_no_file(session, rows[-1]["id"], path[: len(rows)])

    @write
    def commit_upload(self, session: Session, upload: UploadCommit) -> CommittedFile:
        """Completes content, gives it a name, and releases what has held it.

        Raises `NameTaken`, `IsAFolder`, `NotAFolder`, `NotPermitted`, `ObjectMissing`,
        `ObjectIncomplete`, `UserMissing`, `QuotaExceeded`.
        """
        return commit_upload(session, upload, now=self._clock())

    @write
    def commit_uploads(
        self, session: Session, uploads: Sequence[UploadCommit]
    ) -> list[CommittedFile | CatalogError]:
        """Does that for many uploads, each of which succeeds or fails alone."""
        now = self._clock()
        return [_committed(session, upload, now) for upload in uploads]

    @write
    def rename_file(
        self, session: Session, file_id: int, name: str, *, permit: Permit | None = None
    ) -> PlacedFile:
        """Takes the first free `name (n)` when taken. Raises `FileMissing`, `NotPermitted`."""
        file = require_file(session, file_id, permit=permit)
        return changed_file(session, place_file(session, file, file.folder_id, name))

    @write
    def move_files(
        self,
        session: Session,
        file_ids: Sequence[int],
        folder_id: int,
        *,
        permit: Permit | None = None,
    ) -> list[MovedFile]:
        """Moves all or none. Raises `FileMissing`, `FolderMissing`, `NotPermitted`."""
        require_folder(session, folder_id)
        require_right(session, folder_id, permit)
        files = require_files(session, file_ids, permit)
        places = places_of(session, files)
        target = path_to(session, folder_id)
        moved = move_files(session, files, folder_id)
        sequence = next_change(session) if files else None
        return [
            MovedFile(
                before=place, after=replace(place, folder=target, file=file), sequence=sequence
            )
            for place, file in zip(places, moved, strict=True)
        ]

    @write
    def delete_file(
        self,
        session: Session,
        file_id: int,
        *,
        permit: Permit | None = None,
        trashing: Trashing | None = None,
    ) -> PlacedFile | None:
        """Deletes the name, or puts the file into the trash. None for a missing one.

        Raises `NotPermitted`, `UserMissing`.
        """
        try:
            file = require_file(session, file_id, permit=permit)
        except FileMissing:
            return None
        if trashing is None:
            (place,) = delete_files(session, [file])
        else:
            (place,) = places_of(session, [file])
            trash_file(session, place, trashing, now=self._clock())
        return replace(place, sequence=next_change(session))

    @write
    def set_owner(
        self,
        session: Session,
        file_id: int,
        owner_id: int | None,
        *,
        delete_shares: bool = False,
        share_with: int | None = None,
        permit: Permit | None = None,
    ) -> PlacedFile:
        """Gives the file away. Raises `FileMissing`, `UserMissing`, `NotPermitted`."""
        file = require_file(session, file_id, permit=permit)
        if owner_id is not None:
            require_user(session, owner_id)
            session.run(sql.remove_share, file_id=file_id, user_id=owner_id)
        if delete_shares:
            session.run(sql.remove_shares, file_id=file_id)
        if share_with is not None and share_with != owner_id:
            self._share(session, file_id, share_with, can_write=True)
        session.run(sql.set_owner, file_id=file_id, owner_id=owner_id)
        if owner_id != file.owner_id:
            require_quota(session, owner_id, more_bytes=file.size, more_files=1)
        return changed_file(session, require_file(session, file_id))

    @long_write
    def release_files(
        self, session: Session, user_id: int, *, heir_id: int | None, limit: int
    ) -> ReleasedFiles:
        """Gives files to the heir, or deletes them. Raises `UserMissing`."""
        if heir_id is not None:
            _require_heir(session, heir_id)
        rows = session.rows(sql.files_of_owner, owner_id=user_id, limit=limit)
        files = require_files(session, [row["id"] for row in rows if not row["is_trashed"]])
        if heir_id is None:
            released = delete_files(session, files)
            delete_trashed(session, [row["id"] for row in rows if row["is_trashed"]])
        else:
            _give(session, rows, heir_id)
            released = places_of(session, [replace(file, owner_id=heir_id) for file in files])
        sequence = next_change(session) if released else None
        count = session.row(sql.count_of_owner, owner_id=user_id)
        return ReleasedFiles(
            files=tuple(released), remaining=count["total"] if count else 0, sequence=sequence
        )

    @write
    def set_public(
        self, session: Session, file_id: int, *, is_public: bool, permit: Permit | None = None
    ) -> PlacedFile:
        """Makes a file public, or not any more. Raises `FileMissing`, `NotPermitted`."""
        require_file(session, file_id, permit=permit)
        session.run(sql.set_public, file_id=file_id, is_public=is_public)
        return changed_file(session, require_file(session, file_id))

    @read
    def shares_of(self, session: Session, file_id: int) -> list[Share]:
        """The shares of a file by user id; none for a file that does not exist."""
        return list(shares_of(session, file_id))

    @write
    def put_share(
        self,
        session: Session,
        file_id: int,
        user_id: int,
        *,
        can_write: bool,
        permit: Permit | None = None,
    ) -> PlacedFile:
        """Adds or changes a share. Raises `FileMissing`, `UserMissing`, `NotPermitted`."""
        file = require_file(session, file_id, permit=permit)
        self._share(session, file_id, user_id, can_write=can_write)
        return changed_file(session, file)

    @write
    def remove_share(
        self, session: Session, file_id: int, user_id: int, *, permit: Permit | None = None
    ) -> PlacedFile | None:
        """None when there was none. Raises `NotPermitted`."""
        try:
            file = require_file(session, file_id, permit=permit)
        except FileMissing:
            return None
        if session.row(sql.remove_share, file_id=file_id, user_id=user_id) is None:
            return None
        return changed_file(session, file)

    def _share(self, session: Session, file_id: int, user_id: int, *, can_write: bool) -> None:
        require_user(session, user_id)
        session.run(
            sql.put_share,
            file_id=file_id,
            user_id=user_id,
            can_write=can_write,
            now=self._clock(),
        )


def _committed(session: Session, upload: UploadCommit, now: float) -> CommittedFile | CatalogError:
    try:
        return in_savepoint(partial(commit_upload, upload=upload, now=now), session)
    except CatalogUnavailable:
        raise
    except CatalogError as error:
        return error


def _require_heir(session: Session, user_id: int) -> None:
    heir = require_user(session, user_id)
    if heir.password_hash == NO_PASSWORD:
        raise UserMissing(f"nobody can log in as the user {user_id}")


def _give(session: Session, owned: list[sqlite3.Row], heir_id: int) -> None:
    """Gives files to an heir, also such as lie in the trash. Raises `QuotaExceeded`."""
    ids = json.dumps([row["id"] for row in owned])
    session.run(sql.remove_shares_of_user, user_id=heir_id, ids=ids)
    session.run(sql.set_owner_of_files, owner_id=heir_id, ids=ids)
    size = sum(row["size"] for row in owned)
    require_quota(session, heir_id, more_bytes=size, more_files=len(owned))
