"""What the tests of the base protocol share."""

import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.base_protocol.stage import Stage, running_stage


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A manager with a bot and two channels, and chunks of 100 bytes."""
    async with running_stage(tmp_path) as running:
        yield running


@pytest.fixture
def content() -> bytes:
    """Bytes of a file of four chunks, the last one short."""
    return hashlib.shake_256(b"content").digest(350)
