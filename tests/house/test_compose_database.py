"""The script that migrates the database of docker-compose.yml, on a real PostgreSQL."""

import os
import subprocess
from pathlib import Path

import pytest

from catalog.supabase.schema import MIGRATIONS
from local_supabase.database import SUPERUSER, LocalDatabase, running_database
from local_supabase.programs import postgresql
from tests.local_programs import needed_for

ROOT = Path(__file__).parents[2]
TOLD = 'Asynchronous notification "pgrst" with payload "reload schema"'
SCRIPT = str(ROOT / "deploy" / "migrate.sh")


@pytest.fixture
def database():
    """A database to which no migration was applied."""
    with needed_for("the compose file's database"), running_database() as database:
        yield database


def environment(database: LocalDatabase, migrations: Path) -> dict[str, str]:
    """What the script finds in its environment."""
    return {
        "PATH": f"{Path(postgresql('psql')).parent}:{os.environ['PATH']}",
        "PGHOST": str(database.folder),
        "PGUSER": SUPERUSER,
        "AUTHENTICATOR_PASSWORD": "it's a secret",
        "ROLES": str(ROOT / "local_supabase" / "roles.sql"),
        "MIGRATIONS": str(migrations),
    }


def migrate(database: LocalDatabase, migrations: Path) -> subprocess.CompletedProcess[str]:
    """Runs the script as the container does."""
    return subprocess.run(  # noqa: S603 - our own script
        ["sh", SCRIPT],  # noqa: S607 - as in the container
        env=environment(database, migrations),
        capture_output=True,
        text=True,
        check=False,
    )


def migrate_beside_postgrest(database: LocalDatabase) -> str:
    """Runs the script with all migrations; returns what it prints, and what a PostgREST is told meanwhile."""
    done = subprocess.run(
        ["psql", "--no-psqlrc", "--dbname=postgres"],  # noqa: S607 - of the PATH of the script
        env=environment(database, ROOT / "supabase" / "migrations"),
        input=f"listen pgrst;\n\\! sh {SCRIPT}\nselect 1;\n",
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def applied(database: LocalDatabase) -> tuple[str, ...]:
    """The migrations that the database knows of."""
    rows = database.query(
        "select version || '_' || name from public.schema_version order by version"
    )
    return tuple(rows.split())


def test_migrations_are_applied_once(database):
    """All migrations of this release are applied, as no superuser; again, nothing happens.

    PostgREST is told of each, and of nothing else: it would read the schema again at each `up`, and let
    requests wait.
    """
    first = migrate_beside_postgrest(database)
    assert applied(database) == MIGRATIONS
    assert first.count(TOLD) == len(MIGRATIONS)
    owner = database.query("select tableowner from pg_tables where tablename = 'files'")
    assert owner.strip() == "postgres"
    second = migrate_beside_postgrest(database)
    assert "the schema is up to date" in second
    assert "applying" not in second
    assert TOLD not in second


def test_a_migration_that_fails_leaves_nothing(database, tmp_path):
    """A wrong migration is undone as a whole, those before it stay, and the script fails."""
    for script in sorted((ROOT / "supabase" / "migrations").glob("*.sql"))[:1]:
        (tmp_path / script.name).write_text(script.read_text())
    (tmp_path / "20990101000000_wrong.sql").write_text("create table half (); select 1 / 0;")
    assert migrate(database, tmp_path).returncode != 0
    assert applied(database) == MIGRATIONS[:1]
    assert database.query("select to_regclass('half') is null").strip() == "t"


def test_no_roles_no_migrations():
    """Without the password of PostgREST's role nothing is begun."""
    done = subprocess.run(  # noqa: S603 - our own script
        ["sh", SCRIPT],  # noqa: S607 - as in the container
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    assert b"AUTHENTICATOR_PASSWORD" in done.stderr
