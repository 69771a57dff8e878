"""Brings a database to the schema of this release, one numbered migration after the other."""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib import resources
from pathlib import Path

from catalog.errors import SchemaMismatch
from catalog.sqlite.connections import Connections, Session
from catalog.sqlite.database import Database

_FILE_NAME = re.compile(r"(?P<version>\d{4})_(?P<name>\w+)\.sql")

_CREATE_VERSIONS = """
CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    applied_at REAL NOT NULL
) STRICT
"""

_TABLES = (
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite@_%' ESCAPE '@'"
)

_VERSION = "SELECT coalesce(max(version), 0) AS version FROM schema_version"

_RECORD_VERSION = """
INSERT INTO schema_version (version, name, applied_at) VALUES (:version, :name, :applied_at)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One numbered script."""

    version: int
    name: str
    sql: str


def known_migrations() -> tuple[Migration, ...]:
    """All migrations of this release, in order. The numbers run from 1 without a gap."""
    found = []
    for entry in resources.files("catalog.sqlite").joinpath("migrations").iterdir():
        if match := _FILE_NAME.fullmatch(entry.name):
            sql = entry.read_text(encoding="utf-8")
            found.append(Migration(version=int(match["version"]), name=match["name"], sql=sql))
    return tuple(sorted(found, key=lambda migration: migration.version))


async def pending_migrations(path: Path) -> tuple[Migration, ...]:
    """What opening the database would apply. Changes nothing; a missing file needs everything.

    Raises:
        SchemaMismatch: A newer release, or another program, made the database.
        CatalogUnavailable: The file cannot be read.
    """
    if not await asyncio.to_thread(path.exists):
        return known_migrations()
    async with Connections.open(path, read_only=True) as connection:
        return _newer_than(await connection.submit(_version), known_migrations())


async def upgrade(
    database: Database,
    clock: Callable[[], float],
    migrations: tuple[Migration, ...] | None = None,
) -> None:
    """Applies what is pending, each migration in a transaction of its own.

    Args:
        database: The open database.
        clock: Seconds since the Unix epoch.
        migrations: All that there are, in order; None means those of this release.

    Raises:
        SchemaMismatch: A newer release, or another program, made the database.
    """
    known = migrations or known_migrations()
    for migration in _newer_than(await database.snapshot(_version), known):
        await database.write(partial(_apply_pending, migration, known, clock), is_long=True)


def _apply_pending(
    migration: Migration,
    known: tuple[Migration, ...],
    clock: Callable[[], float],
    session: Session,
) -> None:
    # Another process may have opened the same database meanwhile, and come first.
    if migration in _newer_than(_version(session), known):
        _apply(session, migration, clock())


def _version(session: Session) -> int:
    tables = {row["name"] for row in session.rows(_TABLES)}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise SchemaMismatch(
            "this is the SQLite database of another program; set the path of the catalog to a new "
            "file, or to one that discord-cloud has made"
        )
    row = session.row(_VERSION)
    return row["version"] if row else 0


def _newer_than(version: int, migrations: tuple[Migration, ...]) -> tuple[Migration, ...]:
    if version > len(migrations):
        raise SchemaMismatch(
            f"the database has schema {version}, this release knows up to {len(migrations)}: "
            "install the release that wrote it, or a newer one, or restore a backup from before"
        )
    return migrations[version:]


def _apply(session: Session, migration: Migration, applied_at: float) -> None:
    session.run(_CREATE_VERSIONS)
    for statement in _statements(migration.sql):
        session.run(statement)
    session.run(
        _RECORD_VERSION, version=migration.version, name=migration.name, applied_at=applied_at
    )


def _statements(script: str) -> Iterator[str]:
    """Splits a script, since the driver's own way to run one commits what is open before."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
