"""Work that ends in order, although its caller is cancelled."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

_T = TypeVar("_T")


async def cancel_and_wait(*tasks: asyncio.Task[Any]) -> None:
    """Cancels tasks and waits until they have ended; what they returned or raised is dropped.

    Raises:
        CancelledError: The caller was cancelled meanwhile. It is told so when the tasks have ended,
            unlike by `suppress(CancelledError)` around `await task`, which cannot tell whose
            cancellation it swallows.
    """
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def settled(work: Coroutine[Any, Any, _T]) -> _T:
    """Waits until `work` is over, even if the caller is cancelled; then passes that on."""
    task = asyncio.create_task(work, name="settle")
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
