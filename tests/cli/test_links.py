"""`link` and `links`, against a running discord-cloud."""

import base64
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from tests.cli.conftest import Shell


@pytest.fixture
def file(shell: Shell, tmp_path: Path, folder: str) -> str:
    """A file of the user."""
    source = tmp_path / "a b.txt"
    source.write_text("content")
    assert shell("put", source, f"{folder}/").exit_code == 0
    return f"{folder}/a b.txt"


def fetched(url: str, password: str | None = None) -> tuple[int, bytes]:
    """What somebody without an account gets."""
    request = urllib.request.Request(url)  # noqa: S310 - our manager
    if password is not None:
        credentials = base64.b64encode(f":{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
    try:
        with urllib.request.urlopen(request) as response:  # noqa: S310 - our manager
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, b""


def test_a_link_is_for_everybody(shell: Shell, bert: Shell, file: str, folder: str) -> None:
    """The address is the only output, and works without an account; it is for who may share."""
    result = shell("link", file)
    assert (result.exit_code, result.stderr) == (0, "")
    assert fetched(result.stdout.strip()) == (200, b"content")
    assert bert("link", file).exit_code == 77
    assert shell("link", f"{folder}/lost").exit_code == 66


def test_a_link_with_options(shell: Shell, file: str) -> None:
    """It has a password, a number of downloads, an end, and a note."""
    result = shell(
        "link",
        file,
        *("--password-stdin", "--downloads", "1", "--expires", "7d", "--label", "for Bob"),
        stdin="open sesame\n",
    )
    url = result.stdout.strip()
    assert fetched(url)[0] == 403
    assert fetched(url, "open sesame") == (200, b"content")
    assert fetched(url, "open sesame")[0] == 403
    [link] = shell.json("links", "list", file)
    assert (link["state"], link["label"], link["has_password"]) == ("used-up", "for Bob", True)
    assert (link["downloads"], link["max_downloads"], link["url"]) == (1, 1, url)
    line = shell("links", "list", file).stdout.split()
    assert line[:2] == [link["id"], "used-up"]
    assert line[-2:] == ["for", "Bob"]


def test_links_are_changed_and_revoked(shell: Shell, bert: Shell, file: str) -> None:
    """What is not given stays; a link that is gone is said to be."""
    made = shell.json("link", file, "--downloads", "5", "--label", "old")
    path = ("links", "change", made["id"])
    assert shell(*path, "--label", "new", "--expires", "never").exit_code == 0
    changed = shell.json(*path, "--downloads", "0")
    assert (changed["label"], changed["max_downloads"], changed["expires_at"]) == (
        "new",
        None,
        None,
    )
    shell(*path, "--password-stdin", stdin="secret")
    assert fetched(made["url"])[0] == 403
    shell(*path, "--no-password")
    assert fetched(made["url"])[0] == 200
    assert bert(*path, "--label", "x").exit_code == 66
    assert bert("links", "revoke", made["id"]).exit_code == 66
    result = shell("links", "revoke", made["id"])
    assert (result.exit_code, result.stderr) == (0, "revoked 1 link\n")
    assert fetched(made["url"])[0] == 403


def test_wrong_options_are_named(shell: Shell, file: str) -> None:
    """Before anything is made."""
    for options in (("--expires", "soon"), ("--downloads", "0"), ("--password",)):
        assert shell("link", file, *options).exit_code in {2, 64, 65}
    assert shell.json("links", "list", file) == []


def test_administrators_revoke_the_links_of_others(
    shell: Shell, bert: Shell, tmp_path: Path, folder: str
) -> None:
    """They do not get the addresses; others get nothing. The app password of their login would not do."""
    shell.login("alice")
    (tmp_path / "b").write_text("b")
    assert bert("put", tmp_path / "b", f"{folder}/").exit_code == 0
    made = bert.json("link", f"{folder}/b")
    listed = {link["id"]: link for link in shell.json("links", "list", "--user", "bert")}
    assert listed[made["id"]]["url"] is None
    assert bert("links", "list", "--user", "alice").exit_code == 77
    assert shell("links", "revoke", made["id"]).exit_code == 66
    assert shell("links", "revoke", made["id"], "--any-user").exit_code == 0
    assert fetched(made["url"])[0] == 403


def test_a_link_to_a_folder(shell: Shell, bert: Shell, file: str, folder: str) -> None:
    """Gives all of it as an archive, and is listed with the others; options of files are refused."""
    made = shell.json("link", folder, "--label", "all", "--expires", "1d")
    status, archive = fetched(made["url"])
    assert (status, archive[:2]) == (200, b"PK")
    assert (made["path"], made["for_uploads"], made["label"]) == (folder, False, "all")
    link = shell.json("link", file)
    assert [each["id"] for each in shell.json("links", "list", folder)] == [made["id"]]
    listed = [each["id"] for each in shell.json("links", "list")]
    assert listed.index(link["id"]) < listed.index(made["id"])
    assert shell("link", folder, "--downloads", "3").exit_code == 66
    changed = shell.json("links", "change", made["id"], "--label", "new")
    assert changed["label"] == "new"
    assert bert("links", "revoke", made["id"]).exit_code == 66
    assert shell("links", "revoke", made["id"]).exit_code == 0
    assert fetched(made["url"])[0] == 403


def test_a_link_for_uploads(shell: Shell, folder: str, file: str) -> None:
    """Shows nothing, and says what it takes; its limits are changed."""
    limits = ("--max-files", "3", "--max-size", "1M", "--max-total", "2M")
    made = shell.json("link", folder, "--upload", *limits)
    status, told = fetched(made["url"])
    assert status == 200
    assert b'"remaining_files":3,"remaining_size":2097152' in told
    assert (made["for_uploads"], made["max_file_size"]) == (True, 2**20)
    changed = shell.json("links", "change", made["id"], "--max-files", "0", "--max-size", "none")
    assert (changed["max_files"], changed["max_file_size"]) == (None, None)
    assert "0/-" in shell("links", "list", folder).stdout
    assert shell("link", folder, "--max-files", "3").exit_code == 64
    assert shell("link", folder, "--upload", "--follow").exit_code == 64
    assert shell("link", f"{folder}/none", "--upload").exit_code == 66
