"""The manager, put together: what depends on what, and in which order it starts and stops.

Parts start from the catalog upward and stop the other way round. aiohttp ends listening, and the
handlers of requests, before it stops the parts, so that nothing is used after its end.
"""

import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace

from aiohttp import web

from catalog.port import Catalog
from common.addresses import ClientAddresses
from common.guesses import GuessLimiter
from common.http_server import UNREAD_TIMEOUT_S, end_unread_answers, handler_arguments
from common.key_derivation import Purpose
from common.password_guard import PasswordGuard
from common.tasks import BackgroundTasks, supervised
from manager.accounts.accounts import Accounts, SetupCode
from manager.accounts.callers import Authenticator
from manager.accounts.credentials import Passwords
from manager.accounts.routes import account_routes
from manager.catalogs import catalog_of
from manager.control import ControlPlane
from manager.downloads.admission import DownloadAdmission, DownloadLimits
from manager.downloads.archives import FolderSender
from manager.downloads.content import ContentSource
from manager.downloads.content_routes import content_routes
from manager.downloads.delivery import Delivery, PaceDemands
from manager.downloads.routes import download_routes
from manager.downloads.signed_links import SignedLinks
from manager.downloads.streaming import ContentSender
from manager.gc.reaper import Reaper
from manager.gc.unknown_messages import UnknownMessages
from manager.http import middleware as frame
from manager.http.graphql import graphql_routes
from manager.http.health import CatalogHealth
from manager.http.page import PageFiles, page_handler, page_routes
from manager.http.parts import PARTS, Parts, RunningParts
from manager.http.status import status_routes
from manager.master_keys import check_master_keys
from manager.metrics import ManagerMetrics
from manager.retrying import CATALOG_RETRY, CatalogPatience
from manager.services.webhooks import AskChannel, QuarantineKeeper, WebhookDirectory
from manager.settings import ManagerSettings
from manager.tickets.references import ReferenceManager
from manager.uploads.holds import TemporaryHolds
from manager.uploads.readability import ReadabilityCheck
from storage.discord.http import DiscordHttp
from storage.discord.limits import RateLimiter
from storage.discord.messages import Bot, Webhook
from storage.discord.routes import WebhookCredentials
from storage.reader import ChunkReader

_UNREAD_MARGIN_S = 30.0


def create_app(
    settings: ManagerSettings,
    *,
    clock: Callable[[], float] = time.time,
    monotonic: Callable[[], float] = time.monotonic,
    passwords: Passwords | None = None,
) -> web.Application:
    """The manager as a web application, not started yet.

    Args:
        settings: Everything that can be configured.
        clock: Seconds since the Unix epoch.
        monotonic: Seconds that never jump.
        passwords: Hashes passwords; the default takes as long as it should.
    """
    assembly = _Assembly(settings, clock, monotonic, passwords or Passwords())
    app = web.Application(handler_args=handler_arguments(settings.idle_connection_timeout_s))
    app[PARTS] = RunningParts()
    # Downloads have a patience of their own, which comes first.
    end_unread_answers(app, max(UNREAD_TIMEOUT_S, settings.download_stall_s + _UNREAD_MARGIN_S))
    frame.install(app, assembly.metrics)
    page = PageFiles.load()
    app.add_routes(status_routes(page_handler(page, settings.manager_public_url)))
    app.add_routes(page_routes(page))
    app.add_routes(account_routes(passwords_in_query=settings.legacy_get_login))
    app.add_routes(download_routes())
    app.add_routes(content_routes())
    app.add_routes(graphql_routes())
    app.cleanup_ctx.append(assembly.run_with)
    app.on_shutdown.append(_say_goodbye)
    return app


def is_ready(app: web.Application, *, slots: int) -> bool:
    """Whether so many upload slots are registered with a manager that runs."""
    return len(app[PARTS].get().control.snapshot()["services"]) >= slots


def setup_code(app: web.Application) -> SetupCode:
    """What it takes to make the first user of a manager that runs."""
    return app[PARTS].get().setup


async def _say_goodbye(app: web.Application) -> None:
    # Handlers of WebSockets end only with their connections, and the stop waits for handlers.
    parts = app[PARTS].get()
    parts.delivery.end_all()
    await parts.control.close_peers()


