"""One job from the manager's packet to the report: download, worker process, views."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import aiohttp
import structlog

from client_sdk.connection import Connection
from client_sdk.errors import CloudError, ConnectionLost
from common.manager_urls import ManagerUrls
from common.retry import RetryPolicy
from common.wording import counted
from processing_service.errors import ProcessingError, TooLarge
from processing_service.job_file import JobFile
from processing_service.settings import MIB, ProcessingServiceSettings
from processing_service.transfers import ContentDownload, ViewUploader, url_at_origin
from processing_service.views import load_extensions, load_views, wanted_extensions
from processing_service.work_order import INPUT_FILE, WorkerFailure, WorkOrder
from processing_service.worker_pool import WorkerPool
from protocol.s2t import Job
from protocol.t2s import JobDone, JobFailed

LONGEST_ERROR: Final = 500
"""Characters of an error that the manager is sent."""

log = structlog.get_logger(__name__)


class JobProcessor:
    """Processes jobs, as many at a time as there are callers.

    Args:
        settings: what is configured.
        http: session for reading files and posting views.
        workers: the processes that read files and draw views.
        retry: the delays between attempts to fetch or store something.
        managers: WebSocket URLs; files are read at the present one.

    Raises:
        ViewsInvalid: the file of views cannot be used.
    """

    def __init__(
        self,
        settings: ProcessingServiceSettings,
        http: aiohttp.ClientSession,
        workers: WorkerPool,
        retry: RetryPolicy,
        managers: ManagerUrls,
    ) -> None:
        self._settings = settings
        self._http = http
        self._workers = workers
        self._retry = retry
        self._managers = managers
        self._views = load_views(settings.views_file)
        self._extensions = load_extensions()

    @property
    def recipe_version(self) -> int:
        """The version of the views, which grows with every change of them."""
        return self._views.recipe_version

    async def process(self, job: Job, manager: Connection) -> JobDone | JobFailed:
        """Process a job and return the report on it.

        Args:
            job: what the manager has given.
            manager: the connection over which it came; tickets for views are requested over it.

        Raises:
            ConnectionLost: the connection to the manager ended, and the job with it.
        """
        try:
            return await self._process(job, manager)
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

    async def _process(self, job: Job, manager: Connection) -> JobDone | JobFailed:
        order = self._order_for(job)
        if order is None:
            return JobDone(job_id=job.job_id, metadata={})
        length = self._bytes_to_download(order)
        with TemporaryDirectory(
            prefix="discord-cloud-job-", dir=self._settings.temp_folder
        ) as name:
            folder = Path(name)
            url = url_at_origin(_http_origin(self._managers.current), job.content_url)
            download = ContentDownload(self._http, url, length=length, retry=self._retry)
            await download.save(folder / INPUT_FILE)
            outcome = await self._workers.run(order, folder)
            if isinstance(outcome, WorkerFailure):
                return _failed(job, outcome.reason, retry=outcome.retry)
            uploader = ViewUploader(manager, self._http, self._settings.upload_origin)
            for view in outcome.views:
                await uploader.store(job.job_id, view, folder, self._retry)
            return JobDone(job_id=job.job_id, metadata=outcome.metadata)

    def _order_for(self, job: Job) -> WorkOrder | None:
        """What a worker has to do, or None when nothing of this file would be read."""
        file = JobFile(name=job.name, size=job.size, type=job.type)
        present = frozenset(job.views)
        extensions = wanted_extensions(self._extensions, file, present)
        if file.size == 0 or (file.family is None and not extensions):
            return None
        return WorkOrder(
            file=file,
            views=self._views.wanted(file.type, present),
            extensions=extensions,
            keep_gps=self._settings.keep_gps,
            limits=self._settings.limits,
        )

    def _bytes_to_download(self, order: WorkOrder) -> int:
        length = order.file.size if order.extensions else order.file.bytes_needed
        limit = self._settings.max_input_mib * MIB
        if length > limit:
            size = counted(length, "byte")
            raise TooLarge(f"the file has {size}, more than the {limit} that are processed")
        return length


def _http_origin(socket_url: str) -> str:
    """The http(s) URL of the manager at a WebSocket's, without the credentials in its query."""
    parts = urlsplit(socket_url)
    scheme = {"ws": "http", "wss": "https"}.get(parts.scheme, parts.scheme)
    return urlunsplit(parts._replace(scheme=scheme, query=""))


def _failed(job: Job, error: str, *, retry: bool) -> JobFailed:
    return JobFailed(job_id=job.job_id, error=error[:LONGEST_ERROR], retry=retry)
