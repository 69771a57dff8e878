"""What the tests of the whole product share."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.system.whole import Whole, running_whole


@pytest.fixture
async def whole(tmp_path: Path) -> AsyncIterator[Whole]:
    """Everything, running, with chunks of 1000 bytes, two upload slots and two webhooks."""
    async with running_whole(tmp_path) as running:
        yield running
