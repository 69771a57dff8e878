"""A manager with a bot, on the Discord emulator, and base-protocol peers to play with it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from aiohttp import web
from pydantic import SecretStr

from catalog.port import Catalog
from cli.servers.http_serving import listen, url_of
from cli.servers.http_serving import serving as listening_on
from common.retry import Backoff
from discord_emulator.emulator import Emulator
from discord_emulator.testing import running_emulator
from manager.app import create_app
from manager.app_keys import CATALOG
from tests.base_protocol.peers import PeerStage
from tests.manager.sockets.stage import (
    PASSWORD,
    SERVICE_PASSWORD,
    cheap_passwords,
    serving,
    settings_for,
)
from tests.manager.sockets.watching import WatchedCounters, messages_left
from upload_service.app import UploadService as OurUploadService
from upload_service.settings import UploadServiceSettings

BOT_TOKEN = "the bot's token"


@dataclass
class Stage(PeerStage):
    """A manager within this process."""

    app: web.Application
    emulator: Emulator
    folder: Path

    @property
    def catalog(self) -> Catalog:
        """The manager's catalog."""
        return self.app[CATALOG]

    @property
    def api_url(self) -> str:
        """Where Discord is."""
        return f"{self.emulator.public_url}/api/v10"

    async def token(self, name: str) -> str:
        """A user's token, as a frontend gets it; registers the user before."""
        if await self.catalog.user_by_name(name) is None:
            await self.catalog.create_user(name, await cheap_passwords().hash(PASSWORD))
        status, body = await self.fetch("/login", username=name, password=PASSWORD)
        assert status == 200
        token: str = body["token"]
        return token

    async def our_service(self) -> None:
        """Lets a slot of the product's own upload service in; returns when it can be booked."""
        watching = await self.frontend("observer")
        listening = self.peers.enter_context(listen("127.0.0.1", 0))
        settings = UploadServiceSettings.model_validate(
            {
                "manager_address": self.url,
                "service_password": SecretStr(SERVICE_PASSWORD),
                "own_address": url_of(listening),
                "slots": 1,
                "reports_folder": self.folder / "reports",
            }
        )
        service = OurUploadService(settings, backoff=_at_once)
        await self.peers.enter_async_context(listening_on(service.intake, listening))
        await self.peers.enter_async_context(service.run())
        await watching.next("s2c:service-registry", action="added", address=url_of(listening))

    async def messages_left(self, number: int) -> None:
        """Returns once so many messages lie on Discord."""
        await messages_left(self.emulator, number)


def _at_once() -> Backoff:
    return Backoff(first_s=0.01, cap_s=0.01)


@asynccontextmanager
async def running_stage(
    folder: Path, *, channels: int = 2, **chosen: object
) -> AsyncIterator[Stage]:
    """Runs an emulator and a manager on it; a second run on the folder finds everything again."""
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(
            running_emulator(
                folder / "discord",
                limits="off",
                channels=channels,
                bot_token=SecretStr(BOT_TOKEN),
            )
        )
        emulator.requests = WatchedCounters()
        base: dict[str, object] = {
            "legacy_get_login": True,
            "setup_code": "none",
            "base_upload_services": True,
            "discord_bot_token": SecretStr(BOT_TOKEN),
            "discord_channels": tuple(webhook.channel_id for webhook in emulator.webhooks),
        }
        settings = settings_for(emulator, folder, **{**base, **chosen})
        app = create_app(settings, passwords=cheap_passwords())
        url = await stack.enter_async_context(serving(app))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        peers = await stack.enter_async_context(AsyncExitStack())
        yield Stage(url, http, peers, app, emulator, folder)
