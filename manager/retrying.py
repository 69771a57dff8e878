"""Trying again while the catalog is away: every write of its port may be repeated."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from catalog.errors import CatalogUnavailable
from client_sdk.backoff import Backoff

Result = TypeVar("Result")
Retry = Callable[[Callable[[], Awaitable[Result]]], Awaitable[Result]]

FIRST_DELAY_S = 0.2


async def retried(
    call: Callable[[], Awaitable[Result]],
    *,
    tries: int = 4,
    new_backoff: Callable[[], Backoff] = lambda: Backoff(first_s=FIRST_DELAY_S),
) -> Result:
    """The result of the first call that does not raise `CatalogUnavailable`, of `tries` at most."""
    backoff = new_backoff()
    for _ in range(tries - 1):
        try:
            return await call()
        except CatalogUnavailable:
            await backoff.wait()
    return await call()
