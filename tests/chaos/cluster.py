"""A whole discord-cloud of real processes that are killed, stopped, frozen and started again."""

import asyncio
import base64
import contextlib
import secrets
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp

from local_supabase.nats_server import running_nats
from local_supabase.stack import Postgrest
from tests.chaos.programs import Program, Server, free_port
from tests.chaos.watched_discord import POSTS

GRACE_S = 30.0
"""Bounds a stop on a busy machine; one that has nothing to wait for takes a moment."""
CHANNELS = 8
SLOTS = 3
CHUNKS_IN_FLIGHT = 2
CHUNK_SIZE = 20_000
HOLD_S = 20.0
"""How long the manager keeps what nobody finishes, and waits for a catalog that is away."""
BOT_TOKEN = "bot"


@dataclass(frozen=True, kw_only=True)
class ClusterShape:
    """How many programs there are.

    Attributes:
        managers: Several of them need a catalog in Supabase, and meet at a NATS of their own.
        services: Upload services.
        gateways: They serve downloads.
        has_rate_limits: Whether Discord has its own; then chunks that wait for them share messages.
    """

    managers: int = 1
    services: int = 2
    gateways: int = 0
    has_rate_limits: bool = False


@dataclass(kw_only=True)
class Cluster:
    """One Discord, and what stores files there; `nats` and `postgrest` are there if managers need them."""

    discord: Program
    managers: tuple[Program, ...]
    services: tuple[Program, ...]
    gateways: tuple[Program, ...]
    nats: Server | None
    postgrest: Server | None
    http: aiohttp.ClientSession

    @property
    def programs(self) -> tuple[Program, ...]:
        """All of them, in the order of their starts."""
        return (self.discord, *self.managers, *self.services, *self.gateways)

    @property
    def servers(self) -> tuple[Server, ...]:
        """What the programs of several managers stand on."""
        return tuple(each for each in (self.nats, self.postgrest) if each is not None)

    def manager_urls(self, first: int = 0) -> str:
        """The addresses of all managers, that one first."""
        return _urls(self.managers, first)

    async def manager_is_up(self) -> None:
        """Returns once any manager runs."""
        waiting = [asyncio.create_task(each.is_up.wait()) for each in self.managers]
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()

    async def order_fault(self, **fault: object) -> None:
        """Has the emulated Discord fail."""
        url = f"{self.discord.url}/emulator/faults"
        async with self.http.post(url, json=fault) as answer:
            assert answer.status < 300, await answer.text()

    async def clear_faults(self) -> None:
        """Has the emulated Discord work again; requests that wait at a fault go on."""
        async with self.http.delete(f"{self.discord.url}/emulator/faults") as answer:
            assert answer.status < 300, await answer.text()

    async def posts(self) -> Mapping[str, Any]:
        """What the emulated Discord has seen of upload services; see `PostWatch`."""
        seen: Mapping[str, Any] = await self._ask_discord(f"{self.discord.url}{POSTS}")
        return seen

    async def messages(self) -> set[int]:
        """The ids of all messages that lie on the emulated Discord."""
        webhooks = (Path(self.discord.environment["EMULATOR_DATA"]) / "webhook-urls").read_text()
        found: set[int] = set()
        for webhook in webhooks.split():
            channel = (await self._ask_discord(webhook))["channel_id"]
            found |= await self._messages_of(channel)
        return found

    async def _messages_of(self, channel: str) -> set[int]:
        url = f"{self.discord.url}/api/v10/channels/{channel}/messages"
        headers = {"Authorization": f"Bot {BOT_TOKEN}", "User-Agent": "DiscordBot (test, 1)"}
        found: set[int] = set()
        while True:
            after = str(max(found, default=0))
            query = {"limit": "100", "after": after}
            page = await self._ask_discord(url, params=query, headers=headers)
            if not page:
                return found
            found |= {int(message["id"]) for message in page}

    async def _ask_discord(self, url: str, **options: Any) -> Any:
        """What the emulated Discord answers, within its rate limits."""
        while True:
            async with self.http.get(url, **options) as answer:
                told = await answer.json()
            if answer.status != HTTPStatus.TOO_MANY_REQUESTS:
                assert answer.status == HTTPStatus.OK, told
                return told
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.Event().wait(), told["retry_after"])


def _urls(managers: tuple[Program, ...], first: int) -> str:
    place = first % len(managers)
    return ",".join(each.url for each in (*managers[place:], *managers[:place]))


