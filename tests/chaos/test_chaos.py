"""A short storm of a fixed seed; `make chaos` runs long ones."""

from pathlib import Path

import pytest

from tests.chaos.__main__ import weather

SEED = 3
ROUNDS = 3


@pytest.mark.timeout(300)
@pytest.mark.parametrize("catalog", ["sqlite", "supabase"])
async def test_every_promise_is_kept_in_a_short_storm(catalog: str, tmp_path: Path) -> None:
    """What was acknowledged is there, nothing leaks, and no program logs an exception."""
    tally = await weather(catalog, SEED, ROUNDS, tmp_path)
    assert tally.blows
    assert sum(times for name, times in tally.calls.items() if name.endswith("done")) > 0
