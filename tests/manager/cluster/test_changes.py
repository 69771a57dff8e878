"""Clients see the same changes in the same order, whichever manager they are connected to."""

import asyncio
from typing import Any

from protocol import c2s, s2c, s2u
from tests.manager.cluster.managers import Managers, running_managers
from tests.manager.frontend import Frontend


async def _changes_until(frontend: Frontend, folder: str) -> list[dict[str, Any]]:
    """All changes of folders and files, up to the arrival of a folder in the root."""
    changes: list[dict[str, Any]] = []
    while not changes or changes[-1]["path"] != f"/{folder}":
        frame = await frontend.next_of("s2c:folder-modify", "s2c:file-modify")
        changes.append(frame)
    return changes


async def test_all_clients_see_one_order(tmp_path, supabase, cluster_url):
    """Three managers change folders at the same time; every client of each sees all, in one order."""
    supabase.empty()
    async with running_managers(tmp_path, supabase, cluster_url, number=3) as managers:
        clients = [await world.frontend("alice") for world in managers.worlds]
        actors = [await world.frontend("bob") for world in managers.worlds]

        async def act(name: str, actor: Frontend) -> None:
            for number in range(5):
                await actor.order("c2s:create-folder", path=f"/{number}-{name}")

        await asyncio.gather(*map(act, "abc", actors))
        await actors[0].order("c2s:create-folder", path="/last")
        first, *others = [await _changes_until(client, "last") for client in clients]
        assert len(first) == 16
        assert all(each == first for each in others)


async def test_what_changes_elsewhere_is_announced_as_here(managers: Managers):
    """Of every kind, a client of another manager gets the same packets as one of the same manager."""
    one, two = managers.worlds
    acting, near, far = (
        await one.frontend("alice"),
        await one.frontend("bob"),
        await two.frontend("bob"),
    )
    bob = await one.user("bob")
    await acting.order("c2s:empty-file-upload", path="/a/b", name="x")
    await acting.order("c2s:rename-file", path="/a/b", name="x", target_name="y")
    await acting.order("c2s:file-share", path="/a/b", name="y", target_user=bob.id, can_write=True)
    await acting.order("c2s:rename-folder", path="/a", target_name="c")
    await acting.order("c2s:move-files", source_id=await one.folder_id("/c/b"), files=["y"])
    await acting.order("c2s:delete-file", folder_id=0, name="y")
    await acting.order("c2s:delete-folder", folder_id=await one.folder_id("/c"))
    await acting.order("c2s:create-folder", path="/last")
    expected = await _changes_until(near, "last")
    assert [each["action"] for each in expected] == [
        "add", "add", "add", "modify", "modify", "rename", "delete", "add", "delete", "delete", "add",
    ]  # fmt: skip
    assert await _changes_until(far, "last") == expected


async def test_an_upload_follows_a_folder_that_another_manager_renames(managers: Managers):
    """The file is committed in the folder's new place, and the old one does not come back."""
    one, two = (world.stage for world in managers.worlds)
    service, client = await one.service(), await one.client("alice")
    assert (await client.order(c2s.CreateFolder(path="/old/in"))).success
    await client.book(1)
    assert (await client.request_upload("a.txt", path="/old/in")).accepted
    start = await service.next(s2u.UploadStart)

    other = await two.client("bob")
    assert (await other.order(c2s.RenameFolder(path="/old", target_name="new"))).success
    await client.next(s2c.FolderModify, action="rename")
    await service.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await other.next(s2c.FileModify)).path == "/new/in"
    assert [folder.name for folder in (await other.list_folders()).folders] == ["new"]


async def test_a_share_given_elsewhere_comes_to_the_user(tmp_path, supabase, cluster_url):
    """With personal spaces, a client sees what another manager has shared with its user."""
    supabase.empty()
    async with running_managers(tmp_path, supabase, cluster_url, spaces="personal") as managers:
        one, two = managers.worlds
        alice, bob = await one.frontend("alice"), await two.frontend("bob")
        await alice.order("c2s:empty-file-upload", path="/", name="x")
        user_id = bob.user.id
        await alice.order("c2s:file-share", path="/", name="x", target_user=user_id)
        shared = await bob.next("s2c:file-modify", action="add")
        assert (shared["path"], shared["handle"]["name"]) == ("/Shared", "x")
