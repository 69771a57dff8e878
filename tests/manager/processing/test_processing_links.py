"""Links of processing services that end at a bad moment."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlencode

import pytest

from catalog.records import JobState
from client_sdk.connection import Connection
from protocol import generic, s2c, s2t, t2s
from protocol.extensions import PROCESSING
from tests.manager.sockets.flaky import FlakyStage, running_flaky_stage
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.manager.tickets.test_uploads import connected, flaky_ticket


@asynccontextmanager
async def processing(stage: FlakyStage) -> AsyncIterator[Connection]:
    """A processing service, configured; returns when clients have heard of it."""
    observer = await stage.client("observer")
    query = urlencode({"type": "thumbnail", "key": SERVICE_PASSWORD})
    async with Connection.open(
        f"{stage.url}/?{query}",
        receives=frozenset({"s2t", "generic"}),
        extensions=frozenset({PROCESSING}),
    ) as connection:
        frame = await anext(connection)
        assert isinstance(frame.packet, s2t.ProcessingConfiguration)
        await connection.send(generic.Boolean(success=True), reply_uuid=frame.uuid)
        await observer.next(s2c.ServiceRegistry, service_type="thumbnail", action="added")
        yield connection
    await observer.next(s2c.ServiceRegistry, service_type="thumbnail", action="removed")


@pytest.mark.parametrize("step", ["claim_job", "views_of"])
async def test_a_job_for_a_service_that_has_left_goes_back_at_once(tmp_path, step):
    """Whoever left while its job was being looked for keeps it from nobody for the whole lease."""
    async with running_flaky_stage(tmp_path) as stage:
        async with connected(stage) as uploads:
            ticket, file_id = await flaky_ticket(stage)
            await uploads.accepted(ticket)
            assert await uploads.store(file_id, 0, 5)
            assert await uploads.finish(file_id)
        answer = stage.catalog.held[step] = asyncio.Event()
        async with processing(stage) as leaving:
            await leaving.send(t2s.JobRequest(recipe_version=1))
            await stage.catalog.is_holding(step)
        answer.set()
        while await stage.real_catalog.jobs(JobState.RUNNING, limit=1):
            pass
        (job,) = await stage.real_catalog.jobs(JobState.QUEUED, limit=9)
        assert (str(job.object_id), job.attempts) == (file_id, 1)
