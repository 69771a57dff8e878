"""Files within a transaction: finding, placing, moving and deleting them.

A statement costs a hop to the database's thread, so many files are changed by the same few statements,
however many they are; only a taken name costs a question of its own.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from catalog.errors import FileMissing, NotPermitted
from catalog.permits import Permit
from catalog.placed import PlacedFile
from catalog.records import File, Share
from catalog.rows import share_of
from catalog.sqlite.connections import Session
from catalog.sqlite.folders import path_to
from catalog.sqlite.rights import covered_folders
from catalog.sqlite.rows import file_of
from catalog.sqlite.statements import sql
from catalog.sqlite.upkeep import (
    count_file,
    free_file_name,
    next_change,
    taken_names,
    uncount_file,
)


def require_file(session: Session, file_id: int, *, permit: Permit | None = None) -> File:
    """The file, without a share. Raises `FileMissing`, `NotPermitted`."""
    return (require_files(session, (file_id,), permit))[0]


def require_files(
    session: Session, file_ids: Sequence[int], permit: Permit | None = None
) -> list[File]:
    """The files, without shares, in the order of their ids. Raises `FileMissing`, `NotPermitted`."""
    ids = list(dict.fromkeys(file_ids))
    viewer_id = None if permit is None else permit.user_id
    files = {file.id: file for file in find_files(session, ids, viewer_id)}
    if missing := [str(file_id) for file_id in ids if file_id not in files]:
        raise FileMissing(f"there is no file {', '.join(missing)}")
    refused = [file for file in files.values() if permit and not permit.allows(file)]
    if refused and permit is not None:
        covered = covered_folders(session, permit, {file.folder_id for file in refused})
        refused = [file for file in refused if file.folder_id not in covered]
    if refused:
        raise NotPermitted(refused=len(refused), concerned=len(files))
    return [replace(files[file_id], share=None) for file_id in ids]


def find_files(
    session: Session, file_ids: Sequence[int], viewer_id: int | None = None
) -> list[File]:
    """Those of the files that are there, with the viewer's shares."""
    rows = session.rows(sql.files_by_id, ids=json.dumps(file_ids), viewer_id=viewer_id)
    return [file_of(row) for row in rows]


def shares_of(session: Session, file_id: int) -> tuple[Share, ...]:
    """All shares of a file by user id."""
    rows = session.rows(sql.shares_of, file_id=file_id)
    return tuple(share_of(row) for row in rows)


def places_of(session: Session, files: Sequence[File]) -> list[PlacedFile]:
    """The files with their folders' paths and their shares."""
    rows = session.rows(sql.shares_of_files, ids=json.dumps([file.id for file in files]))
    shares: dict[int, list[Share]] = {file.id: [] for file in files}
    for row in rows:
        shares[row["file_id"]].append(share_of(row))
    paths = {
        folder_id: path_to(session, folder_id) for folder_id in {file.folder_id for file in files}
    }
    return [
        PlacedFile(folder=paths[file.folder_id], file=file, shares=tuple(shares[file.id]))
        for file in files
    ]


def changed_file(session: Session, file: File) -> PlacedFile:
    """The file as this transaction changes it, with its folder's path, its shares and a number."""
    path, shares = path_to(session, file.folder_id), shares_of(session, file.id)
    sequence = next_change(session)
    return PlacedFile(folder=path, file=file, shares=shares, sequence=sequence)


def delete_files(session: Session, files: Sequence[File]) -> list[PlacedFile]:
    """Deletes names, and takes them out of the totals. Answers how they stood."""
    places = places_of(session, files)
    session.run(sql.delete_files, ids=json.dumps([file.id for file in files]))
    by_total: dict[tuple[int, str], list[int]] = {}
    for file in files:
        by_total.setdefault((file.folder_id, file.mime_type), []).append(file.size)
    for (folder_id, mime_type), sizes in by_total.items():
        uncount_file(session, folder_id, mime_type=mime_type, size=sum(sizes), number=len(sizes))
    return places


def move_files(session: Session, files: list[File], folder_id: int) -> list[File]:
    """The files as they stand in the folder then, taken names numbered in the order of the files."""
    leaving = [file for file in files if file.folder_id != folder_id]
    names = _free_names(session, leaving, folder_id)
    places = [{"id": file.id, "name": names[file.id]} for file in leaving]
    session.run(sql.place_files, folder_id=folder_id, places=json.dumps(places))
    _count(session, leaving, folder_id)
    return [
        replace(file, folder_id=folder_id, name=names.get(file.id, file.name)) for file in files
    ]


def place_file(session: Session, file: File, folder_id: int, name: str) -> File:
    """Gives a file a place and the name, or its first numbered form that is free there."""
    free = free_file_name(session, folder_id, name, own_id=file.id)
    session.run(sql.place_file, file_id=file.id, folder_id=folder_id, name=free)
    return replace(file, folder_id=folder_id, name=free)


def _free_names(session: Session, files: list[File], folder_id: int) -> dict[int, str]:
    """What each of the files, none of which lies in the folder, is called there; by file id."""
    taken = taken_names(session, folder_id, {file.name for file in files})
    names: dict[int, str] = {}
    for file in files:
        name = file.name
        if name in taken:
            name = free_file_name(session, folder_id, name, but=taken)
        taken.add(name)
        names[file.id] = name
    return names


def _count(session: Session, files: list[File], folder_id: int) -> None:
    """Carries the totals of the files over to the folder."""
    sizes: Counter[tuple[int, str]] = Counter()
    numbers: Counter[tuple[int, str]] = Counter()
    for file in files:
        sizes[file.folder_id, file.mime_type] += file.size
        numbers[file.folder_id, file.mime_type] += 1
    for (source_id, mime_type), number in numbers.items():
        size = sizes[source_id, mime_type]
        uncount_file(session, source_id, mime_type=mime_type, size=size, number=number)
        count_file(session, folder_id, mime_type=mime_type, size=size, number=number)
