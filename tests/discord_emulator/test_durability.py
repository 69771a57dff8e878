"""What survives: restarts, crashes, broken connections, disks that are full."""

import asyncio
import os
import resource
import stat
import threading
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from yarl import URL

from discord_emulator.store import EmulatorFolderInUse, MessageFileStore
from discord_emulator.testing import running_emulator


async def test_a_restart_finds_everything(tmp_path, calling, clock):
    """After a restart webhooks, messages, signatures and the order of ids are as before."""
    async with running_emulator(tmp_path, clock=clock, limits="off") as emulator:
        webhooks = emulator.webhooks
        _, message = await calling(emulator).post(b"kept")
    clock.advance(-1_000_000)
    async with running_emulator(tmp_path, clock=clock, limits="off") as emulator:
        caller = calling(emulator)
        assert emulator.webhooks == webhooks
        status, found = await caller.call("GET", f"/messages/{message['id']}")
        assert (status, found["timestamp"]) == (200, message["timestamp"])
        url = URL(found["attachments"][0]["url"])
        assert await caller.get(str(url)) == (200, b"kept")
        assert int((await caller.post(b"next"))[1]["id"]) > int(message["id"])


async def test_more_channels_are_made_when_asked_for(tmp_path):
    """A restart with more channels adds webhooks; with fewer it keeps them all."""
    async with running_emulator(tmp_path, channels=2) as emulator:
        first = emulator.webhooks
    async with running_emulator(tmp_path, channels=3) as emulator:
        assert emulator.webhooks[:2] == first
        assert len({webhook.channel_id for webhook in emulator.webhooks}) == 3
    async with running_emulator(tmp_path, channels=1) as emulator:
        assert len(emulator.webhook_urls()) == 3


async def test_a_deleted_webhook_does_not_come_back(tmp_path):
    """A restart does not undo a deleted webhook."""
    async with running_emulator(tmp_path) as emulator:
        emulator.delete_webhook(emulator.webhooks[0].id)
    async with running_emulator(tmp_path) as emulator:
        assert emulator.webhooks == []


async def test_secrets_are_for_the_owner_alone(tmp_path, calling):
    """Tokens, the signing key, messages and files cannot be read by others."""
    async with running_emulator(tmp_path / "data", limits="off") as emulator:
        await calling(emulator).post(b"x")
        for path in [tmp_path / "data", *(tmp_path / "data").rglob("*")]:
            assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_crash_leaves_no_half_message(tmp_path, clock):
    """What was being received or deleted at a crash is cleared; what was whole stays."""
    crashed = MessageFileStore(tmp_path)
    draft = crashed.draft()
    draft.start_file(0)
    draft.write([b"half"])
    (tmp_path / "trash" / "123").mkdir()
    (tmp_path / "trash" / "123" / "0").write_bytes(b"half deleted")
    restarted = MessageFileStore(tmp_path)
    restarted.lock()
    assert list(restarted.all()) == []
    assert [*(tmp_path / "drafts").iterdir(), *(tmp_path / "trash").iterdir()] == []
    restarted.unlock()
    draft.discard()


def test_an_ended_draft_takes_nothing_more(tmp_path):
    """A thread that comes too late cannot write into a draft that was thrown away."""
    draft = MessageFileStore(tmp_path).draft()
    draft.start_file(0)
    draft.discard()
    with pytest.raises(RuntimeError):
        draft.write([b"late"])
    with pytest.raises(RuntimeError):
        draft.start_file(1)
    assert list((tmp_path / "drafts").iterdir()) == []


async def test_foreign_files_do_no_harm(tmp_path, calling):
    """What a file manager leaves in the folders does not disturb a restart."""
    async with running_emulator(tmp_path, limits="off") as emulator:
        _, message = await calling(emulator).post(b"x")
    (tmp_path / "messages" / ".DS_Store").touch()
    (tmp_path / "messages" / message["channel_id"] / "Thumbs.db").touch()
    async with running_emulator(tmp_path, limits="off") as emulator:
        assert [str(stored.id) for stored in emulator.messages()] == [message["id"]]


