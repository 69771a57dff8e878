"""A whole manager over real HTTP: SQLite, the Discord emulator, and files that lie in it."""

import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from catalog.port import Catalog, FailOnConflict
from catalog.records import (
    Chunk,
    ChunkLocation,
    EnvelopeKind,
    File,
    Message,
    ObjectState,
    Reference,
    StoredObject,
)
from discord_emulator.emulator import Emulator
from discord_emulator.testing import running_emulator
from gateway.app import create_app as create_gateway
from gateway.settings import GatewaySettings
from manager.app import create_app
from manager.app_keys import ACCOUNTS, CATALOG
from manager.settings import ManagerSettings
from protocol.chunks import content_hash
from protocol.values import parse_path
from storage.discord.http import DiscordHttp
from storage.discord.messages import ChunkAddress
from storage.discord.routes import WebhookCredentials
from storage.envelope import ENVELOPE_OVERHEAD, SEALING_SLACK, ChunkSealer
from storage.pool import WebhookPool
from tests.commits import commit_file
from tests.manager.sockets.stage import PASSWORD, SERVICE_PASSWORD, cheap_passwords, settings_for
from tests.messages import enter_chunk


@dataclass
class Cloud:
    """A running manager with what a test needs to look at it and to fill it.

    `reader` downloads: from the manager, or from a gateway of it.
    """

    app: web.Application
    client: TestClient[web.Request, web.Application]
    reader: TestClient[web.Request, web.Application]
    emulator: Emulator
    settings: ManagerSettings
    pool: WebhookPool

    @property
    def catalog(self) -> Catalog:
        """The manager's catalog."""
        return self.app[CATALOG]

    async def token(self, name: str = "alice") -> str:
        """Registers a user, the first as administrator, and logs in."""
        accounts = self.app[ACCOUNTS]
        if await self.catalog.user_by_name(name) is None:
            hashed = await cheap_passwords().hash(PASSWORD)
            if name == "alice":
                await self.catalog.create_first_user(name, hashed)
            else:
                await self.catalog.create_user(name, hashed)
        return (await accounts.login(name, PASSWORD)).token

    async def store(
        self,
        path: str,
        content: bytes,
        *,
        chunk_size: int = 1000,
        owner: str | None = "alice",
        is_public: bool = False,
        mime_type: str = "text/plain",
        modified_at: float | None = None,
    ) -> File:
        """Puts a file into the cloud as an upload would."""
        stored = await self.stored(
            content, chunk_size=chunk_size, mime_type=mime_type, modified_at=modified_at
        )
        return await self._commit(stored.id, path, owner=owner, is_public=is_public)

    async def _commit(
        self, object_id: UUID, path: str, *, owner: str | None, is_public: bool
    ) -> File:
        *names, name = path.split("/")
        user = await self.catalog.user_by_name(owner) if owner else None
        committed = await commit_file(
            self.catalog,
            object_id,
            parse_path("/".join(names) or "/"),
            name,
            owner_id=user.id if user else None,
            is_public=is_public,
            on_conflict=FailOnConflict(),
        )
        await self.catalog.release(object_id, service="test", key="upload")
        return committed.file

    async def store_together(self, files: Mapping[str, bytes]) -> None:
        """Puts small files of alice into the cloud, all in one attachment."""
        drafts = [self._draft(content, 1, max(1000, len(content))) for content in files.values()]
        holds = [
            Reference(object_id=draft.id, service="test", key="upload", expires_at=None)
            for draft in drafts
        ]
        await self.catalog.begin_objects(drafts, holds)
        sealed = [
            self._sealed(draft, 0, content)
            for draft, content in zip(drafts, files.values(), strict=True)
        ]
        address = await self.pool.post(memoryview(b"".join(sealed)))
        chunks, offset = [], 0
        for draft, content, piece in zip(drafts, files.values(), sealed, strict=True):
            place = replace(address, offset=offset, stored_size=len(piece))
            chunks.append(_location(draft, 0, content, place).chunk)
            offset += len(piece)
        await self.catalog.add_message(_location(drafts[0], 0, b"", address).message, chunks)
        for draft, (path, content) in zip(drafts, files.items(), strict=True):
            digest = content_hash([hashlib.sha256(content).digest()])
            await self.catalog.finish_object(draft.id, mime_type="text/plain", hash_hex=digest)
            await self._commit(draft.id, path, owner="alice", is_public=False)

    def damage(self, index: int) -> None:
        """Flips a bit of what the message of that index (in the order stored) holds on Discord."""
        message = self.emulator.messages()[index]
        path = self.emulator.store.attachment(message.channel_id, message.id, 0)
        damaged = bytearray(path.read_bytes())
        damaged[len(damaged) // 2] ^= 1
        path.write_bytes(damaged)

    async def stored(
        self,
        content: bytes,
        *,
        chunk_size: int = 1000,
        mime_type: str = "text/plain",
        modified_at: float | None = None,
    ) -> StoredObject:
        """Puts content into the cloud that has no name yet."""
        pieces = [content[at : at + chunk_size] for at in range(0, len(content), chunk_size)]
        draft = replace(self._draft(content, len(pieces), chunk_size), modified_at=modified_at)
        hold = Reference(object_id=draft.id, service="test", key="upload", expires_at=None)
        await self.catalog.begin_objects([draft], [hold])
        for index, piece in enumerate(pieces):
            await enter_chunk(self.catalog, await self._post(draft, index, piece))
        digests = [hashlib.sha256(piece).digest() for piece in pieces]
        return await self.catalog.finish_object(
            draft.id, mime_type=mime_type, hash_hex=content_hash(digests)
        )

    def _draft(self, content: bytes, chunk_count: int, chunk_size: int = 1000) -> StoredObject:
        return StoredObject(
            id=uuid4(),
            size=len(content),
            chunk_size=chunk_size,
            chunk_count=chunk_count,
            envelope=EnvelopeKind.V1,
            state=ObjectState.UPLOADING,
            mime_type="",
            hash="",
            created_at=0.0,
        )

    async def _post(self, draft: StoredObject, index: int, piece: bytes) -> ChunkLocation:
        address = await self.pool.post(self._sealed(draft, index, piece))
        return _location(draft, index, piece, address)

    def _sealed(self, draft: StoredObject, index: int, piece: bytes) -> memoryview:
        buffer = memoryview(bytearray(len(piece) + ENVELOPE_OVERHEAD + SEALING_SLACK))
        key = self.settings.keyring.primary.object_key(draft.id)
        sealer = ChunkSealer(key, draft.id, index, draft.chunk_count, buffer)
        sealer.update(piece)
        return sealer.finish()


def _location(
    draft: StoredObject, index: int, piece: bytes, address: ChunkAddress
) -> ChunkLocation:
    chunk = Chunk(
        object_id=draft.id,
        index=index,
        message_id=address.message_id,
        attachment_id=address.attachment_id,
        offset=address.offset,
        stored_size=address.stored_size,
        size=len(piece),
        digest=hashlib.sha256(piece).digest(),
    )
    message = Message(
        id=address.message_id,
        channel_id=address.channel_id,
        webhook_id=address.webhook_id,
        stored_size=address.stored_size,
    )
    return ChunkLocation(chunk=chunk, message=message)


class PatientServer(TestServer):
    """A server that lets a handler go on whose client hangs up, as the programs do.

    aiohttp's own server for tests cancels it.
    """

    async def _make_runner(self, **options: Any) -> web.BaseRunner:
        return await super()._make_runner(**{**options, "handler_cancellation": False})


@asynccontextmanager
async def running_cloud(
    folder: Path,
    *,
    emulator: dict[str, Any] | None = None,
    through_gateway: bool = False,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    **chosen: object,
) -> AsyncIterator[Cloud]:
    """Runs an emulator and a manager on it; a second run on the folder finds everything again.

    Args:
        folder: where both keep their data.
        emulator: settings of the emulator.
        through_gateway: whether `reader` reads from a gateway.
        clock: seconds since the epoch, for the manager.
        monotonic: seconds that never jump, for the manager.
        chosen: settings of the manager.
    """
    async with AsyncExitStack() as stack:
        discord = await stack.enter_async_context(
            running_emulator(folder / "discord", **{"limits": "off", **(emulator or {})})
        )
        settings = settings_for(discord, folder, **{"setup_code": "none", **chosen})
        app = create_app(settings, clock=clock, monotonic=monotonic, passwords=cheap_passwords())
        client = await stack.enter_async_context(TestClient(PatientServer(app)))
        http = await stack.enter_async_context(DiscordHttp(api_url=settings.discord_api_url))
        pool = WebhookPool(http, lambda _id, _reason: None)
        pool.set_webhooks(WebhookCredentials(*webhook) for webhook in discord.webhooks)
        reader = client
        if through_gateway:
            reader = await stack.enter_async_context(
                running_gateway(client, SERVICE_PASSWORD, **chosen)
            )
        yield Cloud(app, client, reader, discord, settings, pool)


def running_gateway(
    manager: TestClient[web.Request, web.Application], credential: str, **chosen: object
) -> AbstractAsyncContextManager[TestClient[web.Request, web.Application]]:
    """Runs a gateway of a manager.

    Args:
        manager: a client of the manager.
        credential: the gateway's.
        chosen: further settings of the gateway.
    """
    return running_gateway_of(str(manager.make_url("/")), credential, chosen)


@asynccontextmanager
async def running_gateway_of(
    managers: str, credential: str, chosen: Mapping[str, object], *, listen_at: int | None = None
) -> AsyncIterator[TestClient[web.Request, web.Application]]:
    """Runs a gateway.

    Args:
        managers: URLs, separated by commas.
        credential: the gateway's.
        chosen: further settings.
        listen_at: its port; None: any.
    """
    values = {**chosen, "manager_address": managers, "service_credential": credential}
    app = create_gateway(GatewaySettings.model_validate(values))
    async with TestClient(PatientServer(app, port=listen_at)) as client:
        yield client
