"""The rights of users on folders within a transaction, and whether they cover what a permit asks for."""

import json
from collections.abc import Collection

from catalog.errors import NotPermitted
from catalog.folder_rights import FolderRight
from catalog.permits import Permit
from catalog.sqlite.connections import Session
from catalog.sqlite.statements import sql


def rights_on(
    session: Session, user_id: int, folder_ids: Collection[int]
) -> dict[int, FolderRight]:
    """The user's rights on those of the folders on which the user has any."""
    ids = json.dumps(sorted(set(folder_ids)))
    rows = session.rows(sql.rights_on, ids=ids, user_id=user_id)
    return {row["folder_id"]: FolderRight(row["level"]) for row in rows}


def covered_folders(session: Session, permit: Permit, folder_ids: Collection[int]) -> set[int]:
    """Those of the folders on which the user has the right that the permit names."""
    if permit.folder_right is None:
        return set()
    rights = rights_on(session, permit.user_id, folder_ids)
    return {folder_id for folder_id, right in rights.items() if right >= permit.folder_right}


def require_right(session: Session, folder_id: int, permit: Permit | None) -> None:
    """Returns if entries of the folder may be changed. Raises `NotPermitted`."""
    if permit is None or permit.folder_right is None:
        return
    if not covered_folders(session, permit, [folder_id]):
        raise NotPermitted(refused=1, concerned=1)
