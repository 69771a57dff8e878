"""`migrate`, `export` and `import` as a shell sees them."""

import asyncio
import json
import os
import subprocess
import sys
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.records import AuditEvent, AuditQuery
from catalog.sqlite import migrations
from catalog.sqlite.adapter import SqliteCatalog
from catalog.supabase.schema import MIGRATIONS
from cli.context import CommandContext
from cli.credentials import ClientEnvironment, CredentialStore
from cli.main import app
from cli.output import TextOutput
from local_supabase.stack import running_supabase
from tests.local_programs import needed_for

SQLITE = sorted(
    Path(each.name).stem for each in files(migrations).iterdir() if each.name.endswith(".sql")
)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs a command in an empty folder, without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_PATH", "SUPABASE_URL", "SUPABASE_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, answer: str | None = None, **environment):
        async def read_line() -> str:
            assert answer is not None, "nobody should be asked"
            return answer

        ctx = CommandContext(
            out=TextOutput(),
            err=TextOutput(is_error=True),
            credentials=CredentialStore(tmp_path, ClientEnvironment()),
            is_interactive=answer is not None,
            read_line=read_line,
        )
        runner = CliRunner(env=environment)
        return runner.invoke(app, list(arguments), obj=ctx)

    return run


@pytest.fixture
def filled(tmp_path):
    """The catalog of the settings, with one user."""
    (tmp_path / "data").mkdir(mode=0o700)
    asyncio.run(fill(tmp_path / "data" / "catalog.sqlite3"))


async def fill(path: Path) -> None:
    """Makes a catalog with one user."""
    async with SqliteCatalog.open(path) as catalog:
        await catalog.create_first_user("alice", "the-hash")


def test_migrate_shows_and_asks_nobody(run, tmp_path):
    """Without a terminal it tells what is pending, changes nothing, and fails."""
    result = run("migrate")
    assert result.exit_code == 1
    assert all(name in result.stdout for name in SQLITE)
    assert not (tmp_path / "data").exists()


def test_migrate_json(run):
    """Scripts get what is pending and what was applied; then nothing is left to do."""
    assert json.loads(run("migrate", "--json").stdout) == {
        "catalog": "sqlite",
        "pending": SQLITE,
        "applied": [],
    }
    result = run("migrate", "--apply", "--json")
    assert (result.exit_code, json.loads(result.stdout)["applied"]) == (0, SQLITE)
    result = run("migrate", "--json")
    assert (result.exit_code, json.loads(result.stdout)["pending"]) == (0, [])


@pytest.mark.parametrize(("answer", "code"), [("y\n", 0), ("\n", 1), ("no\n", 1)])
def test_migrate_asks_on_a_terminal(run, tmp_path, answer, code):
    """Somebody who says yes gets the migrations; everything else is a no."""
    assert run("migrate", answer=answer).exit_code == code
    assert (tmp_path / "data" / "catalog.sqlite3").exists() == (code == 0)


def test_migrate_leaves_other_databases_alone(run, tmp_path):
    """What is no catalog is not touched."""
    (tmp_path / "other").write_bytes(b"no database" * 1000)
    result = run("migrate", "--apply", DATABASE_PATH="other")
    assert result.exit_code == 74
    assert (tmp_path / "other").read_bytes() == b"no database" * 1000


@pytest.fixture(scope="module")
def bare_supabase():
    """A Supabase to which no migration was applied."""
    with needed_for("migrate on Supabase"), running_supabase(is_migrated=False) as supabase:
        yield supabase


def test_migrate_names_what_supabase_lacks(run, bare_supabase):
    """For Supabase every missing migration is named, and how it is applied."""
    settings = {"SUPABASE_URL": bare_supabase.url, "SUPABASE_KEY": bare_supabase.service_key}
    result = run("migrate", "--apply", **settings)
    assert result.exit_code == 1
    assert all(name in result.stdout for name in MIGRATIONS)
    assert "supabase db push" in result.stderr
    data = json.loads(run("migrate", "--json", **settings).stdout)
    assert data == {"catalog": "supabase", "pending": list(MIGRATIONS), "applied": []}


