"""Renaming, moving and deleting files through packets."""

from typing import Any

import pytest


def statuses(*news: list[dict[str, Any]]) -> list[str]:
    """Whom a change was told to how: the ownership status in each one's only news."""
    for heard in news:
        assert len(heard) == 1, heard
    return [heard[0]["handle"]["ownership"]["status"] for heard in news]


async def test_rename(world, alice, bob, cid):
    """A renamed file keeps its id; everybody hears of it with what the file is to them."""
    file = await world.put("/a/f.txt", bob="r")
    message = await alice.order("c2s:rename-file", path="/a", name="f.txt", target_name="g.txt")
    assert message is None
    assert await world.paths() == ["/a/g.txt"]
    news = [await each.news() for each in (alice, bob, cid)]
    assert statuses(*news) == ["owned", "shared", "restricted"]
    for (change,) in news:
        assert (change["id"], change["action"], change["path"]) == (
            "s2c:file-modify",
            "modify",
            "/a",
        )
        assert (change["handle"]["id"], change["handle"]["name"]) == (file.id, "g.txt")


async def test_rename_onto_a_taken_name(world, alice):
    """A taken name is numbered, and the answer says which name it became."""
    await world.put("/f.txt")
    await world.put("/f (1).txt")
    await world.put("/g")
    message = await alice.order("c2s:rename-file", path="/", name="g", target_name="f.txt")
    assert message == "the name was taken, so it is called f (2).txt"
    assert await world.paths() == ["/f (1).txt", "/f (2).txt", "/f.txt"]


async def test_rename_to_its_own_name(world, alice):
    """A file's own name is not taken for it."""
    await world.put("/f")
    assert await alice.order("c2s:rename-file", path="/", name="f", target_name="f") is None
    assert await world.paths() == ["/f"]


async def test_move(world, alice, bob, cid):
    """Moved files are deleted in the old folder and added in the new one, for everybody."""
    first = await world.put("/a/1", bob="rw")
    second = await world.put("/a/2", is_public=True)
    target_id = await world.folder_id("/a")
    await world.put("/b/2")
    source_id, target_id = target_id, await world.folder_id("/b")
    message = await alice.order(
        "c2s:move-files", source_id=source_id, target_id=target_id, files=["1", "2"]
    )
    assert message == "names were taken, so 2 is called 2 (1)"
    assert await world.paths() == ["/b/1", "/b/2", "/b/2 (1)"]
    for frontend, expected in (
        (alice, ("owned", "owned")),
        (bob, ("shared", "public")),
        (cid, ("restricted", "public")),
    ):
        heard = [
            (
                change["action"],
                change["path"],
                change["handle"]["id"],
                change["handle"]["name"],
                change["handle"]["ownership"]["status"],
            )
            for change in await frontend.news()
        ]
        assert heard == [
            ("delete", "/a", first.id, "1", expected[0]),
            ("add", "/b", first.id, "1", expected[0]),
            ("delete", "/a", second.id, "2", expected[1]),
            ("add", "/b", second.id, "2 (1)", expected[1]),
        ]


async def test_move_from_and_to_the_root(world, alice):
    """A folder id that is left out, null or 0 is the root."""
    await world.put("/a/1")
    folder_id = await world.folder_id("/a")
    await alice.order("c2s:move-files", source_id=folder_id, files=["1"])
    assert await world.paths() == ["/1"]
    await alice.order("c2s:move-files", target_id=folder_id, files=["1"])
    assert await world.paths() == ["/a/1"]
    await alice.order("c2s:move-files", source_id=folder_id, target_id=None, files=["1"])
    await alice.order("c2s:move-files", source_id=0, target_id=folder_id, files=["1", "1"])
    assert await world.paths() == ["/a/1"]


async def test_move_says_which_files_were_in_the_way(world, alice, bob):
    """One file that cannot be moved holds all of them; the answer names each, and why."""
    await world.put("/a/mine", owner="bob")
    await world.put("/a/alien")
    await world.put("/a/readable", bob="r")
    source_id = await world.folder_id("/a")
    before = await world.everything()
    files = ["mine", "lost", "alien", "readable", "gone"]
    reason = await bob.refusal("c2s:move-files", source_id=source_id, files=files)
    assert reason == (
        "nothing was moved: there is no file lost, gone; you have no right to move alien, readable"
    )
    assert await world.everything() == before
    assert await alice.news() == []


