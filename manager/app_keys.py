"""What a running manager offers through its `web.Application` to the program around it, and to tests."""

from collections.abc import Sequence

from aiohttp import web

from catalog.port import Catalog
from manager.accounts.accounts import Accounts, SetupCode
from manager.accounts.logins import LoginRevocation
from manager.audit.log import AuditLog
from manager.connections.dispatch import Dispatcher
from manager.downloads.links import ContentLinks
from manager.gc.reaper import Reaper
from manager.gc.temporary_references import TemporaryReferences
from manager.gc.unknown_messages import UnknownMessages
from manager.links.manager import LinkManager
from manager.metrics import ManagerMetrics
from manager.processing.thumbnails import ThumbnailCache, ThumbnailServiceRegistry
from manager.services.channel_limits import SizeProber
from manager.services.credentials import ServiceAccess
from manager.services.registry import UploadSlotRegistry
from manager.services.webhooks import WebhookDirectory
from manager.signing.keys import SigningKeyKeeper
from manager.spaces.spaces import Spaces
from manager.tickets.uploads import TicketManager

ACCOUNTS = web.AppKey("accounts", Accounts)
AUDIT = web.AppKey("audit", AuditLog)
CATALOG = web.AppKey[Catalog]("catalog")
CONTENT_LINKS = web.AppKey("content_links", ContentLinks)
DISPATCHERS = web.AppKey[Sequence[Dispatcher]]("dispatchers")
LINKS = web.AppKey("links", LinkManager)
LOGINS = web.AppKey("logins", LoginRevocation)
METRICS = web.AppKey("metrics", ManagerMetrics)
REAPER = web.AppKey("reaper", Reaper)
SERVICE_ACCESS = web.AppKey("service_access", ServiceAccess)
SETUP_CODE = web.AppKey("setup_code", SetupCode)
SIGNING_KEYS = web.AppKey("signing_keys", SigningKeyKeeper)
SIZE_PROBER = web.AppKey("size_prober", SizeProber)
SPACES = web.AppKey("spaces", Spaces)
TEMPORARY_REFERENCES = web.AppKey("temporary_references", TemporaryReferences)
THUMBNAIL_CACHE = web.AppKey("thumbnail_cache", ThumbnailCache)
THUMBNAIL_SERVICES = web.AppKey("thumbnail_services", ThumbnailServiceRegistry)
TICKET_UPLOADS = web.AppKey("ticket_uploads", TicketManager)
UNKNOWN_MESSAGES = web.AppKey("unknown_messages", UnknownMessages)
UPLOAD_SLOTS = web.AppKey("upload_slots", UploadSlotRegistry)
WEBHOOKS = web.AppKey("webhooks", WebhookDirectory)
