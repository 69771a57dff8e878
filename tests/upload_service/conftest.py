"""Fixtures of the upload service's tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.upload_service.staging import Stage, staged


@pytest.fixture(params=[True, False], ids=["zero_copy", "plain"])
async def stage(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    """A service with one slot, linked and configured, received around aiohttp or through it."""
    async with staged(tmp_path, zero_copy=request.param) as ready:
        yield ready
