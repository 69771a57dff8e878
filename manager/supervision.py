"""Keeps loops running for as long as the manager does, whatever goes wrong in them."""

from collections.abc import Awaitable, Callable

import structlog

from client_sdk.backoff import Backoff

_log = structlog.get_logger()


async def supervised(
    name: str, work: Callable[[], Awaitable[None]], *, backoff: Backoff | None = None
) -> None:
    """Runs `work` until it returns; after a failure it is logged and begun anew, ever more slowly.

    Cancellation ends both.
    """
    delays = backoff or Backoff(first_s=1, cap_s=60)
    while True:
        try:
            await work()
            return
        except Exception:  # noqa: BLE001 - whatever it was, it is logged and the loop goes on
            _log.exception("loop-failed", loop=name)
            await delays.wait()
