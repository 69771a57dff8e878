"""Base-protocol strictness: peers without an extension get exactly the fields of the base protocol."""

import asyncio
import json
from typing import Any
from uuid import uuid4

import pytest

from protocol.errors import ProtocolError
from tests.manager.base_frames import base_packets, checked
from tests.manager.frontend import PATIENCE_S
from tests.manager.sockets.stage import SERVICE_PASSWORD, running_stage
from tests.manager.world import World

FINISHED = "s2c:upload-finish-info"


class Everybody:
    """Three frontends and what they need to get every packet that there is for clients."""

    def __init__(self, world, alice, bob) -> None:
        self.world = world
        self.alice = alice
        self.bob = bob

    async def request_upload(self, name: str) -> str:
        """Lets Alice ask for an upload; returns its id."""
        answer = await self.alice.get(
            "c2s:upload-request",
            "s2c:upload-response",
            name=name,
            path="/new/folder",
            size=250,
            is_public=False,
        )
        assert answer["accepted"]
        upload_id: str = answer["upload_id"]
        return upload_id

    async def upload(self) -> None:
        """Uploads that succeed, meet a taken name, are rejected, aborted, and lose their service."""
        stage, alice = self.world.stage, self.alice
        service = await stage.service()
        await alice.next("s2c:service-registry", action="added")
        await alice.get("c2s:upload-booking-request", "s2c:upload-booking", desired_amount=2)
        await self.request_upload("f")
        await service.take_upload()
        await alice.next("s2c:upload-stage-finish")
        await alice.next(FINISHED, success=True)
        await self._conflicts(service)
        aborted = await self.request_upload("aborted")
        await alice.order("c2s:upload-abort-request", upload_id=aborted)
        await alice.next(FINISHED, success=False, upload_id=aborted)
        await self.bob.get(
            "c2s:upload-request", "s2c:upload-response", name="f", path="/", size=1, is_public=True
        )
        await self._loss()
        assert "still running" in await alice.refusal("c2s:upload-booking-clear")

    async def _conflicts(self, service) -> None:
        for _ in range(2):
            upload_id = await self.request_upload("f")
            await service.take_upload()
            await self.alice.next("s2c:upload-overwrite-request", upload_id=upload_id)
        await self.alice.send(
            "c2s:upload-overwrite-response",
            upload_id=upload_id,
            action="rename",
            use_on_all_uploads=True,
        )
        await self.alice.next("s2c:upload-overwrite-cancel")

    async def _loss(self) -> None:
        await self.request_upload("kept busy")
        async with self.world.stage.visiting_service():
            await self.alice.next("s2c:upload-booking-modify", effective_change=1)
            lost = await self.request_upload("lost")
        await self.alice.next("s2c:upload-booking-modify", effective_change=-1)
        await self.alice.next("s2c:service-registry", action="removed")
        await self.alice.next("s2c:upload-stage-finish", upload_id=lost, service_disconnect=True)

    async def organise(self) -> None:
        """Files of every ownership and folders, in every state that a listing can show."""
        world, alice, bob = self.world, self.alice, self.bob
        shared = await world.put("/a/shared", bob="r")
        await world.put("/a/public", is_public=True)
        hidden = await world.put("/a/restricted")
        await bob.order("c2s:empty-file-upload", path="/a/b", name="own")
        await alice.order("c2s:rename-folder", path="/a/b", target_name="c")
        await alice.order(
            "c2s:file-share", path="/a", name="public", target_user=bob.user.id, can_write=True
        )
        await alice.order("c2s:move-files", source_id=shared.folder_id, files=["shared"])
        for path in ("/", "/a", "/a/c", "/lost"):
            await bob.get("c2s:folder-status-request", "s2c:folder-status", path=path)
            for kind in ("files", "folders"):
                wanted = "files" if kind == "files" else "subfolders"
                await bob.get(
                    "c2s:list-request", f"s2c:list-{kind}", path=path, type=wanted, page=0
                )
        for folder_id in (None, shared.folder_id):
            await bob.get("c2s:folder-size-request", "s2c:folder-size", folder_id=folder_id)
        for file in (shared, hidden):
            await bob.get("c2s:signed-download-request", "s2c:signed-download", file_id=file.id)
        await bob.get("c2s:user-search-request", "s2c:user-search", query="a")
        await bob.order("c2s:delete-folder", folder_id=await world.folder_id("/a/c"))


async def test_clients(world, alice, bob):
    """A frontend gets every packet that there is for clients, and each keeps the base protocol."""
    everybody = Everybody(world, alice, bob)
    await everybody.upload()
    await everybody.organise()
    late = await world.frontend("late")
    await late.next("s2c:service-registry", action="list")
    await late.refusal("c2s:no-such-packet")
    received = set[str]()
    for frontend in (alice, bob, late):
        await frontend.news()
        received |= frontend.received
    assert received == base_packets("s2c") | {"generic:boolean"}


