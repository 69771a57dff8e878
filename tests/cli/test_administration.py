"""`keys`, `gc` and `process`."""

from tests.cli.conftest import Shell


def test_keys(shell: Shell) -> None:
    """A key is printed once, listed by name, and revoked once."""
    made = shell("keys", "create", "blog")
    assert made.exit_code == 0
    key = made.stdout.strip()
    assert len(key) == 43
    assert shell("keys", "create", "blog").exit_code == 65
    (listed,) = [each for each in shell.json("keys", "list") if each["name"] == "blog"]
    assert listed["revokedAt"] is None
    assert key not in shell("keys", "list").output
    assert shell("keys", "revoke", "blog").exit_code == 0
    assert shell("keys", "revoke", "blog").exit_code == 64
    assert "revoked" in shell("keys", "list").stdout


def test_only_administrators(bert: Shell) -> None:
    """Others are refused, with the exit code of missing rights."""
    for command in (("keys", "list"), ("gc", "--dry-run"), ("process", "--failed")):
        refused = bert(*command)
        assert refused.exit_code == 77
        assert "administrator" in refused.output


def test_garbage(shell: Shell, folder: str, tmp_path) -> None:
    """What nothing refers to any more is shown before it goes, and can be had away sooner."""
    (tmp_path / "a.txt").write_bytes(b"words")
    assert shell("put", tmp_path / "a.txt", f"{folder}/").exit_code == 0
    before = len(shell.json("gc", "--dry-run"))
    assert shell("rm", f"{folder}/a.txt").exit_code == 0
    assert len(shell.json("gc", "--dry-run")) == before + 1
    assert "nothing refers to" in shell("gc").output


def test_processing(shell: Shell, folder: str, tmp_path) -> None:
    """Files can be queued; without failures none is shown."""
    (tmp_path / "a.txt").write_bytes(b"words")
    assert shell("put", tmp_path / "a.txt", f"{folder}/").exit_code == 0
    assert shell.json("process", "--failed") == []
    queued = shell("process", "--missing", "--retry")
    assert queued.exit_code == 0
    assert "queued 0 files" in queued.output
