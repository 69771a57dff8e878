"""Trying again while the catalog is away: every write of its port may be repeated."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from catalog.errors import CatalogUnavailable
from client_sdk.backoff import Backoff

Result = TypeVar("Result")

FIRST_DELAY_S = 0.2


def _short_delays() -> Backoff:
    return Backoff(first_s=FIRST_DELAY_S)


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogPatience:
    """How long the manager puts up with a catalog that is away before it tells somebody.

    Attributes:
        tries: calls for whoever waits for an answer, which is due within seconds.
        commit_tries: calls that enter an upload. All its bytes are stored and nobody's answer is
            due, so only the life of its hold bounds them.
        new_backoff: makes the delays between the calls.
    """

    tries: int = 4
    commit_tries: int = 9
    new_backoff: Callable[[], Backoff] = _short_delays

    async def answering(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the first call that finds the catalog; `CatalogUnavailable` after `tries`."""
        return await self._first(call, self.tries)

    async def committing(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """As `answering`, with `commit_tries`."""
        return await self._first(call, self.commit_tries)

    async def _first(self, call: Callable[[], Awaitable[Result]], tries: int) -> Result:
        backoff = self.new_backoff()
        for _ in range(tries - 1):
            try:
                return await call()
            except CatalogUnavailable:
                await backoff.wait()
        return await call()


USUAL_PATIENCE = CatalogPatience()
