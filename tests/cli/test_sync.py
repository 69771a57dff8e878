"""`sync` and `copy`, against a running discord-cloud."""

import os
from pathlib import Path

import pytest

from tests.cli.conftest import Put, Shell


@pytest.fixture
def local(tmp_path: Path) -> Path:
    """A local folder with some files."""
    root = tmp_path / "photos"
    for name in ("a.jpg", "raw/b.dng", "raw/c.jpg"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "empty").mkdir()
    return root


def plan(shell: Shell, *arguments: object) -> list[str]:
    """What a dry run says."""
    return shell(*arguments, "--dry-run").stdout.splitlines()


def test_a_folder_is_copied_once(shell: Shell, local: Path, folder: str) -> None:
    """What is there already is not transferred again, and what was changed is; nothing is deleted."""
    remote = f"cloud:{folder}"
    assert plan(shell, "copy", local, remote) == ["+ a.jpg", "+ raw/b.dng", "+ raw/c.jpg"]
    done = shell.json("copy", local, remote)
    assert (len(done["files"]), done["same"], done["deleted"]) == (3, 0, [])
    assert shell.json("copy", local, remote)["same"] == 3
    (local / "a.jpg").write_text("other one")
    (local / "raw/c.jpg").unlink()
    assert plan(shell, "sync", local, remote, "--delete") == ["~ a.jpg", "- raw/c.jpg"]
    result = shell("copy", local, remote)
    assert result.stderr == "transferred 1 file, 9 B; the same before: 1 file\n"
    assert shell("cat", f"{folder}/a.jpg", f"{folder}/raw/c.jpg").stdout == "other oneraw/c.jpg"
    assert shell.json("stat", f"{folder}/empty")[0]["kind"] == "folder"


def test_a_folder_comes_back_as_it_was(
    shell: Shell, local: Path, folder: str, tmp_path: Path
) -> None:
    """With its empty folders; what only the target has goes if wanted."""
    remote, back = f"cloud:{folder}", tmp_path / "back"
    shell("copy", local, remote)
    (back / "old").mkdir(parents=True)
    (back / "old/file").write_text("old")
    assert shell("sync", remote, back).exit_code == 0
    assert (back / "old/file").exists()
    done = shell.json("sync", remote, back, "--delete")
    assert (done["files"], done["same"]) == ([], 3)
    assert done["deleted"] == ["old/file", "old/"]
    assert sorted(str(path.relative_to(back)) for path in back.rglob("*")) == sorted(
        str(path.relative_to(local)) for path in local.rglob("*")
    )


def test_remote_files_are_deleted_only_if_asked(
    shell: Shell, local: Path, put: Put, folder: str
) -> None:
    """With the folders that are empty then; what is excluded stays, on either side."""
    put("old/x", "old/keep.txt", "gone/y")
    done = shell.json("sync", local, f"cloud:{folder}", "--delete", "--exclude", "*.txt")
    assert sorted(done["deleted"]) == ["gone/", "gone/y", "old/x"]
    assert [each["name"] for each in shell.json("ls", f"{folder}/old")] == ["keep.txt"]


@pytest.mark.parametrize(
    ("options", "planned"),
    [
        (["--include", "*.jpg"], ["+ a.jpg", "+ raw/c.jpg"]),
        (["--exclude", "raw/"], ["+ a.jpg"]),
        (["--include", "*.jpg", "--exclude", "/a.*"], ["+ raw/c.jpg"]),
    ],
)
def test_patterns_select_files(
    shell: Shell, local: Path, folder: str, options: list[str], planned: list[str]
) -> None:
    """As in `.gitignore`."""
    assert plan(shell, "copy", local, f"cloud:{folder}", *options) == planned


def test_content_is_compared_if_asked(shell: Shell, local: Path, folder: str) -> None:
    """Same size, other content: seen by its time or its checksum, not by its size."""
    remote = f"cloud:{folder}"
    shell("copy", local, remote)
    times = (local / "a.jpg").stat()
    (local / "a.jpg").write_text("A.jpg")
    os.utime(local / "a.jpg", ns=(times.st_atime_ns, times.st_mtime_ns))
    assert plan(shell, "copy", local, remote) == []
    assert plan(shell, "copy", local, remote, "--checksum") == ["~ a.jpg"]
    os.utime(local / "raw/c.jpg", (4_000_000_000, 4_000_000_000))
    assert plan(shell, "copy", local, remote) == ["~ raw/c.jpg"]
    assert plan(shell, "copy", local, remote, "--size-only") == []


