"""Checks connected services of any kind: they must confirm their configuration, and answer pings.

A ping on demand finds dead connections sooner than heartbeats do.
"""

from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from typing import Protocol

import structlog

from common.tasks import BackgroundTasks
from manager.connections.clients import ClientRequest
from manager.connections.connection import POLICY_VIOLATION, Answer
from manager.connections.dispatch import PacketTable
from manager.errors import PeerGone, PeerSilent, UnexpectedReply
from protocol import c2s, generic
from protocol.packet import Packet
from protocol.values import REPLY_TIMEOUT_S

log = structlog.get_logger(__name__)

PING_TIMEOUT_S = 5.0
"""How long a service may take to answer a ping."""
"""Code that closes a WebSocket (RFC 6455, section 7.4.1)."""


class ServiceConnection(Protocol):
    """What is asked of the connection of a service; `PeerConnection` says how."""

    async def request(
        self, packet: Packet, answer: type[Answer], *, timeout_s: float = REPLY_TIMEOUT_S
    ) -> Answer:
        """Sends a packet and waits for its reply. Raises `PeerGone`, `PeerSilent`, `UnexpectedReply`."""

    async def ping(self, *, timeout_s: float) -> None:
        """Returns once the service has answered. Raises `PeerGone`, `PeerSilent`."""

    async def close(self, code: int, reason: str) -> None:
        """Ends the connection."""

    def abort(self) -> None:
        """Ends the connection at once."""


class Service(Protocol):
    """A service of any kind that is connected."""

    @property
    def id(self) -> str:
        """Uuid of the connection."""

    @property
    def connection(self) -> ServiceConnection:
        """The way to the service."""


async def confirms(
    service: Service, configuration: Packet, *, timeout_s: float = REPLY_TIMEOUT_S
) -> bool:
    """Sends a service its configuration; closes the connection unless the service confirms it.

    Returns whether it did, within `timeout_s` seconds.
    """
    try:
        answer = await service.connection.request(
            configuration, generic.Boolean, timeout_s=timeout_s
        )
    except PeerGone:
        return False
    except (PeerSilent, UnexpectedReply) as error:
        reason = str(error)
    else:
        if answer.success:
            return True
        reason = answer.message or "it refuses its configuration"
    log.warning("service-not-configured", service=service.id, reason=reason)
    await service.connection.close(POLICY_VIOLATION, "the configuration was not confirmed")
    return False


class LivenessProbe:
    """Pings services, and disconnects those that do not answer."""

    def __init__(self, tasks: BackgroundTasks) -> None:
        self._tasks = tasks
        self._pinged: set[str] = set()

    @property
    def unanswered(self) -> AbstractSet[str]:
        """Ids of the services that have not answered their ping yet."""
        return self._pinged

    def check(self, services: Iterable[Service]) -> None:
        """Pings those that are not being pinged at the moment, however often it is called."""
        for service in services:
            if service.id not in self._pinged:
                self._pinged.add(service.id)
                self._tasks.spawn(self._ping(service), f"ping service {service.id}")

    async def _ping(self, service: Service) -> None:
        try:
            await service.connection.ping(timeout_s=PING_TIMEOUT_S)
        except PeerSilent as error:
            log.warning("service-silent", service=service.id, reason=str(error))
            service.connection.abort()
        except PeerGone:
            log.debug("service-gone", service=service.id)
        finally:
            self._pinged.discard(service.id)


class ProbeHandlers:
    """The handlers of clients' requests to probe services."""

    def __init__(self, probe_everywhere: Callable[[], None]) -> None:
        """`probe_everywhere`: has each manager probe the services that are connected to it."""
        self._probe_everywhere = probe_everywhere

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.PingServices: self.ping_services}

    async def ping_services(self, _: ClientRequest, __: c2s.PingServices) -> None:
        """Probes all services; those that do not answer are disconnected, and clients notified."""
        self._probe_everywhere()
