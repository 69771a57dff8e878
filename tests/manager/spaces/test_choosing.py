"""What users see is chosen with the first user, unless the operator or the catalog has decided."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from catalog.port import Catalog
from catalog.sqlite.adapter import SqliteCatalog
from manager.space_views import SpacesMode
from manager.spaces.spaces import COMMON_FOLDER, Spaces
from tests.manager.cloud import Cloud, running_cloud

ALICE = {"username": "alice", "password": "correct horse"}


async def _registered(cloud: Cloud, **more: Any) -> int:
    return (await cloud.client.post("/register", json={**ALICE, **more})).status


async def _shown(cloud: Cloud) -> tuple[bool, str]:
    """Whether the page asks, and what users see."""
    first_start = await (await cloud.client.get("/page/first-start")).json()
    features = await (await cloud.client.get("/page/features")).json()
    return first_start["chooses_spaces"], features["spaces"]


async def _can_share(cloud: Cloud) -> bool:
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    return (await cloud.client.get("/account/shared", headers=headers)).status == 200


async def test_the_choice_counts_at_once_and_after_a_restart(tmp_path: Path) -> None:
    """The first user who chooses homes has one, and keeps it without a setting."""
    async with running_cloud(tmp_path) as cloud:
        assert await _shown(cloud) == (True, "common")
        assert await _registered(cloud, spaces="personal") == 200
        assert await _shown(cloud) == (False, "personal")
        assert await _can_share(cloud)
    async with running_cloud(tmp_path) as cloud:
        assert await _shown(cloud) == (False, "personal")
        assert await _can_share(cloud)


async def test_without_a_choice_there_is_one_tree(tmp_path: Path) -> None:
    """Who registers as ever gets what there was ever; a later user decides nothing."""
    async with running_cloud(tmp_path) as cloud:
        assert await _registered(cloud) == 200
        token = await cloud.token()
        bob = {"username": "bob", "adminToken": token, "spaces": "personal"}
        assert await _registered(cloud, **bob) == 200
        assert await _shown(cloud) == (False, "common")
        assert not await _can_share(cloud)


async def test_the_setting_decides(tmp_path: Path) -> None:
    """What the operator has set is not asked about, and not changed by an answer."""
    async with running_cloud(tmp_path, spaces="common") as cloud:
        assert await _shown(cloud) == (False, "common")
        assert await _registered(cloud, spaces="personal") == 200
        assert not await _can_share(cloud)


async def test_a_wrong_choice_creates_nobody(tmp_path: Path) -> None:
    """An unknown word is refused, and the choice is still open."""
    async with running_cloud(tmp_path) as cloud:
        assert await _registered(cloud, spaces="mine") == 400
        assert (await _shown(cloud))[0]


@pytest.fixture
async def catalog(tmp_path: Path) -> AsyncIterator[Catalog]:
    """An empty catalog."""
    async with SqliteCatalog.open(tmp_path / "catalog.sqlite3") as opened:
        yield opened


async def test_every_manager_of_a_catalog_follows(catalog: Catalog) -> None:
    """A manager that started before the choice reads it when it sees the first user."""
    first, second = Spaces(catalog, None), Spaces(catalog, None)
    told: list[str] = []
    second.when_personal(lambda: told.append("personal"))
    await first.start()
    await second.start()
    await first.choose(SpacesMode.PERSONAL)
    assert second.is_undecided
    user = await catalog.create_first_user("alice", "hash")
    view = await second.view_of(user)
    assert (view.is_personal, second.mode, told) == (True, SpacesMode.PERSONAL, ["personal"])
    await second.choose(SpacesMode.COMMON)
    assert second.is_personal


async def test_a_folder_of_that_name_is_no_common_space(catalog: Catalog) -> None:
    """In one tree for all anybody may call a folder so; it stays one tree."""
    await catalog.make_folders((COMMON_FOLDER,))
    spaces = Spaces(catalog, None)
    await spaces.start()
    assert (spaces.is_undecided, spaces.mode) == (False, SpacesMode.COMMON)