def test_export_and_import(run, filled, tmp_path):
    """A file that only its owner can read, and a new catalog that is the same."""
    assert run("export", "backup.jsonl").exit_code == 0
    assert (tmp_path / "backup.jsonl").stat().st_mode & 0o777 == 0o600
    result = run("import", "backup.jsonl", "--json", DATABASE_PATH="new/catalog.sqlite3")
    assert json.loads(result.stdout) == {"imported": {"user": 1, "sequence": 4}}
    assert run("export", "again.jsonl", DATABASE_PATH="new/catalog.sqlite3").exit_code == 0
    assert (tmp_path / "again.jsonl").read_bytes() == (tmp_path / "backup.jsonl").read_bytes()


def test_exports_and_imports_are_in_the_audit_log(run, filled, tmp_path):
    """Each in that of its own catalog, with the file and the user of the machine."""
    assert run("export", "backup.jsonl").exit_code == 0
    assert run("import", "backup.jsonl", DATABASE_PATH="other.sqlite3").exit_code == 0

    async def events(path: Path) -> list[AuditEvent]:
        async with SqliteCatalog.open(path) as catalog:
            return await catalog.audit_events(AuditQuery(), before=None, limit=9)

    (exported,) = asyncio.run(events(tmp_path / "data" / "catalog.sqlite3"))
    (imported,) = asyncio.run(events(tmp_path / "other.sqlite3"))
    assert (exported.action, exported.subject) == ("catalog-exported", "backup.jsonl")
    assert (imported.action, imported.subject) == ("catalog-imported", "backup.jsonl")
    assert {exported.actor, exported.address} == {None}
    assert "os_user" in json.loads(exported.details)


def test_export_through_a_pipe(run, filled, tmp_path):
    """- is standard output, and standard input."""
    command = [sys.executable, "-c", "from cli.main import main; main()"]
    lines = subprocess.run(  # noqa: S603 - our own program
        [*command, "export", "-"], capture_output=True, check=True
    ).stdout
    done = subprocess.run(  # noqa: S603 - as above
        [*command, "import", "-"],
        input=lines,
        env={**os.environ, "DATABASE_PATH": "new/catalog.sqlite3"},
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, b"")
    assert b"imported: user 1" in done.stderr


def test_export_without_a_catalog(run, tmp_path):
    """A wrong path is an error: an export of an empty catalog would pass for a backup."""
    result = run("export", "backup.jsonl")
    assert result.exit_code == 66
    assert "DATABASE_PATH" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_export_that_cannot_be_written(run, filled, tmp_path):
    """An older export stays when a new one fails."""
    assert run("export", "nowhere/backup.jsonl").exit_code == 73
    result = run("export", "/dev/full")
    assert result.exit_code == 73
    assert "Traceback" not in result.stderr


def test_import_refuses(run, filled, tmp_path):
    """A damaged file and a catalog that is not empty have exit codes of their own."""
    run("export", "backup.jsonl")
    assert run("import", "backup.jsonl").exit_code == 73
    (tmp_path / "cut.jsonl").write_bytes((tmp_path / "backup.jsonl").read_bytes()[:-10])
    result = run("import", "cut.jsonl", DATABASE_PATH="new.sqlite3")
    assert result.exit_code == 65
    assert "cut off" in result.stderr
    assert "the-hash" not in result.output
    assert run("import", "missing.jsonl", DATABASE_PATH="new.sqlite3").exit_code == 66


def test_json_or_export(run):
    """Two documents do not fit on one standard output."""
    assert run("export", "-", "--json").exit_code == 2


def test_catalog_settings_are_enough(run):
    """None of the manager's secrets is needed; what is wrong is named."""
    result = run("migrate", SUPABASE_URL="https://x.supabase.co")
    assert result.exit_code == 78
    assert "SUPABASE_URL and SUPABASE_KEY belong together" in result.stderr


@pytest.mark.parametrize("command", [["migrate"], ["export", "file"], ["import", "file"]])
def test_settings_that_are_wrong_have_a_line_each(run, command):
    """As those of the servers do."""
    result = run(*command, LOG_LEVEL="loud")
    first, second = result.stderr.splitlines()
    assert first == "discord-cloud: these settings (environment or .env) are wrong:"
    assert second.startswith("  LOG_LEVEL: ")
