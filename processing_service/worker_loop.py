"""Worker loops: each requests one job after the other from the manager, and has it processed."""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from client_sdk.connection import Connection
from client_sdk.errors import CloudError, ConnectionLost
from common.retry import Backoff
from processing_service.jobs import JobProcessor
from protocol.generic import Boolean
from protocol.s2t import Job
from protocol.t2s import JobAlive, JobDone, JobFailed, JobRequest

RENEWALS_PER_LEASE: Final = 3
"""A lease is renewed after a third of it, so that one lost renewal costs nothing."""

log = structlog.get_logger(__name__)


class LeaseLost(Exception):
    """The manager has given the job to another service."""


class JobSignal:
    """Wakes all worker loops that wait for a job."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def subscribe(self) -> asyncio.Event:
        """What the next `wake_all` sets. Subscribe before requesting a job: then none is missed."""
        return self._next

    def wake_all(self) -> None:
        """Wake every loop that waits."""
        current, self._next = self._next, asyncio.Event()
        current.set()


class WorkerLoop:
    """What each worker loop of one connection does.

    Args:
        manager: the connection.
        jobs: processes a job.
        signal: set off when there may be a job.
        lease_s: returns for how many seconds a job is leased.
    """

    def __init__(
        self,
        manager: Connection,
        jobs: JobProcessor,
        signal: JobSignal,
        lease_s: Callable[[], float],
    ) -> None:
        self._manager = manager
        self._jobs = jobs
        self._signal = signal
        self._lease_s = lease_s

    async def run(self, backoff: Backoff) -> None:
        """Work until cancelled, or until the connection ends.

        Args:
            backoff: the delays while the manager does not answer.
        """
        while True:
            woken = self._signal.subscribe()
            try:
                request = JobRequest(recipe_version=self._jobs.recipe_version)
                job = await self._manager.request(request, Job)
                if isinstance(job, Boolean):
                    await woken.wait()
                else:
                    await self._process(job)
                backoff.reset()
            except ConnectionLost:
                return
            except CloudError as error:
                log.warning("manager-does-not-answer", code=error.code)
                await backoff.wait()

    async def _process(self, job: Job) -> None:
        """Process a job under its lease, and report the result."""
        bound = log.bind(job=job.job_id, type=job.type, size=job.size)
        # Where there was one job there may be more, and the manager announces that once per connection.
        self._signal.wake_all()
        try:
            async with asyncio.TaskGroup() as tasks:
                renewals = tasks.create_task(self._renew_lease(job), name="renew-lease")
                report = await self._jobs.process(job, self._manager)
                renewals.cancel()
        except* LeaseLost:
            bound.warning("job-lost")
        except* ConnectionLost:
            bound.warning("job-dropped")
        else:
            _log_report(bound, report)
            answer = await self._manager.request(report)
            if not answer.success:
                bound.warning("report-refused", reason=answer.message)

    async def _renew_lease(self, job: Job) -> None:
        while True:
            await asyncio.sleep(self._lease_s() / RENEWALS_PER_LEASE)
            try:
                answer = await self._manager.request(JobAlive(job_id=job.job_id))
            except ConnectionLost:
                raise
            except CloudError:
                continue  # the next renewal may be in time
            if not answer.success:
                raise LeaseLost


def _log_report(bound: structlog.stdlib.BoundLogger, report: JobDone | JobFailed) -> None:
    if isinstance(report, JobDone):
        bound.debug("job-done")
    else:
        bound.warning("job-failed", error=report.error, retry=report.retry)
