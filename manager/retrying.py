"""Retries while the catalog is unavailable: every write of its port may be repeated."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from catalog.errors import CatalogFaulty, CatalogUnavailable
from common.retry import RetryPolicy, Sleep
from protocol.values import REPLY_TIMEOUT_S

Result = TypeVar("Result")

FIRST_DELAY_S = 0.2
LONGEST_DELAY_S = 1.0
ANSWER_WITHIN_S = REPLY_TIMEOUT_S - 2.0
"""Seconds; leaves time for the transfer of the request and of the answer."""
CATALOG_RETRY = RetryPolicy(first_s=FIRST_DELAY_S, cap_s=LONGEST_DELAY_S)
MAX_HANGING = 1000
"""Calls that no caller waits for any more; each keeps its arguments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogRetry:
    """How long the manager retries while the catalog is unavailable.

    Attributes:
        answer_within_s: seconds in which a peer that waits for an answer gets one.
        commit_within_s: seconds for which an upload whose bytes are all stored is tried to be
            committed: as long as its temporary reference lasts unrenewed.
        faulty_within_s: the same while the catalog fails until its operator acts.
        sleep: waits for seconds of the policy's clock.
        policy: the delays between the calls, and their clock.
    """

    answer_within_s: float = ANSWER_WITHIN_S
    commit_within_s: float = 600.0
    faulty_within_s: float = 20.0
    sleep: Sleep = asyncio.sleep
    policy: RetryPolicy = CATALOG_RETRY
    _hanging: set[asyncio.Task[Any]] = field(default_factory=set, init=False, repr=False)

    async def answering(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the first call that finds the catalog, for a peer that waits for an answer.

        Raises `CatalogUnavailable` within `answer_within_s`, even if the catalog hangs. A call that
        hangs is not cancelled: once it has written, it also notifies the clients concerned.
        """
        if len(self._hanging) >= MAX_HANGING:
            raise CatalogUnavailable("too many calls of the catalog hang")
        # With a catalog that refuses at once it ends a little earlier, so that the reason is returned.
        limit_s = self.answer_within_s - LONGEST_DELAY_S
        trying = asyncio.create_task(self._until(limit_s, call), name="ask catalog")
        timer = asyncio.ensure_future(self.sleep(self.answer_within_s))
        try:
            await asyncio.wait({trying, timer}, return_when=asyncio.FIRST_COMPLETED)
        except asyncio.CancelledError:
            trying.cancel()
            await asyncio.wait({trying})
            raise
        finally:
            timer.cancel()
        if trying.done():
            return trying.result()
        self._hanging.add(trying)
        trying.add_done_callback(self._over)
        raise CatalogUnavailable("the catalog did not answer in time")

    async def committing(self, call: Callable[[], Awaitable[Result]]) -> Result:
        """The result of the first call that finds the catalog, where no peer waits for an answer.

        Raises `CatalogUnavailable` after `commit_within_s`, `CatalogFaulty` after `faulty_within_s`.
        """
        return await self._until(self.commit_within_s, call)

    async def _until(self, limit_s: float, call: Callable[[], Awaitable[Result]]) -> Result:
        attempts = replace(self.policy, give_up_after_s=limit_s).attempts()
        while True:
            try:
                return await call()
            except CatalogFaulty:
                if not await attempts.wait(within_s=self.faulty_within_s):
                    raise
            except CatalogUnavailable:
                if not await attempts.wait():
                    raise

    def _over(self, task: asyncio.Task[Any]) -> None:
        self._hanging.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, so that asyncio does not report it as lost


DEFAULT_RETRY = CatalogRetry()
