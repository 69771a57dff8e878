"""Both kinds of database, for tests that run over either. Another adapter joins as one more backend."""

import sqlite3
import subprocess
import sys
from contextlib import AbstractAsyncContextManager, closing
from pathlib import Path
from typing import Protocol

import pytest

from catalog.port import Catalog
from catalog.sqlite.adapter import SqliteCatalog
from catalog.sqlite.connections import add_functions
from catalog.supabase.adapter import SupabaseCatalog
from local_supabase.programs import ChildFailed
from local_supabase.stack import LocalSupabase

CHILD = Path(__file__).parent / "contract" / "dying_process.py"


class Backend(Protocol):
    """An empty database that can be opened, closed and opened again."""

    def examples(self, number: int) -> int:
        """How many of so many examples a state machine runs: fewer where each call is slow."""

    def open(self) -> AbstractAsyncContextManager[Catalog]:
        """Opens the catalog on it."""

    def run_dying_process(self, deed: str) -> str:
        """Lets another process do a deed of `dying_process.py`; answers what it acknowledged."""

    def refusal_of(self, statement: str) -> str:
        """What the database says to a statement that it refuses."""

    def another(self) -> "Backend":
        """An empty one. What is in this one may be gone."""


class SqliteBackend:
    """A file in a temporary folder."""

    def __init__(self, folder: Path, clock, number: int = 0) -> None:
        self._folder = folder
        self._clock = clock
        self._number = number
        self._last = number

    def examples(self, number: int) -> int:
        """All of them."""
        return number

    def open(self) -> AbstractAsyncContextManager[Catalog]:
        """Opens the file; the first time makes it."""
        return SqliteCatalog.open(self._path, clock=self._clock)

    def run_dying_process(self, deed: str) -> str:
        """Runs the child, which ends itself without closing anything."""
        return _run_child("sqlite", str(self._path), deed)

    def refusal_of(self, statement: str) -> str:
        """Runs it on a connection of its own."""
        with closing(sqlite3.connect(self._path)) as connection:
            add_functions(connection)
            with pytest.raises(sqlite3.IntegrityError) as refused:
                connection.execute(statement)
        return str(refused.value)

    def another(self) -> "SqliteBackend":
        """Another file beside it."""
        self._last += 1
        return SqliteBackend(self._folder, self._clock, self._last)

    @property
    def _path(self) -> Path:
        return self._folder / f"catalog-{self._number}.sqlite"


class SupabaseBackend:
    """A local Supabase, emptied beforehand."""

    def __init__(self, supabase: LocalSupabase, clock) -> None:
        self._supabase = supabase
        self._clock = clock
        supabase.empty()

    def examples(self, number: int) -> int:
        """A fifth."""
        return number // 5

    def open(self) -> AbstractAsyncContextManager[Catalog]:
        """Connects to it."""
        supabase = self._supabase
        return SupabaseCatalog.open(supabase.url, supabase.service_key, clock=self._clock)

    def run_dying_process(self, deed: str) -> str:
        """Runs the child, which ends itself without closing anything."""
        location = f"{self._supabase.url} {self._supabase.service_key}"
        return _run_child("supabase", location, deed)

    def refusal_of(self, statement: str) -> str:
        """Runs it as the owner of everything."""
        with pytest.raises(ChildFailed) as refused:
            self._supabase.database.query(statement)
        return str(refused.value)

    def another(self) -> "SupabaseBackend":
        """The same, emptied."""
        return SupabaseBackend(self._supabase, self._clock)


def _run_child(*arguments: str) -> str:
    command = [sys.executable, str(CHILD), *arguments]
    child = subprocess.run(command, stdout=subprocess.PIPE, timeout=30, check=False, text=True)  # noqa: S603 - our own script
    assert child.returncode != 0, "the child was meant to die"
    return child.stdout
