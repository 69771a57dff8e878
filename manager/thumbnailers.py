"""Thumbnail services of the base protocol, and the pictures that they make.

Such a service fetches a file's first chunk itself, with the bot's token, and opens nothing but the
base protocol's envelope under the one key that it was told. So it can be asked only about what a
base-protocol upload service has stored.
"""

import asyncio
import base64
import binascii
import contextlib
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import structlog

from catalog.port import ObjectStore
from catalog.records import EnvelopeKind, File
from manager.clients import ClientSession
from manager.connection import PeerConnection
from manager.errors import PeerGone, PeerSilent, UnexpectedReply
from manager.hub import Hub
from manager.settings import ManagerSettings
from manager.tasks import BackgroundTasks
from protocol import generic, s2c, s2t, t2s

log = structlog.get_logger(__name__)

IMAGE_TYPE: s2t.ImageType = "avif"
"""What clients are served as thumbnails."""
IMAGE_QUALITY = 60
"""Percent."""
IMAGE_WIDTH = 300
"""Pixels."""
PICTURE_TIMEOUT_S = 60.0
"""A service has to fetch a chunk of up to 10 MiB before it begins."""
POLICY_VIOLATION = 1008


@dataclass(slots=True, eq=False)
class Thumbnailer:
    """One connection of a thumbnail service.

    Attributes:
        id: uuid of the connection.
        connection: the way to the service.
        is_in_service: whether it has confirmed its configuration, and is connected.
        pictures: what it was asked for and has not answered, by file id.
    """

    id: str
    connection: PeerConnection
    is_in_service: bool = False
    pictures: dict[int, asyncio.Future[bytes | None]] = field(default_factory=dict, repr=False)


class Thumbnailers:
    """All thumbnail services that are connected."""

    def __init__(
        self, catalog: ObjectStore, hub: Hub, settings: ManagerSettings, tasks: BackgroundTasks
    ) -> None:
        self._catalog = catalog
        self._hub = hub
        self._settings = settings
        self._tasks = tasks
        self._services: dict[str, Thumbnailer] = {}
        self._making: dict[int, asyncio.Task[bytes | None]] = {}

    def __iter__(self) -> Iterator[Thumbnailer]:
        return iter(tuple(self._services.values()))

    def introduce_to(self, client: ClientSession) -> None:
        """Tells a new client of every service."""
        for service in self:
            if service.is_in_service:
                client.connection.send(_registry(service, "list"))

    @contextlib.asynccontextmanager
    async def membership(self, service: Thumbnailer, bot_token: str) -> AsyncIterator[None]:
        """A service is connected for the length of the context."""
        self._services[service.id] = service
        self._tasks.spawn(
            self._configure(service, bot_token), f"configure thumbnail service {service.id}"
        )
        try:
            yield
        finally:
            del self._services[service.id]
            for picture in service.pictures.values():
                _settle(picture, None)
            if service.is_in_service:
                service.is_in_service = False
                self._hub.broadcast(_registry(service, "removed"))

    async def generate(self, file: File) -> bytes | None:
        """A small picture of the file, AVIF; None when no service can make one.

        Whoever asks for a picture that is being made already waits for the same one. Raises
        `CatalogUnavailable`.
        """
        making = self._making.get(file.id)
        if making is None:
            making = asyncio.create_task(self._make(file), name=f"thumbnail of file {file.id}")
            self._making[file.id] = making
            making.add_done_callback(lambda _: self._making.pop(file.id))
        # Others may wait for it, too.
        return await asyncio.shield(making)

    async def _make(self, file: File) -> bytes | None:
        question = await self._question(file)
        service = self._least_busy()
        if question is None or service is None:
            return None
        return await self._begin(service, question)

    def _begin(
        self, service: Thumbnailer, question: s2t.GenThumbnail
    ) -> asyncio.Future[bytes | None]:
        picture: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        service.pictures[question.file_id] = picture
        asking = asyncio.create_task(self._ask(service, question), name="ask for a thumbnail")

        def end(_: object) -> None:
            service.pictures.pop(question.file_id)
            asking.cancel()

        picture.add_done_callback(end)
        return picture

    async def _ask(self, service: Thumbnailer, question: s2t.GenThumbnail) -> None:
        """Services answer with a reply, or with a packet of its own, which `received` is told of."""
        try:
            answer = await service.connection.request(
                question, t2s.ThumbnailData, timeout_s=PICTURE_TIMEOUT_S
            )
        except (PeerGone, PeerSilent, UnexpectedReply) as error:
            log.warning("no thumbnail was made", file=question.file_id, problem=str(error))
            _settle(service.pictures[question.file_id], None)
        else:
            self.received(service, answer)

    def received(self, service: Thumbnailer, packet: t2s.ThumbnailData) -> None:
        """A service has made a picture, or cannot."""
        picture = service.pictures.get(packet.file_id)
        if picture is not None:
            _settle(picture, _bytes_of(packet))

    async def _question(self, file: File) -> s2t.GenThumbnail | None:
        """How to ask about a file; None for one that these services cannot read."""
        content = await self._catalog.object_by_id(file.object_id)
        if content is None or content.envelope is EnvelopeKind.V1:
            return None
        first = await self._catalog.chunks(content.id, first=0, limit=1)
        if not first:
            return None
        return s2t.GenThumbnail(
            file_id=file.id,
            channel_id=str(first[0].message.channel_id),
            first_msg_id=str(first[0].message.id),
            file_type=content.mime_type,
            is_encrypted=content.envelope is EnvelopeKind.BASE,
        )

    def _least_busy(self) -> Thumbnailer | None:
        """The service to ask."""
        usable = [service for service in self if service.is_in_service]
        return min(usable, key=lambda each: len(each.pictures), default=None)

    async def _configure(self, service: Thumbnailer, bot_token: str) -> None:
        try:
            answer = await service.connection.request(self._packet(bot_token), generic.Boolean)
        except PeerGone:
            return
        except (PeerSilent, UnexpectedReply) as error:
            await self._send_away(service, str(error))
            return
        if not answer.success:
            await self._send_away(service, answer.message or "it refuses its configuration")
        elif service.id in self._services:
            service.is_in_service = True
            self._hub.broadcast(_registry(service, "added"))

    def _packet(self, bot_token: str) -> s2t.ThumbnailServiceConfiguration:
        key = self._settings.keyring.primary.secret
        return s2t.ThumbnailServiceConfiguration(
            message_encryption_key=base64.b64encode(key).decode(),
            discord_bot_token=bot_token,
            image_quality=IMAGE_QUALITY,
            image_width=IMAGE_WIDTH,
            image_type=IMAGE_TYPE,
        )

    async def _send_away(self, service: Thumbnailer, problem: str) -> None:
        log.warning("a thumbnail service was not configured", service=service.id, problem=problem)
        await service.connection.close(POLICY_VIOLATION, "the configuration was not confirmed")


def _registry(service: Thumbnailer, action: s2c.ServiceAction) -> s2c.ServiceRegistry:
    return s2c.ServiceRegistry(service_type="thumbnail", action=action, service_uuid=service.id)


def _settle(picture: asyncio.Future[bytes | None], outcome: bytes | None) -> None:
    if not picture.done():
        picture.set_result(outcome)


def _bytes_of(packet: t2s.ThumbnailData) -> bytes | None:
    if not packet.success or packet.data is None:
        return None
    padding = "=" * (-len(packet.data) % 4)
    try:
        return base64.urlsafe_b64decode(packet.data + padding)
    except binascii.Error:
        return None
