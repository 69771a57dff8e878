"""What clients do, through Caddy's TLS, the gateway and the containers behind it."""

import hashlib
import io
import json
import random
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.compose.deployment import USER, Deployment

pytestmark = pytest.mark.compose

MIB = 1024 * 1024
TICKET = """
mutation ($type: String!, $size: ByteCount!) {
  getTicket(mimeType: $type, size: $size) { url fileId fields { name value } }
}
"""
FILE = "query ($id: ID!) { file(id: $id) { url } }"


def content_of(size: int) -> bytes:
    """Content that looks like no other."""
    return random.Random(size).randbytes(size)


def authorized(token: str) -> tuple[str, str]:
    """Curl's options for a user's request."""
    return "--header", f"Authorization: Bearer {token}"


def ask(deployment: Deployment, token: str, query: str, **variables: object) -> dict[str, Any]:
    """The data of the answer to a GraphQL request."""
    body = json.dumps({"query": query, "variables": variables})
    answer = deployment.curl(*authorized(token), "--json", body, f"{deployment.url}/graphql")
    data: dict[str, Any] = json.loads(answer)["data"]
    return data


@pytest.fixture(scope="module")
def stored(deployment: Deployment, alice: str, tmp_path_factory) -> dict[str, bytes]:
    """The files of /holiday, uploaded as a folder."""
    assert alice
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


def test_a_range_is_sent_alone(deployment: Deployment, alice: str, stored: dict[str, bytes]):
    """A part across the border of two chunks."""
    url = f"{deployment.url}/download?path=/holiday&name=big.bin"
    part = deployment.curl(*authorized(alice), "--range", f"{10 * MIB - 5}-{10 * MIB + 4}", url)
    assert part == stored["big.bin"][10 * MIB - 5 : 10 * MIB + 5]


def test_a_folder_is_downloaded_as_a_zip(
    deployment: Deployment, alice: str, stored: dict[str, bytes]
):
    """The archive has every file."""
    url = f"{deployment.url}/bulk-download?path=/holiday"
    with zipfile.ZipFile(io.BytesIO(deployment.curl(*authorized(alice), url))) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
        found = {name.removeprefix("holiday/"): archive.read(name) for name in names}
    assert found == stored


def test_uploads_reach_every_replica(deployment: Deployment, alice: str):
    """Each upload service has told the manager an address that leads through the gateway to itself."""
    status = json.loads(deployment.curl(*authorized(alice), f"{deployment.url}/status"))
    replicas = {each.id[:12] for each in deployment.containers("upload-service")}
    addresses = {f"{deployment.url}/upload/{replica}" for replica in replicas}
    assert len(replicas) == 3
    assert {each["address"] for each in status["services"]} == addresses
    for address in addresses:
        code = deployment.curl(
            "--no-fail", "--form", "id=unknown", "--write-out", "%{http_code}", address
        )
        assert code.endswith(b"400"), code


def test_a_ticket_takes_a_form(deployment: Deployment, alice: str, tmp_path: Path):
    """A file sent by curl with a ticket is stored, a whole one in one form."""
    content = content_of(12 * MIB)
    (tmp_path / "file.bin").write_bytes(content)
    ticket = ask(deployment, alice, TICKET, type="application/octet-stream", size=len(content))[
        "getTicket"
    ]
    fields = [f"{each['name']}={each['value']}" for each in ticket["fields"]]
    options = [option for field in fields for option in ("--form-string", field)]
    file = f"file=@{tmp_path / 'file.bin'}"
    deployment.curl(*options, "--form", file, ticket["url"])
    url = ask(deployment, alice, FILE, id=ticket["fileId"])["file"]["url"]
    got = deployment.curl(url)
    assert hashlib.sha256(got).digest() == hashlib.sha256(content).digest()


def test_the_audit_log_has_the_clients_address(deployment: Deployment, alice: str):
    """What Caddy sees of a client reaches the manager; what the client says of itself does not."""
    told = "203.0.113.7"
    wrong = json.dumps({"username": USER, "password": "not it, surely"})
    deployment.curl(
        "--no-fail",
        "--header",
        f"X-Forwarded-For: {told}",
        "--json",
        wrong,
        f"{deployment.url}/login",
    )
    log = f"{deployment.url}/admin/audit?action=credentials-refused"
    events = json.loads(deployment.curl(*authorized(alice), log))["events"]
    refused = [each["address"] for each in events if each["actor"] == USER]
    # A published port is reached from the first address of the containers' network.
    assert refused == [f"{deployment.settings['NETWORK']}.1"]
