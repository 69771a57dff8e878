"""The Python client shares folders and manages groups at a manager whose users have homes."""

import pytest

from client_sdk import Client
from client_sdk.errors import Forbidden, NotFound, Refused


async def test_folders_are_shared_listed_left_and_given(cloud, alice, bob):
    """With a user and with a group, by their names."""
    await cloud.catalog.set_role(alice.user.id, is_admin=True)
    await cloud.put_at("alice", "/a/b/f.txt")
    url, tokens = cloud.stage.url, [await cloud.stage.token(name) for name in ("alice", "bob")]
    async with Client(url, tokens[0]) as owner, Client(url, tokens[1]) as other:
        await owner.share_folder("/a/b", user="bob", right="write")
        (shared,) = await other.shared_with_me()
        assert (shared.path, shared.right) == ("/Shared/b", "write")
        assert (await other.folder_access("/Shared/b")).grants == []
        with pytest.raises(Forbidden):
            await other.share_folder("/Shared/b", user="alice")
        await owner.create_group("family")
        await owner.add_to_group("family", "bob")
        assert await owner.group_members("family") == ["bob"]
        assert [(each.name, each.members) for each in await other.groups()] == [("family", 1)]
        await owner.share_folder("/a/b", group="family")
        grants = (await owner.folder_access("/a/b")).grants
        assert [(each.user, each.group, each.right) for each in grants] == [
            (None, "family", "read"),
            ("bob", None, "write"),
        ]
        await other.leave_folder("/Shared/b")
        assert [each.right for each in await other.shared_with_me()] == ["read"]
        with pytest.raises(Forbidden):
            await other.leave_folder("/Shared/b")
        await owner.remove_from_group("family", "bob")
        assert await other.shared_with_me() == []
        await owner.unshare_folder("/a/b", group="family")
        with pytest.raises(NotFound):
            await owner.unshare_folder("/a/b", group="family")
        await owner.remove_group("family")
        await owner.give_folder("/a/b", "bob")
        assert [each.right for each in await other.shared_with_me()] == ["manage"]
        assert (await owner.folder_access("/a/b")).owner == "bob"


async def test_one_tree_has_no_shared_folders(world):
    """The client says why."""
    async with Client(world.stage.url, await world.stage.token("alice")) as client:
        await client.create_folder("/a")
        with pytest.raises(Refused, match="one tree"):
            await client.share_folder("/a", everybody=True)
