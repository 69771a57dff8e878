"""Takes kept uploads over from other managers, and hands them over to these."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from manager.cluster.errors import ClusterError, ClusterTimeout
from manager.cluster.messages import ClusterMessage
from manager.cluster.port import Cluster
from manager.uploads.manager import UploadManager

log = structlog.get_logger(__name__)


def kept_subject(manager: str) -> str:
    """Where that manager is asked to end its run of a kept upload."""
    return f"dc.kept.{manager}"


class HandOver(ClusterMessage, frozen=True, kw_only=True):
    """Asks a manager to end its run of a user's kept upload, if it has one."""

    upload_id: str
    user_id: int


class HandedOver(ClusterMessage, frozen=True, kw_only=True):
    """The manager does not run the upload."""


class KeptUploadExchange:
    """The runs of kept uploads in other managers, and this manager's answers to those."""

    def __init__(self, cluster: Cluster, uploads: UploadManager) -> None:
        self._cluster = cluster
        self._uploads = uploads

    @classmethod
    @asynccontextmanager
    async def opened(
        cls, cluster: Cluster, uploads: UploadManager
    ) -> AsyncIterator["KeptUploadExchange"]:
        """Answers other managers for the length of the context."""
        exchange = cls(cluster, uploads)
        subscription = await cluster.respond(
            kept_subject(cluster.own.id), HandOver, exchange._hand_over
        )
        try:
            yield exchange
        finally:
            await subscription.close()

    async def end(self, upload_id: str, user_id: int, *, within_s: float) -> None:
        """Returns when no other manager runs the upload. Raises `TimeoutError`.

        A manager that cannot be reached goes on: its run cannot commit once the upload is claimed.
        """
        others = [each for each in self._cluster.members if each != self._cluster.own.id]
        message = HandOver(upload_id=upload_id, user_id=user_id)
        await asyncio.gather(*(self._end_at(each, message, within_s) for each in others))

    async def _end_at(self, manager: str, message: HandOver, within_s: float) -> None:
        try:
            await self._cluster.request(
                kept_subject(manager), message, HandedOver, timeout_s=within_s
            )
        except ClusterTimeout as error:
            raise TimeoutError from error
        except ClusterError as error:
            log.warning("upload-not-handed-over", manager=manager, code=error.code)

    async def _hand_over(self, message: HandOver) -> HandedOver:
        while running := self._uploads.kept_upload(message.upload_id):
            if running.requested.user_id != message.user_id:
                break
            await running.hand_over()
        return HandedOver()
