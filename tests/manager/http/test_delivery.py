"""Bodies that go out over real connections, on a clock on which every write takes a second."""

import errno
import itertools
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient, TestServer

from common.addresses import ClientAddresses
from manager.downloads.admission import DownloadAdmission, DownloadLimits
from manager.downloads.delivery import WRITE_BYTES, Delivery, PaceDemands
from manager.metrics import ManagerMetrics

PIECES = 40
LIMITS = DownloadLimits(total=1, per_address=1, per_reader=1, wait_s=0)


@asynccontextmanager
async def sending(lowest_bytes_per_s: float, *, fails_at: int | None = None):
    """A client of a server that sends `PIECES` full writes, and its metrics.

    Before the write of that number its disk is full.
    """
    # It is looked at before and after each write.
    seconds = itertools.count()
    metrics = ManagerMetrics()
    delivery = Delivery(
        metrics,
        ClientAddresses(()),
        DownloadAdmission(LIMITS),
        PaceDemands(patience_s=10, lowest_bytes_per_s=lowest_bytes_per_s),
        lambda: float(next(seconds)),
    )

    async def send(request: web.Request) -> web.StreamResponse:
        async with delivery.place(request, "somebody") as writer:
            response = web.StreamResponse(headers={"Content-Length": str(PIECES * WRITE_BYTES)})
            await response.prepare(request)
            with writer.body():
                for number in range(PIECES):
                    if number == fails_at:
                        raise OSError(errno.ENOSPC, "No space left on device")
                    await writer.push(response, bytes(WRITE_BYTES))
                await writer.finish(response)
            return response

    app = web.Application()
    app.router.add_get("/", send)
    async with TestClient(TestServer(app)) as client:
        yield client, metrics


async def test_a_reader_below_the_lowest_pace_is_cut_off():
    """It does not have its place for ever, and sees that it has not got everything."""
    async with sending(lowest_bytes_per_s=2 * WRITE_BYTES) as (client, metrics):
        response = await client.get("/")
        with pytest.raises(ClientError):
            await response.read()
        assert b'downloads_cut_total{reason="reader-stalled"} 1.0' in metrics.render()
        again = await client.get("/")
        assert again.status == 200


async def test_a_reader_at_the_lowest_pace_gets_everything():
    """However long it takes."""
    async with sending(lowest_bytes_per_s=WRITE_BYTES) as (client, _):
        response = await client.get("/")
        assert len(await response.read()) == PIECES * WRITE_BYTES


async def test_a_disk_that_is_full_ends_a_body_visibly():
    """What has to be kept on the disk until it is sent cannot be; others go on."""
    async with sending(lowest_bytes_per_s=WRITE_BYTES, fails_at=3) as (client, metrics):
        response = await client.get("/")
        with pytest.raises(ClientError):
            await response.read()
        assert b'downloads_cut_total{reason="disk"} 1.0' in metrics.render()
