"""Uploads of users with quotas that run at several managers: each tells the others of its own.

What counts in the end is the commit, whose transaction knows what a user stores. So a message may be lost or
late: then a user may send bytes in vain, or has to wait until the manager is connected again, which then
says all that it runs.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Final

from common.tasks import BackgroundTasks
from manager.cluster.errors import ClusterError
from manager.cluster.in_process import InProcessCluster
from manager.cluster.membership import Member
from manager.cluster.messages import ClusterMessage
from manager.cluster.port import Cluster
from manager.uploads.quotas import CountedUpload, QuotaCheck

SUBJECT: Final = "quotas"
MOST_UPLOADS: Final = 2000
"""Uploads of one message, at most, of about 100 bytes each."""


class RunningUploads(ClusterMessage, frozen=True, kw_only=True):
    """Uploads that have begun at a manager, and that have ended there.

    Attributes:
        by: Id of the manager.
        is_all: Whether it runs no others than those that have begun.
        begun: User, upload and size in bytes.
        ended: Ids of uploads.
    """

    by: str
    is_all: bool = False
    begun: tuple[CountedUpload, ...] = ()
    ended: tuple[str, ...] = ()


async def share_quotas(quotas: QuotaCheck, cluster: Cluster, tasks: BackgroundTasks) -> None:
    """Has uploads count that run at other managers, and tells these of those that run here.

    Args:
        quotas: Counts.
        cluster: The managers.
        tasks: Send messages.
    """
    if not isinstance(cluster, InProcessCluster):
        await _SharedUploads(quotas, cluster, tasks).start()


class _SharedUploads:
    def __init__(self, quotas: QuotaCheck, cluster: Cluster, tasks: BackgroundTasks) -> None:
        self._quotas = quotas
        self._cluster = cluster
        self._tasks = tasks

    async def start(self) -> None:
        self._quotas.share(self._tell)
        await self._cluster.subscribe(SUBJECT, RunningUploads, self._take)
        self._cluster.watch_members(self._joined, self._left)
        self._cluster.watch_connection(self._tell_all, lambda: None)

    async def _take(self, running: RunningUploads) -> None:
        if running.by == self._cluster.own.id:
            return
        if running.is_all:
            self._quotas.forget(running.by)
        for upload in running.begun:
            self._quotas.began_elsewhere(running.by, upload)
        for upload_id in running.ended:
            self._quotas.ended_elsewhere(running.by, upload_id)

    def _tell(self, begun: Iterable[CountedUpload], ended: Iterable[str]) -> None:
        self._spawn(begun=tuple(begun), ended=tuple(ended))

    def _tell_all(self) -> None:
        running = tuple(self._quotas.told)
        self._spawn(is_all=True, begun=running[:MOST_UPLOADS])
        for first in range(MOST_UPLOADS, len(running), MOST_UPLOADS):
            self._spawn(begun=running[first : first + MOST_UPLOADS])

    def _spawn(
        self,
        *,
        is_all: bool = False,
        begun: tuple[CountedUpload, ...] = (),
        ended: tuple[str, ...] = (),
    ) -> None:
        message = RunningUploads(by=self._cluster.own.id, is_all=is_all, begun=begun, ended=ended)
        self._tasks.spawn(self._send(message), "tell managers of uploads")

    async def _send(self, message: RunningUploads) -> None:
        with suppress(ClusterError):
            await self._cluster.publish(SUBJECT, message)

    def _joined(self, _: Member) -> None:
        self._tell_all()

    def _left(self, member: Member) -> None:
        self._quotas.forget(member.id)