@asynccontextmanager
async def running_cluster(
    folder: Path,
    catalog: Mapping[str, str],
    shape: ClusterShape,
    *,
    postgrest: Postgrest | None = None,
) -> AsyncIterator[Cluster]:
    """Starts everything; what still runs at the end is killed.

    Services, and users of `manager_urls`, begin at different managers if there are several.

    Args:
        folder: for data and logs.
        catalog: the managers' settings of their catalog.
        shape: how many programs there are.
        postgrest: of that catalog, if it may be killed.
    """
    async with AsyncExitStack() as stack:
        catalog, nats = _with_nats(stack, folder, catalog, shape)
        programs = _Programs(folder, shape)
        discord = programs.discord()
        managers = tuple(
            programs.manager(number, discord, catalog) for number in range(shape.managers)
        )
        cluster = Cluster(
            discord=discord,
            managers=managers,
            services=tuple(programs.service(number, managers) for number in range(shape.services)),
            gateways=tuple(programs.gateway(number, managers) for number in range(shape.gateways)),
            nats=nats,
            postgrest=None
            if postgrest is None
            else Server("postgrest", postgrest.stop, postgrest.start),
            http=await stack.enter_async_context(aiohttp.ClientSession()),
        )
        for program in cluster.programs:
            stack.push_async_callback(program.kill)
        await discord.start()
        webhooks = (folder / "discord" / "webhook-urls").read_text()
        for manager in managers:
            manager.environment = {**manager.environment, "DISCORD_WEBHOOKS": webhooks}
        # The first one alone, as it makes what all of them find.
        await managers[0].start()
        rest = (*managers[1:], *cluster.services, *cluster.gateways)
        await asyncio.gather(*(program.start() for program in rest))
        yield cluster


def _with_nats(
    stack: AsyncExitStack, folder: Path, catalog: Mapping[str, str], shape: ClusterShape
) -> tuple[Mapping[str, str], Server | None]:
    if shape.managers == 1:
        return catalog, None
    nats = stack.enter_context(running_nats(folder / "nats"))
    return {**catalog, "CLUSTER_URL": nats.url()}, Server("nats", nats.kill, nats.start)


class _Programs:
    """Programs of one cluster, with their settings."""

    def __init__(self, folder: Path, shape: ClusterShape) -> None:
        self._folder = folder
        self._shape = shape
        self._password = secrets.token_urlsafe()
        self._key = base64.b64encode(secrets.token_bytes(32)).decode()

    def discord(self) -> Program:
        settings = {
            "EMULATOR_DATA": str(self._folder / "discord"),
            "EMULATOR_LIMITS": "real" if self._shape.has_rate_limits else "off",
            "EMULATOR_CHANNELS": str(CHANNELS),
            "EMULATOR_FAULT_CONTROL": "true",
            "EMULATOR_BOT_TOKEN": BOT_TOKEN,
        }
        discord = self._program((), "discord", "EMULATOR_PORT", settings)
        discord.command = (sys.executable, "-m", "tests.chaos.watched_discord")
        return discord

    def manager(self, number: int, discord: Program, catalog: Mapping[str, str]) -> Program:
        name = f"manager-{number}"
        settings = {
            "MANAGER_NAME": name,
            "SERVICE_PASSWORD": self._password,
            "MESSAGE_ENCRYPTION_KEY": self._key,
            "DISCORD_API_URL": f"{discord.url}/api/v10",
            "GLOBAL_REQUESTS_PER_S": "50" if self._shape.has_rate_limits else "100000",
            # Without limits every byte that is posted is one of a file, or was sent twice.
            "SIZE_PROBE_INTERVAL_S": "86400" if self._shape.has_rate_limits else "0",
            "CHUNK_SIZE": str(CHUNK_SIZE),
            "SETUP_CODE": "none",
            "UPLOAD_HOLD_S": str(HOLD_S),
            "REAPER_INTERVAL_S": "1",
            "GC_GRACE_S": "0",
            # What no file has goes at once, so that what has leaked is seen.
            "TRASH_DAYS": "0",
            "VERSIONS": "0",
            **catalog,
        }
        return self._program(("manager",), name, "MANAGER_PORT", settings)

    def service(self, number: int, managers: tuple[Program, ...]) -> Program:
        settings = {
            "MANAGER_ADDRESS": _urls(managers, number),
            "SERVICE_PASSWORD": self._password,
            "SLOTS": str(SLOTS),
            "CHUNKS_IN_FLIGHT": str(CHUNKS_IN_FLIGHT),
            "DRAIN_GRACE_S": str(GRACE_S),
            "REPORTS_FOLDER": str(self._folder / f"reports-{number}"),
        }
        service = self._program(("upload-service",), f"service-{number}", "PORT", settings)
        service.environment = {**service.environment, "OWN_ADDRESS": f"{service.url}/"}
        return service

    def gateway(self, number: int, managers: tuple[Program, ...]) -> Program:
        settings = {
            "MANAGER_ADDRESS": _urls(managers, number),
            "SERVICE_PASSWORD": self._password,
        }
        return self._program(("gateway",), f"gateway-{number}", "PORT", settings)

    def _program(
        self, arguments: tuple[str, ...], name: str, port_name: str, settings: Mapping[str, str]
    ) -> Program:
        port = free_port()
        return Program(
            arguments,
            {
                "STOP_GRACE_S": str(GRACE_S),
                "LOG_FORMAT": "json",
                "HOME": str(self._folder),
                port_name: str(port),
                **settings,
            },
            f"http://127.0.0.1:{port}",
            self._folder / f"{name}.log",
        )
