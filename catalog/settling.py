"""Finishing what has begun, although the caller is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def settled(work: Coroutine[Any, Any, _T]) -> _T:
    """Waits until `work` is over, even if the caller is cancelled; then passes that on."""
    task = asyncio.create_task(work, name="catalog-settle")
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            cancellation = error
    if cancellation is None:
        return task.result()
    task.exception()  # looked at, so that asyncio does not report it as lost
    raise cancellation
