"""The end of tasks that nobody needs any more."""

import asyncio
from typing import Any


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
