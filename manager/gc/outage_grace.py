"""Time for other managers to renew what they use, before anything is collected."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

_PROBES: Final = 6


class OutageGrace:
    """A pause after the catalog was away, or after another manager has collected until now.

    A manager renews its temporary references in good time. While the catalog is away it cannot, and those of
    several managers lapse. The manager that collects renews its own first; the others get this time.

    Args:
        grace_s: Seconds without an outage; longer than it takes a manager to renew. 0: there is no other.
        probe: Calls the catalog. Raises `CatalogError` while it is away.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        grace_s: float,
        probe: Callable[[], Awaitable[object]],
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._grace_s = grace_s
        self._probe = probe
        self._sleep = sleep
        self._left_s = 0.0

    def begin(self) -> None:
        """Nothing may be collected for all of the time from now on."""
        self._left_s = self._grace_s

    async def over(self) -> None:
        """Returns when the time has passed without an outage.

        Raises `CatalogError`: there was one, and all of the time is to pass again.
        """
        step_s = self._grace_s / _PROBES
        while self._left_s > 0:
            try:
                await self._probe()
            except BaseException:
                self.begin()
                raise
            await self._sleep(step_s)
            self._left_s -= step_s


def no_grace() -> OutageGrace:
    """No time at all: there is no other manager."""
    return OutageGrace(0.0, _nothing)


async def _nothing() -> None:
    """Calls nothing."""