class _Assembly:
    """Makes the parts and runs them."""

    def __init__(
        self,
        settings: ManagerSettings,
        clock: Callable[[], float],
        monotonic: Callable[[], float],
        passwords: Passwords,
    ) -> None:
        self.metrics = ManagerMetrics()
        self._settings = settings
        self._clock = clock
        self._monotonic = monotonic
        self._passwords = passwords
        self._webhooks = WebhookDirectory(
            settings.webhooks, clock=clock, has_bot=settings.bot_token is not None
        )

    async def run_with(self, app: web.Application) -> AsyncIterator[None]:
        """Runs the parts as long as the application does."""
        async with (
            catalog_of(self._settings, self._clock) as catalog,
            self._discord() as http,
            self._running(catalog, http) as parts,
        ):
            app[PARTS].set(parts)
            yield
            app[PARTS].set(None)

    @contextlib.asynccontextmanager
    async def _running(self, catalog: Catalog, http: DiscordHttp) -> AsyncIterator[Parts]:
        await check_master_keys(catalog, self._settings.keyring)
        holds = TemporaryHolds(catalog, self._clock, life_s=self._settings.upload_hold_s)
        ask = _channel_asker(http)
        quarantines = QuarantineKeeper(self._webhooks, catalog, ask)
        await quarantines.restore()
        reaper = self._reaper(catalog, http, holds)
        unknown_messages = self._unknown_messages(catalog, http, reaper)
        setup = SetupCode(catalog, self._settings.chosen_setup_code)
        accounts = self._accounts(catalog, setup)
        reader = self._reader(http)
        readability = ReadabilityCheck(catalog, self._webhooks, reader.locate)
        control = self._control(catalog, accounts, holds, readability, reaper)
        health = CatalogHealth(catalog, monotonic=self._monotonic)
        loops = _background(
            holds=holds.run,
            reaper=reaper.run,
            webhooks=lambda: self._webhooks.learn(ask),
            quarantines=quarantines.run,
            health=health.run,
            watch=unknown_messages.keep_watching,
            sweep=unknown_messages.run,
        )
        source = ContentSource(catalog, reader, holds, self._webhooks)
        delivery = self._delivery()
        async with contextlib.AsyncExitStack() as last, loops, control.run():
            last.push_async_callback(quarantines.save_at_last)
            yield Parts(
                accounts=accounts,
                authenticator=Authenticator(catalog, accounts),
                catalog=catalog,
                content_links=control.content_links,
                control=control,
                delivery=delivery,
                folders=FolderSender(
                    catalog, source, delivery, self._clock, self._settings.temp_folder
                ),
                guard=self._guard(),
                health=health,
                links=SignedLinks.of(self._settings.keyring),
                references=ReferenceManager(
                    catalog,
                    reaper.nudge,
                    grace_s=self._settings.gc_grace_s,
                    clock=self._clock,
                ),
                sender=ContentSender(source, delivery),
                setup=setup,
                webhooks=self._webhooks,
                quarantines=quarantines,
                reaper=reaper,
                unknown_messages=unknown_messages,
                metrics=self.metrics,
            )

    def _discord(self) -> DiscordHttp:
        return DiscordHttp(
            api_url=self._settings.discord_api_url,
            limiter=RateLimiter(requests_per_s=self._settings.own_requests_per_s),
            clock=self._monotonic,
            wall_clock=self._clock,
        )

    def _accounts(self, catalog: Catalog, setup: SetupCode) -> Accounts:
        secret = self._settings.keyring.signing_key(Purpose.USER_TOKENS)
        return Accounts(catalog, secret, self._clock, setup, passwords=self._passwords)

    def _control(
        self,
        catalog: Catalog,
        accounts: Accounts,
        holds: TemporaryHolds,
        readability: ReadabilityCheck,
        reaper: Reaper,
    ) -> ControlPlane:
        return ControlPlane(
            catalog=catalog,
            accounts=accounts,
            passwords=self._passwords,
            settings=self._settings,
            webhooks=self._webhooks,
            holds=holds,
            readability=readability,
            metrics=self.metrics,
            nudge_reaper=reaper.nudge,
            clock=self._clock,
            monotonic=self._monotonic,
            patience=CatalogPatience(
                commit_within_s=self._settings.upload_hold_s,
                policy=replace(CATALOG_RETRY, monotonic=self._monotonic),
            ),
        )

    def _reaper(self, catalog: Catalog, http: DiscordHttp, holds: TemporaryHolds) -> Reaper:
        async def delete(webhook: WebhookCredentials, message_id: int) -> None:
            await Webhook(http, webhook).delete(message_id)

        token = self._settings.bot_token
        reaper = Reaper(
            catalog,
            self._webhooks,
            delete,
            self.metrics,
            interval_s=self._settings.reaper_interval_s,
            grace_s=self._settings.gc_grace_s,
            keep_holds=holds.keep,
            delete_as_bot=Bot(http, token).delete if token else None,
            clock=self._clock,
            monotonic=self._monotonic,
        )
        self._webhooks.subscribe(reaper.webhooks_changed)
        return reaper

    def _unknown_messages(
        self, catalog: Catalog, http: DiscordHttp, reaper: Reaper
    ) -> UnknownMessages:
        token = self._settings.bot_token
        return UnknownMessages(
            catalog,
            self._webhooks,
            Bot(http, token).messages_after if token else None,
            reaper.nudge,
            self.metrics,
            clock=self._clock,
        )

    def _guard(self) -> PasswordGuard:
        addresses = ClientAddresses(self._settings.trusted_proxies)
        return PasswordGuard(GuessLimiter(), addresses, self._monotonic)

    def _delivery(self) -> Delivery:
        limits = DownloadLimits(
            total=self._settings.max_downloads,
            per_address=self._settings.downloads_per_address,
            per_reader=self._settings.downloads_per_user,
            wait_s=self._settings.download_wait_s,
        )
        demands = PaceDemands(
            patience_s=self._settings.download_stall_s,
            lowest_bytes_per_s=self._settings.download_lowest_bytes_per_s,
        )
        addresses = ClientAddresses(self._settings.trusted_proxies)
        admission = DownloadAdmission(limits)
        return Delivery(self.metrics, addresses, admission, demands, self._monotonic)

    def _reader(self, http: DiscordHttp) -> ChunkReader:
        reader = ChunkReader(
            http,
            self._webhooks.reachable,
            self._settings.keyring,
            bot_token=self._settings.bot_token,
        )
        self._webhooks.subscribe(reader.forget_refusals)
        return reader


def _channel_asker(http: DiscordHttp) -> AskChannel:
    async def ask(webhook: WebhookCredentials) -> int:
        return (await Webhook(http, webhook).info()).channel_id

    return ask


@contextlib.asynccontextmanager
async def _background(**loops: Callable[[], Awaitable[None]]) -> AsyncIterator[None]:
    """Runs named loops beside the context and cancels them at its end."""
    tasks = BackgroundTasks()
    for name, loop in loops.items():
        tasks.spawn(supervised(name, loop), name)
    try:
        yield
    finally:
        await tasks.close()
