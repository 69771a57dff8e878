"""Fixtures of the upload service's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.upload_service.staging import Stage, staged


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A service with one slot, linked and configured, without Discord's limits."""
    async with staged(tmp_path) as ready:
        yield ready
