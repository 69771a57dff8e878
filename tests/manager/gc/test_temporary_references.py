"""What is being uploaded is kept, however long the machine slept or the catalog was away."""

import time
from pathlib import Path

import pytest

from discord_emulator.testing import VirtualClock
from manager.app_keys import TEMPORARY_REFERENCES
from protocol import s2c, s2u, u2s
from tests.manager.sockets.flaky import running_flaky_stage
from tests.manager.sockets.stage import running_stage


@pytest.mark.parametrize("jump_s", [3600.0, -3600.0, 100.0])
async def test_a_clock_that_jumps_costs_no_upload(tmp_path: Path, jump_s: float):
    """Garbage is collected after it, and what is still in use is not garbage."""
    clock = VirtualClock(time.time())
    async with running_stage(tmp_path, clock=clock, upload_hold_s=120) as stage:
        services = [await stage.service(), await stage.service()]
        client = await stage.client()
        await client.book(2)
        for number in range(2):
            await client.request_upload(f"{number}.txt", size=250)
        first, second = [await service.next(s2u.UploadStart) for service in services]
        await services[0].store(first, 0)
        await services[1].store(second, 0)
        clock.advance(jump_s)
        await services[1].send(u2s.UploadFinish(success=False, reason="enough"))
        await stage.messages_left(1)
        for index in (1, 2):
            await services[0].store(first, index)
        await services[0].finish_with(first)
        assert (await client.next(s2c.UploadFinishInfo, upload_id=first.upload_id)).success


async def test_a_hold_that_was_let_go_is_not_revived(tmp_path: Path):
    """An upload that failed is garbage, also when holds were renewed late."""
    clock = VirtualClock(time.time())
    async with running_flaky_stage(tmp_path, clock=clock) as stage:
        service, client = await stage.service(), await stage.client()
        await client.book(1)
        response = await client.request_upload(size=10)
        await service.next(s2u.UploadStart)
        clock.advance(3600)
        await stage.app[TEMPORARY_REFERENCES].renew()
        assert await stage.is_kept(response.upload_id)
        await service.send(u2s.UploadFinish(success=False, reason="enough"))
        await client.next(s2c.UploadFinishInfo)
        assert (await client.request_upload(size=10)).accepted
        clock.advance(3600)
        await stage.app[TEMPORARY_REFERENCES].renew()
        assert not await stage.is_kept(response.upload_id)


async def test_a_hold_whose_release_failed_ends_by_itself(tmp_path: Path):
    """It is not renewed together with those that are held, which stay."""
    clock = VirtualClock(time.time())
    async with running_flaky_stage(tmp_path, clock=clock) as stage:
        service, client = await stage.service(), await stage.client()
        await client.book(1)
        given_up = await client.request_upload("given up.txt")
        stage.catalog.before["release"] = 1
        await service.send(u2s.UploadFinish(success=False, reason="enough"))
        await stage.catalog.has_failed("release", 1)
        kept = await client.request_upload("kept.txt")
        for _ in range(4):
            clock.advance(20)
            await stage.app[TEMPORARY_REFERENCES].renew()
        assert await stage.is_kept(kept.upload_id)
        assert not await stage.is_kept(given_up.upload_id)
