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
from local_supabase.stack import LocalSupabase
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
    """Managers within this process, one unless a test says otherwise.

    Upload services connect to the last one; bob's clients to the second, and all else to the first.
    """

    app: web.Application
    emulator: Emulator
    folder: Path
    urls: tuple[str, ...]

    @property
    def services_url(self) -> str:
        """Of the manager that upload services connect to."""
        return self.urls[-1]

    def client_url(self, name: str) -> str:
        """Of the manager that this user's clients connect to."""
        return self.urls[len(self.urls) // 2 if name == "bob" else 0]

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
                "manager_address": self.services_url,
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
    folder: Path, *, channels: int = 2, managers: int = 1, **chosen: object
) -> AsyncIterator[Stage]:
    """Runs an emulator and managers on it; a second run on the folder finds everything again.

    Args:
        folder: where the emulator, and a manager that is alone, keep their data.
        channels: of the emulator.
        managers: how many; several need the settings of a catalog that they share, and of NATS.
        chosen: settings of all of them.
    """
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
        apps, urls = [], []
        for number in range(managers):
            settings = settings_for(
                emulator, folder, **{**base, "manager_name": f"manager-{number}", **chosen}
            )
            apps.append(create_app(settings, passwords=cheap_passwords()))
            urls.append(await stack.enter_async_context(serving(apps[-1])))
        http = await stack.enter_async_context(aiohttp.ClientSession())
        peers = await stack.enter_async_context(AsyncExitStack())
        yield Stage(urls[0], http, peers, apps[0], emulator, folder, tuple(urls))


@asynccontextmanager
async def running_cluster_stage(
    folder: Path, supabase: LocalSupabase, cluster_url: str
) -> AsyncIterator[Stage]:
    """Runs three managers on an empty catalog, which meet there, so that no two peers need share one."""
    supabase.empty()
    async with running_stage(
        folder,
        managers=3,
        supabase_url=supabase.url,
        supabase_key=SecretStr(supabase.service_key),
        cluster_url=SecretStr(cluster_url),
        # Who has just been elected collects nothing for half of this.
        upload_hold_s=1.0,
    ) as stage:
        yield stage
