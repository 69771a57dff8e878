"""What the tests of the base protocol share."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.base_protocol.stage import Stage, running_cluster_stage, running_stage


def pytest_addoption(parser: pytest.Parser) -> None:
    """The whole conformance may be run against several managers."""
    parser.addoption("--cluster", action="store_true", help="run against three managers")


@pytest.fixture
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A manager with a bot and two channels, and chunks of 100 bytes; with `--cluster` three of them."""
    if request.config.getoption("--cluster", default=False):
        supabase, url = map(request.getfixturevalue, ("supabase", "cluster_url"))
        running = running_cluster_stage(tmp_path, supabase, url)
    else:
        running = running_stage(tmp_path)
    async with running as started:
        yield started


@pytest.fixture
def content() -> bytes:
    """Bytes of a file of four chunks, the last one short."""
    return hashlib.shake_256(b"content").digest(350)