async def test_upload_services(tmp_path, world):
    """A base-protocol upload service gets a channel, uploads and aborts, all in base packets."""
    async with running_stage(
        tmp_path / "bot",
        base_upload_services=True,
        discord_bot_token="token",
        discord_channels="123456789012345678",
    ) as stage:
        cloud = World(stage, world.session, world.peers)
        alice = await cloud.frontend("alice")
        query = {"type": "upload", "key": SERVICE_PASSWORD, "address": "http://service.test"}
        socket = await cloud.socket(query)
        received = []

        async def answer_next() -> None:
            text = (await socket.receive(timeout=PATIENCE_S)).data
            frame = checked(text, namespace="s2u")
            received.append(frame["id"])
            answer: dict[str, Any] = {"success": True}
            reply = {"id": "generic:boolean", "uuid": str(uuid4()), "data": answer}
            await socket.send_str(json.dumps({**reply, "reply_uuid": frame["uuid"]}))

        await answer_next()
        await alice.next("s2c:service-registry", action="added")
        await alice.get("c2s:upload-booking-request", "s2c:upload-booking", desired_amount=1)
        request = {"name": "f", "path": "/", "size": 5, "is_public": False}
        started, _ = await asyncio.gather(
            alice.get("c2s:upload-request", "s2c:upload-response", **request), answer_next()
        )
        await alice.order("c2s:upload-abort-request", upload_id=started["upload_id"])
        await answer_next()
        await alice.next(FINISHED, success=False)
        assert set(received) == base_packets("s2u")


HANDLE = {"id": 1, "name": "a", "parent_folder": None}
FOLDER = {"path": "/a", "handle": HANDLE, "action": "add"}
SHARE = {"can_write": True, "file": 1, "shared_at": "2024-02-29T12:30:00Z", "user": 2}
FILE = {
    "id": 1,
    "name": "a",
    "type": "text/plain",
    "has_thumbnail": False,
    "ownership": {"status": "shared", "share": SHARE},
    "created_at": None,
    "updated_at": "2024-02-29T12:30:00Z",
    "size": 0,
}
CHANGE = {"path": "/", "action": "add", "handle": FILE}


def frame_of(packet_id: str, data: Any, **more: Any) -> str:
    """The text of a frame."""
    return json.dumps({"id": packet_id, "uuid": str(uuid4()), "data": data, **more})


@pytest.mark.parametrize(
    ("packet_id", "data", "more"),
    [
        ("s2c:folder-modify", FOLDER, {}),
        ("s2c:folder-modify", {**FOLDER, "rename_origin": "b"}, {"reply_uuid": str(uuid4())}),
        ("s2c:file-modify", CHANGE, {}),
        ("s2c:file-modify", {**CHANGE, "handle": {**FILE, "thumbnail_url": "http://x"}}, {}),
        ("s2c:folder-size", {"total_size": 5, "folder_id": None, "types": {"a/b": 5}}, {}),
        ("generic:boolean", {"success": True}, {}),
    ],
)
def test_the_check_takes_right_frames(packet_id, data, more):
    """Frames as the protocol describes them pass the check of these tests."""
    assert checked(frame_of(packet_id, data, **more), namespace="s2c")["data"] == data


@pytest.mark.parametrize(
    ("packet_id", "data", "more"),
    [
        ("s2c:folder-modify", {**FOLDER, "extra": 1}, {}),
        ("s2c:folder-modify", {**FOLDER, "rename_origin": None}, {}),
        ("s2c:folder-modify", {"path": "/a", "handle": HANDLE}, {}),
        ("s2c:folder-modify", {**FOLDER, "handle": {**HANDLE, "extra": 1}}, {}),
        ("s2c:folder-modify", {**FOLDER, "handle": {"id": 1, "name": "a"}}, {}),
        ("s2c:folder-modify", FOLDER, {"extra": 1}),
        ("s2c:folder-modify", FOLDER, {"uuid": "x"}),
        ("s2c:folder-modify", FOLDER, {"reply_uuid": None}),
        ("s2c:file-modify", {**CHANGE, "handle": {**FILE, "ownership": {"status": "shared"}}}, {}),
        ("s2c:file-modify", {**CHANGE, "handle": {**FILE, "size": True}}, {}),
        ("s2c:file-modify", {**CHANGE, "handle": {**FILE, "size": 1.5}}, {}),
        ("s2c:folder-size", {"total_size": 5, "folder_id": None, "types": {"a/b": "5"}}, {}),
        ("s2u:upload-abort", {}, {}),
        ("s2u:webhook-configuration", {}, {}),
        ("s2c:no-such-packet", {}, {}),
        ("generic:boolean", {"success": 1}, {}),
    ],
)
def test_the_check_finds_wrong_frames(packet_id, data, more):
    """An unknown key, a missing one or a wrong type is found, however deep it lies."""
    with pytest.raises((AssertionError, TypeError, ProtocolError)):
        checked(frame_of(packet_id, data, **more), namespace="s2c")
