"""`users`, against a running discord-cloud."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Shell
from tests.client_sdk.running import PASSWORD

Arrival = Callable[[str], Shell]


@pytest.fixture
def arrived(shell: Shell, tmp_path: Path) -> Arrival:
    """Makes users; gives their commands."""

    def arrive(name: str) -> Shell:
        registered = shell("register", shell.url, name, "--password-stdin", stdin=PASSWORD)
        assert registered.exit_code == 0
        home = Shell(tmp_path / f"home of {name}", shell.url)
        home.login(name)
        return home

    return arrive


def put(owner: Shell, folder: str, *names: str) -> None:
    """Uploads files, each with its name as content."""
    root = owner.home / "source"
    root.mkdir()
    for name in names:
        (root / name).write_text(name)
    assert owner("put", *root.iterdir(), f"{folder}/").exit_code == 0


def names(shell: Shell, *arguments: str) -> list[str]:
    """The names of the users that are listed."""
    return [user["name"] for user in shell.json("users", "list", *arguments)]


def access(shell: Shell, folder: str) -> dict[str, str]:
    """What the files of a folder are to a user, by name."""
    return {entry["name"]: entry["ownership"] for entry in shell.json("ls", folder)}


def test_users_are_found_by_everybody(bert: Shell) -> None:
    """Those whose name holds the query; all without one."""
    assert bert("users", "list", "bert").stdout.splitlines()[:2] == ["bert", "berta"]
    assert set(bert.json("users", "list", "berta")[0]) == {"id", "name"}
    everybody = bert("users", "list").stdout.splitlines()
    assert {"alice", "bert", "berta"} <= set(everybody)
    assert everybody == sorted(set(everybody), key=str.lower)
    assert bert("users", "list", "zzz").stdout == ""
    assert bert("users", "list", "a b").exit_code == 64


def test_administrators_see_what_users_own(shell: Shell, arrived: Arrival, folder: str) -> None:
    """With their role, number and size of files."""
    put(arrived("rich"), folder, "a", "bcd")
    (line,) = shell("users", "list", "RICH").stdout.splitlines()
    assert line.split() == ["user", "2", "files", "4", "B", "rich"]
    (rich,) = shell.json("users", "list", "rich")
    assert (rich["is_admin"], rich["file_count"], rich["total_size"]) == (False, 2, 4)
    assert shell("users", "list", "alice").stdout.startswith("administrator ")
    assert {"alice", "bert", "berta", "rich"} <= set(names(shell))
    assert shell("users", "list", "a b").exit_code == 64


def test_a_password_is_reset(shell: Shell, arrived: Arrival) -> None:
    """It is asked for twice on a terminal, and read from standard input elsewhere."""
    gina = arrived("gina")
    result = shell("users", "reset-password", "gina", "--password-stdin", stdin="another horse\n")
    assert (result.exit_code, result.output) == (0, "changed the password of gina\n")
    assert gina("ls").exit_code == 77
    arguments = ("login", shell.url, "gina", "--password-stdin")
    assert gina(*arguments, stdin=PASSWORD).exit_code == 77
    assert gina(*arguments, stdin="another horse").exit_code == 0
    assert shell("users", "reset-password", "gina").exit_code == 64
    shell.answers = []
    twice = "password1\npassword2\npassword3\npassword3\n"
    assert shell("users", "reset-password", "gina", stdin=twice).exit_code == 0
    assert gina(*arguments, stdin="password3").exit_code == 0
    result = shell("users", "reset-password", "gina", "--password-stdin", stdin="short")
    assert (result.exit_code, "short" in result.stderr.split()) == (64, False)
    own = shell("users", "reset-password", "alice", "--password-stdin", stdin="another horse")
    assert own.exit_code == 65


def test_users_are_promoted_and_demoted(shell: Shell, arrived: Arrival) -> None:
    """It counts at once; the last administrator stays one."""
    hugo = arrived("hugo")
    assert shell("users", "demote", "alice").exit_code == 65
    result = shell("users", "promote", "hugo")
    assert (result.exit_code, result.stderr) == (0, "hugo is an administrator\n")
    assert hugo("users", "list", "hugo").stdout.startswith("administrator ")
    result = hugo("users", "demote", "hugo")
    assert (result.exit_code, result.stderr) == (0, "hugo is no administrator\n")
    assert hugo("users", "list", "hugo").stdout == "hugo\n"
    assert shell("users", "promote", "nobody").exit_code == 66
    assert shell("users", "promote", "no body").exit_code == 64


def test_files_of_a_removed_user_are_given(shell: Shell, bert: Shell, arrived, folder) -> None:
    """To the one who is named; the removed one is logged out."""
    ines = arrived("ines")
    put(ines, folder, "a", "b")
    result = shell("users", "remove", "ines", "--give-files-to", "BERT", "--yes")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "removed ines, and gave bert 2 files (2 B)\n"
    assert access(bert, folder) == {"a": "owned", "b": "owned"}
    assert names(shell, "ines") == []
    assert ines("ls").exit_code == 77


def test_files_of_a_removed_user_are_deleted(shell: Shell, arrived, folder) -> None:
    """With the JSON of what was there."""
    put(arrived("jana"), folder, "a", "bc")
    (jana,) = shell.json("users", "list", "jana")
    removed = shell.json("users", "remove", "jana", "--delete-files", "-y")
    assert removed == {
        "id": jana["id"],
        "name": "jana",
        "is_removed": True,
        "heir": None,
        "file_count": 2,
        "total_size": 3,
    }
    assert access(shell, folder) == {}
    assert names(shell, "jana") == []


def test_a_removal_is_asked_about_on_a_terminal(shell: Shell, arrived, folder) -> None:
    """Only a yes removes; the question says what becomes of which files."""
    put(arrived("kurt"), folder, "a")
    shell.answers = ["\n", "no\n", "Y\n"]
    result = shell("users", "remove", "KURT", "--delete-files")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "kurt: remove this user, and delete 1 file (1 B)? [y/N]\n"
    result = shell("users", "remove", "kurt", "--give-files-to", "Alice", "--json")
    assert result.stderr == "kurt: remove this user, and give alice 1 file (1 B)? [y/N]\n"
    kept = json.loads(result.stdout)
    assert (kept["is_removed"], kept["heir"]) == (False, "alice")
    assert names(shell, "kurt") == ["kurt"]
    assert shell("users", "remove", "kurt", "--give-files-to", "alice").exit_code == 0
    assert names(shell, "kurt") == []
    assert access(shell, folder) == {"a": "owned"}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("lena",), 64, "--give-files-to or --delete-files"),
        (("lena", "--yes"), 64, "--give-files-to or --delete-files"),
        (("lena", "--yes", "--delete-files", "--give-files-to", "bert"), 64, "--give-files-to or"),
        (("lena", "--delete-files"), 64, "use --yes"),
        (("lena", "--yes", "--give-files-to", "LENA"), 64, "another user"),
        (("lena", "--yes", "--give-files-to", "nobody"), 66, "nobody"),
        (("nobody", "--yes", "--delete-files"), 66, "nobody"),
        (("alice", "--yes", "--delete-files"), 65, "another administrator"),
    ],
)
def test_who_cannot_be_removed_so_stays(shell: Shell, arrived, arguments, code, words) -> None:
    """With a line that says why; in particular, files are never deleted for lack of a word."""
    if "lena" not in names(shell, "lena"):
        arrived("lena")
    result = shell("users", "remove", *arguments)
    assert result.exit_code == code
    assert result.stderr.startswith("discord-cloud: ")
    assert result.stderr.count("\n") == 1
    assert words in result.stderr
    assert {"alice", "lena"} <= set(names(shell))


def test_only_administrators(bert: Shell) -> None:
    """Others are refused, with the exit code of missing rights."""
    for arguments in (
        ("remove", "berta", "--delete-files", "--yes"),
        ("promote", "bert"),
        ("demote", "alice"),
        ("reset-password", "berta", "--password-stdin"),
    ):
        refused = bert("users", *arguments, stdin="another horse")
        assert (refused.exit_code, "administrator" in refused.stderr) == (77, True)
