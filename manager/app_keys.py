"""What a running manager offers through its `web.Application` to the program around it, and to tests."""

from collections.abc import Sequence

from aiohttp import web

from catalog.port import Catalog
from manager.accounts.accounts import Accounts, SetupCode
from manager.accounts.logins import LoginRevocation
from manager.connections.dispatch import Dispatcher
from manager.downloads.content_links import ContentLinks
from manager.downloads.signed_links import SignedLinks
from manager.gc.reaper import Reaper
from manager.gc.unknown_messages import UnknownMessages
from manager.metrics import ManagerMetrics
from manager.processing.pictures import Pictures
from manager.processing.thumbnailers import Thumbnailers
from manager.services.webhooks import WebhookDirectory
from manager.tickets.uploads import TicketManager
from manager.uploads.booking_desk import BookingDesk
from manager.uploads.holds import TemporaryHolds

ACCOUNTS = web.AppKey("accounts", Accounts)
BOOKINGS = web.AppKey("bookings", BookingDesk)
CATALOG = web.AppKey[Catalog]("catalog")
CONTENT_LINKS = web.AppKey("content_links", ContentLinks)
DISPATCHERS = web.AppKey[Sequence[Dispatcher]]("dispatchers")
HOLDS = web.AppKey("holds", TemporaryHolds)
LOGINS = web.AppKey("logins", LoginRevocation)
METRICS = web.AppKey("metrics", ManagerMetrics)
PICTURES = web.AppKey("pictures", Pictures)
REAPER = web.AppKey("reaper", Reaper)
SETUP_CODE = web.AppKey("setup_code", SetupCode)
SIGNED_LINKS = web.AppKey("signed_links", SignedLinks)
THUMBNAILERS = web.AppKey("thumbnailers", Thumbnailers)
TICKET_UPLOADS = web.AppKey("ticket_uploads", TicketManager)
UNKNOWN_MESSAGES = web.AppKey("unknown_messages", UnknownMessages)
WEBHOOKS = web.AppKey("webhooks", WebhookDirectory)
