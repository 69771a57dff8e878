"""Discord takes nothing for minutes: uploads wait, memory is bounded, and whoever leaves leaves at once."""

import asyncio
import json
import resource
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from protocol import s2u
from tests.upload_service.staging import CHUNK, Stage, staged
from upload_service.forwarding import NO_ROOM

MINUTES_S = 600.0


async def limited(stage: Stage) -> Fault:
    """Has Discord refuse the only webhook for minutes, from the next post on."""
    (webhook, _) = stage.configuration().webhooks
    await stage.configure(webhooks=(webhook,))
    fault = Fault(kind=FaultKind.RATE_LIMIT, route=Operation.EXECUTE, retry_after_s=MINUTES_S)
    stage.emulator.faults.add(fault)
    return fault


async def until_forwarding(stage: Stage, chunks: int) -> None:
    """Returns once so many chunks are on their way to Discord."""
    while await stage.metric("upload_forwarding") != chunks:
        pass


@pytest.mark.parametrize("ending", ["aborted", "link lost"])
async def test_an_upload_waits_and_its_end_ends_the_wait(tmp_path: Path, ending: str) -> None:
    """The buffers are free as soon as nobody wants the chunks any more."""
    async with staged(tmp_path, chunks_in_flight=2) as stage:
        await limited(stage)
        upload = await stage.start(5 * CHUNK)
        sending = [
            asyncio.create_task(stage.send(upload, index, bytes(CHUNK))) for index in range(5)
        ]
        await until_forwarding(stage, 2)
        await stage.until_receiving(3)
        assert await stage.metric("upload_buffers") == 2
        assert not any(task.done() for task in sending)
        assert stage.link.finishes.empty()
        if ending == "aborted":
            assert (await stage.link.ask(s2u.UploadAbort())).success
        else:
            await stage.link.cut()
        assert {status for status, _ in await asyncio.gather(*sending)} == {410}
        await until_forwarding(stage, 0)
    assert stage.manager.journal == []
    assert stage.emulator.messages() == []


async def test_no_room_is_told_at_once(tmp_path: Path) -> None:
    """A chunk is not sent again and again to a full disk; it may be sent again once there is room."""
    async with staged(tmp_path) as stage:
        upload = await stage.start(CHUNK)
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (CHUNK // 2, hard))
        try:
            with capture_logs() as lines:
                answers = [await stage.send(upload, 0, bytes(CHUNK)) for _ in range(2)]
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        assert {(status, json.loads(text)["error"]) for status, text in answers} == {(507, NO_ROOM)}
        told = [line["event"] for line in lines if line["log_level"] in {"warning", "error"}]
        assert sorted(told) == ["disk-fault", "no-room-for-chunks"]
        assert await stage.send(upload, 0, bytes(CHUNK)) == (200, "0")


async def test_a_new_lease_ends_the_wait(tmp_path: Path) -> None:
    """A chunk that waits for one channel goes by another as soon as there is one."""
    async with staged(tmp_path) as stage:
        everything = stage.configuration()
        await limited(stage)
        upload = await stage.start(CHUNK)
        sending = asyncio.create_task(stage.send(upload, 0, bytes(CHUNK)))
        await until_forwarding(stage, 1)
        assert (await stage.link.ask(everything)).success
        assert await sending == (200, "0")


async def test_a_stop_does_not_wait_for_discord(tmp_path: Path) -> None:
    """What does not get its turn soon was not posted, so that nothing is lost with it."""
    async with asyncio.timeout(10), staged(tmp_path, drain_grace_s=60.0) as stage:
        await limited(stage)
        upload = await stage.start(CHUNK)
        sending = asyncio.create_task(stage.send(upload, 0, bytes(CHUNK)))
        await until_forwarding(stage, 1)
    await asyncio.gather(sending, return_exceptions=True)
    assert stage.emulator.messages() == []
