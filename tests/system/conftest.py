"""What the tests of the whole product share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from local_supabase.stack import LocalSupabase
from tests.system.whole import Whole, running_whole


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything, running, with chunks of 1000 bytes, two upload slots and two webhooks."""
    async with running_whole(tmp_path) as running:
        yield running


@pytest.fixture(name="empty")
def empty_supabase(supabase: LocalSupabase) -> Iterator[LocalSupabase]:
    """A Supabase with nothing in it, which works at the end, whatever the test has done to it."""
    supabase.empty()
    yield supabase
    supabase.gateway.faults.clear()
    supabase.gateway.faults_of.clear()
    supabase.postgrest.stop()
    supabase.postgrest.start()
