"""Several managers in one process, on one catalog, one NATS and one emulator."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from pydantic import SecretStr

from discord_emulator.testing import running_emulator
from local_supabase.stack import LocalSupabase
from manager.app import create_app
from manager.cluster.timing import ClusterTiming
from tests.manager.sockets.stage import Stage, cheap_passwords, serving, settings_for
from tests.manager.world import World


@dataclass
class Managers:
    """The managers that run, each with a world of its own."""

    worlds: list[World]

    def __getitem__(self, index: int) -> World:
        return self.worlds[index]


@asynccontextmanager
async def running_managers(
    folder: Path,
    supabase: LocalSupabase,
    cluster_url: str,
    *,
    number: int = 2,
    timing: ClusterTiming | None = None,
    **chosen: Any,
) -> AsyncIterator[Managers]:
    """Runs so many managers.

    Args:
        folder: where the emulator keeps its data.
        supabase: the catalog, which should be empty.
        cluster_url: where they meet.
        number: how many.
        timing: how quickly they notice one another; None: as usual.
        chosen: settings of all of them.
    """
    async with AsyncExitStack() as stack:
        emulator = await stack.enter_async_context(
            running_emulator(folder / "discord", limits="off", channels=4)
        )
        session = await stack.enter_async_context(ClientSession())
        worlds = []
        for index in range(number):
            settings = settings_for(
                emulator,
                folder,
                supabase_url=supabase.url,
                supabase_key=SecretStr(supabase.service_key),
                cluster_url=SecretStr(cluster_url),
                manager_name=f"manager-{index}",
                **chosen,
            )
            app = create_app(settings, passwords=cheap_passwords(), cluster_timing=timing)
            server = await stack.enter_async_context(AsyncExitStack())
            url = await server.enter_async_context(serving(app))
            peers = await stack.enter_async_context(AsyncExitStack())
            stage = Stage(app, url, emulator, settings, peers, stop=server.aclose)
            worlds.append(World(stage, session, peers))
        yield Managers(worlds)
