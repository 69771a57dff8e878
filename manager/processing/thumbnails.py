"""Thumbnail services of the base protocol, and the thumbnails that they make on demand.

Such a service fetches a file's first chunk itself, with the bot's token, and opens nothing but the
base protocol's envelope under the one key that it was sent. So it can be asked only about what a
base-protocol upload service has stored. It sends bytes and stores nothing, so the latest thumbnails are
kept in memory; one that was dropped is made again at the next request.

A request names a message, but its answer only the file. When the file is overwritten meanwhile, the
thumbnail of the old content would be taken for one of the new: so a service that owes an answer about a
file is not asked about other content of it.
"""

import asyncio
import base64
import binascii
import contextlib
from collections import OrderedDict
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from uuid import UUID

import structlog

from catalog.content_port import ObjectStore
from catalog.port import Catalog
from catalog.records import EnvelopeKind, File
from common.tasks import BackgroundTasks
from manager.broadcast.hub import Hub
from manager.connections.clients import ClientRequest, ClientSession
from manager.connections.connection import PeerConnection
from manager.connections.dispatch import PacketTable
from manager.downloads.links import ContentLinks
from manager.errors import PeerGone, PeerSilent, UnexpectedReply
from manager.files.lookup import file_by_id
from manager.files.rights import FileOperation
from manager.services.liveness import confirms
from manager.settings import ManagerSettings
from protocol import c2s, generic, s2c, s2t, t2s

log = structlog.get_logger(__name__)

IMAGE_TYPE: s2t.ImageType = "avif"
"""What clients are served as thumbnails."""
IMAGE_QUALITY = 60
"""Percent."""
IMAGE_WIDTH = 300
"""Pixels."""
PICTURE_TIMEOUT_S = 60.0
"""A service has to fetch a chunk of up to 10 MiB before it begins."""
MAX_OWED = 10_000
"""Of how many files is remembered, for each service, that it owes an answer."""


@dataclass(slots=True, eq=False)
class ThumbnailSession:
    """One connection of a thumbnail service.

    Attributes:
        id: uuid of the connection.
        connection: the way to the service.
        is_in_service: whether it has confirmed its configuration, and is connected.
        pictures: what is waited for, by file id.
        owed: the content that it was asked about and has not answered, by file id; also when no client
            waits for it any more.
    """

    id: str
    connection: PeerConnection
    is_in_service: bool = False
    pictures: dict[int, asyncio.Future[bytes | None]] = field(default_factory=dict, repr=False)
    owed: dict[int, UUID] = field(default_factory=dict, repr=False)

    def may_be_asked(self, file: File) -> bool:
        """Whether its next answer about the file would be about this content of it."""
        is_unambiguous = self.owed.get(file.id, file.object_id) == file.object_id
        return is_unambiguous and file.id not in self.pictures


class ThumbnailServiceRegistry:
    """All thumbnail services that are connected."""

    def __init__(
        self, catalog: ObjectStore, hub: Hub, settings: ManagerSettings, tasks: BackgroundTasks
    ) -> None:
        self._catalog = catalog
        self._hub = hub
        self._settings = settings
        self._tasks = tasks
        self._services: dict[str, ThumbnailSession] = {}

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {t2s.ThumbnailData: self.thumbnail_data}

    def __iter__(self) -> Iterator[ThumbnailSession]:
        return iter(tuple(self._services.values()))

    def send_list_to(self, client: ClientSession) -> None:
        """Sends a new client the list of services."""
        for service in self:
            if service.is_in_service:
                client.connection.send(_registry(service, "list"))

    @contextlib.asynccontextmanager
    async def registered(self, service: ThumbnailSession, bot_token: str) -> AsyncIterator[None]:
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
        """A small picture of the file's content, AVIF; None when no service can make one.

        Raises `CatalogUnavailable`.
        """
        question = await self._question(file)
        if question is None:
            return None
        service = await self._service_for(file)
        return await self._begin(service, file, question) if service else None

    async def _service_for(self, file: File) -> ThumbnailSession | None:
        """The service to ask, which may have to answer first; None when there is none."""
        while True:
            usable = [service for service in self if service.is_in_service]
            free = [service for service in usable if service.may_be_asked(file)]
            if free:
                return min(free, key=lambda each: len(each.pictures))
            busy = [each.pictures[file.id] for each in usable if file.id in each.pictures]
            if not busy:
                return None
            await asyncio.wait(busy, return_when=asyncio.FIRST_COMPLETED)

    def _begin(
        self, service: ThumbnailSession, file: File, question: s2t.GenThumbnail
    ) -> asyncio.Future[bytes | None]:
        picture: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        service.pictures[file.id] = picture
        service.owed[file.id] = file.object_id
        if len(service.owed) > MAX_OWED:
            del service.owed[next(iter(service.owed))]
        asking = asyncio.create_task(self._ask(service, question), name="ask for a thumbnail")

        def end(_: object) -> None:
            service.pictures.pop(file.id)
            asking.cancel()

        picture.add_done_callback(end)
        return picture

    async def _ask(self, service: ThumbnailSession, question: s2t.GenThumbnail) -> None:
        """Services answer with a reply, or with a separate packet, which `thumbnail_data` handles."""
        try:
            answer = await service.connection.request(
                question, t2s.ThumbnailData, timeout_s=PICTURE_TIMEOUT_S
            )
        except PeerSilent as error:
            log.warning("thumbnail-late", reason=str(error))
            _settle(service.pictures[question.file_id], None)
        except (PeerGone, UnexpectedReply) as error:
            log.warning("thumbnail-not-made", file=question.file_id, reason=str(error))
            _answered(service, question.file_id, None)
        else:
            # A reply about another file is none.
            is_this = answer.file_id == question.file_id
            _answered(service, question.file_id, _bytes_of(answer) if is_this else None)

    async def thumbnail_data(self, service: ThumbnailSession, packet: t2s.ThumbnailData) -> None:
        """A service has made a thumbnail, or cannot."""
        _answered(service, packet.file_id, _bytes_of(packet))

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

    async def _configure(self, service: ThumbnailSession, bot_token: str) -> None:
        is_confirmed = await confirms(service, self._packet(bot_token))
        if is_confirmed and service.id in self._services:
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


