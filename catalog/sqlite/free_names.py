"""Finds the first free name in a folder, within the transaction that will take it.

Files and folders share the names of a folder: a path is that of one of them.
"""

import json
from collections.abc import Collection, Iterable

from catalog.naming import candidate_batches
from catalog.sqlite.database import Session
from catalog.sqlite.statements import sql


async def free_file_name(
    session: Session,
    folder_id: int,
    name: str,
    *,
    own_id: int | None = None,
    but: Collection[str] = (),
) -> str:
    """The name, or its first numbered form that nothing in the folder but the file `own_id` has.

    Names of `but`, which are about to be given to others, are not free either.
    """
    for candidates in candidate_batches(name):
        names = [each for each in candidates if each not in but]
        if free := await _first_free(session, folder_id, names, own_file_id=own_id):
            return free
    raise AssertionError("a folder cannot hold every number")


async def free_folder_name(session: Session, parent_id: int, name: str, *, own_id: int) -> str:
    """The name, or its first numbered form that nothing in the parent but the folder `own_id` has."""
    for names in candidate_batches(name, keep_extension=False):
        if free := await _first_free(session, parent_id, names, own_folder_id=own_id):
            return free
    raise AssertionError("a folder cannot hold every number")


async def taken_names(
    session: Session,
    folder_id: int,
    names: Iterable[str],
    *,
    own_file_id: int | None = None,
    own_folder_id: int | None = None,
) -> set[str]:
    """Which of the names a file or folder in the folder has, other than the own one."""
    rows = await session.rows(
        sql.taken_names,
        folder_id=folder_id,
        names=json.dumps(list(names)),
        own_file_id=own_file_id,
        own_folder_id=own_folder_id,
    )
    return {row["name"] for row in rows}


async def _first_free(
    session: Session,
    folder_id: int,
    names: list[str],
    *,
    own_file_id: int | None = None,
    own_folder_id: int | None = None,
) -> str | None:
    taken = await taken_names(
        session, folder_id, names, own_file_id=own_file_id, own_folder_id=own_folder_id
    )
    return next((name for name in names if name not in taken), None)
