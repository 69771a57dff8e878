"""Uploads: bookings and slots, what is uploaded, tickets, and processing of what was uploaded."""

from dataclasses import dataclass
from functools import partial

from catalog.records import KeptUploadLimits
from common.key_derivation import Purpose
from manager.composition.content import ContentParts
from manager.composition.files import FileParts
from manager.composition.foundation import Foundation
from manager.composition.identities import IdentityParts
from manager.downloads.content import content_of, expected_chunk
from manager.gc.compaction import Compactor
from manager.processing.jobs import JobPolicy, ProcessingManager
from manager.processing.thumbnails import ThumbnailCache, ThumbnailServiceRegistry
from manager.services.allocation_choice import Allocation, open_allocation
from manager.services.channel_limits import SizeProber
from manager.services.liveness import LivenessProbe
from manager.services.registry import UploadSlotRegistry
from manager.tickets.issuing import TicketSigner
from manager.tickets.references import ReferenceManager
from manager.tickets.uploads import TicketManager, ticket_policy
from manager.uploads.committing import EmptyFileCommitter, FileCommitter, ObjectWriter
from manager.uploads.journal import ChunkJournal
from manager.uploads.kept import KeptUploadRegistry
from manager.uploads.kept_exchange import KeptUploadExchange
from manager.uploads.manager import UploadManager
from manager.uploads.permissions import PermissionCheck
from manager.uploads.quotas import QuotaCheck
from manager.uploads.shared_quotas import share_quotas
from storage.discord.http import DiscordHttp
from storage.discord.messages import PostedMessage, WebhookClient
from storage.discord.routes import WebhookCredentials


@dataclass(frozen=True, kw_only=True)
class SlotParts:
    """Upload services, and who uses them.

    Attributes:
        allocation: Bookings and leases, of this manager or of all.
        probe: Asks services whether they live.
        registry: The slots of upload services.
        size_prober: Finds out what messages take.
    """

    allocation: Allocation
    probe: LivenessProbe
    registry: UploadSlotRegistry
    size_prober: SizeProber


async def compose_slots(base: Foundation, content: ContentParts) -> SlotParts:
    """The bookings end when the manager stops."""
    allocation = await base.stack.enter_async_context(
        open_allocation(
            base.settings,
            base.cluster,
            base.hub,
            base.tasks,
            base.monotonic,
            base.lease_fence,
        )
    )
    probe = LivenessProbe(base.tasks)
    registry = UploadSlotRegistry(
        allocation.bookings,
        allocation.leases,
        base.hub,
        content.webhooks,
        base.settings,
        base.tasks,
        probe,
        content.limits,
    )
    size_prober = SizeProber(
        content.limits,
        registry.probe_size,
        interval_s=base.settings.size_probe_interval_s,
        clock=base.clock,
    )
    return SlotParts(allocation=allocation, probe=probe, registry=registry, size_prober=size_prober)


@dataclass(frozen=True, kw_only=True)
class UploadParts:
    """What takes uploads.

    Attributes:
        journal: Enters chunks into the catalog.
        compactor: Joins small messages.
        quotas: What users may still upload.
        empty_files: Makes files that have no chunk.
        kept: Uploads that outlive their connection.
        exchange: Fetches them from other managers.
        manager: Runs uploads.
        tickets: Uploads for other services.
    """

    journal: ChunkJournal
    compactor: Compactor
    quotas: QuotaCheck
    empty_files: EmptyFileCommitter
    kept: KeptUploadRegistry
    exchange: KeptUploadExchange
    manager: UploadManager
    tickets: TicketManager


