"""Takes a file away from its owner, so that it belongs to nobody: disown.py <data folder> <name>."""

import sqlite3
import sys
from pathlib import Path

from catalog.sqlite.connections import add_functions


def main() -> None:
    """Writes it beside the running manager."""
    data, name = Path(sys.argv[1]), sys.argv[2]
    with sqlite3.connect(data / "catalog.sqlite3", timeout=30) as database:
        add_functions(database)
        database.execute("UPDATE files SET owner_id = NULL WHERE name = ?", (name,))


if __name__ == "__main__":
    main()
