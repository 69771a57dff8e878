"""Finds the first free name in a folder, within the transaction that will take it."""

import json

from catalog.naming import candidate_batches
from catalog.sqlite.database import Session
from catalog.sqlite.queries.files import TAKEN_FILE_NAMES
from catalog.sqlite.queries.folders import TAKEN_FOLDER_NAMES


async def free_file_name(
    session: Session, folder_id: int, name: str, *, own_id: int | None = None
) -> str:
    """The name, or its first numbered form that no file of the folder but `own_id` has."""
    for names in candidate_batches(name):
        taken = await session.rows(
            TAKEN_FILE_NAMES, folder_id=folder_id, names=json.dumps(names), own_id=own_id
        )
        if free := _first_free(names, {row["name"] for row in taken}):
            return free
    raise AssertionError("the candidates never end")


async def free_folder_name(session: Session, parent_id: int, name: str, *, own_id: int) -> str:
    """The name, or its first numbered form that no subfolder but `own_id` has."""
    for names in candidate_batches(name, keep_extension=False):
        taken = await session.rows(
            TAKEN_FOLDER_NAMES, folder_id=parent_id, names=json.dumps(names), own_id=own_id
        )
        if free := _first_free(names, {row["name"] for row in taken}):
            return free
    raise AssertionError("the candidates never end")


def _first_free(names: list[str], taken: set[str]) -> str | None:
    return next((name for name in names if name not in taken), None)
