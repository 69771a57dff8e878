"""`find`, against a running discord-cloud, and what its options mean."""

from datetime import UTC, datetime, timedelta

import pytest

from cli.commands.find import FindOptions
from client_sdk.errors import InvalidInput
from tests.cli.conftest import Put, Shell


def test_find_prints_paths(shell: Shell, put: Put, folder: str) -> None:
    """The best matches first, folders with a slash; long with size and access."""
    put("Report", "report 2", "x/old report", "reports/other")
    lines = shell("find", "REPORT", folder).stdout.splitlines()
    assert lines[0] == f"{folder}/Report"
    assert set(lines[1:3]) == {f"{folder}/report 2", f"{folder}/reports/"}
    assert lines[3] == f"{folder}/x/old report"
    (line,) = shell("find", "old rep", folder, "--long").stdout.splitlines()
    assert line.split()[:2] == ["12", "B"]
    assert line.endswith(f"owned       {folder}/x/old report")


def test_find_has_conditions(shell: Shell, put: Put, folder: str) -> None:
    """Type, size, time and owner; JSON says what was found, and why."""
    put("a", "b/cc")

    def names(*options: object) -> list[str]:
        return sorted(each["name"] for each in shell.json("find", "", folder, *options))

    assert names() == ["a", "b", "cc"]
    assert names("--type", "folder") == ["b"]
    assert names("--type", "file", "--larger", 2) == ["cc"]
    assert names("--smaller", 1) == ["a"]
    assert names("--type", "video") == []
    assert names("--newer", "1h", "--owner", "alice", "--type", "file") == ["a", "cc"]
    assert names("--older", "1h") == []
    assert len(names("--limit", 2)) == 2
    (found,) = shell.json("find", "cc", folder)
    assert (found["path"], found["match"], found["kind"]) == (f"{folder}/b/cc", "name", "file")


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (("--type", "nonsense"), "--type takes file, folder"),
        (("--larger", "much"), "--larger takes"),
        (("--newer", "soon"), "--newer takes"),
    ],
)
def test_wrong_conditions_are_refused(shell: Shell, options: tuple[str, str], reason: str) -> None:
    """Before anything is asked, in one line."""
    result = shell("find", "x", *options)
    assert (result.exit_code, result.stdout) == (64, "")
    assert reason in result.stderr


def test_options_are_conditions() -> None:
    """Kinds of files stand for their types, sizes have units, and times may be ago."""
    now = datetime(2026, 7, 1, tzinfo=UTC)
    options = FindOptions(
        types=["image", "application/x-own", "file"],
        larger="2k",
        smaller="none",
        newer="7d",
        older="2026-06-30",
        owner="bob",
        limit=5,
    )
    assert options.conditions(now) == {
        "kind": "file",
        "types": ["image/*", "application/x-own"],
        "min_size": 2048,
        "max_size": None,
        "changed_from": now - timedelta(days=7),
        "changed_before": datetime(2026, 6, 30, tzinfo=UTC),
        "owner": "bob",
    }


def test_files_and_folders_are_both_or_neither() -> None:
    """Both words together ask for nothing; a type that is none is named."""
    both = FindOptions(
        types=["file", "folder"],
        larger=None,
        smaller=None,
        newer=None,
        older=None,
        owner=None,
        limit=5,
    )
    assert both.conditions(datetime.now(UTC))["kind"] is None
    with pytest.raises(InvalidInput, match="--type takes"):
        FindOptions(
            types=["films"],
            larger=None,
            smaller=None,
            newer=None,
            older=None,
            owner=None,
            limit=5,
        ).conditions(datetime.now(UTC))
