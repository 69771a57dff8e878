"""`mv`, `rm`, `mkdir`, `share`, `zip` and `passwd`, against a running discord-cloud."""

import io
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Put, Shell
from tests.client_sdk.running import PASSWORD


def tree(shell: Shell, path: str) -> list[str]:
    """Everything below a folder; folders end with a slash."""
    found: list[str] = []
    for entry in shell.json("ls", path):
        if entry["kind"] == "folder":
            inner = tree(shell, f"{path}/{entry['name']}")
            found += [f"{entry['name']}/", *(f"{entry['name']}/{name}" for name in inner)]
        else:
            found.append(entry["name"])
    return found


def test_mv_moves_into_folders_and_renames(shell: Shell, put: Put, folder: str) -> None:
    """Several things go into a folder; one may get a new path. Nothing is printed."""
    put("a", "b", "x/c", "y/d")
    for arguments in (
        (f"{folder}/a", f"{folder}/x", f"{folder}/y/"),
        (f"{folder}/b", f"{folder}/renamed"),
        (f"{folder}/y/x/c", f"{folder}/y/C"),
    ):
        result = shell("mv", *arguments)
        assert (result.exit_code, result.output) == (0, "")
    assert tree(shell, folder) == ["y/", "y/x/", "y/a", "y/C", "y/d", "renamed"]


def test_mv_numbers_a_taken_name(shell: Shell, put: Put, folder: str) -> None:
    """Nothing is replaced; the new name is told."""
    put("a", "x/a", "y/a")
    note = "names were taken, so a is called a (1)"
    result = shell("mv", f"{folder}/a", f"{folder}/x")
    assert (result.exit_code, result.stderr) == (0, f"{folder}/a: {note}\n")
    data = shell.json("mv", f"{folder}/x/a", f"{folder}/y")
    moved = {"source": f"{folder}/x/a", "path": f"{folder}/y/a", "note": note}
    assert data == {"moved": [moved], "failed": []}


def test_cp_copies_files_and_with_r_folders(shell: Shell, put: Put, folder: str) -> None:
    """Into a folder, or to a path; a taken name is told."""
    put("a", "x/b")
    for arguments in (
        (f"{folder}/a", f"{folder}/c"),
        ("-r", f"{folder}/x", f"{folder}/y"),
        ("-r", f"{folder}/a", f"{folder}/x/", f"{folder}/y/"),
    ):
        result = shell("cp", *arguments)
        assert (result.exit_code, result.output) == (0, "")
    names = ["x/", "x/b", "y/", "y/x/", "y/x/b", "y/a", "y/b", "a", "c"]
    assert tree(shell, folder) == names
    result = shell("cp", f"{folder}/x", f"{folder}/z")
    assert (result.exit_code, "with -r" in result.stderr) == (64, True)
    data = shell.json("cp", f"{folder}/a", f"{folder}/y")
    note = "names were taken, so a is called a (1)"
    copied = {"source": f"{folder}/a", "path": f"{folder}/y/a", "note": note}
    assert data == {"copied": [copied], "failed": []}


def test_mv_goes_on_after_a_failure(shell: Shell, bert: Shell, put: Put, folder: str) -> None:
    """What fails is said in one line each; what can be moved is moved."""
    put("a", "x/y/b")
    result = shell("mv", f"{folder}/lost", f"{folder}/a", f"{folder}/x", f"{folder}/x/y")
    assert result.exit_code == 1
    missing, circle = result.stderr.splitlines()
    assert missing.startswith(f"{folder}/lost: ")
    assert circle.endswith("it is within the folder itself")
    assert tree(shell, folder) == ["x/", "x/y/", "x/y/a", "x/y/b"]
    result = bert("mv", f"{folder}/x/y/a", folder)
    assert (result.exit_code, "right to move" in result.stderr) == (65, True)


