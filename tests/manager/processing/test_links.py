"""Signed links, thumbnails and the search for users, through packets."""

import pytest

from common.key_derivation import Purpose
from manager.app_keys import SIGNED_LINKS
from manager.downloads.links import SignedLinks
from manager.errors import InvalidLink, NoSuchFile
from tests.manager.signing.rings import signer_of

MAX_USERS = 100


async def link(frontend, file) -> str | None:
    """The payload of a link to a file."""
    answer = await frontend.get(
        "c2s:signed-download-request", "s2c:signed-download", file_id=file.id
    )
    payload: str | None = answer.get("payload")
    return payload


async def test_a_link_stands_for_the_file(world, alice):
    """A link leads to its file, also after the file was renamed and moved."""
    file = await world.put("/a/f")
    payload = await link(alice, file)
    links = world.stage.app[SIGNED_LINKS]
    assert payload is not None
    assert await links.find(payload, world.catalog) == file
    await alice.order("c2s:rename-file", path="/a", name="f", target_name="g")
    await alice.order("c2s:move-files", source_id=file.folder_id, files=["g"])
    assert (await links.find(payload, world.catalog)).id == file.id


async def test_a_link_dies_with_the_content(world, alice):
    """New content kills old links; a new link stands for the new content; deleting kills all."""
    file = await world.put("/f")
    links = world.stage.app[SIGNED_LINKS]
    old = await link(alice, file)
    assert old is not None
    await world.put("/f", overwriting=file)
    with pytest.raises(NoSuchFile):
        await links.find(old, world.catalog)
    new = await link(alice, file)
    assert new is not None
    assert (await links.find(new, world.catalog)).id == file.id
    await alice.order("c2s:delete-file", name="f")
    with pytest.raises(NoSuchFile):
        await links.find(new, world.catalog)


async def test_a_link_of_another_cloud(world, alice):
    """A link that another manager's keys have signed is not valid."""
    payload = await link(alice, await world.put("/f"))
    assert payload is not None
    links = SignedLinks(signer_of(b"another secret", Purpose.SIGNED_DOWNLOADS))
    with pytest.raises(InvalidLink):
        await links.find(payload, world.catalog)


async def test_no_link_to_what_the_user_cannot_read(world, alice, bob):
    """Without the right to read, and for files that do not exist, there is no payload."""
    file = await world.put("/f")
    assert await link(bob, file) is None
    await world.catalog.delete_file(file.id)
    assert await link(alice, file) is None


async def test_there_are_no_thumbnails(world, alice):
    """Without a processing service the answer says that there is none."""
    file = await world.put("/f.png")
    reason = await alice.refusal("c2s:thumbnail-request", id=file.id)
    assert reason == "this file has no thumbnail"


async def test_users_are_found_by_a_part_of_their_names(world, alice, bob, cid):
    """Case does not matter; names that start with the query come first; nobody is no error."""
    await world.user("Bobby")
    await world.user("abobo")
    found = await alice.get("c2s:user-search-request", "s2c:user-search", query="BOB")
    assert found["success"]
    assert [user["name"] for user in found["results"]] == ["bob", "Bobby", "abobo"]
    assert found["results"][0] == {"id": bob.user.id, "name": "bob"}
    nobody = await alice.get("c2s:user-search-request", "s2c:user-search", query="zzz")
    assert nobody == {"success": True, "results": []}


async def test_a_search_ends_after_a_hundred_users(world, alice):
    """However many there are, at most a hundred are told."""
    for number in range(MAX_USERS + 5):
        await world.catalog.create_user(f"user{number}", "hash")
    found = await alice.get("c2s:user-search-request", "s2c:user-search", query="user")
    assert len(found["results"]) == MAX_USERS
