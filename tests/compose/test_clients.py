"""What clients do, through Caddy's TLS, the gateway and the containers behind it."""

import asyncio
import hashlib
import io
import json
import random
import re
import zipfile
from pathlib import Path

import pytest
from PIL import Image

from client_sdk import FileEvent
from tests.compose.base_stage import DeployedStage
from tests.compose.deployment import USER, Deployment, authorized
from tests.compose.tickets import send_with_ticket

pytestmark = pytest.mark.compose

MIB = 1024 * 1024


def content_of(size: int) -> bytes:
    """Content that looks like no other."""
    return random.Random(size).randbytes(size)


@pytest.fixture(scope="module")
def stored(
    deployment: Deployment, ada: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, bytes]:
    """The files of /holiday, uploaded as a folder."""
    assert ada
    files = {"empty": b"", "small.txt": b"hello", "big.bin": content_of(25 * MIB + 3)}
    folder = tmp_path_factory.mktemp("sources") / "holiday"
    (folder / "deep").mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
        (folder / "deep" / name).write_bytes(content[::-1])
    deployment.client("put", folder, "/")
    return files | {f"deep/{name}": content[::-1] for name, content in files.items()}


def test_a_folder_comes_back_as_it_was(
    deployment: Deployment, stored: dict[str, bytes], tmp_path: Path
):
    """`put` and `get` of a folder lose no byte."""
    deployment.client("get", "/holiday", tmp_path)
    for name, content in stored.items():
        assert (tmp_path / "holiday" / name).read_bytes() == content, name


def test_a_range_is_sent_alone(deployment: Deployment, ada: str, stored: dict[str, bytes]):
    """A part across the border of two chunks."""
    url = f"{deployment.url}/download?path=/holiday&name=big.bin"
    part = deployment.curl(*authorized(ada), "--range", f"{10 * MIB - 5}-{10 * MIB + 4}", url)
    assert part == stored["big.bin"][10 * MIB - 5 : 10 * MIB + 5]


def test_a_folder_is_downloaded_as_a_zip(
    deployment: Deployment, ada: str, stored: dict[str, bytes]
):
    """The archive has every file."""
    url = f"{deployment.url}/bulk-download?path=/holiday"
    with zipfile.ZipFile(io.BytesIO(deployment.curl(*authorized(ada), url))) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        found = {name.removeprefix("holiday/"): archive.read(name) for name in names}
    assert found == stored


def test_uploads_reach_every_replica(deployment: Deployment, ada: str):
    """Each upload service has told the manager an address that leads through the gateway to itself."""
    status = json.loads(deployment.curl(*authorized(ada), f"{deployment.url}/status"))
    replicas = {each.id[:12] for each in deployment.containers("upload-service")}
    addresses = {f"{deployment.url}/upload/{replica}" for replica in replicas}
    assert len(replicas) == 3
    assert {each["address"] for each in status["services"]} == addresses
    for address in addresses:
        code = deployment.curl(
            "--no-fail", "--form", "id=unknown", "--write-out", "%{http_code}", address
        )
        assert code.endswith(b"400"), code


def test_a_ticket_takes_a_form(deployment: Deployment, ada: str, tmp_path: Path):
    """A file sent by curl with a ticket is stored, a whole one in one form."""
    content = content_of(12 * MIB)
    url = send_with_ticket(deployment, ada, content, tmp_path)
    assert hashlib.sha256(deployment.curl(url)).digest() == hashlib.sha256(content).digest()


async def test_a_stock_client_sends_chunks(
    deployment: Deployment, stage: DeployedStage, tmp_path: Path
):
    """Chunks by curl, to the address that the manager has given, in any order and as often as it takes."""
    content = content_of(21 * MIB)
    frontend = await stage.frontend(booked=1)
    upload = await frontend.request("by-curl.bin", len(content))
    size = upload["chunk_size"]
    last = (len(content) - 1) // size
    for index in (last, *range(last), last):
        part = tmp_path / f"part{index}"
        part.write_bytes(content[index * size : (index + 1) * size])
        form = (f"id={upload['upload_id']}", f"chunk={index}", f"file=@{part}")
        options = [option for field in form for option in ("--form", field)]
        answer = await asyncio.to_thread(deployment.curl, *options, upload["upload_address"])
        assert answer == str(index).encode()
    assert (await frontend.finished(upload["upload_id"]))["success"]
    assert await frontend.download("by-curl.bin") == (200, content)


async def test_pictures_get_thumbnails_and_metadata(deployment: Deployment, ada: str):
    """The processing service reads what is stored, and stores what it makes of it, through the gateway."""
    drawn = io.BytesIO()
    Image.linear_gradient("L").resize((640, 480)).save(drawn, "PNG")
    async with deployment.cloud(ada) as cloud, asyncio.timeout(60):
        events = cloud.events()
        await cloud.upload(drawn.getvalue(), "/picture.png")
        address = await anext(
            event.thumbnail_url
            async for event in events
            if isinstance(event, FileEvent) and event.thumbnail_url
        )
    thumbnail = Image.open(io.BytesIO(deployment.curl(address)))
    assert 0 < max(thumbnail.size) < 640
    url = f"{deployment.url}/page/metadata?path=/&name=picture.png"
    metadata = json.loads(deployment.curl(*authorized(ada), url))["metadata"]
    assert (metadata["width"], metadata["height"], metadata["format"]) == (640, 480, "png")


def test_the_audit_log_has_the_clients_address(deployment: Deployment, ada: str):
    """What Caddy sees of a client reaches the manager; what the client says of itself does not."""
    wrong = json.dumps({"username": USER, "password": "not it, surely"})
    # The last two are those that the gateway itself believes.
    network = deployment.settings["NETWORK"]
    for told in ("203.0.113.7", f"203.0.113.7, {network}.3", f"203.0.113.7, {network}.1"):
        header = ("--header", f"X-Forwarded-For: {told}")
        deployment.curl("--no-fail", *header, "--json", wrong, f"{deployment.url}/login")
    log = f"{deployment.url}/admin/audit?action=credentials-refused"
    events = json.loads(deployment.curl(*authorized(ada), log))["events"]
    refused = {each["address"] for each in events if each["actor"] == USER}
    # A published port is reached from the first address of the containers' network.
    assert refused == {f"{network}.1"}


def test_the_gateway_asks_the_name_server_of_the_engine_alone(deployment: Deployment, ada: str):
    """What podman adds of the machine knows no container: of many requests none fails."""
    gateway = deployment.container("gateway")
    servers = deployment.execute(gateway, "cat", "/etc/resolv.conf")
    first = re.findall(r"^nameserver (\S+)$", servers, re.MULTILINE)[0]
    rendered = deployment.execute(gateway, "cat", "/tmp/gateway.conf")
    assert re.findall(r"^resolver (.*) valid", rendered, re.MULTILINE) == [first]
    urls = [f"{deployment.url}/health?{number}" for number in range(300)]
    codes = deployment.curl("--write-out", "%{http_code}\\n", *urls)
    assert codes.decode().split() == ["204"] * 300
