"""Plain peers of a manager: clients, and upload services that do what a test tells them."""

import asyncio
import base64
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self, TypeVar
from urllib.parse import urlencode
from uuid import UUID, uuid4

from client_sdk.connection import Connection
from protocol import c2s, s2c, s2u, u2s
from protocol.chunks import chunk_count, chunk_length, content_hash, indices_in
from protocol.codec import Frame
from protocol.extensions import BUNDLE, MESSAGES, OBJECT_KEYS, RESUME, WEBHOOKS
from protocol.generic import Boolean
from protocol.packet import Packet
from storage.discord.http import DiscordHttp
from storage.discord.messages import PostedMessage, WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.envelope import ENVELOPE_OVERHEAD, SEALING_SLACK, ChunkSealer
from storage.object_keys import ObjectKey

P = TypeVar("P", bound=Packet)

PATIENCE_S = 10.0
"""Nothing that a test waits for takes this long; it fails then instead of hanging."""

YES = Boolean(success=True)

UploadPacket = s2u.UploadStart | s2u.UploadContinue


def no(message: str) -> Boolean:
    """A refusal."""
    return Boolean(success=False, message=message)


class Peer:
    """One connection; what comes in is kept, in order, until the test asks for it."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.is_over = False
        self._inbox: list[Frame] = []
        self._changed = asyncio.Condition()

    @classmethod
    @asynccontextmanager
    async def connected(
        cls, url: str, namespace: str, query: dict[str, str], *, extensions: Sequence[str] = ()
    ) -> AsyncIterator[Self]:
        """Connects, and disconnects at the end."""
        async with Connection.open(
            f"{url}/?{urlencode(query)}",
            receives=frozenset({namespace, "generic"}),
            extensions=frozenset(extensions),
        ) as connection:
            peer = cls(connection)
            reader = asyncio.create_task(peer._read(), name="read for a test")
            try:
                yield peer
            finally:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)

    async def send(self, packet: Packet) -> None:
        """Sends a packet that has no answer."""
        await self.connection.send(packet)

    async def order(self, packet: Packet) -> Boolean:
        """Sends a packet and returns whether it was done."""
        return await self.ask(packet, Boolean)

    async def ask(self, packet: Packet, kind: type[P]) -> P:
        """Sends a packet and returns its answer, which has to be of that kind."""
        answer = await self.connection.request(packet, kind, timeout_s=PATIENCE_S)
        assert isinstance(answer, kind), answer
        return answer

    async def refusal(self, packet: Packet) -> str:
        """Sends a packet that is refused; returns the reason."""
        answer = await self.order(packet)
        assert not answer.success
        assert answer.message
        return answer.message

    async def next(self, kind: type[P], **expected: object) -> P:
        """The next packet of that kind, with these fields; others stay for later."""
        frame = await self.next_frame(kind, **expected)
        assert isinstance(frame.packet, kind)
        return frame.packet

    async def next_frame(self, kind: type[Packet], **expected: object) -> Frame:
        """As `next`, the whole frame."""
        found: list[Frame] = []

        def is_there() -> bool:
            found[:] = [frame for frame in self._inbox if _fits(frame.packet, kind, expected)][:1]
            return bool(found) or self.is_over

        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(is_there)
            assert found, f"the connection ended without {kind.__name__}"
            self._inbox.remove(found[0])
        return found[0]

    async def next_of(self, *kinds: type[Packet]) -> Packet:
        """The next packet of any of these kinds; others stay for later."""
        found: list[Frame] = []

        def is_there() -> bool:
            found[:] = [frame for frame in self._inbox if isinstance(frame.packet, kinds)][:1]
            return bool(found)

        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(is_there)
            self._inbox.remove(found[0])
        return found[0].packet

    async def until(self, kind: type[Packet], **expected: object) -> list[Packet]:
        """Everything that came up to a packet of that kind, which is the last."""

        def position() -> int:
            fitting = (_fits(frame.packet, kind, expected) for frame in self._inbox)
            return next((at for at, fits in enumerate(fitting, 1) if fits), 0)

        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(position)
            taken, self._inbox = self._inbox[: position()], self._inbox[position() :]
        return [frame.packet for frame in taken]

    def unread(self, kind: type[P]) -> list[P]:
        """What came of that kind and was not asked for."""
        return [frame.packet for frame in self._inbox if isinstance(frame.packet, kind)]

    def take_all(self) -> list[Packet]:
        """Everything that came and was not asked for, in order."""
        taken, self._inbox = self._inbox, []
        return [frame.packet for frame in taken]

    def forget(self, kind: type[Packet]) -> None:
        """Drops what came of that kind and was not asked for."""
        self._inbox = [frame for frame in self._inbox if not isinstance(frame.packet, kind)]

    async def ended(self) -> None:
        """Waits until the manager has ended the connection."""
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: self.is_over)

    async def handle(self, frame: Frame) -> bool:
        """Answers a frame by itself; true when the test need not see it."""
        del frame
        return False

    async def _read(self) -> None:
        async for frame in self.connection:
            if await self.handle(frame):
                continue
            async with self._changed:
                self._inbox.append(frame)
                self._changed.notify_all()
        async with self._changed:
            self.is_over = True
            self._changed.notify_all()


def _fits(packet: Packet, kind: type[Packet], expected: dict[str, Any]) -> bool:
    return isinstance(packet, kind) and all(
        getattr(packet, field) == value for field, value in expected.items()
    )


class ClientPeer(Peer):
    """A client of the manager."""

    async def book(self, desired: int) -> int:
        """Books services; returns how many there were at once."""
        answer = await self.ask(c2s.UploadBookingRequest(desired_amount=desired), s2c.UploadBooking)
        return answer.amount

    async def request_upload(
        self,
        name: str = "a.bin",
        *,
        path: str = "/",
        size: int = 10,
        is_public: bool = False,
        do_overwrite: bool | None = None,
    ) -> s2c.UploadResponse:
        """Asks for an upload."""
        packet = c2s.UploadRequest(
            name=name, path=path, size=size, is_public=is_public, do_overwrite=do_overwrite
        )
        return await self.ask(packet, s2c.UploadResponse)

    async def decide(
        self, upload_id: str, action: c2s.OverwriteAction, *, on_all: bool | None = None
    ) -> None:
        """Answers a question about a taken name."""
        await self.send(
            c2s.UploadOverwriteResponse(
                upload_id=upload_id, action=action, use_on_all_uploads=on_all
            )
        )

    async def list_files(self, path: str = "/", **fields: Any) -> s2c.ListFiles:
        """One page of the files of a folder."""
        packet = c2s.ListRequest(path=path, type="files", page=fields.pop("page", 0), **fields)
        return await self.ask(packet, s2c.ListFiles)

    async def list_folders(self, path: str = "/", **fields: Any) -> s2c.ListFolders:
        """One page of the subfolders of a folder."""
        packet = c2s.ListRequest(path=path, type="subfolders", page=fields.pop("page", 0), **fields)
        return await self.ask(packet, s2c.ListFolders)

    async def folder_status(self, path: str = "/") -> s2c.FolderStatus:
        """What there is in a folder."""
        return await self.ask(c2s.FolderStatusRequest(path=path), s2c.FolderStatus)

    async def caught_up(self) -> None:
        """Returns when everything that the manager sent before has come in."""
        await self.folder_status()

    async def names(self, path: str = "/") -> list[str]:
        """Names of the files of a folder."""
        return [file.name for file in (await self.list_files(path, ascending_sort=True)).files]


class ServicePeer(Peer):
    """One slot of an upload service, which posts to the emulator and reports what it is told to.

    Configurations, starts and aborts are answered with `answers`; one that has None there is left
    to the test. `address` is where clients are told to send chunks.
    """

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self.address = ""
        self.answers: dict[type[Packet], Packet | None] = {
            s2u.WebhookConfiguration: YES,
            s2u.UploadStart: YES,
            s2u.UploadContinue: YES,
            s2u.BundleStart: YES,
            s2u.UploadAbort: YES,
        }
        self.configurations: list[s2u.WebhookConfiguration] = []

    @property
    def leased(self) -> tuple[s2u.WebhookLease, ...]:
        """The webhooks of the newest configuration."""
        return self.configurations[-1].webhooks

    async def handle(self, frame: Frame) -> bool:
        """Answers by itself what it is told to."""
        if isinstance(frame.packet, s2u.WebhookConfiguration):
            self.configurations.append(frame.packet)
        fitting = (it for kind, it in self.answers.items() if isinstance(frame.packet, kind))
        answer = next(fitting, None)
        if answer is not None:
            await self.reply(frame, answer)
        return False

    async def reply(self, frame: Frame, answer: Packet) -> None:
        """Answers a frame."""
        await self.connection.send(answer, reply_uuid=frame.uuid)

    async def post(self, start: UploadPacket, index: int, /, **changed: object) -> u2s.ChunkStored:
        """Posts a chunk of its right size; returns the report of it, with other fields if given."""
        content = content_of(start, index)
        posted, webhook_id = await self._execute(content + bytes(ENVELOPE_OVERHEAD))
        fields: dict[str, Any] = {
            "upload_id": start.upload_id,
            "index": index,
            "message_id": str(posted.id),
            "channel_id": str(posted.channel_id),
            "webhook_id": webhook_id,
            "attachment_id": str(posted.attachments[0].id),
            "offset": 0,
            "stored_size": len(content) + ENVELOPE_OVERHEAD,
            "size": len(content),
            "digest": hashlib.sha256(content).hexdigest(),
            **changed,
        }
        return u2s.ChunkStored(**fields)

    async def post_sealed(
        self, start: s2u.UploadStart, index: int, content: bytes
    ) -> u2s.ChunkStored:
        """Posts a chunk as it can be downloaded; returns the report of it."""
        assert isinstance(start, s2u.UploadStartWithKey)
        sent = start.object_key
        key = ObjectKey(base64.b64decode(sent.key), bytes.fromhex(sent.key_id))
        count = chunk_count(start.size, start.chunk_size)
        buffer = memoryview(bytearray(len(content) + ENVELOPE_OVERHEAD + SEALING_SLACK))
        sealer = ChunkSealer(key, UUID(start.upload_id), index, count, buffer)
        sealer.update(content)
        sealed = bytes(sealer.finish())
        posted, webhook_id = await self._execute(sealed)
        return u2s.ChunkStored(
            upload_id=start.upload_id,
            index=index,
            message_id=str(posted.id),
            channel_id=str(posted.channel_id),
            webhook_id=webhook_id,
            attachment_id=str(posted.attachments[0].id),
            offset=0,
            stored_size=len(sealed),
            size=len(content),
            digest=hashlib.sha256(content).hexdigest(),
        )

    async def _execute(self, content: bytes) -> tuple[PostedMessage, str]:
        lease = self.leased[0]
        credentials = WebhookCredentials(int(lease.id), lease.token, int(lease.channel_id))
        async with DiscordHttp(api_url=self.configurations[-1].api_url) as http:
            file = memoryview(content)
            return await WebhookClient(http, credentials).execute(file), lease.id

    async def caught_up(self) -> None:
        """Returns when the manager has begun to handle all that was sent before."""
        await self.refusal(u2s.TicketRedeem(ticket="none"))

    async def store(
        self, start: UploadPacket, index: int = 0, /, **changed: object
    ) -> u2s.ChunkStored:
        """Posts a chunk and reports it, with other fields if given."""
        report = await self.post(start, index, **changed)
        answer = await self.order(report)
        assert answer.success, answer.message
        return report

    async def finish(self, start: s2u.UploadStart, *, mime_type: str = "text/plain") -> None:
        """Stores all chunks and says so."""
        for index in range(chunk_count(start.size, start.chunk_size)):
            await self.store(start, index)
        await self.finish_with(start, mime_type=mime_type)

    async def finish_with(
        self, start: s2u.UploadStart, *, mime_type: str = "text/plain", is_encrypted: bool = True
    ) -> None:
        """Says that all chunks are stored."""
        content_hash = hash_of(start)
        await self.send(
            u2s.UploadFinish(
                success=True, hash=content_hash, is_encrypted=is_encrypted, type=mime_type
            )
        )

    async def finish_missing(
        self, resumed: s2u.UploadContinue, *, mime_type: str = "text/plain"
    ) -> None:
        """Stores the chunks of a resumed upload that are missing, and says so."""
        for index in indices_in(resumed.missing):
            await self.store(resumed, index)
        await self.send(u2s.UploadFinish(success=True, is_encrypted=True, type=mime_type))

    async def take_upload(self) -> s2u.UploadStart:
        """Takes the next upload and finishes it."""
        start = await self.next(s2u.UploadStart)
        await self.finish(start)
        return start


def content_of(start: UploadPacket, index: int) -> bytes:
    """What the chunk of an upload holds: bytes that depend on both."""
    length = chunk_length(start.size, start.chunk_size, index)
    return hashlib.shake_128(f"{start.upload_id} {index}".encode()).digest(length)


def hash_of(start: UploadPacket) -> str:
    """The hash of all that `content_of` gives for an upload."""
    contents = (content_of(start, n) for n in range(chunk_count(start.size, start.chunk_size)))
    return content_hash(hashlib.sha256(content).digest() for content in contents)


def client_query(token: str) -> dict[str, str]:
    """The query of a client's connection."""
    return {"type": "client", "key": token}


def service_query(password: str, address: str, process: str | None = None) -> dict[str, str]:
    """The query of an upload service's connection."""
    return {
        "type": "upload",
        "key": password,
        "address": address,
        "process": process or str(uuid4()),
    }


SERVICE_EXTENSIONS = (WEBHOOKS, MESSAGES, OBJECT_KEYS, RESUME, BUNDLE)
