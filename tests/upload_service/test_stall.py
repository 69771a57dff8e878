"""The guard that ends what stands still."""

import asyncio

import pytest

from upload_service.errors import Stalled, UploadEnded
from upload_service.stall import StallGuard


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
                guard.progress()
                progressed_at.append(loop.time())
            await asyncio.Event().wait()

    with pytest.raises(Stalled):
        await progress_thrice()
    assert len(progressed_at) == 3
    assert loop.time() - progressed_at[-1] >= 0.2


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
