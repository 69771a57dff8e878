"""One job from its order to its report: download, worker process, views."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import aiohttp
import structlog

from client_sdk.backoff import Backoff
from client_sdk.errors import CloudError, ConnectionLost
from common.wording import counted
from processing_service.content import Download
from processing_service.delivery import Delivery
from processing_service.errors import ProcessingError, TooLarge
from processing_service.extensions import ViewExtension, wanted_extensions
from processing_service.facts import FileFacts
from processing_service.order import INPUT_FILE, Failure, Limits, Order, Success, view_path
from processing_service.reach import at_origin
from processing_service.views import Views
from processing_service.workers import Workers
from protocol.s2t import Job
from protocol.t2s import JobDone, JobFailed

LONGEST_ERROR: Final = 500

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What all jobs of a service share.

    Attributes:
        manager_http_url: where the manager is reached, for content as well.
        upload_origin: where upload services are reached; None: at the addresses that clients get.
        workers: the processes that read files and draw views.
        views: those that are made.
        extensions: further views, by name.
        limits: what a worker is held to.
        max_input_bytes: of the largest file that is processed.
        keep_gps: whether places go into the metadata.
        temp_folder: where the folders of jobs are made; None: where the system has them.
        backoff: makes the delays between attempts.
    """

    manager_http_url: str
    upload_origin: str | None
    workers: Workers
    views: Views
    extensions: Mapping[str, ViewExtension]
    limits: Limits
    max_input_bytes: int
    keep_gps: bool
    temp_folder: Path | None
    backoff: Callable[[], Backoff]


async def process(
    job: Job, workshop: Workshop, http: aiohttp.ClientSession, delivery: Delivery
) -> JobDone | JobFailed:
    """Do a job and make the report on it.

    Raises:
        ConnectionLost: the link to the manager ended, and the job with it.
    """
    try:
        return await _processed(job, workshop, http, delivery)
    except ConnectionLost:
        raise
    except ProcessingError as error:
        return _failed(job, str(error), retry=error.retry)
    except CloudError as error:
        return _failed(job, f"the manager does not answer ({error.code})", retry=True)
    except OSError as error:
        # Its text names a path of this machine.
        return _failed(job, f"temporary files cannot be used ({error.strerror})", retry=True)
    except Exception:
        log.exception("job-broke", job=job.job_id)
        return _failed(job, "the processing service failed", retry=True)


async def _processed(
    job: Job, workshop: Workshop, http: aiohttp.ClientSession, delivery: Delivery
) -> JobDone | JobFailed:
    order = _order(job, workshop)
    if order is None:
        return JobDone(job_id=job.job_id, metadata={})
    with TemporaryDirectory(prefix="discord-cloud-job-", dir=workshop.temp_folder) as name:
        folder = Path(name)
        url = at_origin(workshop.manager_http_url, job.content_url)
        length = _length(order, workshop)
        download = Download(http, url, length=length, backoff=workshop.backoff)
        await download.save(folder / INPUT_FILE)
        outcome = await workshop.workers.work(order, folder)
        if isinstance(outcome, Failure):
            return _failed(job, outcome.reason, retry=outcome.retry)
        await _store(job, outcome, folder, delivery)
        return JobDone(job_id=job.job_id, metadata=outcome.metadata)


def _order(job: Job, workshop: Workshop) -> Order | None:
    """What is to be done, or None when nothing of this file would be read."""
    facts = FileFacts(name=job.name, size=job.size, type=job.type)
    present = frozenset(job.views)
    extensions = wanted_extensions(workshop.extensions, facts, present)
    if facts.size == 0 or (facts.family is None and not extensions):
        return None
    return Order(
        facts=facts,
        views=workshop.views.wanted(facts.type, present),
        extensions=extensions,
        keep_gps=workshop.keep_gps,
        limits=workshop.limits,
    )


def _length(order: Order, workshop: Workshop) -> int:
    length = order.facts.size if order.extensions else order.facts.bytes_needed
    if length > workshop.max_input_bytes:
        limit = workshop.max_input_bytes
        raise TooLarge(
            f"the file has {counted(length, 'byte')}, more than the {limit} that are processed"
        )
    return length


async def _store(job: Job, outcome: Success, folder: Path, delivery: Delivery) -> None:
    for view in outcome.views:
        await delivery.store(job.job_id, view, view_path(folder, view.name))


def _failed(job: Job, error: str, *, retry: bool) -> JobFailed:
    return JobFailed(job_id=job.job_id, error=error[:LONGEST_ERROR], retry=retry)
