"""A service does the work of its credential, for what it was given, for as long as that is in force."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from catalog.records import AuditQuery, ServiceKind
from common.service_secret import PER_ADDRESS
from manager.app_keys import AUDIT, SERVICE_ACCESS
from manager.services.credentials import add_credential, new_credential_text
from protocol.extensions import OBJECT_KEYS, PROCESSING, WEBHOOKS
from tests.manager.sockets.flaky import FlakyStage
from tests.manager.sockets.stage import SERVICE_PASSWORD, Stage, running_stage

ADDRESS = "http://service.test/chunks"
SERVICE_QUERIES: dict[ServiceKind, dict[str, str]] = {
    ServiceKind.UPLOAD: {
        "type": "upload",
        "address": ADDRESS,
        "process": str(uuid4()),
        "extensions": f"{WEBHOOKS},{OBJECT_KEYS}",
    },
    ServiceKind.PROCESSING: {"type": "thumbnail", "extensions": PROCESSING},
    ServiceKind.THUMBNAIL: {"type": "thumbnail"},
}
BASE_SERVICES: dict[str, Any] = {
    "base_upload_services": True,
    "discord_bot_token": "token",
    "discord_channels": "123456789012345678",
}


@asynccontextmanager
async def handshake(stage: Stage, key: str, query: dict[str, str]) -> AsyncIterator[int]:
    """The status that a connection is answered with; 101 lets it in for the length of the context."""
    async with aiohttp.ClientSession() as http:
        try:
            async with http.ws_connect(stage.url, params={**query, "key": key}):
                yield 101
        except aiohttp.WSServerHandshakeError as refusal:
            yield refusal.status


async def metrics(url: str, key: str) -> int:
    """The status of the figures for a key."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        aiohttp.ClientSession(headers=headers) as http,
        http.get(f"{url}/metrics") as response,
    ):
        return response.status


@pytest.fixture
async def open_stage(tmp_path) -> AsyncIterator[Stage]:
    """A manager that lets services of every kind in, also of the base protocol."""
    async with running_stage(tmp_path, **BASE_SERVICES) as running:
        yield running


@pytest.mark.parametrize("kind", ServiceKind)
async def test_a_credential_is_for_one_kind_of_work(open_stage: Stage, kind: ServiceKind):
    """It opens that, and nothing else, neither a connection nor a route."""
    key = await open_stage.credential("a", kind)
    for wanted, query in SERVICE_QUERIES.items():
        async with handshake(open_stage, key, query) as status:
            assert status == (101 if wanted is kind else 403), wanted
    assert await metrics(open_stage.url, key) == (200 if kind is ServiceKind.METRICS else 403)
    async with handshake(open_stage, key, {"type": "client"}) as status:
        assert status == 401


async def test_the_password_opens_all_kinds(open_stage: Stage):
    """As before there were credentials."""
    for query in SERVICE_QUERIES.values():
        async with handshake(open_stage, SERVICE_PASSWORD, query) as status:
            assert status == 101
    assert await metrics(open_stage.url, SERVICE_PASSWORD) == 200


async def test_without_a_password_only_credentials_open(tmp_path):
    """Neither an empty key nor what was the password is one."""
    async with running_stage(tmp_path, service_password=None) as stage:
        query = SERVICE_QUERIES[ServiceKind.UPLOAD]
        for key in ("", SERVICE_PASSWORD, "None"):
            async with handshake(stage, key, query) as status:
                assert status == 401
        key = await stage.credential("a", ServiceKind.UPLOAD)
        async with handshake(stage, key, query) as status:
            assert status == 101


@pytest.mark.parametrize("extensions", ["", WEBHOOKS])
async def test_a_credential_does_not_bring_the_master_key(open_stage: Stage, extensions: str):
    """A service that would be sent it needs the password, even where base services are let in."""
    key = await open_stage.credential("a", ServiceKind.UPLOAD)
    query = SERVICE_QUERIES[ServiceKind.UPLOAD] | {"extensions": extensions}
    async with handshake(open_stage, key, query) as status:
        assert status == 400
    async with handshake(open_stage, SERVICE_PASSWORD, query) as status:
        assert status == 101


async def test_credentials_cannot_be_guessed_without_limit(stage: Stage):
    """One for other work is no guess. A service that goes on with a revoked one shuts out none beside it."""
    other = await stage.credential("other", ServiceKind.GATEWAY)
    query = SERVICE_QUERIES[ServiceKind.UPLOAD]
    for _ in range(PER_ADDRESS.burst + 1):
        assert await metrics(stage.url, other) == 403
    for _ in range(PER_ADDRESS.burst):
        assert await metrics(stage.url, new_credential_text()) == 401
    assert await metrics(stage.url, SERVICE_PASSWORD) == 429
    async with handshake(stage, await stage.credential("a", ServiceKind.UPLOAD), query) as status:
        assert status == 101
    assert await metrics(stage.url, new_credential_text()) == 429


