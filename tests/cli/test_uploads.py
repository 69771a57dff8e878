"""`uploads`, and what `put` leaves behind, at a scripted manager that keeps uploads."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from client_sdk import Conflict, ConflictAnswer
from tests.cli.conftest import Shell
from tests.client_sdk.conftest import running_script
from tests.client_sdk.content import content_of
from tests.client_sdk.keeping import KeepingManager

CONTENT = content_of(10_000)


@pytest.fixture
async def manager() -> AsyncIterator[KeepingManager]:
    """A scripted manager that keeps uploads and stores the first half of each."""
    keeping = KeepingManager()
    keeping.held_from = 5
    async with running_script(keeping) as running:
        yield running
        running.released.set()


@pytest.fixture
async def kept_id(manager: KeepingManager, tmp_path: Path) -> str:
    """An unfinished upload, as its client has left it."""
    shell = Shell.logged_in(tmp_path / "home", manager.url, manager.token)
    async with shell.command_context().client() as cloud:
        upload = asyncio.create_task(cloud.upload(CONTENT, "/film", keep_on_cancel=True))
        kept = await manager.held()
        upload.cancel()
        await asyncio.gather(upload, return_exceptions=True)
    await manager.until(lambda: not manager.peers)
    manager.released.set()
    return kept.upload_id


async def test_unfinished_uploads_are_listed(
    manager: KeepingManager, kept_id: str, tmp_path: Path
) -> None:
    """One line each, and as JSON."""
    shell = Shell.logged_in(tmp_path / "home", manager.url, manager.token)
    result = await asyncio.to_thread(shell, "uploads", "list")
    assert result.stdout == (
        f"{kept_id}       4.9/9.8 KiB  parked             2026-01-01 00:00:00  /film\n"
    )
    result = await asyncio.to_thread(shell, "uploads", "list", "--json")
    assert json.loads(result.stdout) == [
        {
            "id": kept_id,
            "path": "/film",
            "size": 10_000,
            "stored_size": 5000,
            "state": "parked",
            "is_public": False,
            "created_at": "2026-01-01T00:00:00.000Z",
            "expires_at": "2026-01-01T00:00:00.000Z",
        }
    ]


async def test_a_question_that_nobody_has_answered_is_put_again(
    manager: KeepingManager, tmp_path: Path
) -> None:
    """All is stored already; the next `put` asks at once, and sends nothing."""
    source = tmp_path / "film"
    source.write_bytes(CONTENT)
    manager.files["/film"] = b"old"
    manager.held_from = None
    shell = Shell.logged_in(tmp_path / "home", manager.url, manager.token)

    async def never(_: Conflict) -> ConflictAnswer:
        return await asyncio.Future()

    async with shell.command_context().client() as cloud:
        upload = cloud.upload(source, "/film", on_conflict=never, keep_on_cancel=True)
        leaving = asyncio.create_task(upload)
        await manager.until(lambda: any(kept.upload.is_stored for kept in manager.kept.values()))
        leaving.cancel()
        await asyncio.gather(leaving, return_exceptions=True)
    await manager.until(lambda: not manager.peers)
    next(iter(manager.kept.values())).state = "awaiting-decision"
    shell.answers = ["r\n"]
    result = await asyncio.to_thread(shell, "put", str(source), "/film")
    assert "/film exists: [o]verwrite, [r]ename, [s]kip?" in result.stderr
    assert "9.8 KiB, 0 B of it now, in " in result.stderr
    assert manager.files["/film"] == b"old"


async def test_what_an_earlier_put_has_sent_does_not_count_as_speed(
    manager: KeepingManager, tmp_path: Path
) -> None:
    """The last line says how much is stored, how much of it was sent now, and how fast that was."""
    source = tmp_path / "film"
    source.write_bytes(CONTENT)
    shell = Shell.logged_in(tmp_path / "home", manager.url, manager.token)
    async with shell.command_context().client() as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/film", keep_on_cancel=True))
        await manager.held()
        upload.cancel()
    manager.released.set()
    result = await asyncio.to_thread(shell, "put", str(source), "/film")
    assert result.stderr.startswith("stored /film: 9.8 KiB, 4.9 KiB of it now, in ")
    seconds, speed = re.search(r"in ([\d.]+) s \(([\d.]+) KiB/s\)", result.stderr).groups()  # type: ignore[union-attr]
    assert float(speed) <= 4.9 / max(float(seconds) - 0.05, 0.001) + 0.1


@pytest.mark.parametrize("named", [True, False], ids=["by id", "all"])
async def test_unfinished_uploads_are_dropped(
    manager: KeepingManager, kept_id: str, tmp_path: Path, named: bool
) -> None:
    """Those that are named, or all."""
    shell = Shell.logged_in(tmp_path / "home", manager.url, manager.token)
    which = kept_id if named else "--all"
    result = await asyncio.to_thread(shell, "uploads", "drop", which)
    assert (result.exit_code, result.stderr) == (0, "dropped 1 upload\n")
    assert manager.kept == {}


@pytest.mark.parametrize(
    ("arguments", "code", "problem"),
    [
        ([], 64, "name the uploads to drop, or all with --all"),
        (["film"], 64, "film: the id of an upload is a uuid"),
        (["00000000-0000-0000-0000-000000000000"], 65, "no such upload"),
    ],
)
async def test_what_cannot_be_dropped_is_an_error(
    manager: KeepingManager, tmp_path: Path, arguments: list[str], code: int, problem: str
) -> None:
    """With what to do."""
    shell = Shell.logged_in(tmp_path / "home", manager.url, manager.token)
    result = await asyncio.to_thread(shell, "uploads", "drop", *arguments)
    assert result.exit_code == code
    assert problem in result.stderr
