"""Downloads: of files and folders, by users, by links, and by gateways."""

from dataclasses import dataclass

from catalog.errors import CatalogError
from common.key_derivation import Purpose
from manager.composition.content import ContentParts
from manager.composition.foundation import Foundation
from manager.composition.identities import IdentityParts
from manager.composition.uploads import ProcessingParts
from manager.downloads.archive_tokens import ArchiveManifests
from manager.downloads.archives import ArchiveFiles, FolderSender
from manager.downloads.content import CatalogChunks
from manager.downloads.delivery import ContentSender
from manager.downloads.manifests import DownloadTokenSigner, ManifestMaker
from manager.downloads.redirects import Redirects
from manager.downloads.routes import ObjectSender
from manager.gateways.readiness import ReadyGateways
from manager.links.earlier import EarlierLinks
from manager.links.folder_manager import FolderLinkManager
from manager.links.manager import LinkManager
from manager.links.managing import LinkPolicy
from manager.links.tokens import LinkTokens
from reading.archives import ArchiveSender
from reading.chunk_cache import ChunkCache
from reading.content import ContentSource
from reading.delivery import BodySender, Delivery
from reading.file_stream import FileStreamSender


@dataclass(frozen=True, kw_only=True)
class LinkParts:
    """Links that users have made.

    Attributes:
        files: To files.
        folders: To folders.
    """

    files: LinkManager
    folders: FolderLinkManager


def compose_links(base: Foundation, identities: IdentityParts) -> LinkParts:
    """Links are in the catalog; nothing has to be read at the start."""
    settings, catalog = base.settings, base.catalog_of_users
    tokens = LinkTokens(settings.keyring)
    policy = LinkPolicy(life_s=settings.link_life_s, most_per_user=settings.user_links)
    earlier = EarlierLinks(
        identities.signer(Purpose.SIGNED_DOWNLOADS), are_accepted=settings.legacy_signed_links
    )
    return LinkParts(
        files=LinkManager(
            catalog,
            tokens,
            earlier,
            base.passwords,
            base.audit,
            base.clock,
            policy,
        ),
        folders=FolderLinkManager(
            catalog,
            tokens,
            base.passwords,
            base.audit,
            base.addresses,
            base.clock,
            policy,
            rights_count=lambda: base.spaces.is_personal,
        ),
    )


@dataclass(frozen=True, kw_only=True)
class DownloadParts:
    """What sends content.

    Attributes:
        chunks: Where the chunks of content lie.
        source: Reads content.
        delivery: Admits downloads, and ends those that stall.
        file_streams: Sends many small files at once.
        tokens: Of downloads at gateways.
        manifests: What gateways are told of content.
        gateways: Those to which clients can be redirected.
        redirects: Lead clients there.
        sender: Sends content.
        object_sender: Sends objects and their views.
        archive_files: The files of archives.
        folders: Sends archives.
    """

    chunks: CatalogChunks
    source: ContentSource
    delivery: Delivery
    file_streams: FileStreamSender
    tokens: DownloadTokenSigner
    manifests: ManifestMaker
    gateways: ReadyGateways
    redirects: Redirects
    sender: ContentSender
    object_sender: ObjectSender
    archive_files: ArchiveFiles
    folders: FolderSender


def compose_downloads(
    base: Foundation, content: ContentParts, identities: IdentityParts, processing: ProcessingParts
) -> DownloadParts:
    """Nothing runs before somebody downloads."""
    settings, catalog = base.settings, base.catalog_of_users
    chunks = CatalogChunks(catalog, content.temporary_references, content.webhooks)
    source = ContentSource(
        chunks,
        content.reader,
        chunks.kept_alive,
        chunks.note_unreadable,
        ChunkCache(settings.range_cache_bytes),
    )
    memory = settings.read_ahead_memory()
    delivery = settings.delivery(base.metrics, base.addresses, base.monotonic, CatalogError)
    tokens = DownloadTokenSigner(identities.signer(Purpose.DOWNLOAD_TOKENS))
    manifests = ManifestMaker(chunks, settings.keyring, tokens)
    gateways = ReadyGateways(settings.gateway_urls)
    redirects = Redirects(gateways, identities.signer(Purpose.REDIRECT_TOKENS), base.addresses)
    sender = ContentSender(
        source, BodySender(delivery, memory), manifests, redirects, base.addresses
    )
    archive_files = ArchiveFiles(catalog, source)
    return DownloadParts(
        chunks=chunks,
        source=source,
        delivery=delivery,
        file_streams=FileStreamSender(delivery, memory),
        tokens=tokens,
        manifests=manifests,
        gateways=gateways,
        redirects=redirects,
        sender=sender,
        object_sender=ObjectSender(catalog, sender, processing.thumbnails.kept),
        archive_files=archive_files,
        folders=FolderSender(
            catalog,
            archive_files,
            source,
            ArchiveSender(delivery, base.clock, memory, settings.temp_folder),
            ArchiveManifests(tokens, may_give=not settings.base_upload_services),
            redirects,
        ),
    )
