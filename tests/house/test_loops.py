"""The event loops of the tests themselves."""

import asyncio

import pytest

from tests.loops import ON_BOTH, TESTS, loops_for


@pytest.mark.parametrize("place", sorted(ON_BOTH))
def test_what_runs_on_both_loops_is_there(place):
    """A folder or module that was renamed must not fall back to one loop unnoticed."""
    assert (TESTS / place).exists()
    assert set(loops_for(TESTS / place / "test_any.py")) == {"asyncio", "uvloop"}


@pytest.mark.parametrize("name", ["asyncio", "uvloop"])
def test_a_test_that_hangs_is_ended_when_its_time_is_over(name):
    """pytest-timeout raises in a signal handler, and no loop may swallow that."""

    def over() -> None:
        pytest.fail("the time is over")

    async def hang() -> None:
        asyncio.get_running_loop().call_soon(over)
        await asyncio.Event().wait()

    loop = loops_for(TESTS / "storage")[name]
    with asyncio.Runner(loop_factory=loop) as runner, pytest.raises(asyncio.CancelledError):
        runner.run(hang())
