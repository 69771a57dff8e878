"""Opens the cluster that is configured: NATS, or this manager alone."""

import os
import socket
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

from common.tasks import BackgroundTasks
from manager.cluster.in_process import InProcessCluster
from manager.cluster.membership import Member
from manager.cluster.port import Cluster
from manager.cluster.timing import ClusterTiming
from manager.settings import ManagerSettings


def this_manager(settings: ManagerSettings, clock: Callable[[], float]) -> Member:
    """What this manager says of itself."""
    return Member(
        id=uuid4().hex[:12],
        name=settings.manager_name or f"{socket.gethostname()}:{os.getpid()}",
        started_at=clock(),
    )


@asynccontextmanager
async def open_cluster(
    settings: ManagerSettings,
    *,
    timing: ClusterTiming | None = None,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
) -> AsyncIterator[Cluster]:
    """The cluster, until the manager stops. NATS need not be there yet. `timing`: None for the usual one."""
    own = this_manager(settings, clock)
    if settings.cluster_url is None:
        tasks = BackgroundTasks()
        try:
            yield InProcessCluster(own, tasks, clock)
        finally:
            await tasks.close()
        return
    # Not needed by a manager that is alone.
    from manager.cluster.nats_cluster import NatsCluster  # noqa: PLC0415

    url = settings.cluster_url.get_secret_value()
    async with NatsCluster.open(
        url, own, timing=timing, clock=clock, monotonic=monotonic
    ) as cluster:
        yield cluster
