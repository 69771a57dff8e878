"""Starring, at a manager that runs."""

import pytest

from client_sdk import Client
from client_sdk.errors import NotFound, Refused


async def test_what_is_starred_is_listed_until_that_is_taken_back(alice: Client) -> None:
    """Files and folders as listings have them, the last first; moved ones where they are now."""
    await alice.upload(b"a", "/stars/a")
    await alice.make_folders("/stars/b")
    for path in ("/stars/b", "/stars/a", "/stars/a"):
        await alice.star(path)
    await alice.move("/stars/a", "/stars/b/a")
    folder = next(each for each in [each async for each in alice.list("/stars")])
    file = await alice.find_file("/stars/b/a")
    assert [each async for each in alice.starred()] == [file, folder]
    await alice.unstar("/stars/b/a")
    await alice.unstar("/stars/b/")
    assert [each async for each in alice.starred()] == []


async def test_what_is_not_there_and_the_root_are_not_starred(alice: Client) -> None:
    """They say why."""
    with pytest.raises(NotFound, match="no such file or folder"):
        await alice.star("/stars/missing")
    with pytest.raises(Refused, match="cannot be starred"):
        await alice.star("/")
