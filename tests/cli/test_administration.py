"""`keys`, `webhooks`, `gc` and `process`."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from cli.commands.accounts import limit_of
from cli.commands.administration import Garbage, garbage_summary, time_of
from tests.cli.conftest import Shell
from tests.client_sdk.running import registered, running_cloud


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
        ("audit",),
        ("users", "quota", "alice"),
        ("gc", "--dry-run"),
        ("process", "--failed"),
        ("webhooks", "list"),
        ("webhooks", "retry", "1" * 18),
    ):
        refused = bert(*command)
        assert refused.exit_code == 77
        assert "administrator" in refused.output


def test_garbage(folder: str, tmp_path) -> None:
    """What nothing refers to is shown with what it was and when it goes, and nothing is promised."""
    with running_cloud(tmp_path, TRASH_DAYS="0") as url:
        token = registered(url, "alice")["alice"]
        _check_garbage(Shell.logged_in(tmp_path / "home", url, token), folder, tmp_path)


def _check_garbage(shell: Shell, folder: str, tmp_path: Path) -> None:
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


def test_audit(shell: Shell, bert: Shell, folder: str, tmp_path) -> None:
    """Who did what, newest first, by user, action and time; as lines and as JSON."""
    (tmp_path / "a.txt").write_bytes(b"words")
    assert shell("put", tmp_path / "a.txt", f"{folder}/").exit_code == 0
    assert shell("share", "add", f"{folder}/a.txt", "bert").exit_code == 0
    assert shell("rm", f"{folder}/a.txt").exit_code == 0
    recent = shell.json("audit", "--user", "alice", "--limit", "2")
    assert [(each["action"], each["subject"]) for each in recent] == [
        ("file-removed", f"{folder}/a.txt"),
        ("file-shared", f"{folder}/a.txt"),
    ]
    assert recent[1]["details"] == {"user": "bert", "can_write": False}
    assert recent[0]["actor"] == "alice"
    assert recent[0]["address"] == "127.0.0.1"
    (line,) = shell("audit", "--action", "file-shared", "--limit", "1").stdout.splitlines()
    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d  success  file-shared +alice ", line)
    assert line.endswith(f"{folder}/a.txt  can_write=False  user=bert")
    assert shell.json("audit", "--since", "2999-01-01") == []
    assert len(shell.json("audit", "--since", "1h", "--limit", "1")) == 1
    assert shell("audit", "--since", "yesterday").exit_code == 64
    assert shell("audit", "--action", "nothing").exit_code == 65


def test_quotas(shell: Shell, bert: Shell) -> None:
    """Everybody sees the own quota; administrators change it, one number at a time."""
    nothing = {"bytes": None, "files": None}
    assert bert.json("quota")["quota"] == nothing
    changed = shell.json("users", "quota", "bert", "--bytes", "10G")
    assert changed["quota"] == {"bytes": 10 * 2**30, "files": None}
    assert shell("users", "quota", "bert", "--files", "100000").exit_code == 0
    assert bert.json("quota")["quota"] == {"bytes": 10 * 2**30, "files": 100_000}
    shown = bert("quota").stdout.splitlines()
    assert shown[-1] == "quota:     10 GiB and 100000 files"
    assert shell("users", "quota", "bert", "--bytes", "many").exit_code == 64
    assert shell("users", "quota", "bert", "--bytes", "none", "--files", "none").exit_code == 0
    assert shell.json("users", "quota", "bert")["quota"] == nothing
    assert shell("users", "quota", "nobody").exit_code == 66


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("500M", 500 * 2**20),
        ("10 GiB", 10 * 2**30),
        ("2t", 2**41),
        ("none", None),
        ("0", None),
    ],
)
def test_limits_have_binary_units(text, number):
    """As sizes are shown everywhere."""
    assert limit_of("--bytes", text) == number


def test_times_may_be_said_as_how_long_ago():
    """In minutes, hours and days; a time without a zone is in UTC."""
    now = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
    assert time_of("--since", "30min", now) == now - timedelta(minutes=30)
    assert time_of("--since", "7d", now) == now - timedelta(days=7)
    assert time_of("--since", "2026-01-31T12:00", now) == datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
