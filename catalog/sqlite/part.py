"""What every part of the adapter stands on."""

from collections.abc import Callable

from catalog.sqlite.database import Database


class SqlitePart:
    """Base of the parts: the database, and the clock (seconds since the epoch)."""

    def __init__(self, database: Database, clock: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
