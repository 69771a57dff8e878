"""Composes the manager: what each object uses, and in which order they start and stop.

Starting goes from the catalog upward, stopping the other way round. aiohttp stops listening, and waits for
the handlers of requests, before it stops the manager, so that nothing is used after its end.

It is long because it is one sequence without a decision: whoever looks for what something is made of finds
it in one place, and above it all that starts before.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import replace
from functools import partial

from aiohttp import web

from catalog.change_port import ChangeLog
from catalog.errors import CatalogError
from catalog.port import Catalog
from catalog.records import KeptUploadLimits
from common.addresses import ClientAddresses
from common.guesses import GuessLimiter
from common.http_server import UNREAD_TIMEOUT_S, end_unread_answers, handler_arguments
from common.key_derivation import Purpose
from common.password_guard import PasswordGuard
from common.tasks import BackgroundTasks, supervised
from manager import app_keys
from manager.accounts.accounts import Accounts, SetupCode
from manager.accounts.administration import UserAdministration
from manager.accounts.app_passwords import AppPasswords
from manager.accounts.audit_routes import AuditRoutes
from manager.accounts.callers import Authenticator
from manager.accounts.challenges import CHALLENGE_LIFE_S, Challenges
from manager.accounts.credentials import TOKEN_LIFE_S, Passwords, TokenSigner
from manager.accounts.factor_enrolment import FactorEnrolment
from manager.accounts.factor_routes import FactorAdministrationRoutes, FactorRoutes
from manager.accounts.invitations import InvitationRoutes
from manager.accounts.login_routes import SecondFactorRoutes, SessionStarter, WebsiteOf
from manager.accounts.logins import LoginRevocation
from manager.accounts.openid_provider import OpenIdClient, OpenIdProvider
from manager.accounts.openid_routes import IdentityRoutes, OpenIdRoutes
from manager.accounts.openid_users import OpenIdPolicy, OpenIdUsers
from manager.accounts.packet_scopes import ScopeGuard
from manager.accounts.quota_routes import QuotaRoutes
from manager.accounts.routes import AccountRoutes
from manager.accounts.second_factors import FactorManager, TotpSecrets, factor_guess_limiter
from manager.accounts.service_credential_routes import ServiceCredentialRoutes
from manager.accounts.session_routes import SessionRoutes
from manager.accounts.sessions import Sessions, UseNotes
from manager.audit.log import AuditLog
from manager.broadcast.hub import Hub, PacedBroadcasts
from manager.catalogs import catalog_of, change_log_of, check_master_keys
from manager.cluster.clock import SharedClock
from manager.cluster.elected import ElectedLoops
from manager.cluster.guesses import share_guesses
from manager.cluster.notices import Notices
from manager.cluster.opening import open_cluster
from manager.cluster.timing import ClusterTiming
from manager.connections.clients import ClientSession
from manager.connections.dispatch import Dispatcher
from manager.downloads.archive_tokens import ArchiveManifests
from manager.downloads.archives import ArchiveFiles, FolderSender
from manager.downloads.content import CatalogChunks, content_of, expected_chunk
from manager.downloads.delivery import ContentSender
from manager.downloads.file_stream import FileStreamRoutes
from manager.downloads.links import LIFE_S as CONTENT_LINK_LIFE_S
from manager.downloads.links import ContentLinks
from manager.downloads.manifests import DownloadTokenSigner, ManifestMaker
from manager.downloads.page_content import ACCESS_S, PageContentRoutes
from manager.downloads.redirects import REDIRECT_TOKEN_LIFE_S, Redirects
from manager.downloads.routes import ArchiveRoutes, ContentRoutes, FileRoutes, ObjectSender
from manager.files.browsing import BrowsingHandlers
from manager.files.changes import ChangeFeed
from manager.files.copying import CopyHandlers
from manager.files.destinations import DestinationTracker
from manager.files.organising import FileHandlers, FolderHandlers
from manager.files.search import SearchHandlers, index_older_texts
from manager.files.shared_feed import SharedChangeFeed
from manager.files.sharing import SharingHandlers
from manager.files.stars import StarFeed, StarHandlers
from manager.files.trash import DAY_S, TrashPolicy
from manager.gateways.archive_routes import GatewayArchiveRoutes
from manager.gateways.door import gateway_door
from manager.gateways.readiness import ReadyGateways
from manager.gateways.redirected_routes import RedirectedRoutes
from manager.gateways.routes import GatewayRoutes
from manager.gc.compaction import Compactor
from manager.gc.outage_grace import OutageGrace, no_grace
from manager.gc.reaper import Reaper
from manager.gc.temporary_references import TemporaryReferences
from manager.gc.unknown_messages import UnknownMessages
from manager.graphql.routes import graphql_routes
from manager.graphql.types import GraphQLContext
from manager.http import middleware
from manager.links.downloads import LINK_PATH, DownloadCounter, LinkRoutes, refusal_recorder
from manager.links.earlier import EarlierLinks
from manager.links.folder_manager import FolderLinkManager
from manager.links.folder_opening import FolderLinkRoutes
from manager.links.folder_receiving import LinkReceiving, upload_limiter
from manager.links.folder_routes import FOLDER_LINK_PATH, AccountFolderLinkRoutes
from manager.links.handlers import LinkHandlers
from manager.links.manager import LinkManager
from manager.links.managing import LinkPolicy
from manager.links.pages import LinkPages
from manager.links.passwords import GRANT_S, LinkPasswords
from manager.links.routes import AccountLinkRoutes
from manager.links.tokens import LinkTokens
from manager.metrics import ManagerMetrics, UncertainPostTotals
from manager.page_routes import PageFiles, PageRoutes, metadata_route
from manager.processing.jobs import JobPolicy, ProcessingManager
from manager.processing.thumbnails import (
    ThumbnailCache,
    ThumbnailHandlers,
    ThumbnailServiceRegistry,
)
from manager.retrying import CATALOG_RETRY, CatalogRetry
from manager.services.allocation_choice import open_allocation
from manager.services.channel_limits import ChannelLimitsKeeper, ChunkSizes, SizeProber
from manager.services.credentials import ServiceAccess, service_guess_limiter
from manager.services.liveness import LivenessProbe, ProbeHandlers, Service
from manager.services.registry import UploadSlotRegistry, WebhookReportHandlers
from manager.services.saved_records import SharedRecords
from manager.services.webhooks import QuarantineKeeper, WebhookDirectory
from manager.settings import ManagerSettings
from manager.sharing.group_routes import GroupRoutes
from manager.sharing.routes import SharingRoutes
from manager.signing.keys import SigningKeyKeeper
from manager.signing.signatures import Signer, SigningKeyRing
from manager.spaces.catalog import PersonalCatalog
from manager.spaces.packets import PacketPlaces
from manager.spaces.refreshing import ViewRefresher
from manager.spaces.spaces import Spaces
from manager.status import (
    CatalogHealth,
    ClusterSection,
    MessagesSection,
    ProcessingSection,
    ServicesSection,
    monitoring_routes,
    status_route,
)
from manager.tickets.handlers import TicketHandlers
from manager.tickets.issuing import TicketSigner
from manager.tickets.references import ReferenceManager
from manager.tickets.uploads import TicketManager, ticket_policy
from manager.trash.routes import TrashRoutes
from manager.uploads.bundle_handlers import BundleHandlers
from manager.uploads.committing import EmptyFileCommitter, FileCommitter, ObjectWriter
from manager.uploads.handlers import BookingHandlers, EmptyFileHandlers, UploadHandlers
from manager.uploads.journal import ChunkJournal
from manager.uploads.kept import KeptUploadRegistry
from manager.uploads.kept_exchange import KeptUploadExchange
from manager.uploads.kept_handlers import KeptUploadHandlers
from manager.uploads.manager import UploadManager
from manager.uploads.quotas import QuotaCheck
from manager.uploads.readability import ReadabilityCheck
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
from reading.archives import ArchiveSender
from reading.chunk_cache import ChunkCache
from reading.content import ContentSource
from reading.delivery import BodySender
from reading.file_stream import FileStreamSender
from reading.manifest import ARCHIVE_TOKEN_LIFE_S
from storage.discord.http import DiscordHttp
from storage.discord.limits import RateLimiter
from storage.discord.messages import Bot, PostedMessage, WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.reader import AttachmentFinder, ChunkReader

GOING_AWAY = 1001
_UNREAD_MARGIN_S = 30.0
SHARED_RECORDS_S = 30.0
"""Seconds between two looks at what other managers know of webhooks and channels."""

Clock = Callable[[], float]
OpenCatalog = Callable[[], AbstractAsyncContextManager[Catalog]]


def create_app(
    settings: ManagerSettings,
    *,
    clock: Clock = time.time,
    monotonic: Clock = time.monotonic,
    passwords: Passwords | None = None,
    open_catalog: OpenCatalog | None = None,
    retry: CatalogRetry | None = None,
    cluster_timing: ClusterTiming | None = None,
) -> web.Application:
    """The manager as a web application, not started yet.

    Args:
        settings: Everything that can be configured.
        clock: Seconds since the Unix epoch.
        monotonic: Seconds that never jump.
        passwords: Hashes passwords; None: as slowly as it should be done.
        open_catalog: Opens the catalog; None: the one that the settings name.
        retry: How calls of the catalog are retried; None: as configured.
        cluster_timing: How quickly several managers notice one another; None: as usual.
    """
    if settings.cluster_url is not None:
        clock = SharedClock(clock, monotonic)
    app = web.Application(handler_args=handler_arguments(settings.idle_connection_timeout_s))
    # Downloads have a limit of their own for readers that stall, which comes first.
    end_unread_answers(app, max(UNREAD_TIMEOUT_S, settings.download_stall_s + _UNREAD_MARGIN_S))
    app[app_keys.METRICS] = ManagerMetrics()
    middleware.install(app, app[app_keys.METRICS])
    app.middlewares.append(gateway_door(lambda: app[app_keys.SERVICE_ACCESS]))
    app.cleanup_ctx.append(
        partial(
            _run,
            settings=settings,
            clock=clock,
            monotonic=monotonic,
            passwords=passwords or Passwords(),
            open_catalog=open_catalog or partial(catalog_of, settings, clock),
            retry=retry
            or CatalogRetry(
                commit_within_s=settings.upload_hold_s,
                policy=replace(CATALOG_RETRY, monotonic=monotonic),
            ),
            cluster_timing=cluster_timing,
        )
    )
    return app


def is_ready(app: web.Application, *, slots: int) -> bool:
    """Whether so many upload slots are registered with a manager that runs."""
    return app[app_keys.UPLOAD_SLOTS].in_service >= slots


def setup_code(app: web.Application) -> SetupCode:
    """How to create the first user of a running manager."""
    return app[app_keys.SETUP_CODE]


def spaces_of(app: web.Application) -> Spaces:
    """What the users of a running manager see."""
    return app[app_keys.SPACES]


async def _run(
    app: web.Application,
    *,
    settings: ManagerSettings,
    clock: Clock,
    monotonic: Clock,
    passwords: Passwords,
    open_catalog: OpenCatalog,
    retry: CatalogRetry,
    cluster_timing: ClusterTiming | None,
) -> AsyncIterator[None]:
    """Composes the manager, adds its routes to the application, and runs it as long as that runs."""
    async with AsyncExitStack() as stack:
        catalog = await stack.enter_async_context(open_catalog())
        cluster = await stack.enter_async_context(
            open_cluster(settings, timing=cluster_timing, clock=clock, monotonic=monotonic)
        )
        loops, tasks = BackgroundTasks(), BackgroundTasks()
        notices = Notices(cluster, tasks)
        change_log = None if settings.cluster_url is None else change_log_of(catalog)
        spaces = Spaces(catalog, settings.spaces)
        await retry.committing(spaces.start)
        http = await stack.enter_async_context(
            DiscordHttp(
                api_url=settings.discord_api_url,
                limiter=RateLimiter(requests_per_s=settings.own_requests_per_s),
                clock=monotonic,
                wall_clock=clock,
            )
        )
        audit = AuditLog(
            catalog,
            clock,
            keep_days=settings.audit_days,
            manager=None if change_log is None else cluster.own.name,
        )
        stack.push_async_callback(audit.close)
        await check_master_keys(catalog, settings.keyring, audit)
        metrics = app[app_keys.METRICS]

        # Content on Discord.
        bot = None if settings.bot_token is None else Bot(http, settings.bot_token)
        webhooks = WebhookDirectory(settings.webhooks, clock=clock, has_bot=bot is not None)
        limits = ChannelLimitsKeeper(catalog, webhooks, clock=clock)
        await limits.restore()
        stack.push_async_callback(limits.save_at_last)
        chunk_sizes = ChunkSizes(settings.chosen_chunk_size, limits)
        quarantines = QuarantineKeeper(webhooks, catalog, partial(_channel_of, http))
        await quarantines.restore()
        stack.push_async_callback(quarantines.save_at_last)
        shared_records = SharedRecords(
            [limits, quarantines], interval_s=None if change_log is None else SHARED_RECORDS_S
        )
        tell_of_records = await notices.tell_others("records", shared_records.look_soon)
        limits.tell_others_by(tell_of_records)
        quarantines.tell_others_by(tell_of_records)
        temporary_references = TemporaryReferences(catalog, clock, life_s=settings.upload_hold_s)
        reaper = Reaper(
            catalog,
            webhooks,
            partial(_delete_message, http),
            metrics,
            interval_s=settings.reaper_interval_s,
            grace_s=settings.gc_grace_s,
            renew_references=temporary_references.renew,
            outage_grace=_outage_grace(settings, catalog),
            delete_as_bot=None if bot is None else bot.delete,
            clock=clock,
            monotonic=monotonic,
        )
        webhooks.subscribe(reaper.webhooks_changed)
        wake_reaper = await notices.share("garbage", reaper.wake)
        unknown_messages = UnknownMessages(
            catalog,
            webhooks,
            None if bot is None else bot.messages_after,
            wake_reaper,
            metrics,
            clock=clock,
        )
        attachments = AttachmentFinder(http, webhooks.readable, bot_token=settings.bot_token)
        webhooks.subscribe(attachments.forget_refusals)
        reader = ChunkReader(
            http,
            attachments,
            settings.keyring,
            reads_base_content=settings.base_upload_services,
        )
        readability = ReadabilityCheck(catalog, webhooks, attachments.find)

        # Users and their connections.
        stack.push_async_callback(loops.close)
        stack.push_async_callback(tasks.close)
        hub = Hub()
        refresher = ViewRefresher(spaces, hub, tasks)
        star_feed = StarFeed(hub, cluster)
        await star_feed.start()
        rights_changed = await notices.share("rights", refresher.rights_changed)
        if spaces.is_personal or spaces.is_undecided:
            personal = PersonalCatalog(catalog, rights_changed)
            spaces.when_personal(personal.enforce_rights)
            catalog = personal
        signing_keys = SigningKeyRing(_signature_lives(settings), clock)
        logins = LoginRevocation(hub, tasks, catalog)
        logins.tell_others_by(await notices.tell_others("logins", logins.look_soon))
        key_keeper = SigningKeyKeeper(
            catalog,
            settings.keyring,
            signing_keys,
            clock,
            audit,
            on_revocation=logins.revoke_all,
        )
        await retry.committing(key_keeper.start)
        content_links = ContentLinks(Signer(signing_keys, Purpose.CONTENT_LINKS))
        destinations = DestinationTracker(catalog)

        def let_clients_begin_anew() -> None:
            tasks.spawn(_close_all(hub), "let clients begin anew")

        broadcasts = PacedBroadcasts(hub, tasks)
        if change_log is None:
            changes = ChangeFeed(hub, catalog, retry, content_links.thumbnail, broadcasts)
        else:
            changes = SharedChangeFeed(
                hub,
                catalog,
                retry,
                content_links.thumbnail,
                broadcasts,
                cluster=cluster,
                change_log=change_log,
                lost_track=let_clients_begin_anew,
                moved_elsewhere=destinations.moved_elsewhere,
                monotonic=monotonic,
            )
        await retry.committing(changes.start)
        setup = SetupCode(catalog, settings.chosen_setup_code)
        addresses = ClientAddresses(settings.trusted_proxies)
        tokens = TokenSigner(
            Signer(signing_keys, Purpose.USER_TOKENS), Signer(signing_keys, Purpose.RENEWALS)
        )
        notes = UseNotes(tasks)
        sessions = Sessions(
            catalog, tokens, notes, life_s=settings.session_life_s, on_end=logins.end
        )
        app_passwords = AppPasswords(catalog, catalog, notes, clock, on_end=logins.end)
        challenges = Challenges(Signer(signing_keys, Purpose.LOGIN_CHALLENGES), catalog)
        totp_secrets = TotpSecrets(catalog, settings.keyring)
        await retry.committing(totp_secrets.reseal)
        factors = FactorManager(
            catalog, challenges, totp_secrets, settings.require_second_factor, clock
        )
        accounts = Accounts(
            catalog,
            tokens,
            sessions,
            app_passwords,
            factors,
            setup,
            addresses,
            spaces,
            passwords=passwords,
            quota=settings.user_quota,
        )
        authenticator = Authenticator(catalog, accounts)
        share = partial(share_guesses, cluster=cluster, tasks=tasks, monotonic=monotonic)
        guard = PasswordGuard(
            await share(GuessLimiter(), "passwords"), addresses, monotonic, audit.record_refusal
        )
        factor_guard = PasswordGuard(
            await share(factor_guess_limiter(), "factors"),
            addresses,
            monotonic,
            audit.record_refusal,
        )
        access = ServiceAccess(
            catalog,
            settings.password_of_services,
            addresses,
            tasks,
            audit=audit,
            clock=clock,
            monotonic=monotonic,
            limiter=await share(service_guess_limiter(), "services"),
        )

        # Services and uploads.
        allocation = await stack.enter_async_context(
            open_allocation(settings, cluster, hub, tasks, monotonic)
        )
        bookings = allocation.bookings
        probe = LivenessProbe(tasks)
        upload_slots = UploadSlotRegistry(
            bookings,
            allocation.leases,
            hub,
            webhooks,
            settings,
            tasks,
            probe,
            limits,
        )
        size_prober = SizeProber(
            limits, upload_slots.probe_size, interval_s=settings.size_probe_interval_s, clock=clock
        )
        uncertain_posts = UncertainPostTotals(metrics)
        journal = ChunkJournal(catalog, tasks, retry, wake_reaper)
        compactor = Compactor(
            catalog,
            webhooks,
            lambda stored, location: reader.read_sealed(
                expected_chunk(content_of(stored), location)
            ),
            partial(_post_file, http),
            lambda: all(slot.upload is None for slot in upload_slots),
            retry,
            metrics,
            wake_reaper=wake_reaper,
            clock=clock,
        )
        objects = ObjectWriter(catalog, temporary_references, journal, retry=retry, clock=clock)
        quotas = QuotaCheck(catalog, monotonic)
        committer = FileCommitter(
            catalog,
            temporary_references,
            destinations,
            readability,
            retry,
            takes_base_content=settings.base_upload_services,
            quotas=quotas,
            versions=settings.versions,
        )
        empty_files = EmptyFileCommitter(
            catalog,
            destinations,
            changes,
            retry=retry,
            clock=clock,
        )
        kept_uploads = KeptUploadRegistry(
            catalog,
            retry,
            destinations,
            life_s=settings.kept_upload_s,
            limits=KeptUploadLimits(
                uploads=settings.user_kept_uploads, size=settings.user_kept_bytes
            ),
            clock=clock,
        )
        uploads = UploadManager(
            objects, committer, upload_slots, changes, kept_uploads, tasks, wake_reaper, clock
        )
        tickets = TicketManager(
            catalog=catalog,
            retry=retry,
            references=temporary_references,
            readability=readability,
            slots=upload_slots,
            signer=TicketSigner(Signer(signing_keys, Purpose.UPLOAD_TICKETS)),
            policy=ticket_policy(settings),
            chunk_sizes=chunk_sizes,
            quotas=quotas,
            tasks=tasks,
            clock=clock,
            monotonic=monotonic,
            wake_reaper=wake_reaper,
        )
        kept_exchange = await stack.enter_async_context(KeptUploadExchange.opened(cluster, uploads))
        references = ReferenceManager(
            catalog, wake_reaper, grace_s=settings.gc_grace_s, clock=clock
        )
        processing = ProcessingManager(
            catalog=catalog,
            hub=hub,
            changes=changes,
            tickets=tickets,
            links=content_links,
            policy=JobPolicy(
                lease_s=settings.processing_lease_s, max_attempts=settings.processing_attempts
            ),
            tasks=tasks,
            clock=clock,
        )
        thumbnail_services = ThumbnailServiceRegistry(catalog, hub, settings, tasks)
        thumbnail_cache = ThumbnailCache(thumbnail_services)

        # Downloads.
        link_tokens = LinkTokens(settings.keyring)
        link_policy = LinkPolicy(life_s=settings.link_life_s, most_per_user=settings.user_links)
        links = LinkManager(
            catalog,
            link_tokens,
            EarlierLinks(
                Signer(signing_keys, Purpose.SIGNED_DOWNLOADS),
                are_accepted=settings.legacy_signed_links,
            ),
            passwords,
            audit,
            clock,
            link_policy,
        )
        folder_links = FolderLinkManager(
            catalog,
            link_tokens,
            passwords,
            audit,
            addresses,
            clock,
            link_policy,
            rights_count=lambda: spaces.is_personal,
        )
        chunks = CatalogChunks(catalog, temporary_references, webhooks)
        source = ContentSource(
            chunks,
            reader,
            chunks.kept_alive,
            chunks.note_unreadable,
            ChunkCache(settings.range_cache_bytes),
        )
        memory = settings.read_ahead_memory()
        delivery = settings.delivery(metrics, addresses, monotonic, CatalogError)
        download_tokens = DownloadTokenSigner(Signer(signing_keys, Purpose.DOWNLOAD_TOKENS))
        manifests = ManifestMaker(chunks, settings.keyring, download_tokens)
        gateways = ReadyGateways(settings.gateway_urls)
        redirects = Redirects(gateways, Signer(signing_keys, Purpose.REDIRECT_TOKENS), addresses)
        sender = ContentSender(
            source,
            BodySender(delivery, memory),
            manifests,
            redirects,
            addresses,
        )
        object_sender = ObjectSender(catalog, sender, thumbnail_cache.kept)
        archive_files = ArchiveFiles(catalog, source)
        folders = FolderSender(
            catalog,
            archive_files,
            source,
            ArchiveSender(delivery, clock, memory, settings.temp_folder),
            ArchiveManifests(download_tokens, may_give=not settings.base_upload_services),
            redirects,
        )

        # Packets.
        name_policy = settings.name_policy
        trash = TrashPolicy(keep_s=settings.trash_days * DAY_S, versions=settings.versions)
        client_packets = Dispatcher(
            "c2s",
            {None, ADMINISTER, BUNDLE, COPY, ORGANISE, OVERVIEW, RESUME, SEARCH, STARS},
            UserAdministration(
                catalog, passwords, app_passwords, logins, changes, audit, monotonic=monotonic
            ),
            BrowsingHandlers(catalog),
            SearchHandlers(catalog),
            StarHandlers(catalog, star_feed),
            FileHandlers(catalog, changes, audit, wake_reaper, name_policy, trash),
            FolderHandlers(catalog, changes, audit, destinations, wake_reaper, name_policy, trash),
            CopyHandlers(catalog, changes, name_policy),
            SharingHandlers(catalog, changes, audit),
            LinkHandlers(catalog, links),
            ThumbnailHandlers(catalog, content_links, thumbnail_cache),
            BookingHandlers(bookings, uploads),
            UploadHandlers(uploads, upload_slots, chunk_sizes, name_policy),
            BundleHandlers(catalog, uploads, upload_slots, retry, chunk_sizes, name_policy),
            KeptUploadHandlers(
                catalog, kept_uploads, uploads, upload_slots, wake_reaper, kept_exchange
            ),
            EmptyFileHandlers(empty_files, name_policy),
            ProbeHandlers(probe, upload_slots, thumbnail_services, processing),
        )
        upload_reports = UploadReportHandlers(
            journal, webhooks, tickets.reported, catalog, upload_slots
        )
        slot_packets = Dispatcher(
            "u2s",
            {None, BUNDLE, CHANNEL_DEMAND, WEBHOOKS, MESSAGE_LIMITS, MESSAGES, TICKETS},
            TicketHandlers(tickets),
            upload_reports,
            WebhookReportHandlers(upload_slots, webhooks, limits, uncertain_posts),
        )
        thumbnail_packets = Dispatcher("t2s", {None}, thumbnail_services)
        processing_packets = Dispatcher("t2s", {PROCESSING}, processing)

        # WebSockets.
        acceptor = SocketAcceptor(tasks, metrics)
        clients = ClientEndpoint(
            acceptor,
            addresses,
            accounts,
            logins,
            PacketPlaces(spaces, catalog),
            ScopeGuard(catalog),
            client_packets,
            on_join=[
                upload_slots.send_list_to,
                thumbnail_services.send_list_to,
                processing.send_list_to,
                uploads.client_joined,
                hub.join,
            ],
            on_leave=[
                hub.leave,
                uploads.client_left,
                lambda client: bookings.client_left(client.id),
            ],
            public_url=settings.manager_public_url,
        )
        slots = UploadServiceEndpoint(
            acceptor,
            access,
            upload_slots,
            slot_packets,
            on_leave=tickets.slot_left,
            bot_token=settings.bot_token_for_services,
            gives_master_key=settings.base_upload_services,
        )
        base_thumbnails = ThumbnailServiceEndpoint(
            acceptor,
            access,
            thumbnail_services,
            thumbnail_packets,
            bot_token=settings.bot_token_for_services,
            gives_master_key=settings.base_upload_services,
        )
        processing_services = ProcessingServiceEndpoint(
            acceptor, access, processing, processing_packets, base=base_thumbnails
        )
        websockets = WebSocketEndpoint(
            {
                PeerType.CLIENT: clients.serve,
                PeerType.UPLOAD: slots.serve,
                PeerType.THUMBNAIL: processing_services.serve,
            }
        )

        # Routes.
        public_url = settings.manager_public_url
        page_files = PageFiles.load()
        page = PageRoutes(
            page_files,
            setup,
            upload_slots.addresses,
            public_url,
            spaces=spaces,
            has_trash=trash.keep_s > 0,
        )
        link_pages = LinkPages(page_files.base, page.own_sources)
        refused_links = refusal_recorder(audit, addresses)
        link_passwords = partial(
            LinkPasswords, passwords, guard, Signer(signing_keys, Purpose.LINK_PASSWORDS)
        )
        health = CatalogHealth(catalog, monotonic=monotonic)
        passwords_in_query = settings.legacy_get_login
        website_of = WebsiteOf(public_url)
        session_starter = SessionStarter(sessions, addresses, audit)
        openid = OpenIdClient.of(settings)
        openid_routes: list[web.RouteDef] = []
        if openid is not None:
            provider = await stack.enter_async_context(
                OpenIdProvider.opened(openid, clock, monotonic)
            )
            openid_routes = [
                *OpenIdRoutes(
                    provider,
                    OpenIdUsers(catalog, passwords, OpenIdPolicy.of(settings), audit, clock),
                    factors,
                    challenges,
                    session_starter,
                    guard,
                    audit,
                    addresses,
                    website_of,
                ).routes,
                *IdentityRoutes(
                    accounts, catalog, audit, addresses, clock, issuer=openid.issuer
                ).routes,
            ]
        link_routes = LinkRoutes(
            catalog,
            links,
            link_passwords(path=LINK_PATH),
            DownloadCounter(links, addresses, audit, monotonic),
            sender,
            refused_links,
            link_pages,
            public_url,
            hides_folders=lambda: spaces.is_personal,
        )
        maintenance = ElectedLoops(
            cluster,
            "maintenance",
            {
                "audit_sweep": audit.sweep,
                "compaction": compactor.run,
                "folder_links": folder_links.run,
                "links": links.run,
                "reaper": reaper.run,
                "sessions": sessions.run,
                "size_probes": size_prober.run,
                "sweep": unknown_messages.run,
                "text_index": partial(index_older_texts, catalog),
                "watch": unknown_messages.keep_watching,
            },
        )
        cluster_section = ClusterSection(cluster, maintenance, metrics)
        messages = MessagesSection(
            webhooks, reaper, unknown_messages, uncertain_posts, limits, chunk_sizes
        )
        app.add_routes(
            [
                web.get("/", websockets.or_else(page.index)),
                *page.routes,
                metadata_route(accounts, catalog),
                *AccountRoutes(
                    accounts,
                    logins,
                    guard,
                    addresses,
                    audit,
                    website_of,
                    passwords_in_query=passwords_in_query,
                ).routes,
                *SessionRoutes(accounts, sessions, app_passwords, addresses, audit).routes,
                *InvitationRoutes(
                    accounts,
                    catalog,
                    addresses,
                    audit,
                    public_url,
                    quota=settings.user_quota,
                    clock=clock,
                ).routes,
                *AuditRoutes(accounts, catalog, audit).routes,
                *ServiceCredentialRoutes(accounts, catalog, addresses, access.revoke).routes,
                *QuotaRoutes(
                    accounts,
                    catalog,
                    addresses,
                    audit,
                    size_of_running=quotas.size_of_running,
                    on_change=quotas.quota_set,
                ).routes,
                *SecondFactorRoutes(
                    factors,
                    challenges,
                    session_starter,
                    factor_guard,
                    website_of,
                    openid_name=None if openid is None else settings.oidc_name,
                ).routes,
                *openid_routes,
                *FactorRoutes(
                    accounts,
                    catalog,
                    factors,
                    FactorEnrolment(catalog, factors, challenges, totp_secrets, clock),
                    challenges,
                    session_starter,
                    audit,
                    addresses,
                    website_of,
                    password_guard=guard,
                    factor_guard=factor_guard,
                ).routes,
                *FactorAdministrationRoutes(accounts, catalog, sessions, audit, addresses).routes,
                *FileRoutes(accounts, catalog, sender).routes,
                *link_routes.routes,
                *GatewayRoutes(
                    access,
                    download_tokens,
                    catalog,
                    chunks,
                    attachments,
                    webhooks,
                    link_routes,
                    hold_s=settings.upload_hold_s,
                    clock=clock,
                ).routes,
                *GatewayArchiveRoutes(
                    access, download_tokens, catalog, archive_files, chunks, manifests
                ).routes,
                *RedirectedRoutes(catalog, redirects, sender, folders).routes,
                *FolderLinkRoutes(
                    catalog,
                    folder_links,
                    link_passwords(path=FOLDER_LINK_PATH),
                    folders,
                    sender,
                    object_sender,
                    LinkReceiving(
                        catalog,
                        tickets,
                        destinations,
                        changes,
                        retry,
                        link_pages,
                        addresses,
                        audit,
                        await share(upload_limiter(), "link-uploads"),
                        page.service_origins,
                        clock=clock,
                        monotonic=monotonic,
                    ),
                    link_pages,
                    refused_links,
                    public_url,
                ).routes,
                *AccountLinkRoutes(accounts, catalog, links, addresses, public_url).routes,
                *AccountFolderLinkRoutes(
                    accounts, catalog, folder_links, addresses, public_url
                ).routes,
                *PageContentRoutes(
                    accounts,
                    catalog,
                    Signer(signing_keys, Purpose.CONTENT_ACCESS),
                    sender,
                    object_sender,
                    public_url,
                ).routes,
                *SharingRoutes(accounts, catalog, addresses, audit).routes,
                *GroupRoutes(accounts, catalog, addresses, audit, rights_changed).routes,
                *TrashRoutes(
                    accounts, catalog, changes, audit, addresses, wake_reaper, trash
                ).routes,
                *ArchiveRoutes(accounts, catalog, folders).routes,
                *FileStreamRoutes(
                    accounts,
                    catalog,
                    source,
                    FileStreamSender(delivery, memory),
                    manifests,
                    addresses,
                ).routes,
                *ContentRoutes(content_links, object_sender).routes,
                *graphql_routes(
                    authenticator,
                    addresses,
                    lambda caller, base_url, address: GraphQLContext(
                        caller=caller,
                        authenticator=authenticator,
                        catalog=catalog,
                        links=content_links,
                        processing=processing,
                        references=references,
                        tickets=tickets,
                        webhooks=webhooks,
                        quarantines=quarantines,
                        base_url=base_url,
                        audit=audit,
                        address=address,
                    ),
                    public_url,
                ),
                *monitoring_routes(health, metrics, access),
                status_route(
                    accounts,
                    ServicesSection(hub, upload_slots, bookings),
                    messages,
                    ProcessingSection(catalog, processing),
                    cluster_section,
                ),
            ]
        )

        async def close_connections(_: web.Application) -> None:
            # The application waits for its handlers when it stops; those of WebSockets end with these.
            delivery.end_all()
            await _close_all(hub, upload_slots, thumbnail_services, processing)

        app.on_shutdown.append(close_connections)
        app[app_keys.ACCOUNTS] = accounts
        app[app_keys.AUDIT] = audit
        app[app_keys.CATALOG] = catalog
        app[app_keys.CONTENT_LINKS] = content_links
        app[app_keys.DISPATCHERS] = (
            client_packets,
            slot_packets,
            thumbnail_packets,
            processing_packets,
        )
        app[app_keys.LOGINS] = logins
        app[app_keys.REAPER] = reaper
        app[app_keys.SERVICE_ACCESS] = access
        app[app_keys.SETUP_CODE] = setup
        app[app_keys.LINKS] = links
        app[app_keys.SIGNING_KEYS] = key_keeper
        app[app_keys.SPACES] = spaces
        app[app_keys.SIZE_PROBER] = size_prober
        app[app_keys.TEMPORARY_REFERENCES] = temporary_references
        app[app_keys.THUMBNAIL_CACHE] = thumbnail_cache
        app[app_keys.THUMBNAIL_SERVICES] = thumbnail_services
        app[app_keys.TICKET_UPLOADS] = tickets
        app[app_keys.UNKNOWN_MESSAGES] = unknown_messages
        app[app_keys.UPLOAD_SLOTS] = upload_slots
        app[app_keys.WEBHOOKS] = webhooks

        await allocation.start(
            upload_slots,
            take_finish=upload_reports.finished_elsewhere,
            take_type=upload_reports.type_found_elsewhere,
        )
        background: dict[str, Callable[[], Awaitable[None]]] = {
            "allocation": allocation.run,
            "audit": audit.run,
            "changes": changes.run,
            "gateways": gateways.run,
            "channel_limits": limits.run,
            "health": health.run,
            "kept_uploads": kept_uploads.run,
            "logins": logins.run,
            "temporary_references": temporary_references.run,
            "processing": processing.run,
            "quarantines": quarantines.run,
            "service_credentials": access.run,
            "shared_records": shared_records.run,
            "signing_keys": key_keeper.run,
            "webhooks": partial(webhooks.learn, partial(_channel_of, http)),
            **await _loops_of_clock(clock, change_log, retry),
        }
        for name, loop in background.items():
            loops.spawn(supervised(name, loop), name)
        stack.push_async_callback(maintenance.close)
        maintenance.start()
        yield


def _outage_grace(settings: ManagerSettings, catalog: Catalog) -> OutageGrace:
    """Longer than it takes the other managers to renew their references; nothing, if there are none."""
    if settings.cluster_url is None:
        return no_grace()
    return OutageGrace(settings.upload_hold_s / 2, catalog.check_reads)


async def _loops_of_clock(
    clock: Clock, change_log: ChangeLog | None, retry: CatalogRetry
) -> dict[str, Callable[[], Awaitable[None]]]:
    """Sets a clock that several managers share, and returns what keeps it right."""
    if change_log is None or not isinstance(clock, SharedClock):
        return {}
    await retry.committing(partial(clock.adjust, change_log))
    return {"clock": partial(clock.run, change_log)}


def _signature_lives(settings: ManagerSettings) -> dict[Purpose, float]:
    """For how long, in seconds, what was signed is valid; earlier links to files as long as their key."""
    return {
        Purpose.USER_TOKENS: max(TOKEN_LIFE_S, settings.session_life_s),
        Purpose.RENEWALS: settings.session_life_s,
        Purpose.LOGIN_CHALLENGES: CHALLENGE_LIFE_S,
        Purpose.UPLOAD_TICKETS: settings.ticket_life_s,
        Purpose.CONTENT_LINKS: 2 * CONTENT_LINK_LIFE_S,
        Purpose.CONTENT_ACCESS: ACCESS_S,
        Purpose.DOWNLOAD_TOKENS: ARCHIVE_TOKEN_LIFE_S,
        Purpose.REDIRECT_TOKENS: REDIRECT_TOKEN_LIFE_S,
        Purpose.LINK_PASSWORDS: GRANT_S,
        Purpose.SIGNED_DOWNLOADS: settings.signed_link_grace_s,
    }


async def _channel_of(http: DiscordHttp, webhook: WebhookCredentials) -> int:
    return (await WebhookClient(http, webhook).info()).channel_id


async def _delete_message(http: DiscordHttp, webhook: WebhookCredentials, message_id: int) -> None:
    await WebhookClient(http, webhook).delete(message_id)


async def _post_file(
    http: DiscordHttp, webhook: WebhookCredentials, content: memoryview
) -> PostedMessage:
    return await WebhookClient(http, webhook).execute(content)


async def _close_all(*registries: Iterable[Service | ClientSession]) -> None:
    """Ends the connections of all peers: they connect again to the next manager."""
    connections = [peer.connection for registry in registries for peer in registry]
    closing = (each.close(GOING_AWAY, "the manager stops") for each in connections)
    await asyncio.gather(*closing, return_exceptions=True)
