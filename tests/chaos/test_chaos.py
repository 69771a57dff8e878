"""A short storm of a fixed seed; `make chaos` runs long ones."""

from pathlib import Path

import pytest

from tests.chaos.__main__ import leaves, weather
from tests.chaos.oracle import Broken

SEED = 3
ROUNDS = 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize("catalog", ["sqlite", "supabase"])
async def test_every_promise_is_kept_in_a_short_storm(catalog: str, tmp_path: Path) -> None:
    """What was acknowledged is there, nothing leaks, and no program logs an exception."""
    tally = await weather(catalog, SEED, ROUNDS, tmp_path)
    assert tally.blows
    assert sum(times for name, times in tally.calls.items() if name.endswith("done")) > 0


def test_broken_promises_are_found_in_groups_of_tasks():
    """Wherever a task of a storm has found them."""
    first, second = Broken("first"), Broken("second")
    inner = ExceptionGroup("user", [first])
    group = ExceptionGroup("users", [inner, second])
    assert list(leaves(group)) == [first, second]
