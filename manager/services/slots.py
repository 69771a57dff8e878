"""The connection of an upload service that takes one upload at a time: a slot."""

import asyncio
from dataclasses import dataclass, field
from typing import Protocol

from manager.connections.connection import PeerConnection
from manager.files.upload_requests import RequestedUpload
from manager.services.reports import BaseContent


class SlotUpload(Protocol):
    """What runs on a slot, as its service acts on it."""

    @property
    def requested(self) -> RequestedUpload:
        """What the client has requested."""

    @property
    def layout(self) -> RequestedUpload:
        """How the content is cut into chunks."""

    @property
    def takes_chunks(self) -> bool:
        """Whether a chunk that is reported now belongs to it."""

    def service_finished(
        self, content_hash: str, mime_type: str, content: BaseContent | None = None
    ) -> None:
        """The service has stored every chunk; `content`: those that are not journalled yet."""

    def service_failed(self, reason: str) -> None:
        """The service could not store the content."""

    def service_lost(self) -> None:
        """The service has disconnected, and is out of the booking of the upload's client."""


@dataclass(slots=True, eq=False)
class UploadSlot:
    """One connection of an upload service: it takes one upload at a time.

    Attributes:
        id: uuid of the connection.
        address: URL that clients send chunks to; slots of one process may share it.
        process: uuid of the process that the slot belongs to; None for a base-protocol service,
            which shares nothing with others.
        connection: the way to the service.
        is_connected: false from the moment at which the connection ended.
        takes_tickets: whether the service takes files with tickets.
        hears_of_holders: whether it is sent the holders of these tickets.
        channel_id: where a base-protocol service posts to, as the bot; None for the others.
        is_usable: whether its last configuration has somewhere to post to.
        is_in_service: whether it takes part in bookings.
        configuring: held while a configuration is brought into force, so that the last one sent stays.
        upload: what runs on it.
    """

    id: str
    address: str
    process: str | None
    connection: PeerConnection
    takes_tickets: bool = False
    hears_of_holders: bool = False
    channel_id: int | None = None
    is_connected: bool = True
    is_usable: bool = False
    is_in_service: bool = False
    configuring: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    upload: SlotUpload | None = field(default=None, repr=False)
