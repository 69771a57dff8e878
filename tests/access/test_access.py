"""Every route, packet and GraphQL field is tried by every kind of caller: the access table, cell by cell.

Each test tries its part of the table at one manager, and tells all cells that are not as the table says.
"""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from graphql import GraphQLObjectType, build_schema
from pydantic import SecretStr

from manager.app import is_ready
from protocol.codec import PACKETS
from protocol.extensions import TICKETS
from tests.access import graphql
from tests.access.callers import CLIENTS, SERVICES, Caller, Scene
from tests.access.packets import RawPeer, connected
from tests.access.table import (
    CONNECTIONS,
    FIELDS,
    NO_ID,
    PACKETS_OF_THE_MANAGER,
    PACKETS_SENT,
    ROUTES,
    UPLOAD_SERVICE_ROUTES,
    Outcome,
    Row,
    render,
)
from tests.access.trials import ON_A_CONNECTION_OF_ITS_OWN, TRIALS
from tests.access.trying import status_of
from tests.manager.cloud import Cloud, running_cloud
from tests.manager.sockets.peers import SERVICE_EXTENSIONS, ServicePeer, service_query
from tests.manager.sockets.stage import SERVICE_PASSWORD
from upload_service.app import UploadService
from upload_service.settings import UploadServiceSettings

ROOT = Path(__file__).parents[2]
SLOTS = 3

Cells = dict[str, tuple[Outcome, Outcome]]
"""What was answered and what the table says, by cell."""


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """A manager that lets peers of every kind in, with slots for uploads."""
    settings: dict[str, Any] = {
        "trusted_proxies": "127.0.0.1",
        "base_upload_services": True,
        "discord_bot_token": "token",
        "discord_channels": "123456789012345678",
        "manager_public_url": "http://localhost:4000",
        "oidc_issuer": "http://127.0.0.1:9",
        "oidc_client_id": "client",
        "oidc_client_secret": "secret",
    }
    async with (
        running_cloud(tmp_path, emulator={"channels": 8}, **settings) as running,
        AsyncExitStack() as slots,
    ):
        url = str(running.client.make_url("")).replace("http", "ws", 1).rstrip("/")
        query = service_query(SERVICE_PASSWORD, "http://service.test/chunks", str(uuid4()))
        for _ in range(SLOTS):
            slot = ServicePeer.connected(
                url, "s2u", query, extensions=(*SERVICE_EXTENSIONS, TICKETS)
            )
            await slots.enter_async_context(slot)
        await in_service(running, SLOTS)
        yield running


async def in_service(cloud: Cloud, slots: int) -> None:
    """Returns once so many slots can be booked."""
    while not is_ready(cloud.app, slots=slots):
        async with cloud.client.get("/health"):
            pass


@pytest.fixture
async def scene(cloud: Cloud) -> AsyncIterator[Scene]:
    """An owner with a file, and everybody else."""
    made = await Scene.made(cloud)
    async with made.connections:
        yield made


def routes_of(app: web.Application) -> set[str]:
    """What an application answers; `HEAD` comes with `GET`."""
    return {
        f"{each.method} {each.resource.canonical}"
        for each in app.router.routes()
        if each.resource is not None
    }


async def differing(
    scene: Scene, rows: Iterable[Row], heads: frozenset[str] = frozenset()
) -> Cells:
    """The cells of routes that are answered otherwise than the table says."""
    found: Cells = {}
    for row in rows:
        for caller, expected in row.answers.items():
            its_own = row.call.is_fresh and caller in CLIENTS
            tried = await Scene.made(scene.cloud) if its_own else scene
            answered = {row.name: await status_of(tried, row, caller)}
            head = row.name.replace("GET", "HEAD", 1)
            if head in heads and row.name.startswith("GET"):
                answered[head] = await status_of(tried, row, caller, method="HEAD")
            for name, outcome in answered.items():
                if outcome != expected:
                    found[f"{name} {row.note}: {caller}"] = (outcome, expected)
    return found


async def test_routes(cloud: Cloud, scene: Scene) -> None:
    """Of the manager: the table has every one, and each answers as it says; so does `HEAD`."""
    routes = routes_of(cloud.app)
    heads = frozenset(name for name in routes if name.startswith("HEAD"))
    assert {row.name for row in ROUTES} == routes - heads
    assert await differing(scene, ROUTES, heads) == {}


