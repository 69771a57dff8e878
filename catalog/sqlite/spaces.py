"""Groups of users, and who may see and change which folders."""

import json
import sqlite3
from collections.abc import Collection, Mapping

from catalog.errors import FolderMissing, GroupMissing, GroupNameTaken, RootIsFixed, TooManyGrants
from catalog.folder_rights import FolderRight
from catalog.permits import Permit
from catalog.records import ROOT_FOLDER_ID, User
from catalog.rows import grant_of, group_of, user_of, visible_folder_of
from catalog.space_port import (
    EVERYBODY,
    MAX_GRANTS,
    FolderSharing,
    Grantee,
    Group,
    OutlyingFile,
    VisibleFolder,
)
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.folders import path_to, require_folder
from catalog.sqlite.rights import require_right, rights_on
from catalog.sqlite.rows import file_of
from catalog.sqlite.statements import sql


class SqliteGroups(SqlitePart):
    """`GroupStore` on SQLite."""

    @write
    def create_group(self, session: Session, name: str) -> Group:
        """A new group without members. Raises `GroupNameTaken`."""
        row = session.row(sql.insert_group, name=name, now=self._clock())
        if row is None:
            raise GroupNameTaken(f"there is a group {name} already")
        return group_of(row)

    @write
    def remove_group(self, session: Session, group_id: int) -> bool:
        """Removes a group with all that was granted to it. False for a missing one."""
        return session.row(sql.delete_group, group_id=group_id) is not None

    @read
    def list_groups(self, session: Session) -> list[Group]:
        """All groups, by name."""
        return [group_of(row) for row in session.rows(sql.list_groups)]

    @read
    def groups_of(self, session: Session, user_id: int) -> list[Group]:
        """The groups of which the user is a member, by name."""
        return [group_of(row) for row in session.rows(sql.groups_of, user_id=user_id)]

    @read
    def group_members(self, session: Session, group_id: int) -> list[User]:
        """The members of a group by name; none for a missing one."""
        return [user_of(row) for row in session.rows(sql.group_members, group_id=group_id)]

    @write
    def put_member(self, session: Session, group_id: int, user_id: int) -> None:
        """Makes a user a member. Raises `GroupMissing`, `UserMissing`."""
        _require_group(session, group_id)
        require_user(session, user_id)
        session.run(sql.insert_member, group_id=group_id, user_id=user_id)

    @write
    def remove_member(self, session: Session, group_id: int, user_id: int) -> bool:
        """Ends a membership. False when there was none."""
        row = session.row(sql.delete_member, group_id=group_id, user_id=user_id)
        return row is not None


