"""`ping-services`: services that do not answer any more are found out and dropped."""

import json
from typing import Any
from uuid import uuid4

from aiohttp import ClientWebSocketResponse, WSMessage, WSMsgType

from manager.services import liveness
from manager.uploads import assignment
from tests.manager.frontend import PATIENCE_S, Frontend
from tests.manager.sockets.peers import service_query
from tests.manager.sockets.stage import SERVICE_PASSWORD, running_stage
from tests.manager.world import World

UPLOAD_SERVICE = {
    **service_query(SERVICE_PASSWORD, "http://service.test/chunks"),
    "extensions": "webhooks,object-keys",
}
THUMBNAIL_SERVICE = {"type": "thumbnail", "key": SERVICE_PASSWORD}


class Service:
    """A service that answers everything, but pings only when it is told to."""

    def __init__(self, socket: ClientWebSocketResponse) -> None:
        self.socket = socket
        self.id = ""

    @classmethod
    async def registered(
        cls, world: World, frontend: Frontend, query: dict[str, str] = UPLOAD_SERVICE
    ) -> "Service":
        """A service that clients know of."""
        service = cls(await world.socket(query, autoping=False))
        while not await service._is_configured():
            pass
        added = await frontend.next("s2c:service-registry", action="added")
        service.id = added["service_uuid"]
        return service

    async def next(self) -> WSMessage:
        """The next message that is no configuration."""
        while True:
            message = await self.socket.receive(timeout=PATIENCE_S)
            if message.type is not WSMsgType.TEXT:
                return message
            await self._confirm(json.loads(message.data))

    async def _is_configured(self) -> bool:
        message = await self.socket.receive(timeout=PATIENCE_S)
        frame = json.loads(message.data)
        await self._confirm(frame)
        return frame["id"] == "s2t:thumbnail-service-configuration" or bool(
            frame["data"].get("webhooks")
        )

    async def _confirm(self, frame: dict[str, Any]) -> None:
        if not frame["id"].endswith("-configuration"):
            return
        answer = {
            "id": "generic:boolean",
            "uuid": str(uuid4()),
            "reply_uuid": frame["uuid"],
            "data": {"success": True},
        }
        await self.socket.send_str(json.dumps(answer))


async def test_a_dead_service_is_dropped(world, alice, bob, monkeypatch):
    """A service that leaves a ping unanswered is removed, and everybody hears of it."""
    monkeypatch.setattr(liveness, "PING_TIMEOUT_S", 0.05)
    service = await Service.registered(world, alice)
    await bob.send("c2s:ping-services")
    for frontend in (alice, bob):
        removed = await frontend.next("s2c:service-registry", action="removed")
        assert removed["service_uuid"] == service.id
    assert (await service.next()).type is WSMsgType.PING
    assert (await service.next()).type in {WSMsgType.CLOSED, WSMsgType.ERROR, WSMsgType.CLOSE}


async def test_a_dead_thumbnail_service_is_dropped(world, tmp_path, monkeypatch):
    """Services of every kind are pinged."""
    monkeypatch.setattr(liveness, "PING_TIMEOUT_S", 0.05)
    async with running_stage(
        tmp_path / "bot",
        base_upload_services=True,
        discord_bot_token="token",
        discord_channels="123456789012345678",
    ) as stage:
        cloud = World(stage, world.session, world.peers)
        alice = await cloud.frontend("alice")
        service = await Service.registered(cloud, alice, THUMBNAIL_SERVICE)
        await alice.send("c2s:ping-services")
        removed = await alice.next("s2c:service-registry", action="removed")
        assert removed["service_uuid"] == service.id


async def test_a_service_that_does_not_start_an_upload_is_pinged(world, alice, monkeypatch):
    """Nobody has to ask for that; if it is dead it is dropped, and the upload is rejected."""
    monkeypatch.setattr(liveness, "PING_TIMEOUT_S", 0.05)
    monkeypatch.setattr(assignment, "START_TIMEOUT_S", 0.01)
    service = await Service.registered(world, alice)
    await alice.get("c2s:upload-booking-request", "s2c:upload-booking", desired_amount=1)
    request = {"name": "f", "path": "/", "size": 5, "is_public": False}
    response = await alice.get("c2s:upload-request", "s2c:upload-response", **request)
    assert not response["accepted"]
    await alice.next("s2c:upload-booking-modify", effective_change=-1)
    removed = await alice.next("s2c:service-registry", action="removed")
    assert removed["service_uuid"] == service.id


async def test_a_living_service_stays(world, alice):
    """A service that answers stays; while it is asked, further requests do not ask it again."""
    service = await Service.registered(world, alice)
    for _ in range(2):
        await alice.send("c2s:ping-services")
        await alice.send("c2s:ping-services")
        await alice.news()
        ping = await service.next()
        assert ping.type is WSMsgType.PING
        await service.socket.pong(ping.data)
        # A ping of its own: when the manager has answered it, the pong before was read.
        await service.socket.ping(b"read")
        message = await service.next()
        assert (message.type, message.data) == (WSMsgType.PONG, b"read")
    assert await alice.news() == []


async def test_nobody_to_ping(alice):
    """Without services there is nothing to do, and no answer."""
    await alice.send("c2s:ping-services")
    assert await alice.news() == []


async def test_a_service_that_leaves_while_it_is_pinged(world, alice):
    """Leaving is not silence: the service is missed in the usual way."""
    service = await Service.registered(world, alice)
    await alice.send("c2s:ping-services")
    assert (await service.next()).type is WSMsgType.PING
    await service.socket.close()
    removed = await alice.next("s2c:service-registry", action="removed")
    assert removed["service_uuid"] == service.id
