"""Renaming and deleting folders through packets."""

import pytest

from catalog.records import ObjectState
from protocol.values import NamePolicy
from tests.manager.sockets.stage import running_stage
from tests.manager.world import World

TEN = "/" + "/".join("abcdefghij")


async def test_rename(world, alice, bob):
    """A renamed folder keeps what is in it, whosever that is; everybody hears the old name."""
    await world.put("/a/b/f")
    folder_id, parent_id = await world.folder_id("/a/b"), await world.folder_id("/a")
    assert await bob.order("c2s:rename-folder", path="/a/b", target_name="c") is None
    assert await world.paths() == ["/a/c/f"]
    for frontend in (alice, bob):
        assert await frontend.news() == [
            {
                "id": "s2c:folder-modify",
                "path": "/a/c",
                "handle": {"id": folder_id, "name": "c", "parent_folder": parent_id},
                "action": "rename",
                "rename_origin": "b",
            }
        ]


async def test_rename_onto_a_taken_name(world, alice):
    """A taken name is numbered at its end, and the answer says which name it became."""
    for path in ("/v1.2", "/v1.2 (1)", "/x"):
        await alice.order("c2s:create-folder", path=path)
    message = await alice.order("c2s:rename-folder", path="/x", target_name="v1.2")
    assert message == "the name was taken, so it is called v1.2 (2)"
    assert set(await world.everything()) == {"/v1.2/", "/v1.2 (1)/", "/v1.2 (2)/"}


async def test_a_file_in_the_way(world, alice):
    """A folder is not made where a file stands, nor below one; the file is named, and nothing changes."""
    await world.put("/a/f")
    for path in ("/a/f", "/a/f/deep"):
        reason = await alice.refusal("c2s:create-folder", path=path)
        assert reason == "/a/f is a file, so that no folder can have this name"
    reason = await alice.refusal("c2s:empty-file-upload", path="/a/f", name="x")
    assert reason == "/a/f is a file, so that no folder can have this name"
    assert set(await world.everything()) == {"/a/", "/a/f"}


async def test_a_folder_in_the_way(world, alice):
    """An empty file does not get the name of a folder."""
    await alice.order("c2s:create-folder", path="/a/d")
    reason = await alice.refusal("c2s:empty-file-upload", path="/a", name="d")
    assert reason == "/a/d is a folder, so that no file can have this name"
    assert set(await world.everything()) == {"/a/", "/a/d/"}


async def test_files_and_folders_number_each_other(world, alice):
    """Renamed and moved, they meet what else is there, of whichever kind, and say so."""
    await world.put("/a/f.txt")
    await world.put("/x/d")
    for path in ("/a/d", "/g"):
        await alice.order("c2s:create-folder", path=path)
    message = await alice.order("c2s:rename-file", path="/a", name="f.txt", target_name="d")
    assert message == "the name was taken, so it is called d (1)"
    message = await alice.order("c2s:rename-folder", path="/g", target_name="x")
    assert message == "the name was taken, so it is called x (1)"
    source, target = await world.folder_id("/x"), await world.folder_id("/a")
    message = await alice.order("c2s:move-files", source_id=source, target_id=target, files=["d"])
    assert message == "names were taken, so d is called d (2)"
    expected = {"/a/", "/a/d/", "/a/d (1)", "/a/d (2)", "/x/", "/x (1)/"}
    assert set(await world.everything()) == expected


async def test_rename_to_its_own_name(world, alice):
    """A folder that keeps its name is no news."""
    await alice.order("c2s:create-folder", path="/a")
    await alice.news()
    assert await alice.order("c2s:rename-folder", path="/a", target_name="a") is None
    assert await alice.news() == []


async def test_delete(world, alice, bob):
    """A folder goes with everything in it, its content too; everybody hears of the folder alone."""
    file = await world.put("/a/b/c/f", bob="rw")
    await world.catalog.release(file.object_id, service="test", key="t")
    await world.put("/a/g", owner=None)
    await world.put("/kept")
    folder_id = await world.folder_id("/a")
    await bob.order("c2s:delete-folder", folder_id=folder_id)
    assert await world.paths() == ["/kept"]
    for frontend in (alice, bob):
        assert await frontend.news() == [
            {
                "id": "s2c:folder-modify",
                "path": "/a",
                "handle": {"id": folder_id, "name": "a", "parent_folder": None},
                "action": "delete",
            }
        ]


