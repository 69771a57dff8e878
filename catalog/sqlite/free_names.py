"""Finds the first free name in a folder, within the transaction that will take it."""

import json
from collections.abc import Collection, Iterable

from catalog.naming import candidate_batches
from catalog.sqlite.database import Session
from catalog.sqlite.queries.files import TAKEN_FILE_NAMES
from catalog.sqlite.queries.folders import TAKEN_FOLDER_NAMES


async def free_file_name(
    session: Session,
    folder_id: int,
    name: str,
    *,
    own_id: int | None = None,
    but: Collection[str] = (),
) -> str:
    """The name, or its first numbered form that no file of the folder but `own_id` has.

    Names of `but`, which are about to be given to others, are not free either.
    """
    candidates = ([each for each in names if each not in but] for names in candidate_batches(name))
    return await _first_free(session, TAKEN_FILE_NAMES, candidates, folder_id, own_id)


async def free_folder_name(session: Session, parent_id: int, name: str, *, own_id: int) -> str:
    """The name, or its first numbered form that no subfolder but `own_id` has."""
    candidates = candidate_batches(name, keep_extension=False)
    return await _first_free(session, TAKEN_FOLDER_NAMES, candidates, parent_id, own_id)


async def _first_free(
    session: Session,
    taken_names: str,
    candidates: Iterable[list[str]],
    folder_id: int,
    own_id: int | None,
) -> str:
    for names in candidates:
        rows = await session.rows(
            taken_names, folder_id=folder_id, names=json.dumps(names), own_id=own_id
        )
        taken = {row["name"] for row in rows}
        if free := next((name for name in names if name not in taken), None):
            return free
    raise AssertionError("a folder cannot hold every number")
