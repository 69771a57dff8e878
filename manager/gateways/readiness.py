"""Which of the gateways clients can be led to: those that answer that they are ready."""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog
from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar

from manager.downloads.redirects import preferred

log = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 0.5
"""Seconds between two questions to each gateway."""
LOOK_S: Final = 2.0
"""Seconds that an answer may take."""


class ReadyGateways:
    """Asks gateways whether they are ready.

    Args:
        urls: Where clients reach them, without slashes at the ends.
    """

    def __init__(self, urls: Sequence[str]) -> None:
        self._is_ready = dict.fromkeys(urls, False)

    def choose(self, key: str) -> str | None:
        """As `GatewayChoice` says."""
        return preferred(self._is_ready, key)

    async def run(self) -> None:
        """Asks for ever; at once nothing, if there are none."""
        timeout = ClientTimeout(total=LOOK_S)
        async with ClientSession(timeout=timeout, cookie_jar=DummyCookieJar()) as session:
            while self._is_ready:
                await asyncio.gather(*(self._look(session, url) for url in self._is_ready))
                await asyncio.sleep(LOOK_EVERY_S)

    async def _look(self, session: ClientSession, url: str) -> None:
        try:
            async with session.get(f"{url}/ready", allow_redirects=False) as response:
                is_ready = response.status == 204
        except (ClientError, TimeoutError, OSError):
            is_ready = False
        if is_ready != self._is_ready[url]:
            self._is_ready[url] = is_ready
            if is_ready:
                log.info("gateway-ready", gateway=url)
            else:
                log.warning("gateway-away", gateway=url)
