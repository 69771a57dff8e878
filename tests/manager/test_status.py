"""Health, status, metrics, the root, and what all routes have in common."""

import asyncio
import sqlite3
from contextlib import closing

import pytest
from aiohttp import WSServerHandshakeError

from catalog.errors import CatalogUnavailable
from manager.app_keys import ACCOUNTS, WEBHOOKS


async def test_health(cloud):
    """204 while the catalog works."""
    response = await cloud.client.get("/health")
    assert (response.status, await response.read()) == (204, b"")


async def test_health_waits_for_no_writer(cloud):
    """Whoever asks takes no lock and syncs no disk: a database that is being written to is healthy."""
    path = cloud.settings.database_path
    with closing(sqlite3.connect(path, isolation_level=None, check_same_thread=False)) as other:
        # The manager may be writing at the moment, and needs this thread to come to an end.
        await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
        async with asyncio.timeout(4):
            responses = [await cloud.client.get("/health") for _ in range(3)]
        other.execute("ROLLBACK")
    assert [response.status for response in responses] == [204] * 3


async def test_status_for_users(cloud):
    """A user sees services, bookings and webhooks; nobody else does, and no token is in it."""
    token = await cloud.token()
    assert (await cloud.client.get("/status")).status == 401
    webhook = cloud.emulator.webhooks[0]
    cloud.app[WEBHOOKS].quarantine(webhook.id, "deleted")
    response = await cloud.client.get("/status", headers={"Authorization": f"Bearer {token}"})
    assert response.status == 200
    answer = await response.json()
    assert (answer["services"], answer["bookings"]) == ([], [])
    assert answer["webhooks"]["quarantined"] == [
        {"id": str(webhook.id), "reason": "deleted", "is_gone": False}
    ]
    assert webhook.token not in await response.text()


async def test_metrics_open_with_the_service_password(cloud):
    """Counters are for whoever has the service password; users' tokens do not open them."""
    token = await cloud.token()
    assert (await cloud.client.get("/metrics")).status == 401
    by_user = await cloud.client.get("/metrics", headers={"Authorization": f"Bearer {token}"})
    assert by_user.status == 401
    password = cloud.settings.service_password.get_secret_value()
    response = await cloud.client.get("/metrics", headers={"Authorization": f"Bearer {password}"})
    assert response.status == 200
    text = await response.text()
    assert 'discord_cloud_http_requests_total{route="/metrics",status="401"} 2.0' in text


async def test_root_is_a_page_or_a_websocket(cloud):
    """Without an upgrade `/` says what this is; with one it is the door for peers."""
    page = await cloud.client.get("/")
    assert page.status == 200
    assert "discord-cloud" in await page.text()
    token = await cloud.token()
    async with cloud.client.ws_connect(f"/?type=client&key={token}") as socket:
        assert not socket.closed


@pytest.mark.parametrize(
    ("query", "status"), [("?type=client&key=a.b.c", 401), ("?type=toaster", 400), ("", 400)]
)
async def test_refused_handshakes(cloud, query, status):
    """Bad credentials and parameters are refused before the upgrade."""
    with pytest.raises(WSServerHandshakeError) as caught:
        await cloud.client.ws_connect(f"/{query}")
    assert caught.value.status == status


@pytest.mark.parametrize("path", ["/login", "/download", "/", "/nowhere"])
async def test_preflight(cloud, path):
    """Browsers of any origin may ask any route."""
    response = await cloud.client.options(path)
    assert response.status == 204
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Authorization" in response.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nowhere", 404), ("DELETE", "/login", 405), ("POST", "/download", 405)],
)
async def test_unknown_routes(cloud, method, path, status):
    """Even these answer JSON that any origin may read."""
    response = await cloud.client.request(method, path)
    assert response.status == status
    assert (await response.json())["error"] is True
    assert response.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize(
    ("error", "status"),
    [(CatalogUnavailable("disk full at /secret/place"), 503), (KeyError("hunter2"), 500)],
)
async def test_errors_tell_no_secrets(cloud, monkeypatch, error, status):
    """An error of the inside is answered in words of our own, without its text or traceback."""

    async def fail(*_args, **_options):
        raise error

    monkeypatch.setattr(cloud.app[ACCOUNTS], "login", fail)
    body = {"username": "alice", "password": "correct horse"}
    response = await cloud.client.post("/login", json=body)
    assert response.status == status
    assert response.headers.get("Retry-After", "").isdigit() is (status == 503)
    text = await response.text()
    assert "secret" not in text
    assert "hunter2" not in text
    assert "Traceback" not in text
