"""Lines, JSON and exit codes: what scripts and people read of any command."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from cli import errors as cli_errors
from cli.errors import EXIT_CODES, INTERRUPTED, PARTIAL, exit_code, explain, reported
from cli.main import app
from cli.output import TextOutput, human_duration, print_json, print_line
from client_sdk import CloudError, SyncClient
from client_sdk import errors as sdk_errors
from tests.cli.conftest import Cloud, Shell

PAGE = Path(__file__).parents[2] / "docs" / "cli.md"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (59.5, "1 min"),
        (3541, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (90_000, "1 d 1 h"),
        (1e9, "over 99 d"),
    ],
)
def test_times_are_short(seconds: float, text: str) -> None:
    """Two units at most, rounded up."""
    assert human_duration(seconds) == text


def test_lines_are_printed_as_they_are() -> None:
    """File names are neither markup nor wrapped, and one that is no text does not crash."""
    stream = io.StringIO()
    console = TextOutput(stream)
    print_line(console, "[red]name[/red] :smile: " + "x" * 50)
    print_line(console, "broken \udcff name")
    assert stream.getvalue() == "[red]name[/red] :smile: " + "x" * 50 + "\nbroken \\udcff name\n"


def test_names_do_not_control_the_terminal() -> None:
    """C0, DEL and C1 are written with escapes, so that every name stays on its line."""
    stream = io.StringIO()
    print_line(TextOutput(stream), "a\x1b[31m\x07\n\r\tb\x7f\x9b é")
    assert stream.getvalue() == "a\\x1b[31m\\x07\\x0a\\x0d\\x09b\\x7f\\x9b é\n"


def test_json_holds_every_name() -> None:
    """A name that is no text does not spoil the document; all others come back as they are."""
    stream = io.StringIO()
    data = {"files": [{"a\udcff": "b\udcff", "c": "\x1b\n\x9b", "size": 1}], "failed": ()}
    print_json(TextOutput(stream), data)
    assert json.loads(stream.getvalue()) == {
        "files": [{"a\\udcff": "b\\udcff", "c": "\x1b\n\x9b", "size": 1}],
        "failed": [],
    }


def every_error() -> list[type[CloudError]]:
    """All error classes of the SDK and the commands."""
    found = [*vars(sdk_errors).values(), *vars(cli_errors).values()]
    return [e for e in found if isinstance(e, type) and issubclass(e, CloudError)]


def test_every_error_has_a_code_of_its_own() -> None:
    """Codes are stable names for programs: no two classes share one."""
    codes = {kind: kind.code for kind in every_error()}
    assert len(set(codes.values())) == len(codes)


def test_errors_are_one_line_with_what_to_do() -> None:
    """Line breaks of a peer do not break the line."""
    assert explain(sdk_errors.NotLoggedIn("you are\nnot logged in")) == (
        "you are not logged in: log in with `discord-cloud login URL USER`"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (sdk_errors.Rejected("no"), 65),
        (sdk_errors.Rejected("not now", "catalog-unavailable", may_pass=True), 75),
        (sdk_errors.Unavailable(None, "not now", 0.0), 75),
        (sdk_errors.ServerFailed(500, "no"), 75),
        (CloudError("no"), 70),
        (KeyboardInterrupt(), INTERRUPTED),
    ],
)
def test_errors_end_a_command_with_their_exit_code(error: BaseException, code: int) -> None:
    """An error of a class without its own line has that of its base."""
    console = TextOutput(io.StringIO())
    with pytest.raises(typer.Exit) as caught, reported(console):
        raise error
    assert caught.value.exit_code == code


def test_the_page_lists_every_exit_code() -> None:
    """docs/cli.md and the table agree."""
    documented = {int(code) for code in re.findall(r"^\| (\d+) \|", PAGE.read_text(), re.MULTILINE)}
    assert documented >= {0, PARTIAL, INTERRUPTED, *EXIT_CODES.values()}
    assert exit_code(CloudError("x")) == 70


def test_the_page_describes_every_client_command_and_option() -> None:
    """What a command can do is in docs/cli.md."""
    page = PAGE.read_text()
    command = typer.main.get_command(app)
    names = "register login logout passwd put get zip ls status mv rm mkdir"
    commands = {name: command.commands[name] for name in names.split()}  # type: ignore[attr-defined]
    for group in ("share", "users"):
        inner = command.commands[group].commands  # type: ignore[attr-defined]
        commands |= {f"{group} {name}": found for name, found in inner.items()}
    for name, found in commands.items():
        assert f"discord-cloud {name}" in page
        options = [o for p in found.params if p.param_type_name == "option" for o in p.opts]
        assert [o for o in options if o.startswith("--") and o not in page] == []


def test_the_page_shows_the_json_of_every_command() -> None:
    """Each client command with `--json` has a row in the table of docs/cli.md."""
    rows = " ".join(re.findall(r"^\| (`[^|]*) \|", PAGE.read_text(), re.MULTILINE))
    assert [name for name in json_commands(typer.main.get_command(app)) if name not in rows] == []


def json_commands(command: Any, path: str = "") -> list[str]:
    """The full names of all commands that have `--json`."""
    inner = getattr(command, "commands", {})
    if not inner:
        has_json = any("--json" in param.opts for param in command.params)
        return [f"`{path.strip()}"] if has_json else []
    return [name for key in inner for name in json_commands(inner[key], f"{path} {key}")]


def test_it_runs_as_a_module() -> None:
    """`python -m cli` is the command, too."""
    result = subprocess.run(
        [sys.executable, "-m", "cli", "--version"], stdout=subprocess.PIPE, text=True, check=True
    )
    assert result.stdout.startswith("discord-cloud ")


def environment_of(cloud: Cloud) -> dict[str, str]:
    """The environment of a user who is logged in."""
    login = {"DISCORD_CLOUD_URL": cloud.url, "DISCORD_CLOUD_TOKEN": cloud.tokens["alice"]}
    return {**os.environ, **login}


@pytest.mark.parametrize(
    ("redirection", "code", "errors"),
    [
        (">/dev/full", 73, "discord-cloud: standard output: No space left on device\n"),
        (">/dev/full 2>/dev/full", 73, ""),
        (">&-", 0, ""),
        ("<&-", 0, ""),
        ("<&- >&- 2>&-", 0, ""),
    ],
)
def test_output_that_cannot_be_written(cloud: Cloud, redirection, code, errors) -> None:
    """It is one line and an exit code of its own; streams that are closed do no harm."""
    result = subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", f'"$0" -m cli ls / --json {redirection}', sys.executable],
        stderr=subprocess.PIPE,
        env=environment_of(cloud),
        text=True,
        check=False,
    )
    assert (result.returncode, result.stderr) == (code, errors)


def unread(environment: dict[str, str], *arguments: str) -> tuple[int, bytes]:
    """Run a command whose output nobody reads; its exit code, and what it says of that."""
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb") as pipe:
        result = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-m", "cli", *arguments],
            stdout=pipe,
            stderr=subprocess.PIPE,
            env=environment,
            check=False,
        )
    return result.returncode, result.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["ls", "/", "--json"],
        ["status"],
        ["get", "/unread.txt", "-"],
        ["zip", "/", "-"],
        ["--version"],
        ["--help"],
        ["put", "--help"],
    ],
)
def test_output_that_nobody_reads(cloud: Cloud, arguments: list[str]) -> None:
    """Every command ends without a word then, as programs in a pipe do, with SIGPIPE's exit code."""
    with SyncClient(cloud.url, cloud.tokens["alice"]) as client:
        client.upload(bytes(1_000_000), "/unread.txt", on_conflict="skip")
    assert unread(environment_of(cloud), *arguments) == (141, b"")


def test_an_export_that_nobody_reads(tmp_path: Path) -> None:
    """Neither is it called an error that a catalog was not written to its end."""
    environment = {**os.environ, "DATABASE_PATH": str(tmp_path / "catalog.sqlite3")}
    subprocess.run(
        [sys.executable, "-m", "cli", "migrate", "--apply", "--json"],
        stdout=subprocess.DEVNULL,
        env=environment,
        check=True,
    )
    assert unread(environment, "export", "-") == (141, b"")


def test_help_on_a_full_disk() -> None:
    """It is one line and the exit code of all output that cannot be written."""
    with Path("/dev/full").open("wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "cli", "--help"],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    told = b"discord-cloud: standard output: No space left on device\n"
    assert (result.returncode, result.stderr) == (73, told)


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
        shell.json("link", f"{folder}/c"),
        shell.json("links", "list", f"{folder}/c"),
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
