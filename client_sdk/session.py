"""What a logged-in client keeps running: the link, and who listens to it."""

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Self

import aiohttp

from client_sdk.conflicts import ConflictDesk
from client_sdk.errors import CloudError, Unreachable
from client_sdk.events import EventHub
from client_sdk.link import Link
from client_sdk.services import Services
from client_sdk.settings import ClientSettings
from client_sdk.tasks import TaskScope
from client_sdk.uploads import Uploads
from protocol import s2c
from protocol.codec import Frame

LinkCallback = Callable[[bool], None]
"""Is told that the connection was lost (False), and that it is back (True)."""


class Session:
    """One user's connection and all that goes over it. Made by `Session.open`."""

    def __init__(
        self,
        url: str,
        http: aiohttp.ClientSession,
        settings: ClientSettings,
        scope: TaskScope,
        link_changed: LinkCallback | None,
    ) -> None:
        self._link_changed = link_changed
        self._is_away = self._is_over = False
        self.link = Link(url, settings, self)
        self.events = EventHub()
        self.conflicts = ConflictDesk()
        self._services = Services(self.link, settings, scope)
        self.uploads = Uploads(self.link, self._services, self.conflicts, http, settings, scope)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        url: str,
        http: aiohttp.ClientSession,
        settings: ClientSettings,
        link_changed: LinkCallback | None = None,
    ) -> AsyncIterator[Self]:
        """Connect, and stay connected until it is left.

        Raises:
            NotLoggedIn, Unreachable, Unavailable, LastingFailure: The first connection did not come about.
        """
        async with TaskScope() as scope:
            session = cls(url, http, settings, scope, link_changed)
            scope.spawn(session.link.run(), "link")
            try:
                await session.link.ready()
                yield session
            finally:
                session.failed(Unreachable("the client is closed"))

    def connected(self) -> None:
        """The link has a connection."""
        self.events.connected()
        self._services.connected()
        self._tell(is_away=False)

    def disconnected(self) -> None:
        """The link lost its connection."""
        self.events.disconnected()
        self._services.disconnected()
        self.uploads.disconnected()
        self._tell(is_away=True)

    def unavailable(self) -> None:
        """The link waits for a manager that cannot serve now."""
        self._tell(is_away=True)

    def failed(self, error: CloudError) -> None:
        """The link gave up."""
        self._is_over = True
        self.events.failed(error)
        self._services.failed(error)

    def received(self, frame: Frame) -> None:
        """A frame came in that answers no simple question."""
        if isinstance(frame.packet, s2c.FileModify | s2c.FolderModify):
            self.events.publish(frame.packet)
        else:
            self._services.received(frame)
            self.uploads.received(frame)

    def _tell(self, *, is_away: bool) -> None:
        """Tell a change, but neither a first connection that comes at once nor the end of the client."""
        is_news, self._is_away = is_away != self._is_away, is_away
        if is_news and not self._is_over and self._link_changed is not None:
            self._link_changed(not is_away)
