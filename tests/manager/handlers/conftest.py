"""What the tests of packets share: a world to play with, and frontends of three users."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.manager.handlers.frontend import Frontend
from tests.manager.handlers.world import World
from tests.manager.sockets.stage import running_stage


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A manager that runs, with nobody connected."""
    async with (
        running_stage(tmp_path) as stage,
        ClientSession() as session,
        AsyncExitStack() as peers,
    ):
        yield World(stage, session, peers)


@pytest.fixture
async def alice(world: World) -> Frontend:
    """Alice's frontend."""
    return await world.frontend("alice")


@pytest.fixture
async def bob(world: World, alice: Frontend) -> Frontend:
    """Bob's frontend; Alice is there too."""
    return await world.frontend("bob")


@pytest.fixture
async def cid(world: World, bob: Frontend) -> Frontend:
    """Cid's frontend; Alice and Bob are there too."""
    return await world.frontend("cid")
