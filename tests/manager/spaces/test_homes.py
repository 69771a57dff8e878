"""What clients of the base protocol see where users have homes."""

from typing import Any

import pytest

ROOT_LISTING = {"page": 0, "ascending_sort": True}


async def listing(frontend: Any, path: str) -> dict[str, Any]:
    """Entries of a folder by name: folders with their ids, files with their ownership."""
    folders = await frontend.get(
        "c2s:list-request", "s2c:list-folders", path=path, type="subfolders", **ROOT_LISTING
    )
    files = await frontend.get(
        "c2s:list-request", "s2c:list-files", path=path, type="files", **ROOT_LISTING
    )
    assert folders["path"] == files["path"] == path
    assert folders["success"] == files["success"]
    if not folders["success"]:
        return {"": None}
    found = {entry["name"]: entry["id"] for entry in folders["folders"]}
    return found | {entry["name"]: entry["ownership"] for entry in files["files"]}


async def status(frontend: Any, path: str) -> dict[str, Any]:
    """What a folder is said to be."""
    answer: dict[str, Any] = await frontend.get(
        "c2s:folder-status-request", "s2c:folder-status", path=path
    )
    return answer


async def test_the_root_is_the_home(cloud, alice, bob):
    """Each user has an own root with the common space and what is shared beside the own folders."""
    await alice.order("c2s:create-folder", path="/trip")
    await alice.order("c2s:empty-file-upload", path="/trip/day", name="a.txt")
    assert list(await listing(alice, "/")) == ["Common", "Shared", "trip"]
    assert list(await listing(bob, "/")) == ["Common", "Shared"]
    assert list(await listing(alice, "/trip/day")) == ["a.txt"]
    assert await listing(bob, "/trip") == {"": None}
    root = await status(alice, "/")
    assert (root["folder_id"], root["exists"], root["subfolder_count"]) == (None, True, 3)
    assert await cloud.paths() == [f"{await cloud.home_of('alice')}/trip/day/a.txt"]


async def test_handles_are_those_of_the_users_tree(alice):
    """What lies in the root has no parent; ids of handles are those of statuses."""
    await alice.order("c2s:create-folder", path="/a/b")
    folders = await alice.get(
        "c2s:list-request", "s2c:list-folders", path="/", type="subfolders", **ROOT_LISTING
    )
    assert {entry["parent_folder"] for entry in folders["folders"]} == {None}
    for entry in folders["folders"]:
        assert entry["id"] == (await status(alice, f"/{entry['name']}"))["folder_id"]
    size = await alice.get("c2s:folder-size-request", "s2c:folder-size", folder_id=None)
    assert size == {"total_size": 0, "folder_id": None, "types": {}}


async def test_all_write_in_the_common_space(cloud, alice, bob):
    """And everybody learns of it, at the path at which everybody sees it."""
    await bob.news()
    await alice.order("c2s:create-folder", path="/Common/plans")
    await alice.order("c2s:empty-file-upload", path="/Common/plans", name="a.txt")
    (made, added) = await bob.news()
    assert (made["path"], made["action"]) == ("/Common/plans", "add")
    assert made["handle"]["parent_folder"] == (await status(bob, "/Common"))["folder_id"]
    assert (added["path"], added["handle"]["name"]) == ("/Common/plans", "a.txt")
    await bob.order("c2s:rename-file", path="/Common/plans", name="a.txt", target_name="b.txt")
    await bob.order("c2s:rename-folder", path="/Common/plans", target_name="ideas")
    assert list(await listing(alice, "/Common/ideas")) == ["b.txt"]
    (ownership,) = (await listing(bob, "/Common/ideas")).values()
    assert ownership["status"] == "shared"
    assert ownership["can"] == "rw"


async def test_what_is_in_a_home_is_told_to_nobody_else(alice, bob):
    """Neither files nor folders, nor that they go."""
    await bob.news()
    await alice.order("c2s:create-folder", path="/a")
    await alice.order("c2s:empty-file-upload", path="/a", name="f")
    await alice.order("c2s:rename-folder", path="/a", target_name="b")
    await alice.order("c2s:delete-folder", folder_id=(await status(alice, "/b"))["folder_id"])
    assert await bob.news() == []
    told = [(each["id"], each["path"]) for each in await alice.news()]
    assert told == [
        ("s2c:folder-modify", "/a"),
        ("s2c:file-modify", "/a"),
        ("s2c:folder-modify", "/b"),
        ("s2c:folder-modify", "/b"),
    ]


