"""Fills a catalog with many entries in one transaction, as writes one by one would leave it."""

import sqlite3
from contextlib import closing
from pathlib import Path

from catalog.sqlite.connections import add_functions
from local_supabase.database import LocalDatabase

MIME_TYPE = "text/plain"
_INSERT_FOLDER = (
    "INSERT INTO folders (parent_id, name, sort_key) VALUES (?1, ?2, natural_sort_key(?2))"
)

# Without triggers: they would update the same rows once per file.
_FILL_SUPABASE = """
set session_replication_role = 'replica';
insert into public.folders (id, parent_id, name, file_count) values (1, 0, '{folder}', {count});
insert into public.objects (id, size, chunk_size, chunk_count, envelope, state, mime_type, hash,
    created_at, reference_count)
select lpad(to_hex(n), 32, '0')::uuid, n * 7654321 % 16777216, 1000, 1, 'v1', 'stored',
    '{mime_type}', 'ab', 0, 1 from generate_series(1, {count}::bigint) as n;
insert into public.files (folder_id, name, object_id, owner_id, is_public, size, created_at,
    updated_at, modified_at)
select 1, 'a file with a name of usual length ' || lpad((n * 7654321 % 16777216)::text, 8, '0')
    || '.txt', lpad(to_hex(n), 32, '0')::uuid, 1, false, n * 7654321 % 16777216, 0,
    n * 7654321 % 16777216, n * 7654321 % 16777216 from generate_series(1, {count}::bigint) as n;
insert into public.folder_usage (folder_id, mime_type, bytes, files)
select unnest(array[0, 1]), '{mime_type}', sum(size), count(*) from public.files;
select catalog_private.fill_search();
select setval('public.folders_id_seq', 1);
set session_replication_role = 'origin';
"""


def fill_with_files(database: Path, folder: str, count: int) -> None:
    """Make a folder in the root of an SQLite catalog, with files whose sizes and times are in no order."""
    with closing(sqlite3.connect(database)) as connection, connection:
        add_functions(connection)
        folder_id = _make_folder(connection, 0, folder)
        numbers = range(count)
        connection.executemany(
            "INSERT INTO objects (id, size, chunk_size, chunk_count, envelope, state, mime_type,"
            " hash, created_at) VALUES (?, ?, 1000, 1, 'v1', 'stored', ?, 'ab', 0)",
            ((_object_id(folder_id, n), _shuffled(n), MIME_TYPE) for n in numbers),
        )
        connection.executemany(
            "INSERT INTO files (folder_id, name, sort_key, object_id, owner_id, is_public, size,"
            " created_at, updated_at, modified_at)"
            " VALUES (:folder, :name, natural_sort_key(:name), :object, 1, 0, :n, 0, :n, :n)",
            (
                {
                    "folder": folder_id,
                    "name": f"a file with a name of usual length {_shuffled(n):08}.txt",
                    "object": _object_id(folder_id, n),
                    "n": _shuffled(n),
                }
                for n in numbers
            ),
        )
        _count_usage(connection, folder_id, sum(map(_shuffled, numbers)), count)


def fill_supabase_with_files(database: LocalDatabase, folder: str, count: int) -> None:
    """Make the same folder in a local Supabase catalog that has no folder yet."""
    database.query(_FILL_SUPABASE.format(folder=folder, count=count, mime_type=MIME_TYPE))


def fill_with_folders(database: Path, count: int) -> None:
    """Make `count` folders below `tree` in the root, ten in each, and as many in `wide`; SQLite only."""
    with closing(sqlite3.connect(database)) as connection, connection:
        add_functions(connection)
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
            _INSERT_FOLDER,
            ((wide, f"a folder of usual length {_shuffled(n):08}") for n in range(count)),
        )


def _make_folder(connection: sqlite3.Connection, parent_id: int, name: str) -> int:
    made = connection.execute(_INSERT_FOLDER, (parent_id, name))
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
