"""What packets do, and the WebSockets over which they come."""

from dataclasses import dataclass
from itertools import chain

from manager.accounts.administration import UserAdministration
from manager.accounts.packet_scopes import ScopeGuard
from manager.composition.content import ContentParts
from manager.composition.downloads import LinkParts
from manager.composition.files import FileParts
from manager.composition.foundation import Foundation
from manager.composition.identities import IdentityParts
from manager.composition.uploads import ProcessingParts, SlotParts, UploadParts
from manager.connections.dispatch import Dispatcher, Handlers
from manager.files.browsing import BrowsingHandlers
from manager.files.copying import CopyHandlers
from manager.files.organising import FileHandlers, FolderHandlers
from manager.files.search import SearchHandlers
from manager.files.sharing import SharingHandlers
from manager.files.stars import StarHandlers
from manager.links.handlers import LinkHandlers
from manager.metrics import UncertainPostTotals
from manager.processing.thumbnails import ThumbnailHandlers
from manager.services.liveness import ProbeHandlers
from manager.services.registry import WebhookReportHandlers
from manager.spaces.packets import PacketPlaces
from manager.tickets.handlers import TicketHandlers
from manager.uploads.bundle_handlers import BundleHandlers
from manager.uploads.handlers import BookingHandlers, EmptyFileHandlers, UploadHandlers
from manager.uploads.kept_handlers import KeptUploadHandlers
from manager.uploads.report_handlers import UploadReportHandlers
from manager.websocket import (
    ClientEndpoint,
    PeerType,
    ProcessingServiceEndpoint,
    SocketAcceptor,
    ThumbnailServiceEndpoint,
    UploadServiceEndpoint,
    WebSocketEndpoint,
)
from protocol.extensions import (
    ADMINISTER,
    BUNDLE,
    CHANNEL_DEMAND,
    COPY,
    MESSAGE_LIMITS,
    MESSAGES,
    ORGANISE,
    OVERVIEW,
    PROCESSING,
    RESUME,
    SEARCH,
    STARS,
    TICKETS,
    WEBHOOKS,
)


@dataclass(frozen=True, kw_only=True)
class PacketParts:
    """What handles packets.

    Attributes:
        clients, slots, thumbnails, processing: Of each kind of peer.
        upload_reports: Of what upload services have stored.
        uncertain_posts: Posts of which no answer came.
    """

    clients: Dispatcher
    slots: Dispatcher
    thumbnails: Dispatcher
    processing: Dispatcher
    upload_reports: UploadReportHandlers
    uncertain_posts: UncertainPostTotals


async def compose_packets(
    base: Foundation,
    content: ContentParts,
    identities: IdentityParts,
    files: FileParts,
    slots: SlotParts,
    uploads: UploadParts,
    processing: ProcessingParts,
    links: LinkParts,
) -> PacketParts:
    """Every packet that is known has exactly one handler."""
    services = (slots.registry, processing.thumbnail_services, processing.manager)
    probe_everywhere = await base.notices.share(
        "services-to-probe", lambda: slots.probe.check(chain(*services))
    )
    uncertain_posts = UncertainPostTotals(base.metrics)
    upload_reports = UploadReportHandlers(
        uploads.journal,
        content.webhooks,
        uploads.tickets.reported,
        base.catalog_of_users,
        slots.registry,
    )
    return PacketParts(
        clients=Dispatcher(
            "c2s",
            {None, ADMINISTER, BUNDLE, COPY, ORGANISE, OVERVIEW, RESUME, SEARCH, STARS},
            *_file_handlers(base, content, identities, files, processing, links),
            *_upload_handlers(base, content, slots, uploads),
            ProbeHandlers(probe_everywhere),
        ),
        slots=Dispatcher(
            "u2s",
            {None, BUNDLE, CHANNEL_DEMAND, WEBHOOKS, MESSAGE_LIMITS, MESSAGES, TICKETS},
            TicketHandlers(uploads.tickets),
            upload_reports,
            WebhookReportHandlers(
                slots.registry, content.webhooks, content.limits, uncertain_posts
            ),
        ),
        thumbnails=Dispatcher("t2s", {None}, processing.thumbnail_services),
        processing=Dispatcher("t2s", {PROCESSING}, processing.manager),
        upload_reports=upload_reports,
        uncertain_posts=uncertain_posts,
    )


