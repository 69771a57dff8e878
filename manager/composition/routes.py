"""What the manager answers over HTTP."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial

from aiohttp import web

from common.key_derivation import Purpose
from manager.accounts.audit_routes import AuditRoutes
from manager.accounts.callers import Caller
from manager.accounts.factor_enrolment import FactorEnrolment
from manager.accounts.factor_routes import FactorAdministrationRoutes, FactorRoutes
from manager.accounts.invitations import InvitationRoutes
from manager.accounts.login_routes import SecondFactorRoutes, SessionStarter, WebsiteOf
from manager.accounts.openid_provider import OpenIdClient, OpenIdProvider
from manager.accounts.openid_routes import IdentityRoutes, OpenIdRoutes
from manager.accounts.openid_users import OpenIdPolicy, OpenIdUsers
from manager.accounts.quota_routes import QuotaRoutes
from manager.accounts.routes import AccountRoutes
from manager.accounts.service_credential_routes import ServiceCredentialRoutes
from manager.accounts.session_routes import SessionRoutes
from manager.composition.content import ContentParts
from manager.composition.downloads import DownloadParts, LinkParts
from manager.composition.files import FileParts
from manager.composition.foundation import Foundation
from manager.composition.identities import IdentityParts
from manager.composition.packets import PacketParts
from manager.composition.uploads import ProcessingParts, SlotParts, UploadParts
from manager.downloads.file_stream import FileStreamRoutes
from manager.downloads.page_content import PageContentRoutes
from manager.downloads.routes import ArchiveRoutes, ContentRoutes, FileRoutes
from manager.gateways.archive_routes import GatewayArchiveRoutes
from manager.gateways.redirected_routes import RedirectedRoutes
from manager.gateways.routes import GatewayRoutes
from manager.graphql.routes import graphql_routes
from manager.graphql.types import GraphQLContext
from manager.links.downloads import LINK_PATH, DownloadCounter, LinkRoutes, refusal_recorder
from manager.links.folder_opening import FolderLinkRoutes
from manager.links.folder_receiving import LinkReceiving
from manager.links.folder_routes import FOLDER_LINK_PATH, AccountFolderLinkRoutes
from manager.links.pages import LinkPages
from manager.links.passwords import LinkPasswords
from manager.links.routes import AccountLinkRoutes
from manager.page_routes import PageFiles, PageRoutes, metadata_route
from manager.sharing.group_routes import GroupRoutes
from manager.sharing.routes import SharingRoutes
from manager.status import (
    CatalogHealth,
    ClusterSection,
    MessagesSection,
    ProcessingSection,
    ServicesSection,
    monitoring_routes,
    status_route,
)
from manager.trash.routes import TrashRoutes
from manager.websocket import WebSocketEndpoint

Routes = Iterable[web.RouteDef]


@dataclass(frozen=True, kw_only=True)
class ManagerParts:
    """All that routes lead to.

    Attributes:
        base, content, identities, files, slots, uploads, processing, links, downloads,
            packets: See their classes.
        websockets: The address of WebSockets.
        health: Of the catalog.
        cluster_section: What the status says of all managers.
    """

    base: Foundation
    content: ContentParts
    identities: IdentityParts
    files: FileParts
    slots: SlotParts
    uploads: UploadParts
    processing: ProcessingParts
    links: LinkParts
    downloads: DownloadParts
    packets: PacketParts
    websockets: WebSocketEndpoint
    health: CatalogHealth
    cluster_section: ClusterSection


async def compose_routes(parts: ManagerParts) -> list[web.RouteDef]:
    """Every route of the manager. Reads the files of the page."""
    base = parts.base
    page_files = PageFiles.load()
    page = PageRoutes(
        page_files,
        parts.identities.setup,
        parts.slots.registry.addresses,
        base.settings.manager_public_url,
        spaces=base.spaces,
        has_trash=parts.files.trash.keep_s > 0,
    )
    return [
        web.get("/", parts.websockets.or_else(page.index)),
        *page.routes,
        *_account_routes(parts),
        *await _login_routes(parts),
        *_link_routes(parts, page, LinkPages(page_files.base, page.own_sources)),
        *_content_routes(parts),
        *_folder_routes(parts),
        *_service_routes(parts),
        *_monitoring_routes(parts),
    ]


def _account_routes(parts: ManagerParts) -> Routes:
    """What users and administrators do with accounts."""
    base, who, quotas = parts.base, parts.identities, parts.uploads.quotas
    accounts, catalog, audit, addresses = (
        who.accounts,
        base.catalog_of_users,
        base.audit,
        base.addresses,
    )
    settings = base.settings
    return [
        *AccountRoutes(
            accounts,
            who.logins,
            who.guard,
            addresses,
            audit,
            WebsiteOf(settings.manager_public_url),
            passwords_in_query=settings.legacy_get_login,
        ).routes,
        *SessionRoutes(accounts, who.sessions, who.app_passwords, addresses, audit).routes,
        *InvitationRoutes(
            accounts,
            catalog,
            addresses,
            audit,
            settings.manager_public_url,
            quota=settings.user_quota,
            clock=base.clock,
        ).routes,
        *AuditRoutes(accounts, catalog, audit).routes,
        *ServiceCredentialRoutes(accounts, catalog, addresses, who.access.revoke).routes,
        *QuotaRoutes(
            accounts,
            catalog,
            addresses,
            audit,
            size_of_running=quotas.size_of_running,
            on_change=quotas.quota_set,
        ).routes,
        *FactorAdministrationRoutes(accounts, catalog, who.sessions, audit, addresses).routes,
        *GroupRoutes(accounts, catalog, addresses, audit, base.rights_changed).routes,
    ]


async def _login_routes(parts: ManagerParts) -> Routes:
    """Second factors, and logins at another provider."""
    base, who = parts.base, parts.identities
    catalog, audit, addresses = base.catalog_of_users, base.audit, base.addresses
    website_of = WebsiteOf(base.settings.manager_public_url)
    session_starter = SessionStarter(who.sessions, addresses, audit)
    openid = OpenIdClient.of(base.settings)
    enrolment = FactorEnrolment(catalog, who.factors, who.challenges, who.totp_secrets, base.clock)
    routes = [
        *SecondFactorRoutes(
            who.factors,
            who.challenges,
            session_starter,
            who.factor_guard,
            website_of,
            openid_name=None if openid is None else base.settings.oidc_name,
        ).routes,
        *FactorRoutes(
            who.accounts,
            catalog,
            who.factors,
            enrolment,
            who.challenges,
            session_starter,
            audit,
            addresses,
            website_of,
            password_guard=who.guard,
            factor_guard=who.factor_guard,
        ).routes,
    ]
    if openid is None:
        return routes
    provider = await base.stack.enter_async_context(
        OpenIdProvider.opened(openid, base.clock, base.monotonic)
    )
    users = OpenIdUsers(catalog, base.passwords, OpenIdPolicy.of(base.settings), audit, base.clock)
    return [
        *routes,
        *OpenIdRoutes(
            provider,
            users,
            who.factors,
            who.challenges,
            session_starter,
            who.guard,
            audit,
            addresses,
            website_of,
        ).routes,
        *IdentityRoutes(
            who.accounts, catalog, audit, addresses, base.clock, issuer=openid.issuer
        ).routes,
    ]


def _link_routes(parts: ManagerParts, page: PageRoutes, pages: LinkPages) -> Routes:
    """Links, for those who have made them, for strangers, and for gateways."""
    base, who, links, downloads = (
        parts.base,
        parts.identities,
        parts.links,
        parts.downloads,
    )
    catalog, audit, addresses = base.catalog_of_users, base.audit, base.addresses
    public_url = base.settings.manager_public_url
    refused = refusal_recorder(audit, addresses)
    passwords = partial(
        LinkPasswords, base.passwords, who.guard, who.signer(Purpose.LINK_PASSWORDS)
    )
    link_routes = LinkRoutes(
        catalog,
        links.files,
        passwords(path=LINK_PATH),
        DownloadCounter(links.files, addresses, audit, base.monotonic),
        downloads.sender,
        refused,
        pages,
        public_url,
        hides_folders=lambda: base.spaces.is_personal,
    )
    receiving = LinkReceiving(
        catalog,
        parts.uploads.tickets,
        parts.files.destinations,
        parts.files.changes,
        base.retry,
        pages,
        addresses,
        audit,
        who.link_limiter,
        page.service_origins,
        clock=base.clock,
        monotonic=base.monotonic,
    )
    return [
        *link_routes.routes,
        *FolderLinkRoutes(
            catalog,
            links.folders,
            passwords(path=FOLDER_LINK_PATH),
            downloads.folders,
            downloads.sender,
            downloads.object_sender,
            receiving,
            pages,
            refused,
            public_url,
        ).routes,
        *AccountLinkRoutes(who.accounts, catalog, links.files, addresses, public_url).routes,
        *AccountFolderLinkRoutes(
            who.accounts, catalog, links.folders, addresses, public_url
        ).routes,
        *GatewayRoutes(
            who.access,
            downloads.tokens,
            catalog,
            downloads.chunks,
            parts.content.attachments,
            parts.content.webhooks,
            link_routes,
            hold_s=base.settings.upload_hold_s,
            clock=base.clock,
        ).routes,
    ]


def _content_routes(parts: ManagerParts) -> Routes:
    """Content, for users, for other services, and for gateways."""
    base, who, downloads = parts.base, parts.identities, parts.downloads
    catalog = base.catalog_of_users
    return [
        *FileRoutes(who.accounts, catalog, downloads.sender).routes,
        *GatewayArchiveRoutes(
            who.access,
            downloads.tokens,
            catalog,
            downloads.archive_files,
            downloads.chunks,
            downloads.manifests,
        ).routes,
        *RedirectedRoutes(catalog, downloads.redirects, downloads.sender, downloads.folders).routes,
        *PageContentRoutes(
            who.accounts,
            catalog,
            who.signer(Purpose.CONTENT_ACCESS),
            downloads.sender,
            downloads.object_sender,
            base.settings.manager_public_url,
        ).routes,
        *ArchiveRoutes(who.accounts, catalog, downloads.folders).routes,
        *FileStreamRoutes(
            who.accounts,
            catalog,
            downloads.source,
            downloads.file_streams,
            downloads.manifests,
            base.addresses,
        ).routes,
        *ContentRoutes(parts.files.content_links, downloads.object_sender).routes,
    ]


def _folder_routes(parts: ManagerParts) -> Routes:
    """What users do with folders and files, beside their packets."""
    base, accounts, files = parts.base, parts.identities.accounts, parts.files
    catalog, audit, addresses = base.catalog_of_users, base.audit, base.addresses
    return [
        metadata_route(accounts, catalog),
        *SharingRoutes(accounts, catalog, addresses, audit).routes,
        *TrashRoutes(
            accounts,
            catalog,
            files.changes,
            audit,
            addresses,
            parts.content.wake_reaper,
            files.trash,
        ).routes,
    ]


def _service_routes(parts: ManagerParts) -> Routes:
    """The API of other services."""
    base, authenticator = parts.base, parts.identities.authenticator

    def context(caller: Caller, base_url: str, address: str) -> GraphQLContext:
        return GraphQLContext(
            caller=caller,
            authenticator=authenticator,
            catalog=base.catalog_of_users,
            links=parts.files.content_links,
            processing=parts.processing.manager,
            references=parts.processing.references,
            tickets=parts.uploads.tickets,
            webhooks=parts.content.webhooks,
            quarantines=parts.content.quarantines,
            base_url=base_url,
            audit=base.audit,
            address=address,
        )

    return graphql_routes(authenticator, base.addresses, context, base.settings.manager_public_url)


def _monitoring_routes(parts: ManagerParts) -> Routes:
    """What operators watch."""
    base, content, access = parts.base, parts.content, parts.identities.access
    return [
        *monitoring_routes(parts.health, base.metrics, access),
        status_route(
            parts.identities.accounts,
            ServicesSection(base.hub, parts.slots.registry, parts.slots.allocation.bookings),
            MessagesSection(
                content.webhooks,
                content.reaper,
                content.unknown_messages,
                parts.packets.uncertain_posts,
                content.limits,
                content.chunk_sizes,
            ),
            ProcessingSection(base.catalog_of_users, parts.processing.manager),
            parts.cluster_section,
        ),
    ]
