"""The fixtures of the manager's tests: a manager over HTTP, one over WebSockets, and one with users."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from functools import partial
from pathlib import Path

import pytest
from aiohttp import ClientSession

from tests.manager.cloud import Cloud, running_cloud
from tests.manager.frontend import Frontend
from tests.manager.sockets.flaky import FlakyStage, running_flaky_stage
from tests.manager.sockets.stage import Stage, running_stage
from tests.manager.world import World


@pytest.fixture(name="running_cloud")
def _running_cloud() -> Callable[..., AbstractAsyncContextManager[Cloud]]:
    """Runs a manager with settings of the test's choice."""
    return running_cloud


@pytest.fixture(params=[False, True], ids=["manager", "gateway"])
def running_either(
    request: pytest.FixtureRequest,
) -> Callable[..., AbstractAsyncContextManager[Cloud]]:
    """Runs a manager whose content is read from itself, or from a gateway of it."""
    return partial(running_cloud, through_gateway=request.param)


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """A manager that runs, without users and files."""
    async with running_cloud(tmp_path) as running:
        yield running


@pytest.fixture
def content() -> bytes:
    """Bytes of a file of four chunks, the last one short."""
    return os.urandom(3500)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A manager that runs, with chunks of 100 bytes and four webhooks."""
    async with running_stage(tmp_path) as running:
        yield running


@pytest.fixture
async def flaky_stage(tmp_path: Path) -> AsyncIterator[FlakyStage]:
    """A manager whose catalog fails, hangs or keeps answers back when the test says so."""
    async with running_flaky_stage(tmp_path) as running:
        yield running


@pytest.fixture
async def world(stage: Stage) -> AsyncIterator[World]:
    """A manager that runs, without connections."""
    async with ClientSession() as session, AsyncExitStack() as peers:
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
