"""Loops that must go on."""

import asyncio

import pytest

from client_sdk.backoff import Backoff
from manager.supervision import supervised


async def test_begins_anew_after_failures_until_it_returns():
    """A failure is waited out, ever more slowly; a return is the end."""
    delays = []
    outcomes = [OSError("one"), ValueError("two"), None]

    async def sleep(seconds):
        delays.append(seconds)

    async def work():
        outcome = outcomes.pop(0)
        if outcome:
            raise outcome

    await supervised("loop", work, backoff=Backoff(sleep=sleep))
    assert outcomes == []
    assert len(delays) == 2


async def test_cancellation_ends_it():
    """Nothing holds up a stop."""

    async def work():
        await asyncio.Event().wait()

    task = asyncio.create_task(supervised("loop", work))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
