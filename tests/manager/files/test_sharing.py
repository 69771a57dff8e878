"""Shares and owners through packets."""

from typing import Any

import pytest

from catalog.records import Share
from tests.manager.frontend import Frontend


async def shares(world, file) -> list[tuple[int, bool]]:
    """Who has a share, and may write."""
    return [(share.user_id, share.can_write) for share in await world.catalog.shares_of(file.id)]


async def ownerships(*frontends: Frontend) -> list[dict[str, Any]]:
    """What the only news of each said that the file is to them."""
    found = []
    for frontend in frontends:
        (change,) = await frontend.news()
        assert (change["id"], change["action"]) == ("s2c:file-modify", "modify")
        found.append(change["handle"]["ownership"])
    return found


async def test_share_is_added_changed_and_removed(world, alice, bob, cid):
    """Each step is told to everybody: the user concerned sees the share, others what they saw."""
    file = await world.put("/a/f")
    share = {"path": "/a", "name": "f", "target_user": bob.user.id}
    await alice.order("c2s:file-share", **share)
    assert await shares(world, file) == [(bob.user.id, False)]
    owned, shared, restricted = await ownerships(alice, bob, cid)
    assert (owned, restricted) == ({"status": "owned"}, {"status": "restricted"})
    assert shared["status"] == "shared"
    told = shared["share"]
    assert (told["can_write"], told["file"], told["user"]) == (False, file.id, bob.user.id)
    await alice.order("c2s:file-share", **share, can_write=True)
    assert await shares(world, file) == [(bob.user.id, True)]
    _, shared, _ = await ownerships(alice, bob, cid)
    assert shared["share"] == {**told, "can_write": True}
    await alice.order("c2s:file-share", **share, is_deleting=True)
    assert await shares(world, file) == []
    assert [each["status"] for each in await ownerships(alice, bob, cid)] == [
        "owned",
        "restricted",
        "restricted",
    ]


@pytest.mark.parametrize("user", ["alice", "bob"])
async def test_share_of_nothing_is_not_removed(world, alice, bob, user):
    """Taking away a share that is not there is refused."""
    await world.put("/f")
    target = {"alice": alice, "bob": bob}[user].user.id
    reason = await alice.refusal(
        "c2s:file-share", path="/", name="f", target_user=target, is_deleting=True
    )
    assert reason == "this file is not shared with this user"
    assert await bob.news() == []


async def test_share_with_oneself(world, alice):
    """The owner needs no share."""
    file = await world.put("/f")
    reason = await alice.refusal(
        "c2s:file-share", path="/", name="f", target_user=alice.user.id, can_write=False
    )
    assert reason == "the file belongs to this user"
    assert await shares(world, file) == []


async def test_transfer(world, alice, bob, cid):
    """The new owner owns it and needs no share; the other shares stay; the giver keeps nothing."""
    file = await world.put("/a/f", bob="r", cid="rw")
    await alice.order("c2s:transfer-ownership", file_id=file.id, target_user_id=bob.user.id)
    assert await shares(world, file) == [(cid.user.id, True)]
    assert [each["status"] for each in await ownerships(alice, bob, cid)] == [
        "restricted",
        "owned",
        "shared",
    ]


async def test_transfer_with_all_options(world, alice, bob, cid):
    """Shares are deleted on demand, and the giver keeps reading and writing on demand."""
    file = await world.put("/a/f", cid="rw")
    await alice.order(
        "c2s:transfer-ownership",
        file_id=file.id,
        target_user_id=bob.user.id,
        delete_file_shares=True,
        create_share_for_current_owner=True,
    )
    assert await shares(world, file) == [(alice.user.id, True)]
    assert [each["status"] for each in await ownerships(alice, bob, cid)] == [
        "shared",
        "owned",
        "restricted",
    ]


async def test_transfer_of_a_public_file(world, alice, bob):
    """A public file stays public when its owner changes."""
    file = await world.put("/f", is_public=True)
    await alice.order("c2s:transfer-ownership", file_id=file.id, target_user_id=bob.user.id)
    assert [each["status"] for each in await ownerships(alice, bob)] == ["public", "owned"]


