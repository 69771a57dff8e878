"""What the manager tells a gateway: enough to send one object, for a while, and nothing else."""

from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse

from catalog.records import ServiceKind
from discord_emulator.testing import VirtualClock
from manager.services.credentials import add_credential, new_credential_text
from reading.manifest import (
    CLIENT_HEADER,
    DOWNLOAD_TOKEN_LIFE_S,
    GATEWAY_HEADER,
    MANIFEST_FILE,
    MANIFEST_HEADER,
    MANIFEST_NONE,
    ChunksRequest,
    FileManifest,
    LocatedChunks,
    MessageAnswer,
    MessageRequest,
    RenewedToken,
    TokenRequest,
)
from storage.object_keys import KeysOfObject
from tests.manager.cloud import Cloud


@dataclass
class Gateway:
    """What a gateway may send to a manager."""

    cloud: Cloud
    credential: str

    async def forward(self, **headers: str) -> ClientResponse:
        """Passes a download of alice's on."""
        response: ClientResponse = await self.cloud.client.get(
            "/download",
            params={"path": "/docs", "name": "a.txt"},
            headers={
                "Authorization": f"Bearer {await self.cloud.token()}",
                GATEWAY_HEADER: self.credential,
                CLIENT_HEADER: "10.0.0.1",
                **headers,
            },
        )
        return response

    async def manifest(self) -> FileManifest:
        """What the manager gives for it."""
        response = await self.forward()
        assert response.headers[MANIFEST_HEADER] == MANIFEST_FILE
        return msgspec.msgpack.decode(await response.read(), type=FileManifest)

    async def ask(self, name: str, question: msgspec.Struct) -> tuple[int, bytes]:
        """The status and the body of an answer."""
        response = await self.cloud.client.post(
            f"/gateway/{name}",
            data=msgspec.msgpack.encode(question),
            headers={"Authorization": f"Bearer {self.credential}", CLIENT_HEADER: "10.0.0.1"},
        )
        return response.status, await response.read()


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands."""
    return VirtualClock(1_800_000_000.0)


@pytest.fixture
async def cloud(tmp_path, running_cloud, clock, content):
    """A manager with a file of Alice's, whose clock stands."""
    async with running_cloud(tmp_path, clock=clock) as running:
        await running.token()
        await running.store("/docs/a.txt", content)
        yield running


async def credential_of(cloud: Cloud, name: str, kind: ServiceKind) -> str:
    """A credential that is in force."""
    text = new_credential_text()
    await add_credential(cloud.catalog, name, kind, text, now=0.0)
    return text


@pytest.fixture
async def gateway(cloud) -> Gateway:
    """A gateway."""
    return Gateway(cloud, await credential_of(cloud, "gateway", ServiceKind.GATEWAY))


async def test_a_gateway_gets_the_key_of_one_object(gateway, cloud):
    """No master key, no webhook, and no key that opens anything else."""
    response = await gateway.forward()
    body = await response.read()
    master = cloud.settings.keyring.primary
    manifest = msgspec.msgpack.decode(body, type=FileManifest)
    own = master.object_key(manifest.content.id)
    assert [each.secret for each in manifest.keys] == [own.secret]
    assert master.secret not in body
    assert not [
        webhook.token for webhook in cloud.settings.webhooks if webhook.token.encode() in body
    ]
    assert own.secret.hex() not in repr(manifest)
    assert str(own.secret) not in repr(manifest)
    keys = KeysOfObject(manifest.content.id, [each.key for each in manifest.keys])
    other = await cloud.store("/docs/b.txt", b"other")
    assert keys.object_key(manifest.content.id, master.key_id) is not None
    assert keys.object_key(other.object_id, master.key_id) is None
    assert list(keys) == []


async def test_who_may_not_read_gets_no_manifest(gateway, cloud):
    """The manager answers as always: the gateway's credential opens nothing."""
    bob = await cloud.token("bob")
    refused = await gateway.forward(Authorization=f"Bearer {bob}")
    assert (refused.status, refused.headers.get(MANIFEST_HEADER)) == (403, None)
    nobody = await gateway.forward(Authorization="Bearer a.b.c")
    assert (nobody.status, nobody.headers.get(MANIFEST_HEADER)) == (401, None)


@pytest.mark.parametrize("kind", [ServiceKind.UPLOAD, ServiceKind.METRICS])
async def test_only_gateways_get_manifests(cloud, gateway, kind):
    """Other services, and whoever guesses, are told that they are none, whatever the client's token."""
    gateway.credential = await credential_of(cloud, "other", kind)
    response = await gateway.forward()
    assert (response.status, response.headers[MANIFEST_HEADER]) == (401, MANIFEST_NONE)
    gateway.credential = new_credential_text()
    response = await gateway.forward()
    assert (response.status, response.headers[MANIFEST_HEADER]) == (401, MANIFEST_NONE)


