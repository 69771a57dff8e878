"""What a handler is given beside its packet."""

from dataclasses import dataclass

from catalog.port import Catalog
from manager.booking_desk import BookingDesk
from manager.changes import ChangeFeed
from manager.clients import ClientSession
from manager.connection import Reply
from manager.content_links import ContentLinks
from manager.fleet import UploadFleet
from manager.journal import ChunkJournal
from manager.pictures import Pictures
from manager.processing import ProcessingDesk, ProcessingService
from manager.pulse import ServicePulse
from manager.services import UploadSlot
from manager.signed_links import SignedLinks
from manager.thumbnailers import Thumbnailer, Thumbnailers
from manager.tickets import TicketDesk
from manager.uploading import UploadDesk
from manager.webhooks import WebhookDirectory
from protocol.values import NamePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerParts:
    """The parts of the running manager that handlers work with.

    Attributes:
        chunk_size: bytes of a chunk of new uploads.
        name_policy: which characters new names may have.
    """

    catalog: Catalog
    bookings: BookingDesk
    changes: ChangeFeed
    content_links: ContentLinks
    fleet: UploadFleet
    journal: ChunkJournal
    links: SignedLinks
    pictures: Pictures
    processing: ProcessingDesk
    pulse: ServicePulse
    thumbnailers: Thumbnailers
    tickets: TicketDesk
    uploads: UploadDesk
    webhooks: WebhookDirectory
    chunk_size: int
    name_policy: NamePolicy


@dataclass(frozen=True, slots=True)
class ClientContext:
    """A packet came from this client; `reply` answers it before its handler returns, or after."""

    client: ClientSession
    parts: ManagerParts
    reply: Reply


@dataclass(frozen=True, slots=True)
class SlotContext:
    """A packet came from this upload slot."""

    slot: UploadSlot
    parts: ManagerParts


@dataclass(frozen=True, slots=True)
class ThumbnailerContext:
    """A packet came from this thumbnail service."""

    service: Thumbnailer
    parts: ManagerParts


@dataclass(frozen=True, slots=True)
class ProcessingContext:
    """A packet came from this processing service."""

    service: ProcessingService
    parts: ManagerParts
