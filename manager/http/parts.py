"""The running manager, as the routes see it."""

from dataclasses import dataclass

from aiohttp import web

from catalog.port import Catalog
from common.password_guard import PasswordGuard
from manager.accounts.accounts import Accounts, SetupCode
from manager.accounts.callers import Authenticator
from manager.control import ControlPlane
from manager.downloads.archives import FolderSender
from manager.downloads.content_links import ContentLinks
from manager.downloads.delivery import Delivery
from manager.downloads.signed_links import SignedLinks
from manager.downloads.streaming import ContentSender
from manager.gc.reaper import Reaper
from manager.gc.unknown_messages import UnknownMessages
from manager.http.health import CatalogHealth
from manager.metrics import ManagerMetrics
from manager.services.webhooks import QuarantineKeeper, WebhookDirectory
from manager.tickets.references import ReferenceManager


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What routes work with."""

    accounts: Accounts
    authenticator: Authenticator
    catalog: Catalog
    content_links: ContentLinks
    control: ControlPlane
    delivery: Delivery
    folders: FolderSender
    guard: PasswordGuard
    health: CatalogHealth
    links: SignedLinks
    references: ReferenceManager
    sender: ContentSender
    setup: SetupCode
    webhooks: WebhookDirectory
    quarantines: QuarantineKeeper
    reaper: Reaper
    unknown_messages: UnknownMessages
    metrics: ManagerMetrics


class RunningParts:
    """Holds the parts from start to stop of the application, which is sealed before they exist."""

    def __init__(self) -> None:
        self._parts: Parts | None = None

    def set(self, parts: Parts | None) -> None:
        """Tells the parts at the start, and None at the end."""
        self._parts = parts

    def get(self) -> Parts:
        """The parts. Raises RuntimeError unless the application runs."""
        if self._parts is None:
            raise RuntimeError("the manager is not running")
        return self._parts


PARTS = web.AppKey("parts", RunningParts)


def parts_of(request: web.Request) -> Parts:
    """The parts of the application that handles the request."""
    return request.app[PARTS].get()
