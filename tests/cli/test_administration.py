"""`keys`, `webhooks`, `gc` and `process`."""

import re

import msgspec
import pytest

from cli.commands.administration import Garbage, garbage_summary
from tests.cli.conftest import Shell


def test_keys(shell: Shell) -> None:
    """A key is printed once, listed by name, and revoked once."""
    made = shell("keys", "create", "blog")
    assert made.exit_code == 0
    key = made.stdout.strip()
    assert len(key) == 43
    assert shell("keys", "create", "blog").exit_code == 65
    (listed,) = [each for each in shell.json("keys", "list") if each["name"] == "blog"]
    assert listed["revoked_at"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", listed["created_at"])
    assert key not in shell("keys", "list").output
    assert shell("keys", "revoke", "blog").exit_code == 0
    assert shell("keys", "revoke", "blog").exit_code == 64
    assert "revoked" in shell("keys", "list").stdout


def test_only_administrators(bert: Shell) -> None:
    """Others are refused, with the exit code of missing rights."""
    for command in (
        ("keys", "list"),
        ("gc", "--dry-run"),
        ("process", "--failed"),
        ("webhooks", "list"),
        ("webhooks", "retry", "1" * 18),
    ):
        refused = bert(*command)
        assert refused.exit_code == 77
        assert "administrator" in refused.output


def test_garbage(shell: Shell, folder: str, tmp_path) -> None:
    """What nothing refers to is shown with what it was and when it goes, and nothing is promised."""
    (tmp_path / "a.txt").write_bytes(b"words")
    assert shell("put", tmp_path / "a.txt", f"{folder}/").exit_code == 0
    assert shell("rm", f"{folder}/a.txt").exit_code == 0
    (found,) = [each for each in shell.json("gc") if each["path"] == f"{folder}/a.txt"]
    assert (found["size"], found["owner"], found["is_due"]) == (5, "alice", False)
    shown = shell("gc", "--dry-run")
    (line,) = [line for line in shown.stdout.splitlines() if line.endswith(f"  {folder}/a.txt")]
    assert line.startswith(found["file_id"])
    assert "  alice  " in line
    told = re.search(
        r"nothing refers to \d+ files?; no grace period is over, the next", shown.stderr
    )
    assert told or "begins with the collector's next look" in shown.stderr
    assert "looks now" not in shell("gc").stderr


def _garbage(**facts: object) -> Garbage:
    return msgspec.convert(
        {
            "fileId": "an id",
            "size": 5,
            "path": None,
            "owner": None,
            "since": None,
            "dueAt": None,
            "isDue": False,
            **facts,
        },
        Garbage,
    )


LATER, SOON = "2026-01-31T13:00:00+00:00", "2026-01-31T13:30:00+01:00"


@pytest.mark.parametrize(
    ("found", "is_begun", "told"),
    [
        ([], True, "nothing is garbage"),
        ([{}], True, "1 file; the grace period begins with the collector's next look"),
        (
            [{"dueAt": LATER}, {"dueAt": SOON}, {}],
            True,
            "3 files; no grace period is over, the next one is at 2026-01-31 12:30:00 UTC",
        ),
        ([{"isDue": True}], True, "1 file; it is deleted now"),
        ([{"isDue": True}] * 2, False, "2 files; they are deleted by the collector's next look"),
        ([{"isDue": True}, {}], True, "2 files; 1 of them is deleted now"),
        ([{}] * 100, True, "100 or more files; the grace period begins"),
    ],
)
def test_what_is_told_of_garbage(found, is_begun: bool, told: str) -> None:
    """What happens, and when: as much as is true, in one line."""
    line = garbage_summary([_garbage(**facts) for facts in found], is_begun=is_begun)
    assert told in line


def test_processing(shell: Shell, folder: str, tmp_path) -> None:
    """Files can be queued; without failures none is shown."""
    (tmp_path / "a.txt").write_bytes(b"words")
    assert shell("put", tmp_path / "a.txt", f"{folder}/").exit_code == 0
    assert shell.json("process", "--failed") == []
    queued = shell("process", "--missing", "--retry")
    assert queued.exit_code == 0
    assert "queued 0 files" in queued.output


def test_webhooks(shell: Shell) -> None:
    """All are listed as used; retrying one that is used is no error, a strange one is."""
    listed = shell.json("webhooks", "list")
    assert {webhook["state"] for webhook in listed} == {"usable"}
    assert f"{listed[0]['id']}  usable" in shell("webhooks", "list").stdout
    assert "is used" in shell("webhooks", "retry", listed[0]["id"]).output
    strange = shell("webhooks", "retry", "1" * 18)
    assert strange.exit_code == 65
    assert "DISCORD_WEBHOOKS" in strange.output
