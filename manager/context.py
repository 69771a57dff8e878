"""What a handler is given beside its packet."""

from dataclasses import dataclass

from catalog.port import Catalog
from manager.administering import UserAdministration
from manager.changes import ChangeFeed
from manager.content_links import ContentLinks
from manager.peers.clients import ClientSession
from manager.peers.connection import Reply
from manager.peers.pulse import ServicePulse
from manager.peers.services import UploadSlot
from manager.processing.pictures import Pictures
from manager.processing.services import ProcessingDesk, ProcessingService
from manager.processing.thumbnailers import Thumbnailer, Thumbnailers
from manager.signed_links import SignedLinks
from manager.tickets.uploads import TicketDesk
from manager.uploads.booking_desk import BookingDesk
from manager.uploads.fleet import UploadFleet
from manager.uploads.journal import ChunkJournal
from manager.uploads.running import UploadDesk
from manager.uploads.uncertain_posts import UncertainPostTally
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
    tickets: TicketDesk
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