@pytest.mark.parametrize(
    ("sources", "dest", "code"),
    [
        (("a", "x"), "missing", 66),
        (("a",), "missing/", 66),
        (("a",), "missing/b", 66),
        (("lost",), "b", 66),
        (("a",), "x/b/..", 64),
    ],
)
def test_mv_says_what_is_missing(shell: Shell, put: Put, folder, sources, dest, code) -> None:
    """A place that does not exist is an error, and nothing is moved."""
    put("a", "x/b")
    result = shell("mv", *(f"{folder}/{name}" for name in sources), f"{folder}/{dest}")
    assert result.exit_code == code
    assert result.stderr.count("\n") == 1
    assert tree(shell, folder) == ["x/", "x/b", "a"]


def test_rm_deletes_files_and_with_r_folders(shell: Shell, put: Put, folder: str) -> None:
    """A folder needs -r; without a terminal nobody is asked."""
    put("a", "b", "x/c")
    result = shell("rm", f"{folder}/a", f"{folder}/x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        f"{folder}/x: this is a folder: delete it and everything in it with -r\n"
    )
    assert tree(shell, folder) == ["x/", "x/c", "b"]
    assert shell.json("rm", "-r", f"{folder}/x", f"{folder}/b") == {
        "deleted": [
            {"path": f"{folder}/x", "kind": "folder"},
            {"path": f"{folder}/b", "kind": "file"},
        ],
        "failed": [],
    }
    assert tree(shell, folder) == []
    assert shell("rm", f"{folder}/a").exit_code == 66
    assert shell("rm", "-f", f"{folder}/a").exit_code == 0
    assert shell("rm", "-r", "/").exit_code == 64


def test_rm_asks_on_a_terminal(shell: Shell, put: Put, folder: str) -> None:
    """Only a yes deletes; -f asks nothing."""
    put("a", "b", "x/c")
    shell.answers = ["\n", "maybe\n", "Y\n"]
    result = shell("rm", "-r", f"{folder}/a", f"{folder}/b", f"{folder}/x")
    assert result.exit_code == 0
    assert f"{folder}/x: delete it with everything in it, 3 B? [y/N]" in result.stderr
    assert tree(shell, folder) == ["a", "b"]
    assert shell("rm", "-f", f"{folder}/a", f"{folder}/b").exit_code == 0
    assert tree(shell, folder) == []


def test_rm_leaves_files_of_others(shell: Shell, bert: Shell, put: Put, folder: str) -> None:
    """A folder with files of somebody else stays as it is."""
    put("x/a")
    result = bert("rm", "-r", f"{folder}/x")
    assert result.exit_code == 65
    assert "1 of the 1 file in this folder is not yours to delete" in result.stderr
    assert tree(shell, folder) == ["x/", "x/a"]


def test_mkdir(shell: Shell, folder: str) -> None:
    """Like the command of that name: -p makes parents, and does not mind what exists."""
    result = shell("mkdir", f"{folder}/a")
    assert (result.exit_code, f"{folder}/a: there is no folder {folder}" in result.stderr) == (
        66,
        True,
    )
    assert shell("mkdir", "-p", f"{folder}/a/b").exit_code == 0
    assert shell("mkdir", f"{folder}/c").exit_code == 0
    result = shell("mkdir", f"{folder}/c")
    assert (result.exit_code, "exists already" in result.stderr) == (65, True)
    assert shell.json("mkdir", "-p", f"{folder}/c/", f"{folder}/d") == {
        "folders": [
            {"path": f"{folder}/c", "is_new": False},
            {"path": f"{folder}/d", "is_new": True},
        ],
        "failed": [],
    }
    assert shell("mkdir", "/").exit_code == 64
    assert tree(shell, folder) == ["a/", "a/b/", "c/", "d/"]


def test_shares(shell: Shell, bert: Shell, put: Put, folder: str, tmp_path: Path) -> None:
    """Added, changed, listed and removed, by user name."""
    put("a")
    path = f"{folder}/a"
    assert bert("get", path, tmp_path / "bert").exit_code == 77
    result = shell("share", "add", path, "bert")
    assert (result.exit_code, result.stderr) == (0, f"bert can read {path}\n")
    assert bert("get", path, tmp_path / "bert").exit_code == 0
    shell("share", "add", path, "bert", "--write")
    (line,) = shell("share", "list", path).stdout.splitlines()
    assert (line.split()[0], line.split()[-1]) == ("rw", "bert")
    (share,) = shell.json("share", "list", path)["shares"]
    assert (share["user"]["name"], share["can_write"]) == ("bert", True)
    assert bert("share", "list", path).exit_code == 65
    assert shell("share", "remove", path, "bert").exit_code == 0
    assert shell.json("share", "list", path) == {"is_public": False, "shares": []}
    assert shell("share", "remove", path, "bert").exit_code == 65
    assert shell("share", "add", path, "nobody").exit_code == 66
    assert shell("share", "add", path, "no body").exit_code == 64


