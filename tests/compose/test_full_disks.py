"""Volumes of a deployment, full: what users are told, what goes on, and how it recovers."""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from PIL import Image

from client_sdk import Client, CloudError, FileEvent
from tests.compose.deployment import Deployment, running
from tests.compose.engine import Engine
from tests.compose.small_disks import SmallDisk, small_disks

pytestmark = pytest.mark.compose_long

Disks = dict[str, SmallDisk]
FILES = 400
"""With the longest paths their list takes more than the 256 KiB that the manager keeps in memory."""
PATIENCE_S = 120.0
"""Bounds how long a recovery may take on a busy machine."""


@pytest.fixture(scope="module")
def disks_and_deployment(
    engine: Engine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Disks, Deployment, str]]:
    """A deployment whose volumes are small, and its administrator's token."""
    with small_disks(tmp_path_factory.mktemp("disks")) as (disks, changes):
        folder = tmp_path_factory.mktemp("compose")
        with running(engine, folder, changes=changes, replicas=1) as deployment:
            yield disks, deployment, deployment.administrator()


@pytest.fixture
def disks(disks_and_deployment: tuple[Disks, Deployment, str]) -> Disks:
    """The volumes, by their names."""
    return disks_and_deployment[0]


@pytest.fixture
def small(disks_and_deployment: tuple[Disks, Deployment, str]) -> Deployment:
    """The deployment."""
    return disks_and_deployment[1]


@pytest.fixture
async def cloud(
    small: Deployment, disks_and_deployment: tuple[Disks, Deployment, str]
) -> AsyncIterator[Client]:
    """The administrator's client."""
    async with small.cloud(disks_and_deployment[2]) as cloud:
        yield cloud


async def logged(deployment: Deployment, service: str, pattern: str) -> None:
    """Returns when the log of a service has a line like that."""
    async with asyncio.timeout(PATIENCE_S):
        container = deployment.container(service)
        while not re.search(pattern, await asyncio.to_thread(deployment.logs, container)):
            pass


async def test_the_database(disks: Disks, small: Deployment, cloud: Client):
    """Uploads fail with the reason that lasts; with room again everything goes on, and nothing is lost."""
    await cloud.upload(b"stored before", "/database/before.txt")
    with disks["database"].full(), pytest.raises(CloudError) as failed:
        await upload_until_it_fails(cloud)
    assert "disk is full: its operator has to make room" in str(failed.value)
    await stored_again(cloud, "/database/after.txt")
    assert await cloud.read("/database/before.txt") == b"stored before"
    await asyncio.to_thread(small.wait_healthy)


async def upload_until_it_fails(cloud: Client) -> None:
    """What the database has reserved takes some more."""
    for number in range(20_000):
        await cloud.upload(b"x", f"/database/{number}.txt")


async def stored_again(cloud: Client, path: str) -> None:
    """Returns when a file could be stored."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                await cloud.upload(b"stored after", path, on_conflict="overwrite")
            except CloudError:
                continue
            break
    assert await cloud.read(path) == b"stored after"


async def test_the_temporary_files_of_the_manager(
    disks: Disks, small: Deployment, cloud: Client, tmp_path: Path
):
    """A large archive breaks off, which its reader sees; everything else goes on, also after a restart."""
    source = tmp_path / "archive"
    source.mkdir()
    for number in range(FILES):
        (source / f"{number:0120}").touch()
    folder = f"/{'a' * 120}"
    await cloud.upload_folder(source, folder + "".join(f"/{letter * 120}" for letter in "bcdefgh"))
    target = tmp_path / "archive.zip"
    with disks["manager"].full():
        with pytest.raises(CloudError):
            await cloud.download_archive(folder, target)
        await stored_again(cloud, "/manager.txt")
        manager = small.container("manager")
        await asyncio.to_thread(small.stop, manager)
        await asyncio.to_thread(small.engine.run, "start", manager.id)
        await stored_again(cloud, "/manager-again.txt")
    await cloud.download_archive(folder, target)
    with zipfile.ZipFile(target) as archive:
        assert sum(not name.endswith("/") for name in archive.namelist()) == FILES


async def test_the_reports(disks: Disks, small: Deployment, cloud: Client):
    """Reports stay in memory, which the log says; a restarted manager gets them, and no upload is lost."""
    service = small.container("upload-service")
    with disks["reports"].full():
        await cloud.upload(b"hello", "/reports.txt")
        await logged(small, "upload-service", "reports-not-on-disk.*No space left on device")
        manager = small.container("manager")
        await asyncio.to_thread(small.kill, manager)
        sending = asyncio.create_task(cloud.upload(bytes(21_000_000), "/reports.bin"))
        await asyncio.to_thread(small.engine.run, "start", manager.id)
        await sending
        await asyncio.to_thread(small.stop, service)
        await asyncio.to_thread(small.engine.run, "start", service.id)
    await stored_again(cloud, "/after-reports.txt")
    assert await cloud.read("/reports.bin") == bytes(21_000_000)


async def test_the_temporary_files_of_processing(disks: Disks, small: Deployment, cloud: Client):
    """The file is stored; its thumbnail comes with the next attempt, once there is room."""
    drawn = io.BytesIO()
    Image.effect_noise((900, 900), 80).save(drawn, "PNG")
    events = cloud.events()
    with disks["processing"].full():
        await cloud.upload(drawn.getvalue(), "/noise.png")
        await logged(small, "manager", "temporary files cannot be used .No space left on device")
    async with asyncio.timeout(PATIENCE_S):
        await anext(
            event async for event in events if isinstance(event, FileEvent) and event.thumbnail_url
        )


async def test_the_certificates(disks: Disks, small: Deployment, cloud: Client):
    """Caddy goes on with what it has, also after a restart."""
    with disks["certificates"].full(), disks["caddy"].full():
        tls = small.container("tls")
        await asyncio.to_thread(small.stop, tls)
        await asyncio.to_thread(small.engine.run, "start", tls.id)
        await stored_again(cloud, "/certificates.txt")
        assert json.loads(small.curl(f"{small.url}/token-status?token=x", "--no-fail"))["error"]
