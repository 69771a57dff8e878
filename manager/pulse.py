"""Whether the services still answer: asked when somebody wants to know, sooner than heartbeats tell."""

from collections.abc import Iterable

import structlog

from manager.errors import PeerGone, PeerSilent
from manager.services import UploadSlot
from manager.tasks import BackgroundTasks

log = structlog.get_logger(__name__)

PING_TIMEOUT_S = 5.0
"""How long a service may take to answer a ping."""


class ServicePulse:
    """Pings services; one that does not answer is dropped, and then missed like any that is lost."""

    def __init__(self, services: Iterable[UploadSlot], tasks: BackgroundTasks) -> None:
        self._services = services
        self._tasks = tasks
        self._pinged: set[str] = set()

    def check(self) -> None:
        """Pings every service that is not being pinged at the moment, however often it is called."""
        for slot in self._services:
            if slot.id not in self._pinged:
                self._pinged.add(slot.id)
                self._tasks.spawn(self._ping(slot), f"ping slot {slot.id}")

    async def _ping(self, slot: UploadSlot) -> None:
        try:
            await slot.connection.ping(timeout_s=PING_TIMEOUT_S)
        except PeerSilent as error:
            log.warning("a service does not answer", service=slot.id, problem=str(error))
            slot.connection.abort()
        except PeerGone:
            log.debug("a service was gone before it was pinged", service=slot.id)
        finally:
            self._pinged.discard(slot.id)
