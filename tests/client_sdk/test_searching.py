"""Searching, at a manager that runs."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from client_sdk import Client, FileInfo, FolderInfo, SearchMatch
from client_sdk.errors import NotFound, Refused


async def _names(cloud: Client, text: str = "", **conditions: object) -> list[str]:
    return [each.entry.name async for each in cloud.search(text, folder="/search", **conditions)]  # type: ignore[arg-type]


@pytest.fixture
async def filled(alice: Client) -> Client:
    """A folder with some files, and one who has made them."""
    if not await alice.is_folder("/search"):
        for name in ("Plan", "plans/the plan", "plans/other"):
            await alice.upload(name.encode(), f"/search/{name}")
    return alice


async def test_files_and_folders_are_found(filled: Client) -> None:
    """As listings have them, with why, the best matches first."""
    found = [each async for each in filled.search("PLAN", folder="/search/")]
    assert [(each.match, each.entry.path) for each in found] == [
        (SearchMatch.NAME, "/search/Plan"),
        (SearchMatch.PREFIX, "/search/plans"),
        (SearchMatch.PART, "/search/plans/the plan"),
    ]
    assert isinstance(found[0].entry, FileInfo)
    assert isinstance(found[1].entry, FolderInfo)
    assert found[0].entry == await filled.find_file("/search/Plan")


async def test_conditions_hold_together(filled: Client) -> None:
    """Kind, size, time, type and owner."""
    soon = datetime.now(UTC) + timedelta(days=1)
    assert await _names(filled, kind="folder") == ["plans"]
    assert await _names(filled, kind="file", max_size=4) == ["Plan"]
    assert await _names(filled, min_size=12) == ["the plan"]
    assert await _names(filled, changed_from=soon) == []
    assert len(await _names(filled, changed_before=soon.replace(tzinfo=None))) == 4
    assert await _names(filled, types=["VIDEO/*"]) == []
    assert len(await _names(filled, owner="alice")) == 3


async def test_searches_at_the_same_time_do_not_overtake_each_other(filled: Client) -> None:
    """All of them find what they look for."""
    found = await asyncio.gather(*(_names(filled, "other") for _ in range(5)))
    assert found == [["other"]] * 5


async def test_what_is_wrong_is_said(filled: Client) -> None:
    """A user that is none, a folder that is none, and a search that is too long."""
    with pytest.raises(NotFound, match="no such user"):
        await _names(filled, owner="nobody")
    with pytest.raises(Refused, match="no such folder"):
        await anext(filled.search("x", folder="/search/none"))
    with pytest.raises(Refused, match="at most 8 words"):
        await _names(filled, "a b c d e f g h i")