def test_modification_times_go_up_and_down(shell: Shell, local: Path, folder: str, tmp_path: Path):
    """Of large, small and empty files: a folder comes back with those that it had, and is the same then."""
    remote, back = f"cloud:{folder}", tmp_path / "back"
    (local / "none").touch()
    (local / "large").write_bytes(b"x" * 3_000_000)
    times = {"a.jpg": 1_234_567_890.125, "none": -86_400.0, "large": 1e9, "raw/b.dng": 2e9}
    for name, seconds in times.items():
        os.utime(local / name, (seconds, seconds))
    shell("copy", local, remote)
    assert shell.json("stat", f"{folder}/none")[0]["modified_at"] == "1969-12-31T00:00:00.000Z"
    assert "2009-02-13 23:31:30" in shell("ls", "-l", f"{folder}/a.jpg").stdout
    shell("get", f"{folder}/large", tmp_path / "alone")
    assert (tmp_path / "alone").stat().st_mtime == 1e9
    shell("copy", remote, back)
    for name, seconds in times.items():
        assert (back / name).stat().st_mtime == seconds, name
    for source, target in ((local, remote), (remote, local), (remote, back), (back, remote)):
        assert plan(shell, "copy", source, target) == []


def test_an_older_file_replaces_a_newer_one(shell: Shell, local: Path, folder: str):
    """What counts is that the times differ, by more than the window, and not which one is later."""
    remote = f"cloud:{folder}"
    shell("copy", local, remote)
    (local / "a.jpg").write_text("A.jpg")
    os.utime(local / "a.jpg", (1e9, 1e9))
    assert plan(shell, "copy", local, remote) == ["~ a.jpg"]
    shell("copy", local, remote)
    assert shell("cat", f"{folder}/a.jpg").stdout == "A.jpg"
    os.utime(local / "a.jpg", (1e9 + 1.5, 1e9 + 1.5))
    assert plan(shell, "copy", local, remote) == ["~ a.jpg"]
    assert plan(shell, "copy", local, remote, "--modify-window", "2") == []


def test_a_rate_is_a_number_of_bytes(shell: Shell, local: Path, folder: str, tmp_path: Path):
    """Of each command that transfers; anything else is told before it connects."""
    commands = [("copy", local, f"cloud:{folder}"), ("sync", f"cloud:{folder}", tmp_path / "back")]
    commands += [("put", local, folder), ("get", f"{folder}/a.jpg", tmp_path / "a.jpg")]
    for command in commands:
        wrong = shell(*command, "--limit-rate", "fast")
        assert (wrong.exit_code, "--limit-rate takes" in wrong.stderr) == (64, True), command
        assert shell(*command, "--limit-rate", "100M").exit_code == 0, command


def test_nothing_is_deleted_after_a_failure(
    shell: Shell, local: Path, put: Put, folder: str
) -> None:
    """What cannot be read may be what the target has."""
    put("old")
    (local / "loop").symlink_to(local)
    result = shell("sync", local, f"cloud:{folder}", "--delete")
    assert result.exit_code == 1
    assert "nothing was deleted" in result.stderr
    assert shell("cat", f"{folder}/old").stdout == "old"


@pytest.mark.parametrize(
    ("source", "target", "code"),
    [
        ("a", "b", 64),
        ("cloud:/a", "cloud:/b", 64),
        ("cloud:a", "b", 64),
        ("cloud:/none", "b", 66),
        ("none", "cloud:/b", 66),
    ],
)
def test_wrong_sides_are_told(shell: Shell, source: str, target: str, code: int) -> None:
    """In one line, before anything is changed."""
    result = shell("sync", source, target)
    assert (result.exit_code, len(result.stderr.splitlines())) == (code, 1)