async def test_connections(scene: Scene) -> None:
    """Who may open which kind of WebSocket."""
    assert await differing(scene, CONNECTIONS) == {}


async def test_routes_of_an_upload_service(scene: Scene, tmp_path: Path) -> None:
    """It has no accounts: chunks and files are known by ids and tickets, figures by its own credential."""
    credential = await scene.key(Caller.UPLOAD)
    settings = UploadServiceSettings.model_validate(
        {
            "manager_address": str(scene.cloud.client.make_url("/")),
            "service_credential": SecretStr(credential or ""),
            "own_address": "http://own.test",
            "slots": 1,
            "reports_folder": tmp_path / "reports",
            "trusted_proxies": "127.0.0.1",
        }
    )
    service = UploadService(settings)
    app = service.intake
    below = {name.partition(" ")[2].removeprefix("/{below}") for name in routes_of(app)}
    assert {row.call.path for row in UPLOAD_SERVICE_ROUTES} == {
        "/" if path in {"", "/{path}"} else path.replace("{id}", NO_ID).replace("{bundle}", NO_ID)
        for path in below
    }
    async with service.run(), TestClient(TestServer(app)) as client:
        await in_service(scene.cloud, SLOTS + 1)
        found: Cells = {}
        for row in UPLOAD_SERVICE_ROUTES:
            for caller, expected in row.answers.items():
                outcome = await status_of(scene, row, caller, client=client)
                if outcome != expected:
                    found[f"{row.name}: {caller}"] = (outcome, expected)
        assert found == {}


async def outcome_of_packet(scene: Scene, name: str, caller: Caller, peer: RawPeer) -> str:
    """What a connection gets for a packet."""
    if name not in TRIALS:
        return await peer.outcome_of_empty(name)
    if name in ON_A_CONNECTION_OF_ITS_OWN and caller in CLIENTS:
        async with connected(scene, caller) as own:
            return await own.outcome(await TRIALS[name](scene, own))
    return await peer.outcome(await TRIALS[name](scene, peer))


async def differing_packets(
    scene: Scene, rows: Sequence[Row], peers: dict[Caller, RawPeer]
) -> Cells:
    """The cells of packets that are answered otherwise than the table says."""
    found: Cells = {}
    for row in rows:
        for caller, peer in peers.items():
            expected = row.answers[caller]
            outcome = await outcome_of_packet(scene, row.name, caller, peer)
            if outcome != expected:
                found[f"{row.name}: {caller}"] = (outcome, expected)
    return found


async def test_packets(scene: Scene) -> None:
    """The table has every packet, and each connection gets what it says for each."""
    rows = (*PACKETS_SENT, *PACKETS_OF_THE_MANAGER)
    assert {row.name for row in rows} == set(PACKETS)
    async with AsyncExitStack() as stack:
        peers = {
            caller: await stack.enter_async_context(connected(scene, caller))
            for caller in (*CLIENTS, *SERVICES)
        }
        assert await differing_packets(scene, rows, peers) == {}


async def test_packets_with_the_service_password(scene: Scene) -> None:
    """It opens every kind of connection; on each, packets are answered as with a credential."""
    async with AsyncExitStack() as stack:
        peers = {
            caller: await stack.enter_async_context(connected(scene, caller, SERVICE_PASSWORD))
            for caller in SERVICES
        }
        # Late reports of kept uploads are taken from services with the password.
        late_reports = ("u2s:chunk-stored", "u2s:message-stored")
        rows = [row for row in PACKETS_SENT if row.name not in late_reports]
        assert await differing_packets(scene, rows, peers) == {}


async def test_graphql(scene: Scene) -> None:
    """The table has every field, and each caller gets what it says for each."""
    schema = build_schema((ROOT / "docs" / "schema.graphql").read_text())
    roots = [each for each in (schema.query_type, schema.mutation_type) if each is not None]
    assert {row.name for row in FIELDS} == {name for root in roots for name in names_of(root)}
    found: Cells = {}
    for row in FIELDS:
        for caller, expected in row.answers.items():
            outcome = await graphql.outcome_of(scene, row.name, caller)
            if outcome != expected:
                found[f"{row.name}: {caller}"] = (outcome, expected)
    assert found == {}


def names_of(root: GraphQLObjectType) -> set[str]:
    """The fields of a type."""
    return set(root.fields)


def test_the_page_is_current() -> None:
    """`make docs` has written it from this table."""
    assert (ROOT / "docs" / "access.md").read_text() == render()
