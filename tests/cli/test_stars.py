"""`star`, `unstar` and `starred`, against a running discord-cloud."""

from tests.cli.conftest import Put, Shell


def test_stars_are_set_listed_and_taken_back(shell: Shell, put: Put, folder: str) -> None:
    """Several at once; one that is not there fails alone. Folders have a slash, JSON has paths."""
    put("a", "b/c")
    result = shell("star", f"{folder}/a", f"{folder}/missing", f"{folder}/b")
    assert result.exit_code != 0
    assert f"{folder}/missing: there is no such file or folder" in result.stderr
    assert shell("starred").stdout.splitlines()[:2] == [f"{folder}/b/", f"{folder}/a"]
    (line,) = shell("starred", "--long").stdout.splitlines()[1:2]
    assert line.endswith(f"owned       {folder}/a")
    assert [each["kind"] for each in shell.json("starred")[:2]] == ["folder", "file"]
    shell("unstar", f"{folder}/b/", f"{folder}/a")
    assert f"{folder}/a" not in shell("starred").stdout.splitlines()
