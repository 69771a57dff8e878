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
    MANIFEST_ARCHIVE,
    MANIFEST_FILE,
    MANIFEST_HEADER,
    MANIFEST_NONE,
    ArchiveFileFound,
    ArchiveFileRequest,
    ArchiveManifest,
    ArchivePages,
    ArchiveTokenRequest,
    ChunksRequest,
    FileManifest,
    LocatedChunks,
    MessageAnswer,
    MessageRequest,
    PackedEntries,
    PackedFilesRequest,
    RenewedToken,
    TokenRequest,
)
from storage.object_keys import KeysOfObjects
from tests.manager.cloud import Cloud

NAMES = ("chunks", "message", "renew", "begin", "release", "unreadable")


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

    async def archive(self) -> ArchiveManifest:
        """What the manager gives for the folder as an archive."""
        response = await self.cloud.client.get(
            "/bulk-download",
            params={"path": "/docs"},
            headers={
                "Authorization": f"Bearer {await self.cloud.token()}",
                GATEWAY_HEADER: self.credential,
                CLIENT_HEADER: "10.0.0.1",
            },
        )
        assert response.headers[MANIFEST_HEADER] == MANIFEST_ARCHIVE
        return msgspec.msgpack.decode(await response.read(), type=ArchiveManifest)

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
    keys = KeysOfObjects({manifest.content.id: [each.key for each in manifest.keys]})
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


@pytest.mark.parametrize("path", ["/account/storage", "/account/sessions", "/admin/audit"])
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


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x80", b"x" * 600_000, b"\x91" * 5000])
async def test_bodies_that_make_no_sense(gateway, cloud, body):
    """They are refused, whatever they are."""
    headers = {"Authorization": f"Bearer {gateway.credential}", CLIENT_HEADER: "10.0.0.1"}
    for name in (*NAMES, "archive/pages", "archive/packed", "archive/file"):
        response = await cloud.client.post(f"/gateway/{name}", data=body, headers=headers)
        assert response.status == 400


async def test_files_of_an_archive_are_checked_when_they_are_sent(gateway, cloud):
    """The token is for one user's view: what that user may not read any more is not given."""
    await cloud.token("bob")
    for name, content in (("small.txt", b"small"), ("large.txt", bytes(2500)), ("empty.txt", b"")):
        await cloud.store(f"/docs/{name}", content, owner="bob", is_public=True)
    await cloud.store("/docs/private.txt", b"private", owner="bob")
    token = (await gateway.archive()).token
    status, body = await gateway.ask("archive/pages", ArchiveTokenRequest(token=token))
    pages = msgspec.msgpack.decode(body, type=ArchivePages)
    (page,) = pages.pages
    assert (status, pages.token) == (200, None)
    ids = {each.name: each.id for each in page.files}
    assert page.folder_id is not None
    wanted = PackedFilesRequest(token=token, folder_id=page.folder_id, names=tuple(ids))
    large = ArchiveFileRequest(token=token, file_id=ids["large.txt"])

    async def given() -> tuple[set[int], bool]:
        _, body = await gateway.ask("archive/packed", wanted)
        found = msgspec.msgpack.decode(body, type=PackedEntries)
        _, body = await gateway.ask("archive/file", large)
        opened = msgspec.msgpack.decode(body, type=ArchiveFileFound).file
        return {each.id for each in found.files}, opened is not None

    assert await given() == ({ids["small.txt"], ids["empty.txt"]}, True)
    private = ArchiveFileRequest(token=token, file_id=ids["private.txt"])
    _, body = await gateway.ask("archive/file", private)
    assert msgspec.msgpack.decode(body, type=ArchiveFileFound).file is None
    for name in ("small.txt", "large.txt"):
        await cloud.catalog.set_public(ids[name], is_public=False)
    assert await given() == ({ids["empty.txt"]}, False)


async def test_tokens_of_archives_and_of_files_are_not_mixed_up(gateway):
    """Neither is the other, and another gateway's is none."""
    archive, file = (await gateway.archive()).token, (await gateway.manifest()).token
    assert (await gateway.ask("archive/pages", ArchiveTokenRequest(token=file)))[0] == 403
    assert (await gateway.ask("chunks", ChunksRequest(token=archive, first=0)))[0] == 403
    gateway.credential = await credential_of(gateway.cloud, "second", ServiceKind.GATEWAY)
    assert (await gateway.ask("archive/pages", ArchiveTokenRequest(token=archive)))[0] == 403


async def test_a_listing_goes_on_where_it_ended(gateway, cloud):
    """Page by page, with every file and folder once, however they lie."""
    names = {f"{a}/{b}/f{n}.txt" for a in "ab" for b in "cd" for n in range(30)}
    for name in names:
        await cloud.store(f"/docs/{name}", b"x")
    token: str | None = (await gateway.archive()).token
    files, folders, answers = [], [], 0
    while token is not None:
        _, body = await gateway.ask("archive/pages", ArchiveTokenRequest(token=token))
        answer = msgspec.msgpack.decode(body, type=ArchivePages)
        answers, token = answers + 1, answer.token
        for page in answer.pages:
            if page.folder_id is None:
                folders.append("/".join(page.path))
            files += ["/".join((*page.path, each.name)) for each in page.files]
    assert answers == 2
    assert sorted(files) == sorted({*names, "a.txt"})
    assert sorted(folders) == ["a", "a/c", "a/d", "b", "b/c", "b/d"]
