"""A PostgreSQL server of its own, with what a Supabase project has before its first migration."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from local_supabase import programs

MIGRATIONS = Path(__file__).parent.parent / "supabase" / "migrations"
_ROLES = Path(__file__).parent / "roles.sql"
SUPERUSER = "supabase_admin"

# What is in it lives as long as a test run: nothing need survive a power failure.
_SETTINGS = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "40",
    "listen_addresses": "",
    "autovacuum_naptime": "10s",
}


@dataclass(frozen=True)
class LocalDatabase:
    """A running server, which listens on a socket in `folder`."""

    folder: Path

    def uri(self, role: str) -> str:
        """Where a program connects."""
        return f"postgresql://{role}@/postgres?host={self.folder}"

    def run_scripts(self, *scripts: Path, role: str = "postgres") -> None:
        """Runs SQL scripts, all of them in one transaction."""
        copies = [self._readable(script) for script in scripts]
        files = [argument for copy in copies for argument in ("-f", str(copy))]
        self._psql(role, "--single-transaction", *files)

    def query(self, sql: str, *, role: str = SUPERUSER) -> str:
        """Runs one statement; answers its rows, a line each."""
        return self._psql(role, "--tuples-only", "--no-align", "-c", sql)

    def _readable(self, script: Path) -> Path:
        """A copy that an unprivileged user can read, wherever the repository lies."""
        return Path(shutil.copy(script, self.folder / script.name))

    def _psql(self, role: str, *arguments: str) -> str:
        options = ("--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1")
        return programs.run(
            [programs.postgresql("psql"), *options, f"--dbname={self.uri(role)}", *arguments]
        )


def migrations() -> list[Path]:
    """The migrations, in order."""
    return sorted(MIGRATIONS.glob("*.sql"))


@contextmanager
def running_database(*, durable: bool = False) -> Iterator[LocalDatabase]:
    """A server in a temporary folder, with Supabase's roles and nothing else.

    Args:
        durable: Whether it writes to the disk as in production; tests do not need that.

    Raises:
        ProgramMissing: PostgreSQL is not installed.
        ChildFailed: It does not start.
    """
    folder = Path(tempfile.mkdtemp(prefix="discord-cloud-supabase-"))
    try:
        folder.chmod(0o755)
        programs.give_to_user(folder)
        _initialize(folder)
        server = programs.Child(
            _command(folder, durable=durable), {}, "ready to accept connections"
        )
        try:
            database = LocalDatabase(folder)
            database.run_scripts(_ROLES, role=SUPERUSER)
            yield database
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder)


def migrated(database: LocalDatabase) -> None:
    """Applies the migrations as Supabase does: as `postgres`, who is no superuser."""
    database.run_scripts(*migrations())


def _initialize(folder: Path) -> None:
    programs.run(
        [
            programs.postgresql("initdb"),
            f"--pgdata={folder / 'data'}",
            f"--username={SUPERUSER}",
            "--auth=trust",
            "--encoding=UTF8",
            # Not the order of code points, so that a query that relies on it must ask for it.
            "--locale=C.UTF-8",
            "--locale-provider=icu",
            "--icu-locale=en-US",
            "--no-sync",
        ]
    )


def _command(folder: Path, *, durable: bool) -> list[str]:
    settings = {**_SETTINGS, "unix_socket_directories": str(folder)}
    if durable:
        settings = {"listen_addresses": "", "unix_socket_directories": str(folder)}
    options = [f"-c{name}={value}" for name, value in settings.items()]
    return [programs.postgresql("postgres"), "-D", str(folder / "data"), *options]
