"""Who is let in, and what it is told first."""

from uuid import uuid4

import aiohttp
import pytest
from yarl import URL

from protocol import s2c
from protocol.codec import decode
from protocol.extensions import OBJECT_KEYS, PROCESSING, WEBHOOKS
from protocol.generic import Primitives
from tests.manager.sockets.peers import client_query, service_query
from tests.manager.sockets.stage import SERVICE_PASSWORD, Stage

ADDRESS = "http://127.0.0.1:9/chunks"


async def refused(stage: Stage, **query: str) -> int:
    """The HTTP status with which a connection is refused."""
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await http.ws_connect(stage.url, params=query)
    return refusal.value.status


@pytest.mark.parametrize("key", ["", "x", "a.b.c", "\udc80", "🔑"])
async def test_a_client_without_a_valid_token_gets_401(stage: Stage, key: str):
    """Whatever the key looks like."""
    text = key.encode("utf-8", "surrogateescape").decode("latin-1")
    assert await refused(stage, **client_query(text)) == 401


@pytest.mark.parametrize("key", ["", "wrong", SERVICE_PASSWORD + "x", "\xff"])
async def test_a_service_without_the_password_gets_401(stage: Stage, key: str):
    """Before anything else about it is looked at."""
    assert await refused(stage, type="upload", key=key) == 401


@pytest.mark.parametrize("kind", ["client", "upload"])
@pytest.mark.parametrize("key", ["%ff", "%ed%b2%80", "%00", "%", "%C3%28"])
async def test_a_key_that_is_no_text_gets_401(stage: Stage, kind: str, key: str):
    """Bytes that are not UTF-8 are a wrong key like any other."""
    async with aiohttp.ClientSession() as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await http.ws_connect(URL(f"{stage.url}/?type={kind}&key={key}", encoded=True))
    assert refusal.value.status == 401


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"address": ""}, id="no address"),
        pytest.param({"address": "ftp://x/"}, id="not http"),
        pytest.param({"address": "http://"}, id="no host"),
        pytest.param({"address": "http://[x"}, id="no URL"),
        pytest.param({"address": "http://xn--a/"}, id="host that is no name"),
        pytest.param({"address": "http://x/" + "a" * 3000}, id="long address"),
        pytest.param({"process": "mine"}, id="process is no uuid"),
        pytest.param({"extensions": ""}, id="of the base protocol"),
        pytest.param({"extensions": WEBHOOKS}, id="needs the master key"),
    ],
)
async def test_a_service_with_bad_parameters_gets_400(stage: Stage, changed: dict[str, str]):
    """It is refused before the upgrade."""
    query = {
        **service_query(SERVICE_PASSWORD, ADDRESS),
        "extensions": f"{WEBHOOKS},{OBJECT_KEYS}",
        **changed,
    }
    assert await refused(stage, **query) == 400


@pytest.mark.parametrize("peer_type", ["", "admin", "thumbnail"])
async def test_a_type_that_is_not_served_gets_400(stage: Stage, peer_type: str):
    """Peers of an unknown type are not guessed at."""
    assert await refused(stage, type=peer_type, key=SERVICE_PASSWORD) == 400


async def test_a_refused_upgrade_says_why_as_json(stage: Stage):
    """The body names the parameter."""
    async with aiohttp.ClientSession() as http:
        headers = {"Upgrade": "websocket", "Connection": "Upgrade"}
        async with http.get(stage.url, params={"type": "x"}, headers=headers) as response:
            body = await response.json()
    assert body["error"] is True
    assert "type" in body["error_details"]


@pytest.mark.parametrize("host", ["a:999999", "a:b", "xn--a"])
@pytest.mark.parametrize("kind", ["client", "thumbnail"])
async def test_a_host_that_is_none_gets_400(stage: Stage, host: str, kind: str):
    """Before the upgrade: links for the peer could not begin with it."""
    key = await stage.token("alice") if kind == "client" else SERVICE_PASSWORD
    query = {"type": kind, "key": key, "extensions": PROCESSING}
    async with aiohttp.ClientSession(headers={"Host": host}) as http:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await http.ws_connect(stage.url, params=query)
    assert refusal.value.status == 400


async def test_a_broken_upgrade_is_refused(stage: Stage):
    """A request that is no WebSocket handshake gets an answer, not a connection."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "7"}
    async with (
        aiohttp.ClientSession() as http,
        http.get(
            stage.url, params=client_query(await stage.token("alice")), headers=headers
        ) as response,
    ):
        assert response.status == 400


async def test_granted_extensions_come_first(stage: Stage):
    """The first frame names those of the asked extensions that are granted, and nothing else."""
    query = {
        **service_query(SERVICE_PASSWORD, ADDRESS, str(uuid4())),
        "extensions": f"{WEBHOOKS},{OBJECT_KEYS},telepathy",
    }
    async with (
        aiohttp.ClientSession() as http,
        http.ws_connect(stage.url, params=query) as socket,
    ):
        frame = decode(await socket.receive_str(), accepts=frozenset({"generic"}))
    assert frame.packet == Primitives(string_value=f"{OBJECT_KEYS},{WEBHOOKS}")


async def test_a_client_is_told_of_every_service(stage: Stage):
    """On connecting it gets one `list` entry for each that can be booked."""
    services = [await stage.service(), await stage.service()]
    client = await stage.client()
    await client.caught_up()
    listed = client.unread(s2c.ServiceRegistry)
    assert {entry.action for entry in listed} == {"list"}
    assert {entry.address for entry in listed} == {service.address for service in services}


async def test_services_that_come_and_go_are_announced(stage: Stage):
    """`added` with the address, `removed` without, under the same id."""
    client = await stage.client()
    async with stage.visiting_service() as service:
        added = await client.next(s2c.ServiceRegistry, action="added")
        assert added.address == service.address
    removed = await client.next(s2c.ServiceRegistry, action="removed")
    assert (removed.service_uuid, removed.address) == (added.service_uuid, None)


async def test_a_token_in_the_query_is_not_logged(stage: Stage, capsys: pytest.CaptureFixture[str]):
    """Neither a refused nor an accepted key appears in the log."""
    token = await stage.token("alice")
    await stage.client("alice")
    await refused(stage, type="upload", key="a-guessed-password")
    printed = "".join(capsys.readouterr())
    assert token not in printed
    assert "a-guessed-password" not in printed