async def compose_uploads(
    base: Foundation,
    content: ContentParts,
    identities: IdentityParts,
    files: FileParts,
    slots: SlotParts,
) -> UploadParts:
    """Running uploads are given to other managers until this one stops."""
    settings, catalog, retry, clock = base.settings, base.catalog_of_users, base.retry, base.clock
    references, wake_reaper = content.temporary_references, content.wake_reaper
    journal = ChunkJournal(catalog, base.tasks, retry, wake_reaper)
    quotas = QuotaCheck(catalog, base.monotonic)
    await share_quotas(quotas, base.cluster, base.tasks)
    kept = KeptUploadRegistry(
        catalog,
        retry,
        files.destinations,
        life_s=settings.kept_upload_s,
        limits=KeptUploadLimits(uploads=settings.user_kept_uploads, size=settings.user_kept_bytes),
        clock=clock,
    )
    committer = FileCommitter(
        catalog,
        references,
        files.destinations,
        content.readability,
        retry,
        takes_base_content=settings.base_upload_services,
        quotas=quotas,
        permissions=PermissionCheck(catalog),
        versions=settings.versions,
    )
    manager = UploadManager(
        ObjectWriter(catalog, references, journal, retry=retry, clock=clock),
        committer,
        slots.registry,
        files.changes,
        kept,
        base.tasks,
        wake_reaper,
        clock,
    )
    return UploadParts(
        journal=journal,
        compactor=_compactor(base, content, slots),
        quotas=quotas,
        empty_files=EmptyFileCommitter(
            catalog, files.destinations, files.changes, retry=retry, clock=clock
        ),
        kept=kept,
        exchange=await base.stack.enter_async_context(
            KeptUploadExchange.opened(base.cluster, manager)
        ),
        manager=manager,
        tickets=TicketManager(
            catalog=catalog,
            retry=retry,
            references=references,
            readability=content.readability,
            slots=slots.registry,
            signer=TicketSigner(identities.signer(Purpose.UPLOAD_TICKETS)),
            policy=ticket_policy(settings),
            chunk_sizes=content.chunk_sizes,
            quotas=quotas,
            tasks=base.tasks,
            clock=clock,
            monotonic=base.monotonic,
            wake_reaper=wake_reaper,
        ),
    )


def _compactor(base: Foundation, content: ContentParts, slots: SlotParts) -> Compactor:
    return Compactor(
        base.catalog_of_users,
        content.webhooks,
        lambda stored, location: content.reader.read_sealed(
            expected_chunk(content_of(stored), location)
        ),
        partial(_post_file, base.http),
        lambda: all(slot.upload is None for slot in slots.registry),
        base.retry,
        base.metrics,
        wake_reaper=content.wake_reaper,
        clock=base.clock,
    )


async def _post_file(
    http: DiscordHttp, webhook: WebhookCredentials, content: memoryview
) -> PostedMessage:
    return await WebhookClient(http, webhook).execute(content)


@dataclass(frozen=True, kw_only=True)
class ProcessingParts:
    """What is made of uploaded files.

    Attributes:
        references: Of other services to objects.
        manager: Gives jobs to processing services.
        thumbnail_services: Those of the base protocol.
        thumbnails: What they have made.
    """

    references: ReferenceManager
    manager: ProcessingManager
    thumbnail_services: ThumbnailServiceRegistry
    thumbnails: ThumbnailCache


def compose_processing(
    base: Foundation, content: ContentParts, files: FileParts, uploads: UploadParts
) -> ProcessingParts:
    """Jobs are in the catalog; nothing has to be read at the start."""
    settings, catalog = base.settings, base.catalog_of_users
    thumbnail_services = ThumbnailServiceRegistry(catalog, base.hub, settings, base.tasks)
    return ProcessingParts(
        references=ReferenceManager(
            catalog, content.wake_reaper, grace_s=settings.gc_grace_s, clock=base.clock
        ),
        manager=ProcessingManager(
            catalog=catalog,
            hub=base.hub,
            changes=files.changes,
            tickets=uploads.tickets,
            links=files.content_links,
            policy=JobPolicy(
                lease_s=settings.processing_lease_s, max_attempts=settings.processing_attempts
            ),
            tasks=base.tasks,
            clock=base.clock,
        ),
        thumbnail_services=thumbnail_services,
        thumbnails=ThumbnailCache(thumbnail_services),
    )
