"""The link to the manager: kept up, and with hands at work while it is."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

import aiohttp
import structlog

from client_sdk.backoff import Backoff
from client_sdk.connection import Connection
from client_sdk.errors import CloudError, ConnectionLost, NotLoggedIn
from processing_service.hands import Bell, Hands
from processing_service.jobs import Workshop
from protocol.codec import Frame
from protocol.extensions import PROCESSING
from protocol.generic import Boolean
from protocol.s2t import JobAvailable, ProcessingConfiguration, ThumbnailServiceConfiguration

_RECEIVES: Final = frozenset({"s2t", "generic"})
_EXTENSIONS: Final = frozenset({PROCESSING})

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a link needs.

    Attributes:
        manager_url: WebSocket URL with the credentials in its query; a secret.
        workers: how many jobs are done at once.
        workshop: what all jobs share.
        http: session for reading files and posting views.
        on_ready: called whenever the service has become usable.
        backoff: makes the delays between attempts to connect.
    """

    manager_url: str = field(repr=False)
    workers: int
    workshop: Workshop
    http: aiohttp.ClientSession
    on_ready: Callable[[], None]
    backoff: Callable[[], Backoff]


class Link:
    """Keeps a connection to the manager.

    Jobs end with the connection over which they came: the manager gives them to others then.

    Args:
        around: what it needs.
    """

    def __init__(self, around: Surroundings) -> None:
        self._around = around
        self._lease_s = 0.0
        self._bell = Bell()

    async def run(self) -> None:
        """Keep the link up until cancelled."""
        backoff = self._around.backoff()
        while True:
            try:
                await self._connect(backoff)
                log.info("link-lost")
            except NotLoggedIn:
                log.error("manager-refuses-service-password")
            except CloudError as error:
                log.warning("manager-unreachable", code=error.code)
            except Exception:
                # Whatever befell a link, the service must come back.
                log.exception("link-failed")
            await backoff.wait()

    async def _connect(self, backoff: Backoff) -> None:
        async with Connection.open(
            self._around.manager_url, receives=_RECEIVES, extensions=_EXTENSIONS
        ) as link:
            if PROCESSING not in link.granted:
                log.error("manager-has-no-jobs-to-give")
            hands: list[asyncio.Task[None]] = []
            async with asyncio.TaskGroup() as tasks:
                try:
                    async for frame in link:
                        if await self._handle(link, frame, tasks, hands):
                            backoff.reset()
                finally:
                    for hand in hands:
                        hand.cancel()

    async def _handle(
        self,
        link: Connection,
        frame: Frame,
        tasks: asyncio.TaskGroup,
        hands: list[asyncio.Task[None]],
    ) -> bool:
        """Returns whether the manager has accepted the service with this."""
        match frame.packet:
            case ProcessingConfiguration(lease_s=lease_s):
                self._lease_s = lease_s
                await _answer(link, frame, Boolean(success=True))
                if not hands:
                    hands += self._hands(link, tasks)
                    self._around.on_ready()
                return True
            case JobAvailable():
                self._bell.ring()
            case ThumbnailServiceConfiguration():
                words = "this service reads from the manager, not with a bot token"
                await _answer(link, frame, Boolean(success=False, message=words))
        return False

    def _hands(self, link: Connection, tasks: asyncio.TaskGroup) -> list[asyncio.Task[None]]:
        around = self._around
        return [
            tasks.create_task(
                Hands(link, around.http, around.workshop, self._bell, lambda: self._lease_s).run(),
                name="hands",
            )
            for _ in range(around.workers)
        ]


async def _answer(link: Connection, frame: Frame, answer: Boolean) -> None:
    if frame.uuid is not None:
        with suppress(ConnectionLost):
            await link.send(answer, reply_uuid=frame.uuid)
