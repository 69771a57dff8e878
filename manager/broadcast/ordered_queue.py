"""Tells clients one thing after the other, at a pace that they can follow.

A single packet may change thousands of files, and each change is a frame or two for every client. Said
all at once they would stop the event loop for seconds and overflow the queues of clients that read as
fast as anybody can. So a few are said at once and the rest in turns, between which clients may catch
up. What is to be said meanwhile waits behind them, since a client that heard of a deletion before the
file's arrival would show it for ever.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable

from common.tasks import BackgroundTasks
from manager.broadcast.hub import Hub

FRAMES_PER_TURN = 2_000
"""Sent to all clients together before anything else may happen: some 50 ms of work."""

CATCHING_UP_S = 5.0
"""How long clients are waited for, in all, before a backlog goes on without regard for the slow ones."""

Announcement = Callable[[], None]


class Announcer:
    """Says announcements in their order. The first turn of a backlog is said at once."""

    def __init__(
        self,
        hub: Hub,
        tasks: BackgroundTasks,
        *,
        frames_per_turn: int = FRAMES_PER_TURN,
        catching_up_s: float = CATCHING_UP_S,
    ) -> None:
        self._hub = hub
        self._tasks = tasks
        self._frames_per_turn = frames_per_turn
        self._catching_up_s = catching_up_s
        self._waiting: deque[Announcement] = deque()
        self._all_said = asyncio.Event()
        self._all_said.set()

    def say(self, announcements: Iterable[Announcement]) -> None:
        """Says these after all that was to be said before."""
        self._waiting.extend(announcements)
        if not self._all_said.is_set():
            return
        self._take_turn()
        if self._waiting:
            self._all_said.clear()
            self._tasks.spawn(self._catch_up(), "announce many changes")

    async def all_said(self) -> None:
        """Returns when nothing waits to be said; for whoever has much more to say."""
        await self._all_said.wait()

    def _take_turn(self) -> None:
        for _ in range(max(1, self._frames_per_turn // max(1, len(self._hub)))):
            if not self._waiting:
                return
            self._waiting.popleft()()

    async def _catch_up(self) -> None:
        deadline = asyncio.get_running_loop().time() + self._catching_up_s
        try:
            while self._waiting:
                # A deadline that is over must not keep other tasks from running.
                await asyncio.sleep(0)
                await self._hub.caught_up(deadline)
                self._take_turn()
        finally:
            self._all_said.set()
