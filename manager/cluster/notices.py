"""Tells the other managers that something in the catalog has changed, which they then read again."""

from collections.abc import Callable, Coroutine
from contextlib import suppress
from typing import Any

from common.tasks import BackgroundTasks
from manager.cluster.errors import ClusterError
from manager.cluster.in_process import InProcessCluster
from manager.cluster.messages import ClusterMessage
from manager.cluster.port import Cluster


class Notice(ClusterMessage, frozen=True, kw_only=True):
    """Something has changed.

    Attributes:
        by: Id of the manager that has changed it.
    """

    by: str


class Notices:
    """Notices of this manager, and of the others.

    One may be lost while NATS is away. So all are taken to have come when it is back.

    Args:
        cluster: The managers.
        tasks: Send them.
    """

    def __init__(self, cluster: Cluster, tasks: BackgroundTasks) -> None:
        self._cluster = cluster
        self._tasks = tasks

    async def share(self, name: str, react: Callable[[], None]) -> Callable[[], None]:
        """As `tell_others`, but what is returned has `react` called here as well, at once."""
        tell = await self.tell_others(name, react)

        def give() -> None:
            react()
            tell()

        return give

    async def tell_others(self, name: str, react: Callable[[], None]) -> Callable[[], None]:
        """Has `react` called when another manager gives this notice; returns what gives it.

        Args:
            name: Of the notice, of letters and hyphens.
            react: Reads again what may have changed. It must not block, and may be called in vain.
        """
        if isinstance(self._cluster, InProcessCluster):
            return _nothing
        subject = f"notice.{name}"
        own_id = self._cluster.own.id

        async def take(notice: Notice) -> None:
            if notice.by != own_id:
                react()

        async def send() -> None:
            with suppress(ClusterError):
                await self._cluster.publish(subject, Notice(by=own_id))

        await self._cluster.subscribe(subject, Notice, take)
        # Also the first time: what was there before may have been read before the others were heard.
        self._cluster.watch_connection(react, _nothing)
        return lambda: self._send(send(), name)

    def _send(self, sending: Coroutine[Any, Any, None], name: str) -> None:
        self._tasks.spawn(sending, f"give notice of {name}")


def _nothing() -> None:
    """There is nobody to tell."""
