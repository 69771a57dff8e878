"""`rotate-signing-key` as a shell sees it."""

import asyncio
import base64
import json
from datetime import datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalog.records import SealedSigningKey
from catalog.sqlite.adapter import SqliteCatalog
from cli.context import CommandContext
from cli.credentials import ClientEnvironment, CredentialStore
from cli.main import app
from cli.output import TextOutput
from manager.signing.keys import LEAD_S, new_signing_key
from storage.keys import KeyRing

OURS, FOREIGN = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
FIRST = new_signing_key(KeyRing.parse(OURS).primary, 100.0)
SETTINGS = {"MESSAGE_ENCRYPTION_KEY": OURS, "DATABASE_PATH": "data/catalog.sqlite3"}


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs the command in an empty folder, without any setting."""
    monkeypatch.chdir(tmp_path)
    for name in ("DATABASE_PATH", "SUPABASE_URL", "SUPABASE_KEY", "MESSAGE_ENCRYPTION_KEY"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, **environment):
        ctx = CommandContext(
            out=TextOutput(),
            err=TextOutput(is_error=True),
            credentials=CredentialStore(tmp_path, ClientEnvironment()),
            is_interactive=False,
        )
        runner = CliRunner(env=environment)
        return runner.invoke(app, ["rotate-signing-key", *arguments], obj=ctx)

    return run


@pytest.fixture
def database(tmp_path) -> Path:
    """A catalog in which a manager has made its first key, in a data folder of `up`."""
    folder = tmp_path / "data"
    folder.mkdir(mode=0o700)
    (folder / "encryption-key").write_text(OURS + "\n")
    path: Path = folder / "catalog.sqlite3"

    async def fill() -> None:
        async with SqliteCatalog.open(path) as catalog:
            await catalog.begin_signing_keys(FIRST)

    asyncio.run(fill())
    return path


def keys_in(path: Path) -> list[SealedSigningKey]:
    """What is in the catalog."""

    async def read() -> list[SealedSigningKey]:
        async with SqliteCatalog.open(path) as catalog:
            return await catalog.list_signing_keys()

    return asyncio.run(read())


def test_a_rotation_adds_a_key(run, database):
    """It signs a little later, and scripts are told which and from when on."""
    result = run("--json", **SETTINGS)
    assert result.exit_code == 0, result.stderr
    told = json.loads(result.stdout)
    first, second = keys_in(database)
    assert first == FIRST
    assert told["key_id"] == second.key_id.hex()
    signs_from = datetime.fromisoformat(told["signs_from"]).timestamp()
    assert signs_from == pytest.approx(second.signs_from, abs=0.001)
    assert run(**SETTINGS).stdout.endswith("UTC on; the old one verifies on\n")
    assert keys_in(database)[2].signs_from > second.signs_from


def test_revoking_leaves_one_key(run, database):
    """Which signs at once: earlier than one of a rotation would."""
    run(**SETTINGS)
    later = keys_in(database)[1].signs_from
    result = run("--revoke", **SETTINGS)
    [key] = keys_in(database)
    assert result.stdout == f"key {key.key_id.hex()} signs from now on; all others are revoked\n"
    assert key.signs_from < later
    assert later - key.signs_from <= LEAD_S


def test_a_data_folder_has_all_that_it_takes(run, database):
    """Whatever the environment says of another deployment."""
    elsewhere = {
        "MESSAGE_ENCRYPTION_KEY": FOREIGN,
        "SUPABASE_URL": "http://127.0.0.1:9",
        "SUPABASE_KEY": "key",
    }
    assert run("--data", "data", **elsewhere).exit_code == 0
    assert len(keys_in(database)) == 2


@pytest.mark.parametrize("options", [[], ["--revoke"]])
def test_a_foreign_master_key_changes_nothing(run, database, options):
    """The error says which setting is wrong, and shows no key."""
    result = run(*options, **{**SETTINGS, "MESSAGE_ENCRYPTION_KEY": FOREIGN})
    assert result.exit_code == 78
    assert "MESSAGE_ENCRYPTION_KEY" in result.stderr
    assert FOREIGN not in result.stderr
    assert keys_in(database) == [FIRST]


@pytest.mark.parametrize(
    ("arguments", "settings", "code"),
    [
        ([], {}, 78),
        ([], {**SETTINGS, "DATABASE_PATH": "nowhere/catalog.sqlite3"}, 66),
        (["--data", "nowhere"], {}, 73),
        (["--data", "."], {}, 73),
    ],
)
def test_without_a_catalog_there_is_nothing_to_do(
    run, database, tmp_path, arguments, settings, code
):
    """Nothing is made, neither a catalog nor a master key."""
    before = sorted(tmp_path.rglob("*"))
    assert run(*arguments, **settings).exit_code == code
    assert sorted(tmp_path.rglob("*")) == before
