"""Reports of stored chunks on their way to the manager. None is lost while this process lives."""

from collections import deque

import structlog

from client_sdk.connection import Connection
from client_sdk.errors import CloudError, ReplyTimeout
from protocol.generic import Boolean
from protocol.u2s import ChunkStored
from upload_service.errors import NotStored

log = structlog.get_logger(__name__)


class Reports:
    """Delivers reports, and keeps those that could not be delivered for the next link.

    The manager journals a report by the message that it names, so that one which it hears of twice
    does no harm.
    """

    def __init__(self) -> None:
        self._kept: deque[ChunkStored] = deque()

    @property
    def kept(self) -> int:
        """How many reports wait for a link."""
        return len(self._kept)

    async def deliver(self, link: Connection | None, chunk: ChunkStored) -> Boolean:
        """Send a report, again and again as long as the link lives, until it is answered.

        Raises:
            NotStored: if there is no link. The report is kept.
        """
        while link is not None:
            try:
                return await link.request(chunk)
            except ReplyTimeout:
                log.warning("report-unanswered", upload=chunk.upload_id, index=chunk.index)
            except CloudError:
                break
            except BaseException:
                self._kept.append(chunk)
                raise
        self._kept.append(chunk)
        raise NotStored("the link to the manager was lost; what became of the upload is not known")

    async def flush(self, link: Connection) -> None:
        """Send what was kept over a new link, oldest first."""
        while self._kept:
            try:
                await self.deliver(link, self._kept.popleft())
            except NotStored:
                return
