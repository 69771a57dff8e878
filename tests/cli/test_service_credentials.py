"""`services` as a shell sees it."""

import asyncio
import hashlib
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.records import ServiceCredential
from catalog.sqlite.adapter import SqliteCatalog
from cli.context import CommandContext
from cli.credentials import ClientEnvironment, CredentialStore
from cli.main import app
from cli.output import TextOutput
from manager.services.credentials import new_credential_text

DATABASE = {"DATABASE_PATH": "catalog.sqlite3"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command in an empty folder, without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_PATH", "SUPABASE_URL", "SUPABASE_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, standard_input=None, **environment):
        ctx = CommandContext(
            out=TextOutput(),
            err=TextOutput(is_error=True),
            credentials=CredentialStore(tmp_path, ClientEnvironment()),
            is_interactive=False,
        )
        runner = CliRunner(env=environment)
        return runner.invoke(app, ["services", *arguments], obj=ctx, input=standard_input)

    return run


@pytest.fixture
def database(tmp_path) -> Path:
    """A catalog of a manager that has been started."""
    path: Path = tmp_path / "catalog.sqlite3"

    async def create() -> None:
        async with SqliteCatalog.open(path):
            pass

    asyncio.run(create())
    return path


def credentials_in(path: Path) -> list[ServiceCredential]:
    """What is in the catalog."""

    async def read() -> list[ServiceCredential]:
        async with SqliteCatalog.open(path) as catalog:
            return await catalog.list_service_credentials()

    return asyncio.run(read())


def test_a_credential_is_printed_once_and_kept_as_a_hash(run, database):
    """Standard output has the text alone, for scripts."""
    result = run("add", "upload-1", "--kind", "upload", **DATABASE)
    assert result.exit_code == 0, result.stderr
    text = result.stdout.strip()
    (credential,) = credentials_in(database)
    assert (credential.name, credential.kind.value) == ("upload-1", "upload")
    assert credential.secret_hash == hashlib.sha256(text.encode()).digest()
    assert text.startswith("dcs_")
    shown = run("list", "--json", **DATABASE).stdout
    assert text not in shown
    (listed,) = json.loads(shown)
    assert (listed["name"], listed["last_used_at"], listed["revoked_at"]) == (
        "upload-1",
        None,
        None,
    )


def test_a_credential_of_ones_own_may_be_added_again(run, database, tmp_path):
    """As a deployment does at every start; from a file or a pipe, and it is not printed."""
    text = new_credential_text()
    Path(tmp_path / "secret").write_text(text + "\n")
    arguments = ("add", "processing", "--kind", "processing", "--credential")
    for result in (
        run(*arguments, "secret", **DATABASE),
        run(*arguments, "-", standard_input=text, **DATABASE),
    ):
        assert result.exit_code == 0, result.stderr
        assert text not in result.output
    assert len(credentials_in(database)) == 1


def test_a_revoked_credential_is_listed_and_does_not_come_back(run, database):
    """Its name is free for another one, its text is not."""
    text = new_credential_text()
    arguments = ("add", "a", "--kind", "gateway", "--credential", "-")
    assert run(*arguments, standard_input=text, **DATABASE).exit_code == 0
    assert run("revoke", "a", **DATABASE).exit_code == 0
    assert run("revoke", "a", **DATABASE).exit_code == 66
    assert "revoked" in run("list", **DATABASE).stdout
    refused = run(*arguments, standard_input=text, **DATABASE)
    assert (refused.exit_code, text in refused.output) == (73, False)
    assert run("add", "a", "--kind", "gateway", **DATABASE).exit_code == 0


def test_a_credential_replaces_that_of_its_name(run, database):
    """With `--replace`: only the new one is in force. One that was revoked does not come back."""
    old, new = new_credential_text(), new_credential_text()
    arguments = ("add", "upload", "--kind", "upload", "--credential", "-")
    assert run(*arguments, standard_input=old, **DATABASE).exit_code == 0
    assert run(*arguments, standard_input=new, **DATABASE).exit_code == 73
    for text in (new, new):
        result = run(*arguments, "--replace", standard_input=text, **DATABASE)
        assert result.exit_code == 0, result.stderr
    refused = run(*arguments, "--replace", standard_input=old, **DATABASE)
    assert refused.exit_code == 73
    (in_force,) = [each for each in credentials_in(database) if each.revoked_at is None]
    assert in_force.secret_hash == hashlib.sha256(new.encode()).digest()


@pytest.mark.parametrize(
    ("arguments", "given", "code"),
    [
        (("add", "Ä", "--kind", "upload"), None, 64),
        (("add", "a", "--kind", "upload", "--credential", "-"), "dcs_short", 64),
        (("add", "a", "--kind", "upload", "--credential", "missing"), None, 66),
        (("add", "a", "--kind", "manager"), None, 2),
        (("add", "a"), None, 2),
    ],
)
def test_wrong_input_changes_nothing(run, database, arguments, given, code):
    """Each has the exit code that its kind has elsewhere, and no secret is shown."""
    result = run(*arguments, standard_input=given, **DATABASE)
    assert result.exit_code == code, result.output
    assert credentials_in(database) == []
    assert given is None or given not in result.output


def test_without_a_catalog_there_is_nothing_to_add_to(run):
    """A wrong DATABASE_PATH does not create one."""
    result = run("add", "a", "--kind", "upload", **DATABASE)
    assert result.exit_code == 66
    assert "set DATABASE_PATH" in result.stderr
    assert not Path("catalog.sqlite3").exists()