@pytest.mark.parametrize("path", ["/account/storage", "/login", "/admin/audit", "/nothing"])
async def test_gateways_forward_nothing_else(cloud, gateway, path):
    """A gateway that was taken over cannot say for an attacker's guesses that they come from elsewhere."""
    headers = {GATEWAY_HEADER: gateway.credential, CLIENT_HEADER: "10.0.0.1"}
    response = await cloud.client.get(path, headers=headers)
    assert response.status == 400


@pytest.mark.parametrize("address", ["", "x y", "a" * 65])
async def test_an_address_that_is_none(gateway, address):
    """It is refused, since limits go by it."""
    assert (await gateway.forward(**{CLIENT_HEADER: address})).status == 400


async def test_further_chunks_and_fresh_urls(gateway):
    """A download token gives places of chunks, and their signatures give URLs."""
    manifest = await gateway.manifest()
    status, body = await gateway.ask("chunks", ChunksRequest(token=manifest.token, first=2))
    assert status == 200
    located = msgspec.msgpack.decode(body, type=LocatedChunks)
    assert [each.chunk for each in located.chunks] == [each.chunk for each in manifest.chunks[2:]]
    wanted = located.chunks[0]
    question = MessageRequest(
        token=manifest.token, address=wanted.chunk.address, signature=wanted.signature
    )
    status, body = await gateway.ask("message", question)
    message = msgspec.msgpack.decode(body, type=MessageAnswer).message
    assert status == 200
    assert message is not None
    assert message.id == wanted.chunk.address.message_id
    assert message.attachments[0].url.startswith("http")


async def test_forged_download_tokens_and_signatures(gateway, cloud):
    """What was altered is refused, another gateway's token, and the signature of another message's place."""
    manifest = await gateway.manifest()
    head, claims, signature = manifest.token.split(".")
    first, second = manifest.chunks[:2]
    right = MessageRequest(
        token=manifest.token, address=first.chunk.address, signature=first.signature
    )
    other_place = replace(first.chunk.address, message_id=first.chunk.address.message_id + 1)
    wrong: list[Any] = [
        ("chunks", ChunksRequest(token=f"{head}.{claims}x.{signature}", first=0)),
        ("chunks", ChunksRequest(token="a.b.c", first=0)),
        ("release", TokenRequest(token=await gateway.cloud.token())),
        ("message", msgspec.structs.replace(right, signature=second.signature)),
        ("message", msgspec.structs.replace(right, signature=b"")),
        ("message", msgspec.structs.replace(right, address=other_place)),
    ]
    assert [(await gateway.ask(*question))[0] for question in wrong] == [403] * len(wrong)
    assert (await gateway.ask("message", right))[0] == 200
    gateway.credential = await credential_of(cloud, "second", ServiceKind.GATEWAY)
    assert (await gateway.ask("chunks", ChunksRequest(token=manifest.token, first=0)))[0] == 403


async def test_download_tokens_expire_unless_they_are_renewed(gateway, clock):
    """A renewed one is valid for longer; one that has expired cannot be renewed."""
    manifest = await gateway.manifest()
    clock.advance(DOWNLOAD_TOKEN_LIFE_S - 1)
    status, body = await gateway.ask("renew", TokenRequest(token=manifest.token))
    assert status == 200
    renewed = msgspec.msgpack.decode(body, type=RenewedToken).token
    clock.advance(2)
    assert (await gateway.ask("renew", TokenRequest(token=manifest.token)))[0] == 403
    assert (await gateway.ask("chunks", ChunksRequest(token=renewed, first=0)))[0] == 200


async def test_content_is_kept_until_it_is_released(gateway, cloud, clock):
    """Or until the gateway has not come again for longer than it is kept."""
    file = await cloud.catalog.file_at(("docs",), "a.txt", viewer_id=1)
    assert file is not None
    manifest = await gateway.manifest()
    await gateway.ask("renew", TokenRequest(token=manifest.token))
    await cloud.catalog.delete_file(file.id)
    clock.advance(cloud.settings.upload_hold_s / 2)
    _, body = await gateway.ask("renew", TokenRequest(token=manifest.token))
    renewed = msgspec.msgpack.decode(body, type=RenewedToken).token
    clock.advance(cloud.settings.upload_hold_s / 2 + 1)
    assert await cloud.catalog.collect_objects(limit=10) == 0
    assert (await gateway.ask("release", TokenRequest(token=renewed)))[0] == 204
    assert await cloud.catalog.collect_objects(limit=10) == 1
    assert (await gateway.ask("chunks", ChunksRequest(token=renewed, first=0)))[0] == 404
    assert (await gateway.ask("renew", TokenRequest(token=renewed)))[0] == 404


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", b"x" * 20_000, b"\x91" * 5000])
async def test_bodies_that_make_no_sense(gateway, cloud, body):
    """They are refused, whatever they are."""
    headers = {"Authorization": f"Bearer {gateway.credential}", CLIENT_HEADER: "10.0.0.1"}
    for name in ("chunks", "message", "renew", "begin", "release", "unreadable"):
        response = await cloud.client.post(f"/gateway/{name}", data=body, headers=headers)
        assert response.status == 400
