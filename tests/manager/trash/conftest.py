"""Managers that keep what is deleted and replaced, as they do unless they are told not to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.manager.cloud import Cloud, running_cloud
from tests.manager.sockets.stage import Stage, running_stage


@pytest.fixture
async def cloud(tmp_path: Path) -> AsyncIterator[Cloud]:
    """A manager that runs, without users and files."""
    async with running_cloud(tmp_path, trash_days=30, versions=10) as running:
        yield running


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A manager that runs, with chunks of 100 bytes and four webhooks."""
    async with running_stage(tmp_path, trash_days=30, versions=10) as running:
        yield running
