"""Containers whose clocks differ, as those of several machines do when nothing sets them."""

import hashlib
import io
import json
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]
from PIL import Image

from client_sdk import FileEvent
from tests.compose import images
from tests.compose.deployment import Deployment, authorized, running
from tests.compose.engine import Engine
from tests.compose.tickets import send_with_ticket

pytestmark = pytest.mark.compose_long

DAY_S, HOUR_S = 86_400, 3_600
DOCKERFILE = """
FROM localhost/discord-cloud
USER root
RUN apt-get update && apt-get install --yes --no-install-recommends libfaketime
RUN ln -s /usr/lib/*/faketime/libfaketime.so.1 /usr/lib/libfaketime.so.1
USER cloud
ENV LD_PRELOAD=/usr/lib/libfaketime.so.1 FAKETIME_DONT_FAKE_MONOTONIC=1 FAKETIME_DISABLE_SHM=1
"""
IMAGE = "localhost/discord-cloud-with-false-clock"
OFFSETS_S = {
    "manager": 3 * HOUR_S,
    "upload-service": -2 * DAY_S,
    "processing-service": DAY_S,
}
"""All other containers, and clients, have the machine's clock."""
COUNTED_S = 60.0
"""Between two looks at clocks, on a busy machine."""


@pytest.fixture(scope="module")
def askew(engine: Engine, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    """A deployment whose programs do not agree about the time."""
    with tempfile.TemporaryDirectory() as context:
        (Path(context) / "Dockerfile").write_text(DOCKERFILE)
        images.build_one(engine, Path(context), IMAGE)
    services = {
        service: {"image": IMAGE, "environment": {"FAKETIME": f"{offset_s:+d}"}}
        for service, offset_s in OFFSETS_S.items()
    }
    changes = yaml.safe_dump({"services": services})
    with running(engine, tmp_path_factory.mktemp("compose"), changes=changes) as deployment:
        yield deployment


@pytest.fixture(scope="module")
def token(askew: Deployment) -> str:
    """The administrator's."""
    return askew.administrator()


@pytest.mark.parametrize("service", OFFSETS_S)
def test_the_clocks_differ(askew: Deployment, service: str):
    """What the other tests rely on."""
    container = askew.containers(service)[0]
    told = askew.execute(container, "python", "-c", "import time; print(time.time())")
    assert abs(float(told) - time.time() - OFFSETS_S[service]) < COUNTED_S


async def test_files_go_up_and_down(askew: Deployment, token: str):
    """Sessions, bookings, keys of uploads, views: nothing of it compares the clocks of two programs."""
    drawn = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).save(drawn, "PNG")
    content = bytes(range(256)) * 100_000
    async with askew.cloud(token) as cloud:
        events = cloud.events()
        await cloud.upload(content, "/content.bin")
        await cloud.upload(drawn.getvalue(), "/picture.png")
        assert await cloud.read("/content.bin") == content
        address = await anext(
            event.thumbnail_url
            async for event in events
            if isinstance(event, FileEvent) and event.thumbnail_url
        )
    assert Image.open(io.BytesIO(askew.curl(address)))


def test_a_ticket_is_good_at_a_service_that_lives_in_the_past(
    askew: Deployment, token: str, tmp_path: Path
):
    """The manager alone judges what it has signed, by its own clock."""
    content = bytes(range(256)) * 50_000
    url = send_with_ticket(askew, token, content, tmp_path)
    assert hashlib.sha256(askew.curl(url)).digest() == hashlib.sha256(content).digest()


def test_a_session_ends_by_the_managers_clock(askew: Deployment, token: str):
    """A login is good for as long as it says, however far the client's clock is away."""
    status = json.loads(askew.curl(*authorized(token), f"{askew.url}/token-status?token={token}"))
    assert not status["error"]
