"""Fills an SQLite catalog with many entries in one transaction, as writes one by one would leave it."""

import sqlite3
from contextlib import closing
from pathlib import Path

MIME_TYPE = "text/plain"


def fill_with_files(database: Path, folder: str, count: int) -> None:
    """Makes a folder in the root with so many files, whose sizes and times are in no order."""
    with closing(sqlite3.connect(database)) as connection, connection:
        folder_id = _make_folder(connection, 0, folder)
        numbers = range(count)
        connection.executemany(
            "INSERT INTO objects (id, size, chunk_size, chunk_count, envelope, state, mime_type,"
            " hash, created_at) VALUES (?, ?, 1000, 1, 'v1', 'stored', ?, 'ab', 0)",
            ((_object_id(folder_id, n), _shuffled(n), MIME_TYPE) for n in numbers),
        )
        connection.executemany(
            "INSERT INTO files (folder_id, name, object_id, owner_id, is_public, size, created_at,"
            " updated_at) VALUES (?, ?, ?, 1, 0, ?, 0, ?)",
            (
                (
                    folder_id,
                    f"a file with a name of usual length {_shuffled(n):08}.txt",
                    _object_id(folder_id, n),
                    _shuffled(n),
                    _shuffled(n),
                )
                for n in numbers
            ),
        )
        _count_usage(connection, folder_id, sum(map(_shuffled, numbers)), count)


def fill_with_folders(database: Path, count: int) -> None:
    """Makes a tree below `tree` in the root: so many folders, ten in each, and a wide one beside."""
    with closing(sqlite3.connect(database)) as connection, connection:
        level = [_make_folder(connection, 0, "tree")]
        made = 0
        while made < count:
            below = []
            for parent_id in level:
                for name in range(min(10, count - made)):
                    below.append(_make_folder(connection, parent_id, f"folder {name}"))
                    made += 1
            level = below
        wide = _make_folder(connection, 0, "wide")
        connection.executemany(
            "INSERT INTO folders (parent_id, name) VALUES (?, ?)",
            ((wide, f"a folder of usual length {_shuffled(n):08}") for n in range(count)),
        )


def _make_folder(connection: sqlite3.Connection, parent_id: int, name: str) -> int:
    made = connection.execute(
        "INSERT INTO folders (parent_id, name) VALUES (?, ?)", (parent_id, name)
    )
    assert made.lastrowid is not None
    return made.lastrowid


def _count_usage(connection: sqlite3.Connection, folder_id: int, size: int, files: int) -> None:
    for each in (folder_id, 0):
        connection.execute(
            "INSERT INTO folder_usage (folder_id, mime_type, bytes, files) VALUES (?, ?, ?, ?)"
            " ON CONFLICT (folder_id, mime_type)"
            " DO UPDATE SET bytes = bytes + excluded.bytes, files = files + excluded.files",
            (each, MIME_TYPE, size, files),
        )


def _object_id(folder_id: int, number: int) -> bytes:
    return folder_id.to_bytes(8) + number.to_bytes(8)


def _shuffled(number: int) -> int:
    """A number below 2^24 for each below 2^24, in no order."""
    return number * 7_654_321 % 2**24
