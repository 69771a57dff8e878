"""What the tests of the manager's WebSocket side share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.manager.sockets.stage import Stage, running_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A manager that runs, with chunks of 100 bytes and four webhooks."""
    async with running_stage(tmp_path) as running:
        yield running
