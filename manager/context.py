"""What a handler is given beside its packet."""

from dataclasses import dataclass

from catalog.port import Catalog
from manager.accounts.administration import UserAdministration
from manager.broadcast.changes import ChangeFeed
from manager.connections.clients import ClientSession
from manager.connections.connection import Reply
from manager.connections.liveness import ServicePulse
from manager.downloads.content_links import ContentLinks
from manager.downloads.signed_links import SignedLinks
from manager.processing.pictures import Pictures
from manager.processing.services import ProcessingDesk, ProcessingService
from manager.processing.thumbnailers import Thumbnailer, Thumbnailers
from manager.services.fleet import UploadFleet
from manager.services.uncertain_posts import UncertainPostTally
from manager.services.upload_slots import UploadSlot
from manager.services.webhooks import WebhookDirectory
from manager.tickets.uploads import TicketManager
from manager.uploads.booking_desk import BookingDesk
from manager.uploads.journal import ChunkJournal
from manager.uploads.session import UploadDesk
from protocol.values import NamePolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ManagerParts:
    """The parts of the running manager that handlers work with.

    Attributes:
        chunk_size: bytes of a chunk of new uploads.
        name_policy: which characters new names may have.
    """

    catalog: Catalog
    administration: UserAdministration
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
    tickets: TicketManager
    uncertain_posts: UncertainPostTally
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
