"""`discord-cloud folders`, `groups` and `spaces` at a manager whose users have homes."""

import asyncio
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


async def test_folders_are_shared_and_groups_made(cloud, alice, bob, monkeypatch):
    """By commands, with tokens from the environment."""
    await cloud.catalog.set_role(alice.user.id, is_admin=True)
    await cloud.put_at("alice", "/a/b/f.txt")
    tokens = {name: await cloud.stage.token(name) for name in ("alice", "bob")}
    monkeypatch.setenv("DISCORD_CLOUD_URL", cloud.stage.url)

    async def run(user: str, *arguments: str, code: int = 0) -> str:
        monkeypatch.setenv("DISCORD_CLOUD_TOKEN", tokens[user])
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        assert result.exit_code == code, result.output
        return result.stdout

    await run("alice", "groups", "create", "family")
    await run("alice", "groups", "add", "family", "bob")
    assert json.loads(await run("alice", "groups", "members", "family", "--json")) == ["bob"]
    assert await run("bob", "groups", "list") == "     1  family\n"
    await run("alice", "folders", "share", "/a/b", "--group", "family", "--right", "write")
    assert await run("bob", "folders", "shared") == "write   /Shared/b\n"
    assert await run("bob", "folders", "show", "/Shared/b") == "you may write\n"
    shown = json.loads(await run("alice", "folders", "show", "/a/b", "--json"))
    assert [(each["group"], each["right"]) for each in shown["grants"]] == [("family", "write")]
    await run("bob", "folders", "leave", "/Shared/b", code=77)
    await run("alice", "groups", "drop", "family", "bob")
    assert await run("bob", "folders", "shared") == ""
    await run("alice", "folders", "unshare", "/a/b", "--group", "family")
    await run("alice", "folders", "give", "/a/b", "bob")
    assert await run("bob", "folders", "shared") == "manage  /Shared/b\n"
    await run("alice", "groups", "remove", "family")
    await run("alice", "folders", "share", "/a/b", code=64)


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_nothing_is_migrated_without_consent(tmp_path: Path, monkeypatch, arguments):
    """Where nobody can be asked, `--apply` says so."""
    path = tmp_path / "catalog.sqlite3"
    monkeypatch.setenv("DATABASE_PATH", str(path))
    monkeypatch.chdir(tmp_path)
    assert CliRunner().invoke(app, ["migrate", "--apply"]).exit_code == 0
    before = path.read_bytes()
    assert CliRunner().invoke(app, ["spaces", "personal", *arguments]).exit_code == 1
    assert path.read_bytes() == before
    result = CliRunner().invoke(app, ["spaces", "personal", "--apply", "--json"])
    assert json.loads(result.stdout) == {"folders": 0, "files": 0, "homes": 0}
