"""What somebody can do who has the database of a manager that runs."""

import asyncio
import sqlite3
from pathlib import Path


async def alter(database_path: Path, statements: str) -> None:
    """Changes rows as no program of ours does.

    In a thread: a transaction of the manager goes on to its end meanwhile, so that the database is free.
    """
    await asyncio.to_thread(_alter, database_path, statements)


def _alter(database_path: Path, statements: str) -> None:
    with sqlite3.connect(database_path) as database:
        database.executescript(f"PRAGMA foreign_keys = OFF; {statements}")
    database.close()