async def test_what_is_hidden_is_answered_like_what_is_not_there(cloud, alice, bob):
    """By path and by id, whatever is asked for."""
    file = await cloud.put_at("alice", "/a/secret.txt")
    hidden = await cloud.folder_id(f"{await cloud.home_of('alice')}/a")
    home = await cloud.folder_id(await cloud.home_of("alice"))
    missing_file, missing_folder = file.id + 1000, hidden + 1000
    for name, field, more in (
        ("c2s:thumbnail-request", "id", {}),
        ("c2s:transfer-ownership", "file_id", {"target_user_id": bob.user.id}),
    ):
        reasons = [
            await bob.refusal(name, **{field: file_id}, **more)
            for file_id in (file.id, missing_file)
        ]
        assert reasons[0] == reasons[1], name
    for folder in (hidden, home):
        assert await bob.refusal("c2s:folder-size-request", folder_id=folder) == (
            await bob.refusal("c2s:folder-size-request", folder_id=missing_folder)
        )
        assert await bob.refusal("c2s:delete-folder", folder_id=folder) == (
            await bob.refusal("c2s:delete-folder", folder_id=missing_folder)
        )
        assert await bob.refusal("c2s:delete-file", folder_id=folder, name="secret.txt") == (
            await bob.refusal("c2s:delete-file", folder_id=missing_folder, name="secret.txt")
        )
        assert await bob.refusal(
            "c2s:move-files", source_id=folder, target_id=None, files=["secret.txt"]
        ) == (
            await bob.refusal(
                "c2s:move-files", source_id=missing_folder, target_id=None, files=["secret.txt"]
            )
        )
    link = await bob.get("c2s:signed-download-request", "s2c:signed-download", file_id=file.id)
    assert link == {}
    for path in (await cloud.home_of("alice"), f"{await cloud.home_of('alice')}/a"):
        assert not (await status(bob, path))["exists"]
        answer = await cloud.get("bob", "/download", path=path, name="secret.txt")
        assert answer[0] == 404
        assert (await cloud.get("bob", "/bulk-download", path=path))[0] == 404
    assert (await cloud.get("alice", "/download", path="/a", name="secret.txt"))[0] == 200


@pytest.mark.parametrize("path", ["/Shared", "/Shared/x", "/Shared/x/y"])
async def test_nothing_is_made_in_the_folder_of_shares(cloud, alice, path):
    """It holds what others share, and nothing else."""
    before = await cloud.everything()
    await alice.refusal("c2s:create-folder", path=path)
    await alice.refusal("c2s:empty-file-upload", path=path, name="f")
    await alice.refusal("c2s:rename-folder", path=path, target_name="f")
    assert await cloud.everything() == before


async def test_spaces_stay_where_they_are(cloud, alice):
    """Neither the entries of the root that stand for others nor the common space are renamed or deleted."""
    before = await cloud.everything()
    for name in ("Common", "Shared"):
        folder_id = (await status(alice, f"/{name}"))["folder_id"]
        renaming = await alice.refusal("c2s:rename-folder", path=f"/{name}", target_name="f")
        deleting = await alice.refusal("c2s:delete-folder", folder_id=folder_id)
        assert renaming == "you have no right to rename this folder"
        assert deleting == "you have no right to delete this folder"
    home = await cloud.folder_id(await cloud.home_of("alice"))
    await alice.refusal("c2s:delete-folder", folder_id=home)
    assert await cloud.everything() == before


async def test_a_path_is_as_long_as_the_tree_allows(alice):
    """Nine names: the home is the tenth. The error says so, and nothing is made."""
    await alice.order("c2s:create-folder", path="/1/2/3/4/5/6/7/8/9")
    reason = await alice.refusal("c2s:create-folder", path="/1/2/3/4/5/6/7/8/9/10")
    assert reason == "path: must have at most 9 names"
