"""Puts many empty public files into the root folder, or a new one: crowd.py <data> <count> [<folder>]."""

import sqlite3
import sys
import time
from pathlib import Path
from uuid import uuid4

from catalog.sort_keys import natural_sort_key
from catalog.sqlite.connections import add_functions


def main() -> None:
    """Writes them in one transaction, beside the running manager."""
    data, count = Path(sys.argv[1]), int(sys.argv[2])
    now = time.time()
    object_id = uuid4().bytes
    folder_id = 0
    with sqlite3.connect(data / "catalog.sqlite3", timeout=30) as database:
        add_functions(database)
        database.execute(
            "INSERT INTO objects (id, size, chunk_size, chunk_count, envelope, state, mime_type,"
            " hash, created_at) VALUES (?, 0, 1, 0, 'v1', 'stored', 'text/plain', ?, ?)",
            (object_id, "0" * 64, now),
        )
        if len(sys.argv) > 3:
            created = (
                "INSERT INTO folders (parent_id, name, sort_key) VALUES (0, ?, ?) RETURNING id"
            )
            name = sys.argv[3]
            (folder_id,) = database.execute(created, (name, natural_sort_key(name))).fetchone()
        database.executemany(
            "INSERT INTO files (folder_id, name, sort_key, object_id, owner_id, is_public, size,"
            " created_at, updated_at, modified_at) VALUES (?, ?, ?, ?, NULL, 1, 0, ?, ?, ?)",
            (
                (folder_id, name, natural_sort_key(name), object_id, now, now, now)
                for name in (f"file {number:06}.txt" for number in range(count))
            ),
        )


if __name__ == "__main__":
    main()
