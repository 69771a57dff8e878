"""What somebody reads who gets an argument wrong."""

from pathlib import Path

import pytest

from tests.cli.conftest import Shell


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["put", "photo.jpg"], "Missing argument 'dest'. Remote folder to put them in"),
        (["put", "-j", "3", "photo.jpg"], "Missing argument 'dest'. Remote folder"),
        (["put", "--json"], "Missing argument 'sources'."),
        (["get", "/photo.jpg"], "Missing argument 'local'. Folder to put them in"),
        (["mv", "/photo.jpg"], "Missing argument 'dest'. Folder to move them to"),
        (["share", "add", "/photo.jpg"], "Missing argument 'user'."),
    ],
)
def test_a_missing_argument_is_the_one_that_is_named(shell: Shell, arguments, words) -> None:
    """Where things go is missing, not the things, when there is one argument."""
    result = shell(*arguments)
    assert result.exit_code == 2
    assert f"Error: {words}" in result.stderr


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("docs", "docs: a path must begin with /"),
        ("", "'': a path must begin with /"),
        ("/a//b/", "/a//b/: a path must consist of names, none of which may be empty"),
        ("/a//b", "/a//: a path must consist of names, none of which may be empty"),
        ("/a./b/", "/a./b/: a path must consist of names, none of which may end with a dot"),
        ("/a/b.", "b.: the name must not end with a dot"),
        ("/a/ b", "' b': the name must not begin with a blank"),
        ("/a\\b/", "/a\\b/: a path must consist of names, none of which may contain a backslash"),
        ("/1/2/3/4/5/6/7/8/9/10/11/", "a path must have at most 10 names, and has 11"),
        ("/" + "x" * 128, "the name must not have more than 127 characters"),
    ],
)
def test_the_rule_is_named_that_a_path_breaks(shell: Shell, tmp_path: Path, path, problem) -> None:
    """Nothing is sent, and nothing has to be guessed."""
    (tmp_path / "file").write_text("x")
    result = shell("put", tmp_path / "file", path)
    assert result.exit_code == 64
    assert result.stderr.endswith(f"{problem}\n")


@pytest.mark.parametrize(
    ("arguments", "code", "line"),
    [
        (["mkdir", "x"], 64, "x: a path must begin with /"),
        (["mv", "/missing", "/x"], 66, "/missing: there is no such file or folder"),
        (["rm", "/missing"], 66, "/missing: there is no such file or folder"),
        (["get", "/missing", "."], 66, "/missing: there is no such file or folder"),
        (["ls", "/missing"], 66, "discord-cloud: /missing: there is no such file or folder"),
        (["get", "/missing", "-"], 66, "discord-cloud: /missing: there is no such file"),
        (["zip", "/missing"], 66, "discord-cloud: /missing: there is no such folder"),
        (["zip", "/missing", "-"], 66, "discord-cloud: /missing: there is no such folder"),
        (["share", "list", "/missing"], 66, "discord-cloud: /missing: there is no such file"),
        (["users", "list", "nobodyatall"], 0, "no user's name has that in it"),
        (
            ["users", "remove", "bert", "--yes", "--delete-files", "--give-files-to", "berta"],
            64,
            "discord-cloud: say what becomes of the files: --give-files-to or --delete-files, not both",
        ),
    ],
)
def test_what_is_wrong_is_one_line(shell: Shell, arguments, code, line) -> None:
    """It names what it is about once, and says what is the matter."""
    result = shell(*arguments)
    assert (result.exit_code, result.stderr) == (code, f"{line}\n")


def test_an_archive_is_of_a_folder(shell: Shell, tmp_path: Path, folder: str) -> None:
    """A file is there, and is no folder: both are said."""
    (tmp_path / "file").write_text("x")
    shell("put", tmp_path / "file", f"{folder}/")
    result = shell("zip", f"{folder}/file")
    assert result.exit_code == 64
    assert result.stderr == (
        f"discord-cloud: {folder}/file is a file: fetch it with `discord-cloud get`\n"
    )
