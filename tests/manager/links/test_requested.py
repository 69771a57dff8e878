"""Links that are asked for with the packet of the base protocol."""

import pytest

from discord_emulator.testing import VirtualClock
from manager.app_keys import LINKS
from manager.errors import InvalidLink, LinkExpired, LinkLimitReached, NoSuchFile


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
    links = world.stage.app[LINKS]
    assert payload is not None
    assert (await links.find(payload)).file == file
    await alice.order("c2s:rename-file", path="/a", name="f", target_name="g")
    await alice.order("c2s:move-files", source_id=file.folder_id, files=["g"])
    assert (await links.find(payload)).file.id == file.id


async def test_a_link_dies_with_the_content(world, alice):
    """New content kills old links; a new link stands for the new content; deleting kills all."""
    file = await world.put("/f")
    links = world.stage.app[LINKS]
    old = await link(alice, file)
    assert old is not None
    await world.put("/f", overwriting=file)
    with pytest.raises(NoSuchFile):
        await links.find(old)
    new = await link(alice, file)
    assert new is not None
    assert (await links.find(new)).file.id == file.id
    await alice.order("c2s:delete-file", name="f")
    with pytest.raises(NoSuchFile):
        await links.find(new)


async def test_a_copy_of_the_database_opens_nothing(world, alice):
    """What the catalog has of a link is neither what opens it, nor can be read without the master key."""
    payload = await link(alice, await world.put("/f"))
    [placed] = await world.catalog.links_of(alice.user.id, file_id=None, after=None, limit=9)
    assert payload is not None
    assert payload.encode() not in placed.link.sealed_token
    with pytest.raises(InvalidLink):
        await world.stage.app[LINKS].find(placed.link.token_hash.hex())


async def test_only_who_may_share_gets_a_link(world, alice, bob):
    """A right to read or to write is not enough; of files that do not exist there is none either."""
    files = [await world.put("/a"), await world.put("/b", bob="r"), await world.put("/c", bob="rw")]
    for file in (*files, await world.put("/d", is_public=True)):
        assert await link(bob, file) is None
    assert await link(bob, await world.put("/free", owner=None)) is not None
    file = await world.put("/f")
    await world.catalog.delete_file(file.id)
    assert await link(alice, file) is None


async def test_asking_again_gives_the_same_link(world, alice):
    """However often: one row. Another file, or a link that was changed, has another one."""
    file = await world.put("/f")
    payloads = {await link(alice, file) for _ in range(3)}
    assert len(payloads) == 1
    [placed] = await world.catalog.links_of(alice.user.id, file_id=None, after=None, limit=9)
    assert placed.link.expires_at is not None
    await world.catalog.change_link(placed.link.id, {"label": "for Bob"})
    assert await link(alice, file) not in payloads


async def test_a_requested_link_expires(tmp_path, running_cloud, content):
    """After the configured time, unless it was asked for again."""
    clock = VirtualClock(1_800_000_000.0)
    async with running_cloud(tmp_path, clock=clock, link_life_s=1000) as cloud:
        await cloud.token()
        file, links = await cloud.store("/f", content), cloud.app[LINKS]
        alice = await cloud.catalog.user_by_name("alice")
        payload = await links.requested(alice, file)
        clock.advance(999)
        assert await links.requested(alice, file) == payload
        clock.advance(999)
        assert (await links.find(payload)).file == file
        clock.advance(1)
        with pytest.raises(LinkExpired):
            await links.find(payload)
        assert await links.requested(alice, file) != payload


async def test_there_is_no_link_too_many(tmp_path, running_cloud, content):
    """A user who has as many as one may is refused, like one without the right."""
    async with running_cloud(tmp_path, user_links=1) as cloud:
        await cloud.token()
        alice = await cloud.catalog.user_by_name("alice")
        links = cloud.app[LINKS]
        await links.requested(alice, await cloud.store("/f", content))
        with pytest.raises(LinkLimitReached):
            await links.requested(alice, await cloud.store("/g", content))