async def test_taking_a_file_of_nobody(world, alice, bob):
    """A user can take a file without an owner; then it belongs to that user alone."""
    file = await world.put("/f", owner=None)
    await bob.order(
        "c2s:transfer-ownership",
        file_id=file.id,
        target_user_id=bob.user.id,
        create_share_for_current_owner=True,
    )
    assert await shares(world, file) == []
    assert [each["status"] for each in await ownerships(alice, bob)] == ["restricted", "owned"]


async def test_transfer_to_the_owner(world, alice):
    """A file that is the user's already cannot be given to the user."""
    file = await world.put("/f", bob="r")
    before = await world.everything()
    reason = await alice.refusal(
        "c2s:transfer-ownership",
        file_id=file.id,
        target_user_id=alice.user.id,
        delete_file_shares=True,
    )
    assert reason == "the file belongs to this user already"
    assert await world.everything() == before


async def test_unknown_users(world, alice, bob):
    """Nobody can be given anything who does not exist, and nothing changes."""
    file = await world.put("/f", bob="r")
    before = await world.everything()
    for packet_id, data in (
        ("c2s:file-share", {"path": "/", "name": "f", "target_user": 99}),
        ("c2s:file-share", {"path": "/", "name": "f", "target_user": -1}),
        (
            "c2s:transfer-ownership",
            {"file_id": file.id, "target_user_id": 99, "delete_file_shares": True},
        ),
    ):
        assert await alice.refusal(packet_id, **data) == "there is no such user"
    assert await world.everything() == before
    assert await bob.news() == []


@pytest.mark.parametrize(
    ("packet_id", "data"),
    [
        ("c2s:file-share", {"path": "/", "name": "lost", "target_user": 1}),
        ("c2s:file-share", {"path": "/lost", "name": "f", "target_user": 1}),
        ("c2s:transfer-ownership", {"file_id": 99, "target_user_id": 1}),
        ("c2s:thumbnail-request", {"id": 99}),
    ],
)
async def test_files_that_do_not_exist(world, alice, packet_id, data):
    """A file that is not there is said not to be there."""
    await world.put("/f")
    assert await alice.refusal(packet_id, **data) == "there is no such file"


@pytest.mark.parametrize(
    ("packet_id", "data", "field"),
    [
        ("c2s:file-share", {"path": "/", "name": "f", "target_user": "bob"}, "target_user"),
        ("c2s:file-share", {"path": "/", "name": "f"}, "target_user"),
        (
            "c2s:file-share",
            {"path": "/", "name": "f", "target_user": 1, "can_write": 1},
            "can_write",
        ),
        ("c2s:transfer-ownership", {"file_id": 1}, "target_user_id"),
        ("c2s:transfer-ownership", {"file_id": "1", "target_user_id": 1}, "file_id"),
        ("c2s:signed-download-request", {"file_id": None}, "file_id"),
        ("c2s:thumbnail-request", {"file_id": 1}, "file_id"),
        ("c2s:user-search-request", {"query": ""}, "query"),
        ("c2s:user-search-request", {"query": "a%"}, "query"),
    ],
)
async def test_bad_input(world, alice, packet_id, data, field):
    """A field that breaks a rule is named, and nothing changes."""
    await world.put("/f", bob="r")
    before = await world.everything()
    assert f"data.{field}" in await alice.refusal(packet_id, **data)
    assert await world.everything() == before


async def test_a_share_can_be_used_at_once(world, alice, bob):
    """What was shared for writing can be renamed by the other user, until it is taken back."""
    file = await world.put("/f")
    share = {"path": "/", "name": "f", "target_user": bob.user.id, "can_write": True}
    rename = {"path": "/", "name": "f", "target_name": "g"}
    assert "no right to rename" in await bob.refusal("c2s:rename-file", **rename)
    await alice.order("c2s:file-share", **share)
    await bob.order("c2s:rename-file", **rename)
    await alice.order("c2s:file-share", **{**share, "name": "g"}, is_deleting=True)
    back = {"path": "/", "name": "g", "target_name": "f"}
    assert "no right to rename" in await bob.refusal("c2s:rename-file", **back)
    (entry,) = (await world.everything()).values()
    assert entry[0].id == file.id
    assert entry[1] == list[Share]()
