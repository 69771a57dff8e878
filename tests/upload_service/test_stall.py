"""The guard that ends what stands still, and the pace that ends what crawls."""

import asyncio

import pytest

from upload_service.errors import Stalled, TooSlow, UploadEnded
from upload_service.stall import MIN_BYTES_PER_S, MinimumRate, StallGuard


async def test_standing_still_ends_the_block() -> None:
    """Without progress the block is interrupted where it waits."""
    with pytest.raises(Stalled):
        async with StallGuard(0.01):
            await asyncio.Event().wait()


async def test_progress_keeps_the_block_alive() -> None:
    """The time starts anew with each progress, so the block ends a full time after the last."""
    loop = asyncio.get_running_loop()
    progressed_at: list[float] = []

    async def progress_thrice() -> None:
        async with StallGuard(0.2) as guard:
            for _ in range(3):
                tick = asyncio.Event()
                loop.call_later(0.02, tick.set)
                await tick.wait()
                progressed_at.append(loop.time())
                guard.progress()
            await asyncio.Event().wait()

    with pytest.raises(Stalled):
        await progress_thrice()
    assert len(progressed_at) == 3
    assert loop.time() >= progressed_at[-1] + 0.2


async def test_a_pause_does_not_count() -> None:
    """What waits for something else than the client may take longer."""
    other = asyncio.Event()
    asyncio.get_running_loop().call_later(0.03, other.set)
    async with StallGuard(0.01) as guard:
        with guard.paused():
            await other.wait()


async def test_an_interrupt_raises_its_own_error() -> None:
    """The first interrupt decides; a second one changes nothing."""

    async def interrupted() -> None:
        async with StallGuard(60) as guard:
            guard.interrupt(UploadEnded("first"))
            guard.interrupt(Stalled("second"))
            await asyncio.Event().wait()

    with pytest.raises(UploadEnded, match="first"):
        await interrupted()


async def test_a_cancelled_task_stays_cancelled() -> None:
    """Cancellation from outside is not taken for a stall."""

    async def wait() -> None:
        async with StallGuard(60):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait())
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def passing(seconds: float) -> None:
    """Let real time pass."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(seconds, passed.set)
    await passed.wait()


async def test_who_keeps_the_pace_is_not_ended() -> None:
    """What comes fast enough may take many times the patience; once it stops, the end is near."""
    loop = asyncio.get_running_loop()
    began_at = loop.time()

    async def receive() -> None:
        async with StallGuard(0.6) as guard:
            pace = MinimumRate(guard, patience_s=0.1, reason="too slow")
            pace.received(int(MIN_BYTES_PER_S * 0.3))
            await asyncio.Event().wait()

    with pytest.raises(TooSlow, match="too slow"):
        await receive()
    assert loop.time() - began_at >= 0.4 - 0.001


async def test_a_pause_is_no_slowness() -> None:
    """However long the client has to wait, it has as much time afterwards as it had before."""
    loop = asyncio.get_running_loop()
    resumed_at: list[float] = []

    async def receive() -> None:
        async with StallGuard(60) as guard:
            MinimumRate(guard, patience_s=0.05, reason="too slow")
            with guard.paused(), guard.paused():
                await passing(0.12)
            resumed_at.append(loop.time())
            await asyncio.Event().wait()

    with pytest.raises(TooSlow):
        await receive()
    assert loop.time() - resumed_at[0] >= 0.05 - 0.001


async def test_what_has_come_may_wait() -> None:
    """Once all is there, the time that the service itself needs does not count."""
    async with StallGuard(0.06) as guard:
        MinimumRate(guard, patience_s=0.01, reason="too slow").stop()
        with guard.paused():
            await passing(0.05)