async def test_delete_with_files_of_others(world, alice, bob):
    """One file that is not the user's to delete keeps the whole folder; the answer counts them."""
    await world.put("/a/mine", owner="bob")
    await world.put("/a/b/readable", bob="r")
    folder_id = await world.folder_id("/a")
    before = await world.everything()
    assert await bob.refusal("c2s:delete-folder", folder_id=folder_id) == (
        "nothing was deleted: 1 of the 2 files in this folder is not yours to delete"
    )
    await world.put("/a/b/alien")
    assert await bob.refusal("c2s:delete-folder", folder_id=folder_id) == (
        "nothing was deleted: 2 of the 3 files in this folder are not yours to delete"
    )
    inner = await world.folder_id("/a/b")
    await world.catalog.delete_file(before["/a/b/readable"][0].id)
    assert await bob.refusal("c2s:delete-folder", folder_id=inner) == (
        "nothing was deleted: 1 of the 1 file in this folder is not yours to delete"
    )
    assert await world.paths() == ["/a/b/alien", "/a/mine"]
    assert await alice.news() == []


async def test_the_root_stays(world, alice):
    """The root can neither be renamed nor deleted."""
    await world.put("/f")
    before = await world.everything()
    assert "root" in await alice.refusal("c2s:rename-folder", path="/", target_name="x")
    assert "root" in await alice.refusal("c2s:delete-folder", folder_id=0)
    assert await world.everything() == before


@pytest.mark.parametrize(
    ("packet_id", "data"),
    [
        ("c2s:rename-folder", {"path": "/lost", "target_name": "x"}),
        ("c2s:rename-folder", {"path": "/a/f", "target_name": "x"}),
        ("c2s:delete-folder", {"folder_id": 99}),
        ("c2s:delete-folder", {"folder_id": -1}),
    ],
)
async def test_folders_that_do_not_exist(world, alice, packet_id, data):
    """A folder that is not there is said not to be there, and nothing changes."""
    await world.put("/a/f")
    before = await world.everything()
    assert await alice.refusal(packet_id, **data) == "there is no such folder"
    assert await world.everything() == before


@pytest.mark.parametrize(
    ("packet_id", "data", "field"),
    [
        ("c2s:rename-folder", {"path": "/a", "target_name": "b/c"}, "target_name"),
        ("c2s:rename-folder", {"path": "/a", "target_name": ""}, "target_name"),
        ("c2s:rename-folder", {"path": "a", "target_name": "b"}, "path"),
        ("c2s:rename-folder", {"path": "/a"}, "target_name"),
        ("c2s:delete-folder", {"folder_id": None}, "folder_id"),
        ("c2s:delete-folder", {}, "folder_id"),
        ("c2s:create-folder", {"path": TEN + "/k"}, "path"),
    ],
)
async def test_bad_input(world, alice, packet_id, data, field):
    """A field that breaks a rule is named, and nothing changes."""
    await world.put("/a/f")
    before = await world.everything()
    assert f"data.{field}" in await alice.refusal(packet_id, **data)
    assert await world.everything() == before


async def test_the_deepest_folder(world, alice):
    """Ten names are a path like any other: made, renamed, filled, listed and emptied."""
    await alice.order("c2s:create-folder", path=TEN)
    await alice.order("c2s:rename-folder", path=TEN, target_name="deepest")
    path = TEN[:-1] + "deepest"
    await alice.order("c2s:empty-file-upload", path=path, name="f")
    await alice.order("c2s:move-files", source_id=await world.folder_id(path), files=["f"])
    assert await world.paths() == ["/f"]
    assert {change["path"] for change in await alice.news()} >= {path, "/"}


async def test_names_keep_the_policy_of_the_deployment(tmp_path, world):
    """Where old frontends are served, no new name has characters that they refuse."""
    async with running_stage(tmp_path / "base", name_policy=NamePolicy.BASE) as stage:
        base = World(stage, world.session, world.peers)
        alice = await base.frontend("alice")
        await base.put("/a/f")
        before = await base.everything()
        for packet_id, data in (
            ("c2s:rename-folder", {"path": "/a", "target_name": "日本"}),
            ("c2s:rename-file", {"path": "/a", "name": "f", "target_name": "日本"}),
        ):
            assert "name: must be a name of letters" in await alice.refusal(packet_id, **data)
        assert await base.everything() == before
        await alice.order("c2s:rename-file", path="/a", name="f", target_name="Größe (1)")


async def test_deleted_content_is_collected(world, alice):
    """The content of a deleted folder is garbage at once, and the reaper knows."""
    file = await world.put("/a/f")
    await world.catalog.release(file.object_id, service="test", key="t")
    content = await world.catalog.object_by_id(file.object_id)
    assert content is not None
    assert content.state is ObjectState.STORED
    await alice.order("c2s:delete-folder", folder_id=file.folder_id)
    await world.catalog.collect_objects(limit=9)
    assert await world.catalog.object_by_id(file.object_id) is None
