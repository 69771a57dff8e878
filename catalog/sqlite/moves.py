"""Moving many files at once, within a transaction.

A statement costs a hop to the database's thread, so the usual case, in which no name is taken, takes
the same few statements for any number of files.
"""

import json
from collections import Counter
from dataclasses import replace

from catalog.records import File
from catalog.sqlite import usage
from catalog.sqlite.database import Session
from catalog.sqlite.free_names import free_file_name
from catalog.sqlite.queries import files as sql


async def move_files(session: Session, files: list[File], folder_id: int) -> list[File]:
    """The files as they stand in the folder then, taken names numbered in the order of the files."""
    leaving = [file for file in files if file.folder_id != folder_id]
    if await _can_keep_names(session, leaving, folder_id):
        ids = json.dumps([file.id for file in leaving])
        await session.run(sql.MOVE_FILES, folder_id=folder_id, ids=ids)
        moved = [replace(file, folder_id=folder_id) for file in files]
    else:
        moved = [await place_file(session, file, folder_id, file.name) for file in files]
    await _count(session, leaving, folder_id)
    return moved


async def place_file(session: Session, file: File, folder_id: int, name: str) -> File:
    """Gives a file a place and the name, or its first numbered form that is free there."""
    free = await free_file_name(session, folder_id, name, own_id=file.id)
    await session.run(sql.PLACE_FILE, file_id=file.id, folder_id=folder_id, name=free)
    return replace(file, folder_id=folder_id, name=free)


async def _can_keep_names(session: Session, files: list[File], folder_id: int) -> bool:
    names = {file.name for file in files}
    taken = await session.row(
        sql.TAKEN_FILE_NAMES, folder_id=folder_id, names=json.dumps(list(names)), own_id=None
    )
    return taken is None and len(names) == len(files)


async def _count(session: Session, files: list[File], folder_id: int) -> None:
    """Carries the totals of the files over to the folder."""
    numbers = Counter((file.folder_id, file.mime_type) for file in files)
    for (source_id, mime_type), number in numbers.items():
        size = sum(
            file.size
            for file in files
            if (file.folder_id, file.mime_type) == (source_id, mime_type)
        )
        await usage.subtract_file(session, source_id, mime_type=mime_type, size=size, number=number)
        await usage.add_file(session, folder_id, mime_type=mime_type, size=size, number=number)
