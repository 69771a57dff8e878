"""Handles reports about webhooks and posts, and probes services when a client asks for it."""

from collections.abc import Iterable
from itertools import chain

import structlog

from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.metrics import UncertainPostTotals
from manager.services.liveness import LivenessProbe, Service
from manager.services.registry import UploadSlotRegistry
from manager.services.slots import UploadSlot
from manager.services.webhooks import WebhookDirectory
from protocol import c2s, u2s

log = structlog.get_logger(__name__)


class WebhookReportHandlers:
    """The handlers of reports about webhooks, and about posts whose outcome is unknown."""

    def __init__(
        self,
        slots: UploadSlotRegistry,
        webhooks: WebhookDirectory,
        uncertain_posts: UncertainPostTotals,
    ) -> None:
        self._slots = slots
        self._webhooks = webhooks
        self._uncertain_posts = uncertain_posts

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            u2s.UncertainPosts: self.uncertain_posts,
            u2s.WebhookLost: self.webhook_lost,
        }

    async def webhook_lost(self, slot: UploadSlot, packet: u2s.WebhookLost) -> None:
        """Stops the use of a webhook, if the service may post to it: others' it cannot know."""
        webhook_id = int(packet.webhook_id)
        if slot.process is None or not self._slots.leases_to(slot.process, webhook_id):
            log.warning("loss-of-unleased-webhook", service=slot.id, webhook_id=webhook_id)
            return
        self._webhooks.quarantine(webhook_id, packet.reason)

    async def uncertain_posts(self, slot: UploadSlot, packet: u2s.UncertainPosts) -> None:
        """Some posts of the process may have left messages that nobody knows."""
        if slot.process is not None:
            self._uncertain_posts.report(slot.process, packet.total)


class ProbeHandlers:
    """The handlers of what clients ask of the services."""

    def __init__(self, probe: LivenessProbe, *registries: Iterable[Service]) -> None:
        self._probe = probe
        self._registries = registries

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.PingServices: self.ping_services}

    async def ping_services(self, _: ClientRequest, __: c2s.PingServices) -> None:
        """Probes all services; clients hear of those that do not answer."""
        self._probe.check(chain(*self._registries))
