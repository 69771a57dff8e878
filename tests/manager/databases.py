"""What somebody can do who has the database of a manager that runs."""

import sqlite3
from pathlib import Path


def alter(database_path: Path, statements: str) -> None:
    """Changes rows as no program of ours does."""
    with sqlite3.connect(database_path) as database:
        database.executescript(f"PRAGMA foreign_keys = OFF; {statements}")
    database.close()
