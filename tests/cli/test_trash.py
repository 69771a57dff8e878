"""`trash` and `versions`, against a running discord-cloud."""

from pathlib import Path

from tests.cli.conftest import Shell


def test_what_was_deleted_is_restored(shell: Shell, tmp_path: Path, folder: str) -> None:
    """By path or by id; what is not in the trash is said to be missing, and the rest is restored."""
    (tmp_path / "a.txt").write_text("content")
    assert shell("put", tmp_path / "a.txt", f"{folder}/sub/").exit_code == 0
    assert shell("rm", "-rf", f"{folder}/sub").exit_code == 0
    found = {item["path"]: item for item in shell.json("trash", "list")}
    item = found[f"{folder}/sub"]
    assert (item["kind"], item["size"], item["files"]) == ("folder", 7, 1)
    result = shell("trash", "list")
    assert [line.split()[0] for line in result.stdout.splitlines() if f"{folder}/sub/" in line] == [
        item["id"]
    ]
    result = shell("trash", "restore", f"{folder}/sub", f"{folder}/lost")
    assert result.exit_code != 0
    assert result.stdout == f"{folder}/sub\n"
    assert f"{folder}/lost: this is not in your trash" in result.stderr
    assert shell("cat", f"{folder}/sub/a.txt").stdout == "content"
    shell("rm", "-f", f"{folder}/sub/a.txt")
    [deleted] = [each for each in shell.json("trash", "list") if each["path"].startswith(folder)]
    assert shell("trash", "delete", deleted["id"]).exit_code == 0
    assert [each for each in shell.json("trash", "list") if each["path"].startswith(folder)] == []


def test_the_trash_is_emptied(bert: Shell, tmp_path: Path, folder: str) -> None:
    """Of all that the user has deleted."""
    (tmp_path / "b.txt").write_text("content")
    path = f"{folder}/b.txt"
    assert bert("put", tmp_path / "b.txt", f"{folder}/").exit_code == 0
    assert bert("rm", "-f", path).exit_code == 0
    assert path in [item["path"] for item in bert.json("trash", "list")]
    assert bert("trash", "empty").exit_code == 0
    assert bert.json("trash", "list") == []


def test_earlier_contents_are_listed_fetched_and_restored(
    shell: Shell, tmp_path: Path, folder: str
) -> None:
    """After a file was overwritten; of what it has then, too."""
    source, path = tmp_path / "c.txt", f"{folder}/c.txt"
    assert shell("mkdir", folder).exit_code == 0
    for content in ("one", "three"):
        source.write_text(content)
        assert shell("put", source, path, "--on-conflict", "overwrite").exit_code == 0
    [version] = shell.json("versions", "list", path)
    assert version["size"] == 3
    assert shell("versions", "list", path).stdout.split()[0] == str(version["id"])
    target = tmp_path / "old.txt"
    assert shell("versions", "get", path, version["id"], target).exit_code == 0
    assert target.read_text() == "one"
    assert shell("versions", "restore", path, version["id"]).exit_code == 0
    assert shell("cat", path).stdout == "one"
    [replaced] = shell.json("versions", "list", path)
    assert replaced["size"] == 5
    assert shell("versions", "delete", path, replaced["id"]).exit_code == 0
    assert shell.json("versions", "list", path) == []
    assert shell("versions", "restore", path, "999").exit_code == 66