def _file_handlers(
    base: Foundation,
    content: ContentParts,
    identities: IdentityParts,
    files: FileParts,
    processing: ProcessingParts,
    links: LinkParts,
) -> list[Handlers]:
    catalog, changes, audit = base.catalog_of_users, files.changes, base.audit
    names, trash, wake_reaper = base.settings.name_policy, files.trash, content.wake_reaper
    return [
        UserAdministration(
            catalog,
            base.passwords,
            identities.app_passwords,
            identities.logins,
            changes,
            audit,
            monotonic=base.monotonic,
        ),
        BrowsingHandlers(catalog),
        SearchHandlers(catalog),
        FileHandlers(catalog, changes, audit, wake_reaper, names, trash),
        FolderHandlers(catalog, changes, audit, files.destinations, wake_reaper, names, trash),
        CopyHandlers(catalog, changes, names),
        SharingHandlers(catalog, changes, audit),
        StarHandlers(catalog, files.stars),
        LinkHandlers(catalog, links.files),
        ThumbnailHandlers(catalog, files.content_links, processing.thumbnails),
    ]


def _upload_handlers(
    base: Foundation, content: ContentParts, slots: SlotParts, uploads: UploadParts
) -> list[Handlers]:
    catalog, names = base.catalog_of_users, base.settings.name_policy
    return [
        BookingHandlers(slots.allocation.bookings, uploads.manager),
        UploadHandlers(uploads.manager, slots.registry, content.chunk_sizes, names),
        BundleHandlers(
            catalog, uploads.manager, slots.registry, base.retry, content.chunk_sizes, names
        ),
        KeptUploadHandlers(
            catalog,
            uploads.kept,
            uploads.manager,
            slots.registry,
            content.wake_reaper,
            uploads.exchange,
        ),
        EmptyFileHandlers(uploads.empty_files, names),
    ]


def compose_websockets(
    base: Foundation,
    identities: IdentityParts,
    slots: SlotParts,
    uploads: UploadParts,
    processing: ProcessingParts,
    packets: PacketParts,
) -> WebSocketEndpoint:
    """One address for peers of every kind."""
    settings = base.settings
    acceptor = SocketAcceptor(base.tasks, base.metrics)
    clients = ClientEndpoint(
        acceptor,
        base.addresses,
        identities.accounts,
        identities.logins,
        PacketPlaces(base.spaces, base.catalog_of_users),
        ScopeGuard(base.catalog_of_users),
        packets.clients,
        on_join=[
            slots.registry.send_list_to,
            processing.thumbnail_services.send_list_to,
            processing.manager.send_list_to,
            uploads.manager.client_joined,
            base.hub.join,
        ],
        on_leave=[
            base.hub.leave,
            uploads.manager.client_left,
            lambda client: slots.allocation.bookings.client_left(client.id),
        ],
        public_url=settings.manager_public_url,
    )
    upload_services = UploadServiceEndpoint(
        acceptor,
        identities.access,
        slots.registry,
        packets.slots,
        on_leave=uploads.tickets.slot_left,
        bot_token=settings.bot_token_for_services,
        gives_master_key=settings.base_upload_services,
    )
    thumbnail_services = ThumbnailServiceEndpoint(
        acceptor,
        identities.access,
        processing.thumbnail_services,
        packets.thumbnails,
        bot_token=settings.bot_token_for_services,
        gives_master_key=settings.base_upload_services,
    )
    processing_services = ProcessingServiceEndpoint(
        acceptor,
        identities.access,
        processing.manager,
        packets.processing,
        base=thumbnail_services,
    )
    return WebSocketEndpoint(
        {
            PeerType.CLIENT: clients.serve,
            PeerType.UPLOAD: upload_services.serve,
            PeerType.THUMBNAIL: processing_services.serve,
        }
    )
