"""Bodies over real connections, on a clock on which every write takes a second, and the pace of readers."""

import errno
import itertools
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientError, web
from aiohttp.test_utils import TestClient, TestServer
from hypothesis import given
from hypothesis import strategies as st

from common.addresses import ClientAddresses
from manager.metrics import ManagerMetrics
from reading.admission import DownloadAdmission, DownloadLimits
from reading.delivery import WRITE_BYTES, Delivery, PaceDemands, ReaderPace

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
        PaceDemands(max_wait_s=10, lowest_bytes_per_s=lowest_bytes_per_s),
        lambda: float(next(seconds)),
    )

    async def send(request: web.Request) -> web.StreamResponse:
        async with delivery.admitted(request, "somebody") as writer:
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


def _pace(lowest_bytes_per_s: float = 100.0) -> ReaderPace:
    return ReaderPace(max_wait_s=10.0, lowest_bytes_per_s=lowest_bytes_per_s)


def test_a_reader_that_takes_nothing_is_waited_for_as_long_as_the_limit():
    """A pause may be as long as the limit, and no longer."""
    pace = _pace()
    assert pace.left_s == 10.0
    pace.took(0, 10.0)
    assert pace.left_s == 0


def test_a_reader_that_is_too_slow_uses_up_its_time():
    """At half the lowest pace it lasts twice as long as for who takes nothing."""
    pace = _pace()
    seconds = 0
    while pace.left_s > 0:
        pace.took(50, 1.0)
        seconds += 1
    assert seconds == 20


def test_a_reader_that_was_fast_has_no_more_time_than_others():
    """What is taken quickly is no credit for a long pause later."""
    pace = _pace()
    pace.took(1_000_000, 0.1)
    assert pace.left_s == 10.0


def test_without_a_lowest_pace_only_pauses_count():
    """However slow a reader is, each piece has the whole time."""
    pace = _pace(lowest_bytes_per_s=0)
    for _ in range(100):
        pace.took(1, 9.0)
        assert pace.left_s == 10.0


@given(st.lists(st.floats(min_value=0.01, max_value=9.9), max_size=100))
def test_who_keeps_the_lowest_pace_is_never_given_up(pauses):
    """With any pauses in between, up to the limit."""
    pace = _pace()
    for pause_s in pauses:
        assert pace.left_s > pause_s
        pace.took(int(pause_s * 100) + 1, pause_s)