def _registry(service: ThumbnailSession, action: s2c.ServiceAction) -> s2c.ServiceRegistry:
    return s2c.ServiceRegistry(service_type="thumbnail", action=action, service_uuid=service.id)


def _answered(service: ThumbnailSession, file_id: int, outcome: bytes | None) -> None:
    service.owed.pop(file_id, None)
    picture = service.pictures.get(file_id)
    if picture is not None:
        _settle(picture, outcome)


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


MAX_PICTURES = 200
"""How many are kept; each has some tens of KiB."""
MAX_PICTURE_BYTES = 512 * 1024
"""Larger ones are no thumbnails."""
ANSWER_WITHIN_S = 8.0
"""Seconds; a client is due an answer within 10 s. The thumbnail is made all the same."""


class ThumbnailCache:
    """Thumbnails on demand."""

    def __init__(
        self,
        thumbnail_services: ThumbnailServiceRegistry,
        *,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> None:
        self._thumbnail_services = thumbnail_services
        self._answer_within_s = answer_within_s
        self._kept: OrderedDict[UUID, bytes] = OrderedDict()
        self._making: dict[UUID, asyncio.Task[bool]] = {}

    async def make(self, file: File) -> bool:
        """Whether there is a thumbnail of the file's content now. Raises `CatalogUnavailable`.

        One that takes too long is made all the same, for the next request.
        """
        content = file.object_id
        if content in self._kept:
            return True
        making = self._making.get(content)
        if making is None:
            making = asyncio.create_task(self._make(file), name=f"thumbnail of {content}")
            self._making[content] = making
            making.add_done_callback(lambda _: self._making.pop(content))
        try:
            async with asyncio.timeout(self._answer_within_s):
                # Others may wait for it, too.
                return await asyncio.shield(making)
        except TimeoutError:
            return False

    async def _make(self, file: File) -> bool:
        picture = await self._thumbnail_services.generate(file)
        if picture is None or len(picture) > MAX_PICTURE_BYTES:
            return False
        self._kept[file.object_id] = picture
        if len(self._kept) > MAX_PICTURES:
            self._kept.popitem(last=False)
        return True

    def kept(self, object_id: UUID) -> bytes | None:
        """The thumbnail of some content, AVIF, if it was made lately."""
        return self._kept.get(object_id)


class ThumbnailHandlers:
    """The handlers of what clients send about thumbnails."""

    def __init__(
        self, catalog: Catalog, links: ContentLinks, thumbnail_cache: ThumbnailCache
    ) -> None:
        self._catalog = catalog
        self._links = links
        self._cache = thumbnail_cache

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.ThumbnailRequest: self.find_thumbnail}

    async def find_thumbnail(
        self, request: ClientRequest, packet: c2s.ThumbnailRequest
    ) -> generic.Boolean:
        """A link to the file's thumbnail, if a service has made one or can make it now."""
        client = request.client
        file = await file_by_id(self._catalog, client.user, packet.file_id, FileOperation.DOWNLOAD)
        if not file.has_thumbnail and not await self._is_made(request, file):
            return generic.Boolean(success=False, message="this file has no thumbnail")
        path = self._links.thumbnail(file.object_id)
        return generic.Boolean(success=True, message=client.base_url + path)

    async def _is_made(self, request: ClientRequest, file: File) -> bool:
        """Whether a service has made a thumbnail lately, or makes one now."""
        if self._cache.kept(file.object_id) is not None:
            return True
        with request.client.connection.external_wait():
            return await self._cache.make(file)