async def test_a_revoked_credential_ends_its_connections(stage: Stage):
    """All of them, and those alone; then it opens none."""
    key = await stage.credential("a", ServiceKind.UPLOAD)
    other = await stage.service(key=await stage.credential("b", ServiceKind.UPLOAD))
    first, second = await stage.service(key=key), await stage.service(key=key)
    assert await stage.catalog.revoke_service_credential("a")
    await stage.app[SERVICE_ACCESS].refresh()
    await first.ended()
    await second.ended()
    await other.caught_up()
    async with handshake(stage, key, SERVICE_QUERIES[ServiceKind.UPLOAD]) as status:
        assert status == 401


async def test_a_revocation_during_a_handshake_counts(stage: Stage, monkeypatch):
    """Whoever was being let in meanwhile is disconnected as well."""
    key = await stage.credential("a", ServiceKind.UPLOAD)
    access = stage.app[SERVICE_ACCESS]
    await access.refresh()
    check = access.check

    async def check_before_revocation(*arguments: Any) -> object:
        identity = await check(*arguments)
        await stage.catalog.revoke_service_credential("a")
        await access.refresh()
        return identity

    monkeypatch.setattr(access, "check", check_before_revocation)
    query = {**SERVICE_QUERIES[ServiceKind.UPLOAD], "key": key}
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(stage.url, params=query) as socket,
    ):
        while not (await socket.receive(timeout=10)).type.name.startswith("CLOS"):
            pass
        assert socket.close_code == 1008


async def test_known_credentials_open_while_the_catalog_is_away(flaky_stage: FlakyStage):
    """Services come back; a credential that this manager has not seen yet has to wait."""
    catalog, access = flaky_stage.catalog, flaky_stage.app[SERVICE_ACCESS]

    async def added(name: str) -> str:
        text = new_credential_text()
        await add_credential(
            flaky_stage.real_catalog, name, ServiceKind.METRICS, text, now=time.time()
        )
        return text

    known = await added("known")
    await access.refresh()
    new = await added("new")
    catalog.before["list_service_credentials"] = 1
    assert await metrics(flaky_stage.url.replace("ws", "http", 1), known) == 200
    assert await metrics(flaky_stage.url.replace("ws", "http", 1), new) == 503
    assert await metrics(flaky_stage.url.replace("ws", "http", 1), new) == 200


async def test_a_catalog_that_takes_no_writes_keeps_no_service_out(flaky_stage: FlakyStage):
    """The last use is noted later."""
    text, url = new_credential_text(), flaky_stage.url.replace("ws", "http", 1)
    catalog, access = flaky_stage.catalog, flaky_stage.app[SERVICE_ACCESS]
    await add_credential(flaky_stage.real_catalog, "a", ServiceKind.METRICS, text, now=time.time())
    assert await metrics(url, text) == 200
    catalog.before["note_service_credentials_used"] = 1
    await add_credential(
        flaky_stage.real_catalog,
        "b",
        ServiceKind.METRICS,
        new := new_credential_text(),
        now=time.time(),
    )
    assert await metrics(url, new) == 200
    await access.refresh()
    listed = await flaky_stage.real_catalog.list_service_credentials()
    assert all(each.last_used_at is not None for each in listed)


async def test_the_last_use_is_noted(stage: Stage):
    """Of what has connected, not of what was refused."""
    used = await stage.credential("used", ServiceKind.METRICS)
    await stage.credential("unused", ServiceKind.METRICS)
    assert await metrics(stage.url, used) == 200
    await stage.app[SERVICE_ACCESS].refresh()
    noted = {
        each.name: each.last_used_at is not None
        for each in await stage.catalog.list_service_credentials()
    }
    assert noted == {"used": True, "unused": False}


async def test_credentials_that_come_and_go_are_in_the_audit_log(stage: Stage):
    """The manager records what it finds, once; what was there before it started is no news."""
    access, audit = stage.app[SERVICE_ACCESS], stage.app[AUDIT]
    await access.refresh()
    await stage.credential("a", ServiceKind.UPLOAD)
    await access.refresh()
    await access.refresh()
    await stage.catalog.revoke_service_credential("a")
    await access.refresh()
    await audit.flush()
    for action in ("service-credential-created", "service-credential-revoked"):
        query = AuditQuery(action=action)
        (event,) = await stage.catalog.audit_events(query, before=None, limit=10)
        assert (event.subject, event.count) == ("a", 1)


async def test_an_administrator_revokes_from_afar(stage: Stage):
    """At once, with the name of the administrator in the audit log, once; texts are never shown."""
    token = await stage.token("root")
    root = await stage.catalog.user_by_name("root")
    assert root is not None
    await stage.catalog.set_role(root.id, is_admin=True)
    key = await stage.credential("a", ServiceKind.UPLOAD)
    service = await stage.service(key=key)
    path = f"{stage.url}/admin/services/credentials"
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {token}"}) as http:
        async with http.get(path) as response:
            shown = await response.text()
            (listed,) = (await response.json())["credentials"]
        async with http.delete(f"{path}/a") as response:
            assert response.status == 200
        async with http.delete(f"{path}/a") as response:
            assert response.status == 404
    assert key not in shown
    assert (listed["name"], listed["kind"], listed["revoked_at"]) == ("a", "upload", None)
    await service.ended()
    await stage.app[AUDIT].flush()
    query = AuditQuery(action="service-credential-revoked")
    (event,) = await stage.catalog.audit_events(query, before=None, limit=10)
    assert (event.actor, event.subject, event.count) == ("root", "a", 1)