def test_a_file_becomes_public_and_private(
    shell: Shell, bert: Shell, put: Put, folder: str, tmp_path: Path
) -> None:
    """Everybody gets it while it is public; only its owner decides that."""
    put("a")
    path = f"{folder}/a"
    result = shell("share", "public", path)
    assert (result.exit_code, result.stderr) == (0, f"{path} is public\n")
    assert bert("get", path, tmp_path / "bert").exit_code == 0
    assert bert("share", "private", path).exit_code == 65
    listed = shell("share", "list", path)
    assert (listed.stdout, listed.stderr) == (
        "",
        f"{path} is public: all users can read and write it\n",
    )
    assert shell.json("share", "list", path)["is_public"] is True
    assert shell("share", "private", path).stderr == f"{path} is private\n"
    assert bert("get", path, tmp_path / "again").exit_code == 77


def test_zip_writes_a_file(
    shell: Shell, put: Put, folder, tmp_path: Path, monkeypatch, caplog
) -> None:
    """Named after the folder, or as told; a failure is one line, and leaves nothing."""
    put("x/a", "x/y/b")
    monkeypatch.chdir(tmp_path)
    result = shell("zip", f"{folder}/x")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("wrote x.zip, ")
    assert sorted(zipfile.ZipFile("x.zip").namelist()) == ["a", "y/", "y/b"]
    assert shell("zip", f"{folder}/x/y", "other.zip").exit_code == 0
    assert zipfile.ZipFile("other.zip").read("b") == b"x/y/b"
    assert shell("zip", f"{folder}/lost").exit_code == 66
    result = shell("zip", f"{folder}/x", tmp_path / "no" / "x.zip")
    assert (result.exit_code, result.stderr.count("\n")) == (73, 1)
    assert [record for record in caplog.records if record.exc_info] == []
    assert {path.name for path in tmp_path.glob("*.zip*")} == {"x.zip", "other.zip"}


def test_zip_streams_to_standard_output(shell: Shell, put: Put, folder: str) -> None:
    """Nothing but the archive is printed."""
    put("x/a")
    result = shell("zip", f"{folder}/x", "-")
    assert (result.exit_code, result.stderr) == (0, "")
    assert zipfile.ZipFile(io.BytesIO(result.stdout_bytes)).read("a") == b"x/a"


def test_a_new_password_ends_logins_but_this_one(shell: Shell, tmp_path: Path) -> None:
    """Sessions of other machines end, their app passwords stay; a wrong password changes nothing."""
    register = shell("register", shell.url, "frida", "--password-stdin", stdin=PASSWORD)
    assert register.exit_code == 0
    here, there = Shell(tmp_path / "here", shell.url), Shell(tmp_path / "there", shell.url)
    here.login("frida")
    there.login("frida")
    arguments: tuple[Any, ...] = ("passwd", shell.url, "frida")
    wrong = here(*arguments, "--password-stdin", stdin="wrong horse\nnew password\n")
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (77, 1)
    assert here(*arguments, "--password-stdin", stdin=f"{PASSWORD}\nshort\n").exit_code == 64
    here.answers = []
    changed = here(*arguments, stdin=f"{PASSWORD}\nnew password\nnew password\n")
    assert changed.exit_code == 0
    assert (here("ls").exit_code, there("ls").exit_code) == (0, 0)
    assert there("sessions", "list").exit_code == 77
    assert (
        there("login", shell.url, "frida", "--password-stdin", stdin="new password").exit_code == 0
    )
    assert shell(*arguments, "--password-stdin", stdin=f"new password\n{PASSWORD}").exit_code == 0
    assert shell.json("users", "list", "frida")[0]["name"] == "frida"