class SqliteSpaces(SqlitePart):
    """`SpaceStore` on SQLite."""

    @write
    def set_space(self, session: Session, folder_id: int, user_id: int | None) -> None:
        """Makes a folder a home, or the common space. Raises `FolderMissing`, `UserMissing`."""
        require_folder(session, folder_id)
        if user_id is not None:
            require_user(session, user_id)
        if session.row(sql.insert_space, folder_id=folder_id, user_id=user_id) is None:
            return
        if user_id is not None:
            session.run(sql.set_folder_owner, folder_id=folder_id, owner_id=user_id)
        else:
            self._grant(session, folder_id, EVERYBODY, FolderRight.WRITE)

    @snapshot
    def visible_folders(self, session: Session, user_id: int) -> list[VisibleFolder]:
        """The topmost folders of all that the user may see, by id."""
        rows = session.rows(sql.visible_folders, user_id=user_id)
        return [visible_folder_of(row, path_to(session, row["id"])) for row in rows]

    @snapshot
    def outlying_files(self, session: Session, user_id: int, *, limit: int) -> list[OutlyingFile]:
        """Files that the user may read, in folders that the user may not see, the newest first."""
        rows = session.rows(sql.folders_with_readable_files, user_id=user_id, limit=limit)
        folder_ids = {row["folder_id"] for row in rows}
        hidden = folder_ids - rights_on(session, user_id, folder_ids).keys()
        found = session.rows(
            sql.readable_files_in, ids=json.dumps(sorted(hidden)), user_id=user_id, limit=limit
        )
        files = [file_of(row) for row in found]
        paths = {id_: path_to(session, id_) for id_ in {file.folder_id for file in files}}
        return [OutlyingFile(path=paths[file.folder_id], file=file) for file in files]

    @read
    def rights_on(
        self, session: Session, user_id: int, folder_ids: Collection[int]
    ) -> Mapping[int, FolderRight]:
        """The user's rights on those of the folders on which the user has any."""
        return rights_on(session, user_id, folder_ids)

    @snapshot
    def folder_sharing(self, session: Session, folder_id: int) -> FolderSharing:
        """The owner and the grants of a folder. Raises `FolderMissing`."""
        owner = _require_owner_row(session, folder_id)
        grants = session.rows(sql.grants_on, folder_id=folder_id)
        return FolderSharing(
            owner_id=owner["owner_id"], grants=tuple(grant_of(row) for row in grants)
        )

    @write
    def put_grant(
        self,
        session: Session,
        folder_id: int,
        grantee: Grantee,
        right: FolderRight,
        *,
        permit: Permit | None = None,
    ) -> None:
        """Grants a right, or changes one.

        Raises `FolderMissing`, `RootIsFixed`, `UserMissing`, `GroupMissing`, `NotPermitted`,
        `TooManyGrants`.
        """
        _require_shareable(session, folder_id)
        require_right(session, folder_id, permit)
        if grantee.user_id is not None:
            require_user(session, grantee.user_id)
        if grantee.group_id is not None:
            _require_group(session, grantee.group_id)
        self._grant(session, folder_id, grantee, right)

    @write
    def remove_grant(
        self, session: Session, folder_id: int, grantee: Grantee, *, permit: Permit | None = None
    ) -> bool:
        """Takes a grant back. False when there was none. Raises `NotPermitted`."""
        require_right(session, folder_id, permit)
        row = session.row(
            sql.delete_grant,
            folder_id=folder_id,
            user_id=grantee.user_id,
            group_id=grantee.group_id,
        )
        return row is not None

    @write
    def set_folder_owner(
        self,
        session: Session,
        folder_id: int,
        owner_id: int | None,
        *,
        permit: Permit | None = None,
    ) -> None:
        """Another owner. Raises `FolderMissing`, `RootIsFixed`, `UserMissing`, `NotPermitted`."""
        _require_shareable(session, folder_id)
        require_right(session, folder_id, permit)
        if owner_id is not None:
            require_user(session, owner_id)
        session.run(sql.set_folder_owner, folder_id=folder_id, owner_id=owner_id)

    def _grant(
        self, session: Session, folder_id: int, grantee: Grantee, right: FolderRight
    ) -> None:
        place = {
            "folder_id": folder_id,
            "user_id": grantee.user_id,
            "group_id": grantee.group_id,
        }
        count = session.row(sql.count_grants, **place)
        if count is not None and count["total"] >= MAX_GRANTS:
            raise TooManyGrants(f"a folder is shared with {MAX_GRANTS} users and groups at most")
        session.run(sql.put_grant, level=int(right), now=self._clock(), **place)


def _require_group(session: Session, group_id: int) -> None:
    if session.row(sql.group_by_id, group_id=group_id) is None:
        raise GroupMissing(f"there is no group {group_id}")


def _require_owner_row(session: Session, folder_id: int) -> sqlite3.Row:
    row = session.row(sql.folder_owner, folder_id=folder_id)
    if row is None:
        raise FolderMissing(f"there is no folder {folder_id}")
    return row


def _require_shareable(session: Session, folder_id: int) -> None:
    """Raises `FolderMissing`, and `RootIsFixed` for the root."""
    if folder_id == ROOT_FOLDER_ID:
        raise RootIsFixed("the root folder has no owner and is not shared")
    require_folder(session, folder_id)
