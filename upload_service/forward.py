"""Sealed chunks on their way to Discord, and the report that makes them count.

A post that has begun is never given up because its client hung up or its upload was aborted:
Discord may have the message already, and only the report lets the manager know that it is there, as
content or as garbage. So every chunk is forwarded by a task of its own, and the request merely
watches. While Discord takes nothing the chunk waits, for as long as its upload lives.
"""

import asyncio

import structlog

from common.faults import FaultLog
from common.tasks import cancel_and_wait
from protocol.u2s import ChunkStored
from storage.address import ChunkAddress
from storage.errors import DiscordFull, RequestTooLarge, StorageError
from upload_service.errors import ChunkError, NotStored, StorageFault, TooLargeForDiscord
from upload_service.metrics import Metrics
from upload_service.receive import SealedChunk
from upload_service.reports import Reports

log = structlog.get_logger(__name__)

NO_ROOM = "the server has no room left for files: its operator has to make some"


class Forwarder:
    """Stores sealed chunks and reports them.

    Args:
        reports: what the manager must hear of.
        metrics: what is counted.
    """

    def __init__(self, reports: Reports, metrics: Metrics) -> None:
        self._reports = reports
        self._metrics = metrics
        self._storage_faults = FaultLog("no-room-for-chunks")
        self._tasks: set[asyncio.Task[None]] = set()

    async def forward(self, chunk: SealedChunk) -> None:
        """Store and report a chunk; it goes on when the caller is cancelled.

        Raises:
            ChunkError: if the chunk does not count as stored. It may be sent again.
        """
        await asyncio.shield(self.begin(chunk))

    def begin(self, chunk: SealedChunk) -> asyncio.Task[None]:
        """Begin to store and report a chunk, whatever becomes of the caller.

        Returns:
            What ends as `forward` does; to be shielded where it is awaited.
        """
        task = asyncio.create_task(self._forward(chunk), name=f"forward-{chunk.claim.index}")
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    async def drain(self, grace_s: float) -> None:
        """Wait for all chunks under way; what takes longer than `grace_s` is given up."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=grace_s)
        await cancel_and_wait(*self._tasks)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if task.cancelled() or (error := task.exception()) is None:
            return
        # The request that waits answers with it, unless its client has hung up.
        if not isinstance(error, ChunkError):
            log.error("forwarding-failed", exc_info=error)

    async def _forward(self, chunk: SealedChunk) -> None:
        with self._metrics.forwarding.track_inprogress():
            try:
                self._reports.require_room()
                report = _stored_packet(chunk, await self._post(chunk))
                self._reports.add(report)
                chunk.lease.release()
                await self._report(chunk, report)
            except BaseException:
                chunk.claim.dropped()
                raise
            finally:
                chunk.lease.release()
        self._metrics.chunk_stored(chunk.size)
        chunk.claim.stored(chunk.digest)

    async def _post(self, chunk: SealedChunk) -> ChunkAddress:
        upload = chunk.claim.upload
        try:
            address = await upload.backend.store(chunk.content, upload.finished)
        except RequestTooLarge as error:
            # The size of chunks is fixed for the whole upload, so sending again can never help.
            refusal = TooLargeForDiscord(len(chunk.content))
            log.error("chunks-too-large", upload=str(upload.id), stored_size=len(chunk.content))
            upload.end(str(refusal))
            raise refusal from error
        except DiscordFull as error:
            self._storage_faults.met(str(error))
            raise StorageFault(NO_ROOM) from error
        except StorageError as error:
            upload.job.require_alive()
            log.warning("chunk-refused", code=error.code, upload=str(upload.id))
            raise NotStored(f"Discord did not take the chunk ({error.code})") from error
        self._storage_faults.works()
        return address

    async def _report(self, chunk: SealedChunk, report: ChunkStored) -> None:
        upload = chunk.claim.upload
        answer = await upload.backend.report(report)
        upload.job.require_alive()
        if not answer.success:
            raise NotStored(answer.message or "the manager did not take the chunk")


def _stored_packet(chunk: SealedChunk, address: ChunkAddress) -> ChunkStored:
    return ChunkStored(
        upload_id=str(chunk.claim.upload.id),
        index=chunk.claim.index,
        message_id=str(address.message_id),
        channel_id=str(address.channel_id),
        webhook_id=str(address.webhook_id),
        attachment_id=str(address.attachment_id),
        offset=address.offset,
        stored_size=address.stored_size,
        size=chunk.size,
        digest=chunk.digest.hex(),
    )
