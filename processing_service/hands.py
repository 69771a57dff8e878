"""A pair of hands: asks the manager for one job after the other and does them."""

import asyncio
from collections.abc import Callable
from typing import Final

import aiohttp
import structlog

from client_sdk.backoff import Backoff
from client_sdk.connection import Connection
from client_sdk.errors import CloudError, ConnectionLost
from processing_service.delivery import Delivery
from processing_service.jobs import Workshop, process
from protocol.generic import Boolean
from protocol.s2t import Job
from protocol.t2s import JobAlive, JobDone, JobFailed, JobRequest

LEASES_PER_RENEWAL: Final = 3
"""A lease is renewed after a third of it, so that one lost renewal costs nothing."""

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """The manager has given the job to somebody else."""


class Bell:
    """Wakes everybody who waits for work."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def listen(self) -> asyncio.Event:
        """What the next ring sets. To be asked for before looking for work, so that none is missed."""
        return self._next

    def ring(self) -> None:
        """Wake them."""
        rung, self._next = self._next, asyncio.Event()
        rung.set()


class Hands:
    """One pair of hands on one link.

    Args:
        link: to the manager.
        http: session for reading files and posting views.
        workshop: what all jobs share.
        bell: rings when there may be work.
        lease_s: tells for how many seconds a job is ours.
    """

    def __init__(
        self,
        link: Connection,
        http: aiohttp.ClientSession,
        workshop: Workshop,
        bell: Bell,
        lease_s: Callable[[], float],
    ) -> None:
        self._link = link
        self._http = http
        self._workshop = workshop
        self._bell = bell
        self._lease_s = lease_s
        self._delivery = Delivery(link, http, workshop.upload_origin, workshop.backoff)

    async def run(self) -> None:
        """Work until cancelled, or until the link ends."""
        backoff: Backoff = self._workshop.backoff()
        while True:
            rung = self._bell.listen()
            try:
                job = await self._ask()
                if job is None:
                    await rung.wait()
                else:
                    await self._do(job)
                backoff.reset()
            except ConnectionLost:
                return
            except CloudError as error:
                log.warning("manager-does-not-answer", code=error.code)
                await backoff.wait()

    async def _ask(self) -> Job | None:
        request = JobRequest(recipe_version=self._workshop.views.recipe_version)
        answer = await self._link.request(request, Job)
        return None if isinstance(answer, Boolean) else answer

    async def _do(self, job: Job) -> None:
        bound = log.bind(job=job.job_id, type=job.type, size=job.size)
        # Where there was one job there may be more, and the manager tells a link only once.
        self._bell.ring()
        try:
            async with asyncio.TaskGroup() as tasks:
                renewals = tasks.create_task(self._renew(job), name="renew-lease")
                report = await process(job, self._workshop, self._http, self._delivery)
                renewals.cancel()
        except* LeaseLost:
            bound.warning("job-lost")
        except* ConnectionLost:
            bound.warning("job-dropped")
        else:
            _tell(bound, report)
            answer = await self._link.request(report)
            if not answer.success:
                bound.warning("report-refused", why=answer.message)

    async def _renew(self, job: Job) -> None:
        while True:
            await asyncio.sleep(self._lease_s() / LEASES_PER_RENEWAL)
            try:
                answer = await self._link.request(JobAlive(job_id=job.job_id))
            except ConnectionLost:
                raise
            except CloudError:
                continue  # the next renewal may be in time
            if not answer.success:
                raise LeaseLost


def _tell(bound: structlog.stdlib.BoundLogger, report: JobDone | JobFailed) -> None:
    if isinstance(report, JobDone):
        bound.info("job-done")
    else:
        bound.warning("job-failed", error=report.error, retry=report.retry)
