"""Tells the other managers that something in the catalog has changed, which they then read again."""

from collections.abc import Callable
from contextlib import suppress

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
        """Has `react` called in every manager; returns what does that.

        Args:
            name: Of the notice, of letters and hyphens.
            react: Reads again what may have changed. It must not block, and may be called in vain.
        """
        if isinstance(self._cluster, InProcessCluster):
            return react
        subject = f"notice.{name}"
        own_id = self._cluster.own.id

        async def take(notice: Notice) -> None:
            if notice.by != own_id:
                react()

        async def send() -> None:
            with suppress(ClusterError):
                await self._cluster.publish(subject, Notice(by=own_id))

        is_first = True

        def reconnected() -> None:
            nonlocal is_first
            if not is_first:
                react()
            is_first = False

        await self._cluster.subscribe(subject, Notice, take)
        self._cluster.watch_connection(reconnected, lambda: None)

        def give() -> None:
            react()
            self._tasks.spawn(send(), f"give notice of {name}")

        return give
