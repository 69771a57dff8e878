"""Databases that release 0.2.0 wrote become those of this release, with all that is in them.

`releases/` has what that release made: its schema (for Supabase its migrations, one after the other, as they
were then), and rows that its own code wrote.
"""

import gzip
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from catalog.port import Catalog
from catalog.records import JobState
from catalog.sqlite.adapter import SqliteCatalog
from catalog.supabase.adapter import SupabaseCatalog
from catalog.supabase.schema import MIGRATIONS
from local_supabase import programs
from local_supabase.database import SUPERUSER, LocalDatabase, running_database
from local_supabase.stack import running_supabase
from tests.house.test_compose_database import applied, migrate
from tests.local_programs import needed_for

RELEASES = Path(__file__).parent / "releases"
LAST_OF_RELEASE = "20261128001000"
MIGRATION_FILES = Path(__file__).parents[2] / "supabase" / "migrations"


def object_id(number: int) -> UUID:
    """The ids that were given to the content of the old release."""
    return UUID(int=0x0200_0000_0000_4000_8000_0000_0000_0000 + number)


async def check(catalog: Catalog) -> None:
    """What the old release wrote is all there, and can be changed."""
    ann, bob = await catalog.user_by_name("ann"), await catalog.user_by_name("bob")
    assert ann is not None
    assert bob is not None
    assert (ann.is_admin, bob.is_admin, ann.password_hash) == (True, False, "hash of ann")
    report = await catalog.file_at(("docs", "2026"), "report.txt", viewer_id=bob.id)
    assert report is not None
    assert (report.owner_id, report.size, report.has_thumbnail) == (ann.id, 5, True)
    assert report.share is not None
    assert report.share.can_write
    [location] = await catalog.chunks(report.object_id, first=0, limit=9)
    assert (location.message.id, location.message.webhook_id) == (10**18 + 1, 88)
    public = await catalog.file_at(("docs",), "public.txt")
    assert public is not None
    assert (public.is_public, public.owner_id) == (True, bob.id)
    assert await catalog.file_at(("docs",), "twin.txt") is None
    twin = await catalog.file_at(("docs",), "twin (1).txt")
    assert twin is not None
    assert twin.size == 11
    assert await catalog.folder_at(("docs", "twin.txt", "below")) is not None
    assert await catalog.usage_by_type(0) == {"text/plain": 23}
    assert await catalog.metadata_of(report.object_id) == {"pages": 3}
    assert [view.name for view in await catalog.views_of(report.object_id)] == ["thumbnail"]
    held = await catalog.references_of("service:importer", after=None, limit=9)
    assert [(each.object_id, each.key) for each in held] == [(public.object_id, "needs it")]
    assert [key.name for key in await catalog.list_keys()] == ["importer"]
    assert await catalog.ticket(object_id(20)) is not None
    assert (await catalog.count_jobs())[JobState.QUEUED] == 3
    assert await catalog.content_of_missing_keys([]) == {}
    renamed = await catalog.rename_file(report.id, "renamed.txt")
    assert renamed.sequence == 1


async def test_a_sqlite_catalog_of_the_first_release_is_upgraded(tmp_path, clock):
    """Opening it does so; the schema is that of a new catalog then."""
    old, fresh = tmp_path / "old.sqlite", tmp_path / "fresh.sqlite"
    with closing(sqlite3.connect(old)) as connection:
        connection.executescript((RELEASES / "0.2.0-sqlite.sql").read_text())
    async with SqliteCatalog.open(old, clock=clock) as catalog:
        await check(catalog)
    async with SqliteCatalog.open(fresh, clock=clock):
        pass
    assert sqlite_schema(old) == sqlite_schema(fresh)
    with closing(sqlite3.connect(old)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


def sqlite_schema(path: Path) -> list[tuple[str, ...]]:
    """Everything that was created, without regard to white space."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT type, name, tbl_name, coalesce(sql, '') FROM sqlite_schema"
        )
        return sorted((*row[:3], re.sub(r"\s+", " ", row[3])) for row in rows)


async def test_a_supabase_catalog_of_the_first_release_is_upgraded(tmp_path, clock):
    """The missing migrations are applied to it; the schema is that of a new catalog, then and before.

    So the migrations of the first release, put together by subject since, make to the letter what they
    made one after the other.
    """
    scripts = [MIGRATION_FILES / f"{name}.sql" for name in MIGRATIONS]
    released = [script.stem.partition("_")[0] for script in scripts].index(LAST_OF_RELEASE) + 1
    with (
        needed_for("upgrades on Supabase"),
        running_supabase(is_migrated=False) as old,
        running_database() as fresh,
    ):
        restore(old.database, tmp_path)
        fresh.run_scripts(*scripts[:released])
        assert postgresql_schema(old.database) == postgresql_schema(fresh)
        assert versions(old.database) == versions(fresh)
        upgraded = migrate(old.database, MIGRATION_FILES)
        assert upgraded.returncode == 0, upgraded.stderr
        fresh.run_scripts(*scripts[released:])
        assert postgresql_schema(old.database) == postgresql_schema(fresh)
        assert applied(old.database) == applied(fresh) == MIGRATIONS
        old.postgrest.stop()
        old.postgrest.start()
        async with SupabaseCatalog.open(old.url, old.service_key, clock=clock) as catalog:
            await check(catalog)


def restore(database: LocalDatabase, folder: Path) -> None:
    """Brings a database to what release 0.2.0 left."""
    schema = folder / "0.2.0-supabase-schema.sql"
    schema.write_bytes(gzip.decompress((RELEASES / f"{schema.name}.gz").read_bytes()))
    database.run_scripts(schema)
    database.run_scripts(RELEASES / "0.2.0-supabase-data.sql", role=SUPERUSER)


def versions(database: LocalDatabase) -> str:
    """The numbers of the migrations that were applied."""
    return database.query("select version from public.schema_version order by version")


def postgresql_schema(database: LocalDatabase) -> str:
    """Everything that was created, with rights and comments."""
    dump = [programs.postgresql("pg_dump"), "--schema-only", f"--dbname={database.uri(SUPERUSER)}"]
    # A key of this very dump, which protects psql from what is in it.
    return re.sub(r"^\\(un)?restrict .*$", "", programs.run(dump), flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["0.2.0-sqlite.sql", "0.2.0-supabase-data.sql"])
def test_there_is_something_to_lose(name):
    """The old databases hold what the checks ask for."""
    assert "twin.txt" in (RELEASES / name).read_text()
