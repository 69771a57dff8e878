"""Moving many files at once, within a transaction.

A statement costs a hop to the database's thread, so all files are placed by the same few statements,
however many they are; only a taken name costs a question of its own.
"""

import json
from collections import Counter
from dataclasses import replace

from catalog.records import File
from catalog.sqlite import usage
from catalog.sqlite.database import Session
from catalog.sqlite.free_names import free_file_name, taken_names
from catalog.sqlite.statements import sql


async def move_files(session: Session, files: list[File], folder_id: int) -> list[File]:
    """The files as they stand in the folder then, taken names numbered in the order of the files."""
    leaving = [file for file in files if file.folder_id != folder_id]
    names = await _free_names(session, leaving, folder_id)
    places = [{"id": file.id, "name": names[file.id]} for file in leaving]
    await session.run(sql.place_files, folder_id=folder_id, places=json.dumps(places))
    await _count(session, leaving, folder_id)
    return [
        replace(file, folder_id=folder_id, name=names.get(file.id, file.name)) for file in files
    ]


async def place_file(session: Session, file: File, folder_id: int, name: str) -> File:
    """Gives a file a place and the name, or its first numbered form that is free there."""
    free = await free_file_name(session, folder_id, name, own_id=file.id)
    await session.run(sql.place_file, file_id=file.id, folder_id=folder_id, name=free)
    return replace(file, folder_id=folder_id, name=free)


async def _free_names(session: Session, files: list[File], folder_id: int) -> dict[int, str]:
    """What each of the files, none of which lies in the folder, is called there; by file id."""
    taken = await taken_names(session, folder_id, {file.name for file in files})
    names: dict[int, str] = {}
    for file in files:
        name = file.name
        if name in taken:
            name = await free_file_name(session, folder_id, name, but=taken)
        taken.add(name)
        names[file.id] = name
    return names


async def _count(session: Session, files: list[File], folder_id: int) -> None:
    """Carries the totals of the files over to the folder."""
    sizes: Counter[tuple[int, str]] = Counter()
    numbers: Counter[tuple[int, str]] = Counter()
    for file in files:
        sizes[file.folder_id, file.mime_type] += file.size
        numbers[file.folder_id, file.mime_type] += 1
    for (source_id, mime_type), number in numbers.items():
        size = sizes[source_id, mime_type]
        await usage.subtract_file(session, source_id, mime_type=mime_type, size=size, number=number)
        await usage.add_file(session, folder_id, mime_type=mime_type, size=size, number=number)
