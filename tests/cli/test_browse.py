"""`tree`, `du`, `stat` and `cat`, against a running discord-cloud."""

from tests.cli.conftest import Put, Shell


def test_tree_draws_what_lies_below(shell: Shell, put: Put, folder: str) -> None:
    """Folders come first, and what they hold is indented; counts go to standard error."""
    put("b", "x/c", "x/y/d")
    result = shell("tree", folder)
    assert result.stdout.splitlines() == [
        folder,
        "├── x/",
        "│   ├── y/",
        "│   │   └── d",
        "│   └── c",
        "└── b",
    ]
    assert result.stderr == "2 folders, 3 files\n"


def test_tree_ends_at_a_depth(shell: Shell, put: Put, folder: str) -> None:
    """What lies deeper is neither shown nor counted."""
    put("b", "x/c")
    (x, b) = shell.json("tree", folder, "--depth", 1)
    assert (x["name"], x["entries"], b["name"], b["size"]) == ("x", [], "b", 1)


def test_du_adds_up(shell: Shell, put: Put, folder: str) -> None:
    """A folder counts everything below it, and stands behind what is in it."""
    put("b", "x/c", "x/y/dddd")
    sizes = {each["path"]: each["size"] for each in shell.json("du", folder, "--depth", 2)}
    assert list(sizes) == [f"{folder}/x/y", f"{folder}/x", folder]
    assert list(sizes.values()) == [len("x/y/dddd"), len("x/y/ddddx/c"), len("x/y/ddddx/cb")]
    assert shell("du", folder, "--depth", 0).stdout == f"     12 B  {folder}\n"


def test_stat_tells_what_is_known(shell: Shell, put: Put, folder: str) -> None:
    """Of a file and of a folder; of the root, too."""
    put("b", "x/c")
    file, below, root = shell.json("stat", f"{folder}/b", f"{folder}/x/", "/")
    assert (file["path"], file["kind"], file["size"]) == (f"{folder}/b", "file", 1)
    assert (file["ownership"], file["can"]) == ("owned", "rw")
    assert (below["kind"], below["size"], below["files"], below["folders"]) == ("folder", 3, 1, 0)
    assert (root["kind"], root["path"]) == ("folder", "/")
    lines = shell("stat", f"{folder}/b").stdout.splitlines()
    assert lines[0] == f"path:        {folder}/b"
    assert "size:        1 B (1 bytes)" in lines


def test_what_is_not_there_is_said(shell: Shell, folder: str) -> None:
    """In one line, with the exit code of a missing thing."""
    for command in ("tree", "du", "stat", "cat"):
        result = shell(command, f"{folder}/none")
        assert (result.exit_code, result.stdout) == (66, ""), command
        assert len(result.stderr.splitlines()) == 1


def test_cat_writes_files_one_after_the_other(shell: Shell, put: Put, folder: str) -> None:
    """Their bytes, and nothing else."""
    put("a", "x/c")
    result = shell("cat", f"{folder}/x/c", f"{folder}/a")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "x/ca", "")
