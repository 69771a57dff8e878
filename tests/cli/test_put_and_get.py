"""`put`, `get`, `ls` and `status`, against a running discord-cloud."""

import asyncio
import io
import json
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cli.commands.put import kept_line
from cli.output import TextOutput
from client_sdk import Client, ManagerStatus, MessageStatus
from client_sdk.errors import Unreachable
from client_sdk.sinks import draft_path
from protocol.values import CHUNK_SIZE
from tests.cli.conftest import Shell
from tests.client_sdk.conftest import ScriptedManager, manager

__all__ = ["manager"]


@pytest.fixture
def holiday(tmp_path: Path) -> Path:
    """A folder with files of several sizes."""
    root = tmp_path / "holiday"
    (root / "day 1").mkdir(parents=True)
    (root / "empty").mkdir()
    (root / "day 1" / "video.bin").write_bytes(os.urandom(CHUNK_SIZE + 1))
    (root / "note.txt").write_text("hello")
    (root / "zero").touch()
    return root


def contents(root: Path) -> dict[str, bytes | None]:
    """Everything in a folder; None for folders."""
    return {
        str(path.relative_to(root)): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


def test_folders_and_files_go_in_and_come_back(shell: Shell, holiday, tmp_path, folder) -> None:
    """`put holiday/ big /folder` makes /folder/holiday/… and /folder/big; `get` brings them back."""
    big = tmp_path / "big.iso"
    big.write_bytes(os.urandom(2000))
    result = shell("put", f"{holiday}/", big, folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith(f"stored 4 files in {folder}: 10 MiB in ")
    result = shell("get", f"{folder}/holiday", f"{folder}/big.iso", tmp_path / "back")
    assert (result.exit_code, result.stdout) == (0, "")
    assert contents(tmp_path / "back" / "holiday") == contents(holiday)
    assert (tmp_path / "back" / "big.iso").read_bytes() == big.read_bytes()


def test_ls_lists_folders_then_files(shell: Shell, holiday, folder) -> None:
    """Short, long and as JSON; a file by its path; a missing one is an error."""
    shell("put", holiday, folder)
    inside = f"{folder}/holiday"
    assert shell("ls", inside).stdout == "day 1/\nempty/\nnote.txt\nzero\n"
    lines = shell("ls", "-l", inside).stdout.splitlines()
    assert lines[0].split() == ["-", "day", "1/"]
    assert lines[2].split()[:2] == ["5", "B"]
    assert lines[2].endswith("  owned       note.txt")
    note = next(entry for entry in shell.json("ls", inside) if entry["name"] == "note.txt")
    assert (note["kind"], note["size"], note["type"]) == ("file", 5, "text/plain")
    assert shell("ls", f"{inside}/note.txt").stdout == "note.txt\n"
    assert shell("ls", f"{inside}/missing").exit_code == 66
    assert shell("ls", f"{inside}/missing/").exit_code == 66
    assert shell("ls", "no-slash").exit_code == 64


@pytest.mark.parametrize(
    ("option", "outcome", "names"),
    [
        (None, "renamed", ["a (1).txt", "a.txt"]),
        ("rename", "renamed", ["a (1).txt", "a.txt"]),
        ("overwrite", "stored", ["a.txt"]),
        ("skip", "skipped", ["a.txt"]),
    ],
)
def test_conflicts_are_settled_as_told(shell, tmp_path, folder, option, outcome, names) -> None:
    """Without a terminal nobody is asked; a taken name is kept, unless told otherwise."""
    source = tmp_path / "a.txt"
    source.write_text("old")
    shell("put", source, f"{folder}/")
    source.write_text("new and longer")
    chosen = () if option is None else ("--on-conflict", option)
    data = shell.json("put", source, f"{folder}/", *chosen)
    assert [file["outcome"] for file in data["files"]] == [outcome]
    assert [entry["name"] for entry in shell.json("ls", folder)] == names
    shell("get", f"{folder}/a.txt", tmp_path / "back")
    expected = "new and longer" if option == "overwrite" else "old"
    assert (tmp_path / "back").read_text() == expected


def test_put_gives_one_file_the_name_that_is_asked_for(
    shell: Shell, tmp_path: Path, folder
) -> None:
    """As `cp`: a new name in a folder that exists is the file's, a folder takes it in."""
    source = tmp_path / "x"
    source.write_text("new")
    shell("mkdir", folder)
    result = shell("put", source, f"{folder}/new.txt")
    assert result.stderr.startswith(f"stored {folder}/new.txt: 3 B in ")
    assert shell("put", source, folder).stderr.startswith(f"stored {folder}/x: 3 B in ")
    assert shell("put", source, f"{folder}/made/").stderr.startswith(f"stored {folder}/made/x: ")
    assert shell("ls", folder).stdout == "made/\nnew.txt\nx\n"
    result = shell("put", source, f"{folder}/missing/new.txt")
    assert result.exit_code == 66
    assert (
        f"there is no folder {folder}/missing; make it with `discord-cloud mkdir`" in result.stderr
    )


@pytest.mark.parametrize(
    ("option", "names", "content"),
    [
        ("rename", ["a (1).txt", "a.txt"], "old"),
        ("overwrite", ["a.txt"], "new"),
        ("skip", ["a.txt"], "old"),
    ],
)
def test_put_onto_a_file_is_a_taken_name(shell, tmp_path, folder, option, names, content) -> None:
    """The path of a file means that file, and the usual question; no folder is made beside it."""
    (tmp_path / "a.txt").write_text("old")
    shell("put", tmp_path / "a.txt", f"{folder}/")
    (tmp_path / "b.txt").write_text("new")
    result = shell("put", tmp_path / "b.txt", f"{folder}/a.txt", "--on-conflict", option)
    assert result.exit_code == 0
    assert [entry["name"] for entry in shell.json("ls", folder)] == names
    shell("get", f"{folder}/a.txt", tmp_path / "back")
    assert (tmp_path / "back").read_text() == content


def test_put_into_a_file_is_an_error(shell: Shell, holiday, tmp_path, folder) -> None:
    """Several sources, a folder and a slash at the end need a folder; the file is named."""
    (tmp_path / "a").write_text("old")
    shell("put", tmp_path / "a", f"{folder}/")
    path = f"{folder}/a"
    for sources, target in (
        ((tmp_path / "a", tmp_path / "a"), path),
        ((holiday,), path),
        ((tmp_path / "a",), f"{path}/"),
    ):
        result = shell("put", *sources, target)
        assert result.exit_code == 64
        assert f"{path} is a file: " in result.stderr
    result = shell("put", tmp_path / "a", f"{path}/below/")
    assert result.exit_code == 75
    assert f"{path} is a file, so that no folder can have this name" in result.stderr
    assert shell("mkdir", "-p", f"{path}/below").exit_code == 65
    assert shell("ls", folder).stdout == "a\n"


def test_the_file_of_a_path_is_the_only_thing_there(shell: Shell, tmp_path: Path, folder) -> None:
    """Whatever was tried beside it, `get` brings it, and `rm` removes it and nothing else."""
    (tmp_path / "a.txt").write_text("old")
    shell("mkdir", folder)
    shell("put", tmp_path / "a.txt", f"{folder}/renamed.iso")
    (tmp_path / "a.txt").write_text("new")
    shell("put", tmp_path / "a.txt", f"{folder}/renamed.iso", "--on-conflict", "overwrite")
    assert shell("mkdir", f"{folder}/renamed.iso").exit_code == 65
    assert shell("get", folder, tmp_path / "back").exit_code == 0
    assert contents(tmp_path / "back" / folder[1:]) == {"renamed.iso": b"new"}
    assert shell("rm", "-rf", f"{folder}/renamed.iso").exit_code == 0
    assert shell("ls", folder).stdout == ""


def test_a_folder_is_asked_about_without_overwriting(shell: Shell, tmp_path: Path, folder) -> None:
    """What cannot be is not offered, and no answer."""
    (tmp_path / "d").write_text("x")
    shell("mkdir", "-p", f"{folder}/d")
    shell.answers = ["oo\n", "o\n", "r\n"]
    result = shell("put", tmp_path / "d", f"{folder}/")
    assert result.exit_code == 0
    assert result.stderr.count(f"{folder}/d is a folder: [r]ename the file, [s]kip it?") == 3
    assert shell("ls", folder).stdout == "d/\nd (1)\n"
    refused = shell("put", tmp_path / "d", f"{folder}/", "--on-conflict=overwrite")
    assert (refused.exit_code, f"{folder}/d is a folder" in refused.stderr) == (75, True)


def test_on_a_terminal_somebody_is_asked(shell: Shell, tmp_path: Path, folder) -> None:
    """A question is put until it is answered; a doubled letter answers all of them."""
    sources = [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]
    for source in sources:
        source.write_text("x")
    shell("put", *sources, folder)
    shell.answers = ["what?\n", "\n", "ss\n"]
    result = shell("put", *sources, folder)
    assert result.exit_code == 0
    assert result.stderr.count("exists: [o]verwrite, [r]ename, [s]kip?") == 3
    assert f"stored 0 files in {folder}: 0 B in " in result.stderr
    assert result.stderr.endswith(", 3 skipped\n")
    assert shell("ls", folder).stdout == "a.txt\nb.txt\nc.txt\n"


def test_asking_needs_a_terminal(shell: Shell, tmp_path: Path, folder) -> None:
    """`--on-conflict ask` in a script is an error before anything is sent."""
    (tmp_path / "a").write_text("x")
    result = shell("put", tmp_path / "a", folder, "--on-conflict", "ask")
    assert result.exit_code == 64
    assert "--on-conflict overwrite|rename|skip" in result.stderr


def test_what_fails_is_told_and_the_others_go_on(shell: Shell, holiday, tmp_path, folder) -> None:
    """Loops, broken links, unusable names and missing files fail alone, with exit code 1."""
    (holiday / "loop").symlink_to(holiday)
    (holiday / "broken").symlink_to(tmp_path / "nowhere")
    (holiday / "dot.").touch()
    os.mkfifo(holiday / "pipe")
    (holiday / "link.txt").symlink_to(holiday / "note.txt")
    result = shell("put", holiday, tmp_path / "missing", folder)
    assert result.exit_code == 1
    failed = [line.split(": ")[0] for line in result.stderr.splitlines()[:-1]]
    names = {str(Path(path).relative_to(tmp_path)) for path in failed}
    assert names == {"holiday/loop", "holiday/broken", "holiday/dot.", "holiday/pipe", "missing"}
    assert shell("ls", f"{folder}/holiday").stdout.split("\n")[2:] == [
        "link.txt",
        "note.txt",
        "zero",
        "",
    ]


def test_when_nothing_works_the_exit_code_says_why(shell: Shell, tmp_path: Path, folder) -> None:
    """One kind of failure and no success: its own exit code."""
    assert shell("put", tmp_path / "missing", folder).exit_code == 66
    assert shell("get", f"{folder}/missing", tmp_path).exit_code == 66
    assert shell("put", tmp_path, "no-slash").exit_code == 64


def test_get_tells_what_failed_as_json(shell: Shell, holiday, tmp_path, folder) -> None:
    """What is missing does not keep the rest from coming."""
    shell("put", holiday, folder)
    good, bad = f"{folder}/holiday/note.txt", f"{folder}/missing"
    result = shell("get", good, bad, tmp_path / "in" / "there", "--json")
    assert result.exit_code == 1
    data = shell.json("get", good, bad, tmp_path / "in" / "there")
    target = str(tmp_path / "in" / "there" / "note.txt")
    assert data["files"] == [{"path": good, "target": target, "size": 5}]
    assert [(entry["file"], entry["code"]) for entry in data["failed"]] == [(bad, "not_found")]


def test_get_resumes_a_partial_download(shell: Shell, tmp_path: Path, folder) -> None:
    """The part that is there already is not fetched again, unless told so."""
    source = tmp_path / "a.bin"
    source.write_bytes(os.urandom(100_000))
    shell("put", source, f"{folder}/")
    remote, target = f"{folder}/a.bin", tmp_path / "back.bin"
    draft = draft_path(target)
    draft.write_bytes(b"?" * 60_000)
    draft.with_name(f"{draft.name}tag.").write_text('"another"')
    assert shell("get", remote, target).exit_code == 0
    assert target.read_bytes() == source.read_bytes()
    draft.write_bytes(b"?" * 60_000)
    assert shell("get", remote, target, "--no-resume").exit_code == 0
    assert target.read_bytes() == source.read_bytes()
    assert not [path.name for path in tmp_path.iterdir() if path.name.endswith(".")]


def test_two_files_for_one_place(shell: Shell, tmp_path: Path, folder) -> None:
    """The first one gets it, whole; the other one is a failure that says why."""
    (tmp_path / "x").write_bytes(b"a" * 100_000)
    shell("put", tmp_path / "x", f"{folder}/a/")
    (tmp_path / "x").write_bytes(b"b" * 100_000)
    shell("put", tmp_path / "x", f"{folder}/b/")
    result = shell("get", f"{folder}/a/x", f"{folder}/b/x", tmp_path / "got")
    assert result.exit_code == 1
    assert "is the place of another file" in result.stderr
    assert (tmp_path / "got" / "x").read_bytes() == b"a" * 100_000


def test_a_slash_or_a_dash_as_target(shell: Shell, tmp_path: Path, folder) -> None:
    """A slash at its end makes it a folder; a dash is standard output, for one file alone."""
    (tmp_path / "note").write_text("hello")
    shell("put", tmp_path / "note", f"{folder}/")
    remote = f"{folder}/note"
    assert shell("get", remote, f"{tmp_path}/new/").exit_code == 0
    assert (tmp_path / "new" / "note").read_text() == "hello"
    result = shell("get", remote, "-")
    assert (result.exit_code, result.stdout) == (0, "hello")
    assert shell("get", remote, remote, "-").exit_code == 64
    assert shell("get", "--json", remote, "-").exit_code == 64


def test_several_things_do_not_fit_in_a_file(shell: Shell, tmp_path: Path) -> None:
    """A target that is a file is refused for more than one source."""
    (tmp_path / "file").touch()
    assert shell("get", "/a", "/b", tmp_path / "file").exit_code == 64


def test_public_files_are_public(shell: Shell, tmp_path: Path, folder) -> None:
    """`--public` lets everybody in; the default does not."""
    (tmp_path / "a").write_text("x")
    (tmp_path / "b").write_text("x")
    shell("put", tmp_path / "a", f"{folder}/", "--public")
    shell("put", tmp_path / "b", folder)
    stranger = Shell(tmp_path / "other", shell.url)
    shell("register", shell.url, "dora", "--password-stdin", stdin="password1")
    stranger("login", shell.url, "dora", "--password-stdin", stdin="password1")
    assert {entry["name"]: entry["ownership"] for entry in stranger.json("ls", folder)} == {
        "a": "public",
        "b": "restricted",
    }
    assert stranger("get", f"{folder}/a", tmp_path / "got").exit_code == 0
    assert stranger("get", f"{folder}/b", tmp_path / "got-b").exit_code == 77


@pytest.mark.parametrize(
    ("messages", "told"),
    [
        (MessageStatus(), None),
        (MessageStatus(stuck=1), "1 message that cannot be deleted, see `webhooks list`"),
        (MessageStatus(uncertain_posts=12), "up to 12 messages, without a bot"),
        (MessageStatus(has_bot=True), None),
        (
            MessageStatus(has_bot=True, uncertain_posts=1),
            "0 messages found and deleted, last look not yet",
        ),
        (
            MessageStatus(
                has_bot=True,
                uncertain_posts=12,
                unknown_found=3,
                swept_at=datetime(2026, 1, 31, 12, 0, 0, tzinfo=UTC),
            ),
            "3 messages found and deleted, last look 2026-01-31 12:00:00",
        ),
    ],
)
def test_status_tells_what_lies_on_discord_in_vain(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, messages: MessageStatus, told: str | None
) -> None:
    """What cannot be deleted, and what nobody knows, with a bot or without; nothing of nothing."""

    async def status(_client: Client) -> ManagerStatus:
        return ManagerStatus(messages=messages)

    monkeypatch.setattr(Client, "status", status)
    shown = " ".join(shell("status").stdout.split())
    if told is None:
        assert "message" not in shown
    else:
        assert told in shown


def test_status_shows_services_and_bookings(shell: Shell) -> None:
    """For people and for programs."""
    assert len(shell.json("status")["services"]) == 4
    result = shell("status")
    assert result.stdout.startswith("upload services: 4, 4 free\n")
    channels = [line for line in result.stdout.splitlines() if line.startswith("  channel ")]
    assert len(channels) == 4
    assert all(
        "10 MiB an attachment, 25 MiB a message, larger ones not all tried yet" in each
        for each in channels
    )
    assert "bookings: 0\n" in result.stdout


def test_a_manager_that_is_away_is_one_line(shell: Shell, tmp_path: Path) -> None:
    """No traceback, no token, and an exit code of its own."""
    shell.environment = {"DISCORD_CLOUD_URL": "http://127.0.0.1:1", "DISCORD_CLOUD_TOKEN": "secret"}
    for arguments in (("ls",), ("status",), ("get", "/a", tmp_path), ("put", __file__, "/")):
        result = shell(*arguments)
        assert result.exit_code == 69
        assert result.stderr.count("\n") == 1
        assert "secret" not in result.stderr


@dataclass
class EndingShell(Shell):
    """A shell whose third question ends the command."""

    end: Callable[[], None] = lambda: None

    async def _answer(self) -> str:
        assert self.answers is not None
        if self.answers:
            return self.answers.pop(0)
        self.end()
        await asyncio.Event().wait()
        raise AssertionError("the command goes on")


def lose_manager() -> None:
    """What an upload ends with when the link gives up."""
    raise Unreachable("the manager is gone")


@pytest.mark.parametrize(
    ("end", "code", "last_line"),
    [
        (lambda: signal.raise_signal(signal.SIGINT), 130, "discord-cloud: interrupted"),
        (lose_manager, 69, "discord-cloud: the manager is gone"),
    ],
)
def test_put_tells_what_it_has_done_when_it_ends_early(
    shell: Shell, tmp_path: Path, folder, end, code, last_line
) -> None:
    """After Ctrl-C, or without its manager, it prints its document with what was done before."""
    sources = [tmp_path / name for name in ("a.txt", "b.txt", "c.txt")]
    for source in sources:
        source.write_text("x")
    shell("put", *sources, folder)
    ending = EndingShell(shell.home, shell.url, answers=["s\n", "s\n"], end=end)
    result = ending("put", *sources, folder, "-j", 1, "--json")
    assert result.exit_code == code
    done = [file["outcome"] for file in json.loads(result.stdout)["files"]]
    assert done in (["skipped"], ["skipped", "skipped"])
    assert result.stderr.splitlines()[-1] == last_line


def test_the_line_about_unfinished_uploads_names_them() -> None:
    """Both ways on: the same command again, or to drop them."""
    assert kept_line(["a"]) == (
        "discord-cloud: 1 unfinished upload is kept: run the same command again to go on, or give "
        "it up with `discord-cloud uploads drop a`"
    )
    assert kept_line(["a", "b"]).endswith("give them up with `discord-cloud uploads drop a b`")


async def test_a_manager_that_goes_and_comes_is_told(
    manager: ScriptedManager, tmp_path: Path
) -> None:
    """One line when it is lost, one when it is back, nothing at the end."""
    shell = Shell.logged_in(tmp_path / "home", manager.url, manager.token)
    err = TextOutput(io.StringIO())
    async with replace(shell.command_context(), err=err).client() as cloud:
        await manager.drop_all()
        assert (await cloud.folder_status("/")).exists
    assert err.file.getvalue().splitlines() == [  # type: ignore[attr-defined]
        "discord-cloud: no connection to the manager, trying again",
        "discord-cloud: the manager is back",
    ]
