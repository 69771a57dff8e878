"""What users have starred."""

import json
from collections.abc import Sequence
from typing import Final

from catalog.errors import RootIsFixed, TooManyStars
from catalog.records import ROOT_FOLDER_ID, File, Folder
from catalog.rows import folder_of, star_key_of, star_page_of
from catalog.search_port import parent_id_of
from catalog.sqlite.accounts import require_user
from catalog.sqlite.connections import Session
from catalog.sqlite.database import SqlitePart, read, snapshot, write
from catalog.sqlite.folders import path_to, require_folder
from catalog.sqlite.placed_files import find_files, require_file
from catalog.sqlite.statements import sql
from catalog.star_port import MAX_STARS, StarKey, StarPage

_LAST: Final = 2**63 - 1


class SqliteStars(SqlitePart):
    """`StarStore` on SQLite."""

    @write
    def put_star(self, session: Session, user_id: int, key: StarKey) -> None:
        """Stars something.

        Raises `UserMissing`, `FileMissing`, `FolderMissing`, `RootIsFixed`, `TooManyStars`.
        """
        require_user(session, user_id)
        if key.file_id is not None:
            require_file(session, key.file_id)
        if key.folder_id is not None:
            if key.folder_id == ROOT_FOLDER_ID:
                raise RootIsFixed("the root folder cannot be starred")
            require_folder(session, key.folder_id)
        if _star_of(session, user_id, key) is not None:
            return
        count = session.row(sql.count_stars, user_id=user_id)
        if count is not None and count["total"] >= MAX_STARS:
            raise TooManyStars(f"a user has {MAX_STARS} stars at most: take some back")
        session.run(sql.insert_star, user_id=user_id, file_id=key.file_id, folder_id=key.folder_id)

    @write
    def remove_star(self, session: Session, user_id: int, key: StarKey) -> None:
        """Takes a star back, if there is one."""
        star_id = _star_of(session, user_id, key)
        if star_id is not None:
            session.run(sql.delete_star, id=star_id)

    @read
    def star_keys(self, session: Session, user_id: int) -> Sequence[StarKey]:
        """All that the user has starred, the last first."""
        return [star_key_of(row) for row in session.rows(sql.star_keys, user_id=user_id)]

    @snapshot
    def starred(
        self, session: Session, user_id: int, *, before: int | None, limit: int
    ) -> StarPage:
        """What the user has starred and is not in the trash, the last first."""
        stars = session.rows(
            sql.stars_before,
            user_id=user_id,
            before=_LAST if before is None else before,
            limit=limit,
        )
        keys = [star_key_of(row) for row in stars]
        files = find_files(session, [key.file_id for key in keys if key.file_id], user_id)
        folder_ids = json.dumps([key.folder_id for key in keys if key.folder_id])
        folders = [folder_of(row) for row in session.rows(sql.starred_folders, ids=folder_ids)]
        entries: list[File | Folder] = [*files, *folders]
        return star_page_of(
            keys,
            files,
            folders,
            {id_: path_to(session, id_) for id_ in set(map(parent_id_of, entries))},
            next_=stars[-1]["id"] if len(stars) == limit else None,
        )


def _star_of(session: Session, user_id: int, key: StarKey) -> int | None:
    row = session.row(sql.star_of, user_id=user_id, file_id=key.file_id, folder_id=key.folder_id)
    return None if row is None else int(row["id"])
