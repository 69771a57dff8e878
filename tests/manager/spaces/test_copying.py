"""Copies where users have homes: who may read the original and write in the target makes them."""

from protocol import c2s
from protocol.extensions import COPY


async def test_what_is_shared_is_copied_into_ones_home(cloud, alice, bob):
    """The copy is the own one; of it the other one hears nothing."""
    await cloud.put_at("alice", "/a/b/f")
    await cloud.put_at("alice", "/a/c/g")
    await cloud.share("alice", "/a", "read", user="bob")
    copier = await cloud.stage.client("bob", extensions=[COPY])
    await alice.news()
    for packet in (
        c2s.CopyFolder(path="/Shared/a", target_path="/"),
        c2s.CopyFiles(path="/Shared/a/b", target_path="/a/c", files=("f",)),
    ):
        assert (await copier.order(packet)).success
    home = await cloud.home_of("bob")
    found = [path for path in await cloud.paths() if path.startswith(home)]
    assert found == [f"{home}/a/b/f", f"{home}/a/c/f", f"{home}/a/c/g"]
    assert await alice.news() == []
    refusal = c2s.CopyFolder(path="/a/b", target_path="/Shared/a")
    assert not (await copier.order(refusal)).success


async def test_what_is_not_shared_is_not_there(cloud, alice, bob):
    """Neither for copying, nor to copy into; a single file that is shared is copied."""
    file = await cloud.put_at("alice", "/a/f")
    await cloud.put_at("alice", "/a/hidden")
    await cloud.catalog.put_share(file.id, bob.user.id, can_write=False)
    copier = await cloud.stage.client("bob", extensions=[COPY])
    for packet in (
        c2s.CopyFolder(path="/a", target_path="/Common"),
        c2s.CopyFiles(path="/a", target_path="/", files=("hidden",)),
        c2s.CopyFiles(path="/Shared", target_path="/", files=("hidden",)),
    ):
        assert "there is no such" in await copier.refusal(packet)
    before = await cloud.paths()
    packet = c2s.CopyFiles(path="/Shared", target_path="/", files=("f",))
    assert (await copier.order(packet)).success
    assert set(await cloud.paths()) - set(before) == {f"{await cloud.home_of('bob')}/f"}
