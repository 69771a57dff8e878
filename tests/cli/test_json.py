"""The documents that `--json` prints have one style."""

import re
from collections.abc import Iterator
from pathlib import Path

from tests.cli.conftest import Shell

KEY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def facts(data: object) -> Iterator[tuple[str, object]]:
    """Every key of a document with its value."""
    if isinstance(data, list):
        for each in data:
            yield from facts(each)
    elif isinstance(data, dict):
        for key, value in data.items():
            yield key, value
            yield from facts(value)


def test_keys_and_times_are_written_alike(shell: Shell, tmp_path: Path, folder: str) -> None:
    """Keys are snake_case, times ISO 8601 in UTC, whichever command prints them."""
    source = tmp_path / "a"
    source.write_text("x")
    shell("keys", "create", "styled")
    shell("keys", "revoke", "styled")
    shell("put", source, f"{folder}/shared/")
    shell("share", "add", f"{folder}/shared/a", "bert")
    documents = [
        shell.json("mkdir", f"{folder}/made"),
        shell.json("put", source, f"{folder}/"),
        shell.json("get", f"{folder}/a", tmp_path / "b"),
        shell.json("ls", folder),
        shell.json("mv", f"{folder}/a", f"{folder}/c"),
        shell.json("share", "link", f"{folder}/c"),
        shell.json("share", "list", f"{folder}/shared/a"),
        shell.json("rm", f"{folder}/c", f"{folder}/missing"),
        shell.json("gc"),
        shell.json("users", "list"),
        shell.json("keys", "list"),
        shell.json("process", "--failed"),
        shell.json("status"),
    ]
    found = list(facts(documents))
    assert {key for key, _ in found if not KEY.fullmatch(key)} == set()
    times = [value for key, value in found if key.endswith("_at") or key == "since"]
    assert {
        str(time) for time in times if time is not None and not TIME.fullmatch(str(time))
    } == set()
    assert sum(time is not None for time in times) > 5
