"""A catalog on the local Supabase, with pauses that take no time."""

from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace

import pytest

from catalog.supabase.adapter import SupabaseCatalog
from catalog.supabase.client import CALL_RETRY
from common.retry import RetryPolicy
from local_supabase.stack import LocalSupabase


class Pauses:
    """Pauses that pass at once, and are noted; one may do something meanwhile."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def __call__(self, seconds: float) -> None:
        """Pauses."""
        self.seconds.append(seconds)
        self.meanwhile()


@pytest.fixture
def pauses() -> Pauses:
    """The pauses between attempts."""
    return Pauses()


@pytest.fixture
def retry(pauses: Pauses) -> RetryPolicy:
    """The usual policy, in a time that stands still between attempts."""
    return replace(CALL_RETRY, sleep=pauses, jitter=lambda: 1.0, monotonic=lambda: 0.0)


@pytest.fixture
def empty(supabase: LocalSupabase) -> Iterator[LocalSupabase]:
    """The local Supabase, emptied, and in order again afterwards."""
    supabase.empty()
    yield supabase
    supabase.gateway.faults.clear()


@pytest.fixture
async def catalog(
    empty: LocalSupabase, clock, retry: RetryPolicy
) -> AsyncIterator[SupabaseCatalog]:
    """The catalog on it."""
    async with SupabaseCatalog.open(
        empty.url, empty.service_key, clock=clock, retry=retry
    ) as catalog:
        yield catalog
