"""Adds many users who all have somebody's password: neighbours.py <data folder> <whose> <count>."""

import sqlite3
import sys
import time
from pathlib import Path


def main() -> None:
    """Writes them in one transaction, beside the running manager."""
    data, whose, count = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    with sqlite3.connect(data / "catalog.sqlite3", timeout=30) as database:
        database.executemany(
            "INSERT INTO users (name, is_admin, password_hash, token_epoch, created_at)"
            " SELECT ?, 0, password_hash, 0, ? FROM users WHERE name = ?",
            ((f"crowd{number}", time.time(), whose) for number in range(count)),
        )


if __name__ == "__main__":
    main()
