"""The processing services, and the jobs that they are given.

The queue is the catalog's: a job is leased to a connection, and goes back when that is lost. What a
service stores, it stores with tickets; what it reads, it reads through a link.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from catalog.errors import CatalogError
from catalog.port import Catalog
from catalog.records import Job, Ticket, ViewTarget
from common.tasks import BackgroundTasks
from manager.broadcast.hub import Hub
from manager.connections.clients import ClientSession
from manager.connections.connection import PeerConnection
from manager.connections.dispatch import PacketTable
from manager.downloads.links import ContentLinks
from manager.errors import JobLost, TooManyViews
from manager.files.changes import THUMBNAIL, ChangeFeed
from manager.services.liveness import confirms
from manager.tickets.issuing import TicketRequest
from manager.tickets.uploads import TicketManager
from protocol import generic, s2c, s2t, t2s

log = structlog.get_logger(__name__)

RETRY_FIRST_S = 30.0
RETRY_FACTOR = 4
"""Each attempt waits so many times longer than the one before."""
LOOK_INTERVAL_S = 30.0
"""Seconds between two reminders of idle services to request jobs that became due by time alone."""
MAX_ERROR_LENGTH = 1000
MAX_VIEWS = 100
"""Views that a service may ask for while it has a job, each of which is a ticket in the catalog."""
STRETCH = 1000
"""Objects that are looked at in one transaction when old ones are queued."""

NOTHING_TO_DO = generic.Boolean(success=False, message="there is nothing to do")
_DONE = generic.Boolean(success=True)


@dataclass(slots=True, eq=False)
class ProcessingSession:
    """One connection of a processing service.

    Attributes:
        id: uuid of the connection.
        base_url: URL of the manager that the service uses.
        connection: the way to the service.
        recipe_version: that of its recipes, as it reported last.
        is_waiting: whether the manager replied that there is nothing to do.
        is_in_service: whether it has confirmed its configuration.
        jobs: the jobs that it has.
        views: how many views it has asked for, by job.
    """

    id: str
    base_url: str
    connection: PeerConnection
    recipe_version: int | None = None
    is_waiting: bool = False
    is_in_service: bool = False
    jobs: dict[UUID, Job] = field(default_factory=dict)
    views: Counter[UUID] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPolicy:
    """How long a job is leased, in whole seconds, and how often it is tried."""

    lease_s: int
    max_attempts: int


class ProcessingManager:
    """Leases jobs to processing services, and records their outcome."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        hub: Hub,
        changes: ChangeFeed,
        tickets: TicketManager,
        links: ContentLinks,
        policy: JobPolicy,
        tasks: BackgroundTasks,
        clock: Callable[[], float],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._hub = hub
        self._changes = changes
        self._tickets = tickets
        self._links = links
        self._policy = policy
        self._tasks = tasks
        self._clock = clock
        self._sleep = sleep
        self._services: dict[str, ProcessingSession] = {}
        tickets.subscribe(self._stored)
        changes.subscribe(self.announce_jobs)

    def __iter__(self) -> Iterator[ProcessingSession]:
        return iter(tuple(self._services.values()))

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            t2s.JobAlive: self.job_alive,
            t2s.JobDone: self.job_done,
            t2s.JobFailed: self.job_failed,
            t2s.JobRequest: self.request_job,
            t2s.ViewRequest: self.request_view,
        }

    @property
    def recipe_version(self) -> int | None:
        """The newest of the connected services' recipes; None without any."""
        versions = [each.recipe_version for each in self if each.recipe_version is not None]
        return max(versions, default=None)

    def send_list_to(self, client: ClientSession) -> None:
        """Sends a new client the list of services."""
        for service in self:
            if service.is_in_service:
                client.connection.send(_registry(service, "list"))

    @contextlib.asynccontextmanager
    async def registered(self, service: ProcessingSession) -> AsyncIterator[None]:
        """A service is connected for the length of the context; then its jobs go back."""
        self._services[service.id] = service
        self._tasks.spawn(self._configure(service), f"configure processing {service.id}")
        try:
            yield
        finally:
            del self._services[service.id]
            if service.is_in_service:
                service.is_in_service = False
                self._hub.broadcast(_registry(service, "removed"))
            self._tasks.spawn(self._give_jobs_back(service), "take jobs back")

    async def run(self) -> None:
        """Makes idle services look for jobs at intervals, until cancelled."""
        while True:
            await self._sleep(LOOK_INTERVAL_S)
            self.announce_jobs()

    def announce_jobs(self) -> None:
        """There may be jobs: idle services ask again."""
        for service in self:
            if service.is_waiting:
                service.is_waiting = False
                service.connection.send(s2t.JobAvailable())

    async def request_job(
        self, service: ProcessingSession, packet: t2s.JobRequest
    ) -> s2t.Job | generic.Boolean:
        """Gives a job to an idle worker of the service. Raises `CatalogError`."""
        return await self._next_job(service, packet.recipe_version) or NOTHING_TO_DO

    async def _next_job(self, service: ProcessingSession, recipe_version: int) -> s2t.Job | None:
        """None when there is nothing to do."""
        service.recipe_version = recipe_version
        # Set first: what is queued while the catalog is asked must not be missed.
        service.is_waiting = True
        while job := await self._catalog.claim_job(
            service.id, lease_s=self._policy.lease_s, max_attempts=self._policy.max_attempts
        ):
            service.jobs[job.object_id] = job
            packet = await self._packet(service, job)
            if service.id not in self._services:
                # It left meanwhile, maybe before the catalog had answered.
                await self._give_jobs_back(service)
                return None
            if packet is not None:
                service.is_waiting = False
                return packet
            service.jobs.pop(job.object_id, None)
        return None

    async def request_view(
        self, service: ProcessingSession, packet: t2s.ViewRequest
    ) -> s2t.ViewTicket:
        """Lets the service store a view.

        Raises `JobLost`, `TooManyViews`, `NoUploadService`, `CatalogError`.
        """
        job = _job_of(service, packet.job_id)
        for ended in service.views.keys() - service.jobs.keys():
            del service.views[ended]
        if service.views[job.object_id] >= MAX_VIEWS:
            raise TooManyViews(MAX_VIEWS)
        service.views[job.object_id] += 1
        form = await self._tickets.open_for_view(
            TicketRequest(mime_type=packet.type, size=packet.size),
            ViewTarget(object_id=job.object_id, name=packet.view),
        )
        fields = tuple(s2t.FormField(name=name, value=value) for name, value in form.fields)
        return s2t.ViewTicket(url=form.url, fields=fields)

    async def job_done(self, service: ProcessingSession, packet: t2s.JobDone) -> generic.Boolean:
        """Stores what was found out. Raises `JobLost`, `CatalogError`."""
        is_done = await self._catalog.complete_job(
            UUID(packet.job_id),
            worker=service.id,
            metadata=packet.metadata,
            recipe_version=service.recipe_version or 0,
        )
        service.jobs.pop(UUID(packet.job_id), None)
        if not is_done:
            raise JobLost
        self._tasks.spawn(self._changes.processed(UUID(packet.job_id)), "announce metadata")
        return _DONE

    async def job_failed(
        self, service: ProcessingSession, packet: t2s.JobFailed
    ) -> generic.Boolean:
        """Schedules the next attempt, or fails the job permanently. Raises `JobLost`, `CatalogError`."""
        job = _job_of(service, packet.job_id)
        log.warning("job-failed", job=packet.job_id, attempt=job.attempts, error=packet.error)
        if not await self._end_attempt(service, job, packet.error, may_retry=packet.retry):
            raise JobLost
        return _DONE

    async def job_alive(self, service: ProcessingSession, packet: t2s.JobAlive) -> generic.Boolean:
        """Renews the lease. Raises `JobLost`, `CatalogError`."""
        job = _job_of(service, packet.job_id)
        renewed = await self._catalog.renew_job(
            job.object_id, worker=service.id, lease_s=self._policy.lease_s
        )
        if not renewed:
            service.jobs.pop(job.object_id, None)
            raise JobLost
        return _DONE

    async def enqueue_missing(self) -> int:
        """Queues all that was never processed, or by older recipes. Returns how many."""
        queued, after = 0, None
        while True:
            stretch = await self._catalog.enqueue_missing(
                recipe_version=self.recipe_version, after=after, limit=STRETCH
            )
            queued += stretch.queued
            after = stretch.last
            if after is None:
                break
        self.announce_jobs()
        return queued

    async def retry(self) -> int:
        """Queues all jobs that failed permanently. Returns how many."""
        queued = await self._catalog.retry_jobs()
        self.announce_jobs()
        return queued

    def _stored(self, ticket: Ticket) -> None:
        if ticket.view is None:
            self.announce_jobs()
        elif ticket.view.name == THUMBNAIL:
            self._tasks.spawn(
                self._changes.thumbnail_made(ticket.view.object_id), "announce a thumbnail"
            )

    async def _packet(self, service: ProcessingSession, job: Job) -> s2t.Job | None:
        """The job as the service gets it; None when its object went in the meantime."""
        content = await self._catalog.object_by_id(job.object_id)
        if content is None:
            return None
        files = await self._catalog.files_of(job.object_id)
        views = await self._catalog.views_of(job.object_id)
        return s2t.Job(
            job_id=str(job.object_id),
            name=files[0].file.name if files else None,
            size=content.size,
            type=content.mime_type or "application/octet-stream",
            content_url=service.base_url + self._links.file(job.object_id),
            views=tuple(view.name for view in views),
        )

    async def _end_attempt(
        self, service: ProcessingSession, job: Job, error: str, *, may_retry: bool
    ) -> bool:
        service.jobs.pop(job.object_id, None)
        is_last = not may_retry or job.attempts >= self._policy.max_attempts
        delay_s = RETRY_FIRST_S * RETRY_FACTOR ** (job.attempts - 1)
        return await self._catalog.fail_job(
            job.object_id,
            worker=service.id,
            error=error[:MAX_ERROR_LENGTH],
            retry_at=None if is_last else self._clock() + delay_s,
        )

    async def _give_jobs_back(self, service: ProcessingSession) -> None:
        """Gives the jobs of a lost service back; what fails now is done when their leases expire."""
        for job in tuple(service.jobs.values()):
            try:
                await self._end_attempt(
                    service, job, "the processing service was lost", may_retry=True
                )
            except CatalogError as error:
                log.warning("job-not-taken-back", job=str(job.object_id), code=error.code)

    async def _configure(self, service: ProcessingSession) -> None:
        packet = s2t.ProcessingConfiguration(lease_s=self._policy.lease_s)
        if await confirms(service, packet) and service.id in self._services:
            service.is_in_service = True
            self._hub.broadcast(_registry(service, "added"))


def _registry(service: ProcessingSession, action: s2c.ServiceAction) -> s2c.ServiceRegistry:
    return s2c.ServiceRegistry(service_type="thumbnail", action=action, service_uuid=service.id)


def _job_of(service: ProcessingSession, job_id: str) -> Job:
    try:
        return service.jobs[UUID(job_id)]
    except KeyError:
        raise JobLost from None
