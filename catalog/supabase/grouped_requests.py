"""Orders of several callers share requests: those that come while others are under way go in the next one.

Uploads are begun and committed so. Commits wait for each other in the database anyway, in whichever
requests they come (`docs/supabase.md`). Many of them in one request save everything but the work itself:
the way there, the wait for the lock, and the commit to the disk.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from catalog.errors import CatalogError, CatalogUnavailable
from common.tasks import settled

REQUESTS_AT_ONCE = 2
"""While the database works on one, the next one is on its way."""
MOST_ORDERS = 256
"""In a request that carries those of several callers."""

_Order = TypeVar("_Order")
_Answer = TypeVar("_Answer")


@dataclass(eq=False)
class _Caller(Generic[_Order, _Answer]):
    """What one caller wants, and how it ended."""

    orders: Sequence[_Order]
    answers: asyncio.Future[Sequence[_Answer]] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def fail(self, error: Exception) -> None:
        """It has ended with an error."""
        self.answers.set_exception(error)
        # A caller that was cancelled asks no more.
        self.answers.exception()


class GroupedRequests(Generic[_Order, _Answer]):
    """Sends orders of several callers together.

    Args:
        send: Carries orders out in one request, and returns an answer for each. It raises
            `CatalogUnavailable` when the database cannot be used, and another `CatalogError` when it
            refuses the request as a whole: then each caller's orders are sent alone.
    """

    def __init__(self, send: Callable[[Sequence[_Order]], Awaitable[Sequence[_Answer]]]) -> None:
        self._send = send
        self._waiting: deque[_Caller[_Order, _Answer]] = deque()
        self._turns = asyncio.Semaphore(REQUESTS_AT_ONCE)

    async def carry_out(self, orders: Sequence[_Order]) -> Sequence[_Answer]:
        """Carries orders out, and returns an answer for each. Raises what `send` raises.

        A caller that is cancelled goes on only once the request with its orders is over.
        """
        caller: _Caller[_Order, _Answer] = _Caller(orders)
        self._waiting.append(caller)
        return await settled(self._answers_of(caller))

    async def _answers_of(self, caller: _Caller[_Order, _Answer]) -> Sequence[_Answer]:
        async with self._turns:
            # Another caller's request may have taken the orders along.
            while caller in self._waiting:
                await self._send_all(self._next_callers())
        return await caller.answers

    def _next_callers(self) -> list[_Caller[_Order, _Answer]]:
        """Those that have waited longest, as many as one request takes."""
        callers = [self._waiting.popleft()]
        number = len(callers[0].orders)
        while self._waiting and number + len(self._waiting[0].orders) <= MOST_ORDERS:
            callers.append(self._waiting.popleft())
            number += len(callers[-1].orders)
        return callers

    async def _send_all(self, callers: Sequence[_Caller[_Order, _Answer]]) -> None:
        orders = [order for caller in callers for order in caller.orders]
        try:
            answers = iter(await self._send(orders))
        except Exception as error:  # noqa: BLE001 - the callers raise it
            is_of_one = isinstance(error, CatalogError) and not isinstance(
                error, CatalogUnavailable
            )
            for caller in callers:
                if is_of_one and len(callers) > 1:
                    await self._send_all([caller])
                else:
                    caller.fail(error)
            return
        for caller in callers:
            caller.answers.set_result([next(answers) for _ in caller.orders])