@pytest.mark.parametrize("damage", [b"{", b'{"\xff', b"[" * 5000])
async def test_a_damaged_message_is_an_error_of_the_server(caller, emulator, damage):
    """A message whose record is damaged is 503, not gone: a client must not forget its files."""
    _, message = await caller.post(b"x")
    (record,) = emulator.settings.data.rglob("message.json")
    record.write_bytes(damage)
    with capture_logs():
        assert (await caller.call("GET", f"/messages/{message['id']}"))[0] == 503


async def test_two_emulators_do_not_share_a_folder(tmp_path):
    """A second emulator on the same folder does not start."""
    async with running_emulator(tmp_path):
        with pytest.raises(EmulatorFolderInUse, match="another emulator"):
            async with running_emulator(tmp_path):
                pytest.fail("it started")


async def test_a_broken_upload_leaves_nothing(caller, emulator):
    """A client that goes away in the middle of a post leaves no message and no file."""
    url = URL(caller.url)
    reader, writer = await asyncio.open_connection(url.host, url.port)
    head = (
        f"POST {url.raw_path}?wait=true HTTP/1.1\r\nHost: x\r\nUser-Agent: x\r\n"
        "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 4000000\r\n\r\n"
        '--b\r\nContent-Disposition: form-data; name="f"; filename="f"\r\n\r\n'
    )
    drafts = emulator.settings.data / "drafts"
    writer.write(head.encode() + bytes(2_000_000))
    await writer.drain()
    await _until(lambda: any(drafts.iterdir()))
    writer.transport.abort()
    await _until(lambda: not any(drafts.iterdir()))
    assert emulator.messages() == []
    assert (await caller.post(b"next"))[0] == 200
    assert await reader.read() == b""


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 - the disk has no event to wait for
        await asyncio.sleep(0)


@contextmanager
def files_of_at_most(size):
    """Lets the system refuse to write past `size` bytes of a file, as a full disk would.

    Logs are kept off the disk meanwhile: the limit is for them too.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        with capture_logs() as lines:
            yield lines
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("wait", ["true", "false"])
async def test_a_full_disk(caller, emulator, wait):
    """When the disk is full, the post is 507 (unseen without `wait`) and nothing is half-stored."""
    with files_of_at_most(1_000_000):
        status, error = await caller.post(b"fits", bytes(3_000_000), wait=wait)
    assert (status, error) == (
        (507, {"message": "507: Insufficient Storage", "code": 0})
        if wait == "true"
        else (204, None)
    )
    assert emulator.messages() == []
    assert list((emulator.settings.data / "drafts").iterdir()) == []
    assert (await caller.post(bytes(3_000_000)))[0] == 200


async def test_a_full_disk_is_logged_once(caller):
    """However often it is met: one line, which says what to do."""
    with files_of_at_most(1_000_000) as lines:
        for wait in ("true", "false", "true"):
            await caller.post(bytes(3_000_000), wait=wait)
    logged = [(line["event"], line["reason"]) for line in lines]
    assert logged == [("disk-fault", "the disk is full: make room on it")]


async def test_a_full_disk_does_not_hinder_deleting(caller, emulator):
    """When nothing can be written, an edit changes nothing and a delete still works."""
    _, message = await caller.post(b"x")
    path = f"/messages/{message['id']}"
    with files_of_at_most(0):
        assert (await caller.call("PATCH", path, json={"content": "new"}))[0] == 507
        assert await caller.call("GET", path) == (200, message)
        assert (await caller.call("DELETE", path))[0] == 204
    assert emulator.messages() == []


async def test_acknowledged_means_durable(caller, emulator, monkeypatch):
    """Before a post is answered, its files, its folder and its channel are synced, off the loop."""
    synced, threads = set(), set()
    fsync = os.fsync

    def spy(descriptor):
        status = os.fstat(descriptor)
        synced.add((status.st_dev, status.st_ino))
        threads.add(threading.current_thread())
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", spy)
    await caller.post(b"a", b"b")
    message = emulator.messages()[0]
    channel = emulator.settings.data / "messages" / str(message.channel_id)
    folder = channel / str(message.id)
    for path in (channel, folder, *(folder / name for name in ("0", "1", "message.json"))):
        assert _identity(path) in synced, path
    assert threading.main_thread() not in threads


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