async def test_a_long_list_of_missing_files_is_counted(alice):
    """The answer stays readable however many names were sent."""
    names = [f"{number}.txt" for number in range(500)]
    folder = "c2s:create-folder"
    await alice.order(folder, path="/a")
    status = await alice.get("c2s:folder-status-request", "s2c:folder-status", path="/a")
    reason = await alice.refusal("c2s:move-files", target_id=status["folder_id"], files=names)
    assert reason == (
        "nothing was moved: there is no file 0.txt, 1.txt, 2.txt, 3.txt, 4.txt and 495 more"
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"source_id": 99}, "source_id: there is no such folder"),
        ({"target_id": 99}, "target_id: there is no such folder"),
        ({}, "target_id: the files are in this folder already"),
        ({"source_id": 0, "target_id": None}, "target_id: the files are in this folder already"),
    ],
)
async def test_move_between_impossible_folders(world, alice, data, reason):
    """Folders that do not exist, or are one and the same, are refused."""
    await world.put("/f")
    before = await world.everything()
    assert await alice.refusal("c2s:move-files", files=["f"], **data) == reason
    assert await world.everything() == before


async def test_delete(world, alice, bob, cid):
    """A deleted file is gone; everybody hears what it was to them."""
    file = await world.put("/a/f", bob="rw")
    await bob.order("c2s:delete-file", folder_id=file.folder_id, name="f")
    assert await world.paths() == []
    news = [await each.news() for each in (alice, bob, cid)]
    assert statuses(*news) == ["owned", "shared", "restricted"]
    for (change,) in news:
        assert (change["action"], change["path"]) == ("delete", "/a")
        assert change["handle"]["id"] == file.id


@pytest.mark.parametrize("data", [{}, {"folder_id": 0}, {"folder_id": None}])
async def test_delete_in_the_root(world, alice, data):
    """A folder id that is left out, null or 0 is the root."""
    await world.put("/f")
    await alice.order("c2s:delete-file", name="f", **data)
    assert await world.paths() == []


@pytest.mark.parametrize(
    ("packet_id", "data"),
    [
        ("c2s:rename-file", {"path": "/a", "name": "lost", "target_name": "x"}),
        ("c2s:rename-file", {"path": "/lost", "name": "f", "target_name": "x"}),
        ("c2s:delete-file", {"folder_id": 0, "name": "f"}),
        ("c2s:delete-file", {"folder_id": 99, "name": "f"}),
        ("c2s:delete-file", {"folder_id": -1, "name": "f"}),
    ],
)
async def test_files_that_do_not_exist(world, alice, packet_id, data):
    """A file that is not there is said not to be there, and nothing changes."""
    await world.put("/a/f")
    before = await world.everything()
    assert await alice.refusal(packet_id, **data) == "there is no such file"
    assert await world.everything() == before


@pytest.mark.parametrize(
    ("packet_id", "data", "field"),
    [
        ("c2s:rename-file", {"path": "/", "name": "f", "target_name": "a/b"}, "target_name"),
        ("c2s:rename-file", {"path": "/", "name": "f", "target_name": ".."}, "target_name"),
        ("c2s:rename-file", {"path": "a", "name": "f", "target_name": "x"}, "path"),
        ("c2s:rename-file", {"path": "/", "target_name": "x"}, "name"),
        ("c2s:move-files", {"files": []}, "files"),
        ("c2s:move-files", {"files": ["a/b"]}, "files"),
        ("c2s:move-files", {"source_id": "1", "files": ["f"]}, "source_id"),
        ("c2s:delete-file", {"folder_id": 1.5, "name": "f"}, "folder_id"),
        ("c2s:delete-file", {"folder_id": 0}, "name"),
        ("c2s:delete-file", {"folder_id": 0, "name": "f", "force": True}, "force"),
    ],
)
async def test_bad_input(world, alice, packet_id, data, field):
    """A field that breaks a rule is named, and nothing changes."""
    await world.put("/f")
    before = await world.everything()
    assert f"data.{field}" in await alice.refusal(packet_id, **data)
    assert await world.everything() == before
