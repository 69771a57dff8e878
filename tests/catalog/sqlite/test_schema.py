"""Migrations."""

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from catalog.errors import CatalogUnavailable, SchemaMismatch
from catalog.naming import numbered_name
from catalog.sqlite.adapter import SqliteCatalog
from catalog.sqlite.database import Database
from catalog.sqlite.schema import Migration, known_migrations, pending_migrations, upgrade
from tests.catalog.names import NAMES

TABLES = {
    "api_keys",
    "audit_events",
    "change_sequence",
    "app_passwords",
    "channel_limits",
    "channel_sweeps",
    "chunks",
    "commits",
    "deleted_messages",
    "factor_demands",
    "factors",
    "files",
    "folder_grants",
    "folder_usage",
    "folders",
    "group_members",
    "identities",
    "jobs",
    "kept_upload_services",
    "kept_uploads",
    "login_sessions",
    "invitations",
    "stars",
    "links",
    "folder_links",
    "link_uploads",
    "master_keys",
    "messages",
    "object_texts",
    "objects",
    "quarantined_webhooks",
    "recovery_codes",
    "references",
    "schema_version",
    "search_entries",
    "search_grams",
    "search_grams_config",
    "search_grams_data",
    "search_grams_idx",
    "search_names",
    "search_names_config",
    "search_names_data",
    "search_names_idx",
    "search_texts",
    "search_texts_config",
    "search_texts_data",
    "search_texts_idx",
    "service_credentials",
    "setup_codes",
    "shares",
    "signing_keys",
    "spaces",
    "spent_challenges",
    "tickets",
    "user_groups",
    "trash",
    "users",
    "versions",
    "views",
    "watches",
}


def query(path: Path, sql: str) -> list[Any]:
    """Asks the file itself."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


def test_migrations_are_numbered_without_a_gap():
    """Migrations run from 1 on, one by one."""
    migrations = known_migrations()
    assert [each.version for each in migrations] == list(range(1, len(migrations) + 1))
    assert migrations[0].name == "initial"


async def test_new_database_needs_everything(path, clock):
    """A missing file needs all migrations, an opened one none; asking makes no file."""
    assert await pending_migrations(path) == known_migrations()
    assert not path.exists()
    async with SqliteCatalog.open(path, clock=clock):
        assert await pending_migrations(path) == ()


async def test_whole_data_model(path, clock):
    """The schema has every table of the data model, and its foreign keys are sound."""
    async with SqliteCatalog.open(path, clock=clock):
        pass
    names = query(path, "SELECT name FROM sqlite_schema WHERE type = 'table'")
    assert {name for (name,) in names if not name.startswith("sqlite_")} == TABLES
    assert query(path, "PRAGMA foreign_key_check") == []
    assert query(path, "SELECT version, applied_at FROM schema_version") == [
        (migration.version, clock()) for migration in known_migrations()
    ]


async def test_newer_database_is_refused(path, clock):
    """A database of a later release is left alone, and the error says what to do."""
    async with SqliteCatalog.open(path, clock=clock):
        pass
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO schema_version VALUES (999, 'later', 1.0)")
    for attempt in (SqliteCatalog.open(path).__aenter__, lambda: pending_migrations(path)):
        with pytest.raises(SchemaMismatch, match=r"schema 999.*install the release"):
            await attempt()


async def test_foreign_database_is_left_alone(path):
    """The database of another program is refused, byte for byte unchanged."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = path.read_bytes()
    with pytest.raises(SchemaMismatch, match="another program"):
        async with SqliteCatalog.open(path):
            pass
    assert path.read_bytes() == before


async def test_migrations_are_applied_in_order_and_once(path, clock):
    """A database of an earlier release gets what is new, in order."""
    first = Migration(version=1, name="one", sql="CREATE TABLE t (a);\nINSERT INTO t VALUES (1);")
    second = Migration(version=2, name="two", sql="UPDATE t SET a = a + 1;\n")
    async with Database.open(path) as database:
        await upgrade(database, clock, (first,))
        for _ in range(2):
            await upgrade(database, clock, (first, second))
    assert query(path, "SELECT a FROM t") == [(2,)]
    assert query(path, "SELECT version, name FROM schema_version") == [(1, "one"), (2, "two")]


async def test_failing_migration_leaves_the_database_as_it_was(path, clock):
    """A migration that fails halfway is undone as a whole, and what came before it stays."""
    first = Migration(version=1, name="one", sql="CREATE TABLE t (a);\n")
    broken = Migration(version=2, name="two", sql="CREATE TABLE u (a);\nINSERT INTO v VALUES (1);")
    async with Database.open(path) as database:
        with pytest.raises(CatalogUnavailable):
            await upgrade(database, clock, (first, broken))
    assert query(path, "SELECT version FROM schema_version") == [(1,)]
    assert query(path, "SELECT name FROM sqlite_schema WHERE name = 'u'") == []


OBJECT = """
INSERT INTO objects (id, size, chunk_size, chunk_count, envelope, state, created_at)
VALUES (randomblob(16), 0, 1, 0, 'v1', 'stored', 0)
"""
FILE = """
INSERT INTO files (folder_id, name, object_id, is_public, size, created_at, updated_at)
SELECT 1, :name, id, 0, 0, 0, 0 FROM objects
"""


async def test_files_that_have_the_path_of_a_folder_are_numbered(path, clock):
    """Of each pair of an earlier release the file is renamed, as it would be in any other conflict."""
    migrations = known_migrations()
    before = migrations[: [each.name for each in migrations].index("one_path")]
    async with Database.open(path) as database:
        await upgrade(database, clock, before)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO folders (id, parent_id, name) VALUES (1, 0, 'p')")
        connection.execute(OBJECT)
        taken = ["a (1).txt", "README (1)", "README (2)"]
        for name in [*NAMES, *taken, "alone"]:
            connection.execute(FILE, {"name": name})
        for name in [*NAMES, "README (3)", "empty"]:
            connection.execute("INSERT INTO folders (parent_id, name) VALUES (1, ?)", (name,))
    async with SqliteCatalog.open(path, clock=clock) as catalog:
        names = [name for (name,) in query(path, "SELECT name FROM files ORDER BY id")]
        files = await catalog.counts(1)
    expected = [numbered_name(name, 1) for name in NAMES]
    expected[NAMES.index("a.txt")] = "a (2).txt"
    expected[NAMES.index("README")] = "README (4)"
    expected[NAMES.index("x" * 126 + "y")] = numbered_name("x" * 127, 2)
    assert names == [*expected, *taken, "alone"]
    assert (files.files, files.subfolders) == (len(names), len(NAMES) + 2)
    assert query(path, "SELECT name FROM sqlite_schema WHERE name LIKE 'paired%'") == []
