"""What the tests of several rooms share."""

import os
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import web_app
from hypothesis import HealthCheck, settings

from local_supabase.nats_server import NatsServer, running_nats
from local_supabase.stack import LocalSupabase, running_supabase
from tests.local_programs import needed_for
from tests.loops import LoopFactory, loops_for
from tests.scripted_answers import ScriptedAnswers

IN_MEMORY = Path("/dev/shm")
if IN_MEMORY.is_dir() and shutil.disk_usage(IN_MEMORY).free > 2**31:
    # Databases and the emulator wait for the disk at every commit: there it takes no time.
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(IN_MEMORY))

# How long an example takes says more of the machine than of the code; pytest-timeout ends what hangs.
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")


def pytest_asyncio_loop_factories(item: pytest.Item) -> Mapping[str, LoopFactory]:
    """The event loops of a test."""
    return loops_for(item.path)


@pytest.fixture(autouse=True)
def applications_end() -> Iterator[None]:
    """Let each application go after its test.

    aiohttp keeps the last 1024 handlers that it has wrapped in middleware, and with them the applications and
    all that those hold: buffers of chunks, gigabytes in the course of a run. A program has one application.
    """
    yield
    web_app._cached_build_middleware.cache_clear()  # noqa: SLF001 - there is no other way


@pytest.fixture
def answers() -> Iterator[ScriptedAnswers]:
    """Answers in place of all HTTP clients, but for what goes to this machine."""
    scripted = ScriptedAnswers()
    with scripted:
        yield scripted


@pytest.fixture(scope="session")
def supabase() -> Iterator[LocalSupabase]:
    """A local Supabase for all tests of this process."""
    with needed_for("the catalog on Supabase"), running_supabase() as supabase:
        yield supabase


@pytest.fixture(scope="session")
def shared_nats(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A server for all tests that do not end it."""
    with running_nats(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture
def cluster_url(shared_nats: NatsServer) -> str:
    """An address at which only the managers of this test meet."""
    return shared_nats.url(uuid4().hex)
