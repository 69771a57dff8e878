"""Folders that are renamed, moved and deleted while files are uploaded into them."""

import asyncio

from protocol import c2s, s2c, s2u
from protocol.extensions import ORGANISE
from tests.manager.sockets.flaky import FlakyStage
from tests.manager.sockets.peers import ClientPeer, ServicePeer


async def uploading(
    flaky_stage: FlakyStage, path: str = "/old/in"
) -> tuple[ClientPeer, ServicePeer, s2u.UploadStart]:
    """An upload of `a.txt` into an existing folder, whose chunks the service is yet to store."""
    service, client = await flaky_stage.service(), await flaky_stage.client()
    assert (await client.order(c2s.CreateFolder(path=path))).success
    await client.book(1)
    assert (await client.request_upload("a.txt", path=path)).accepted
    return client, service, await service.next(s2u.UploadStart)


async def folders(client: ClientPeer) -> list[str]:
    """Names of the folders in the root."""
    return [folder.name for folder in (await client.list_folders()).folders]


async def rename(client: ClientPeer, path: str, name: str) -> None:
    """Gives a folder another name."""
    assert (await client.order(c2s.RenameFolder(path=path, target_name=name))).success


async def time_for_more(client: ClientPeer) -> None:
    """Time enough for the catalog to do whatever the manager does not keep back."""
    for _ in range(20):
        await client.caught_up()


async def id_of(client: ClientPeer, path: str) -> int:
    """The id of a folder that exists."""
    folder_id = (await client.folder_status(path)).folder_id
    assert folder_id is not None
    return folder_id


async def test_an_upload_goes_where_its_folder_was_renamed_to(flaky_stage: FlakyStage):
    """Everybody hears of the file in its true place, and the old folder does not come back."""
    client, service, start = await uploading(flaky_stage)
    other = await flaky_stage.client("bob")
    await rename(other, "/old", "new")
    await service.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await other.next(s2c.FileModify)).path == "/new/in"
    assert await client.names("/new/in") == ["a.txt"]
    assert await folders(client) == ["new"]


async def test_an_upload_makes_the_folders_that_it_lacks_in_the_new_place(flaky_stage: FlakyStage):
    """A folder that does not exist yet moves with those around it that do."""
    service, client = await flaky_stage.service(), await flaky_stage.client()
    assert (await client.order(c2s.CreateFolder(path="/old"))).success
    await client.book(1)
    await client.request_upload("a.txt", path="/old/not/yet")
    await rename(client, "/old", "new")
    await service.take_upload()
    assert (await client.next(s2c.FileModify)).path == "/new/not/yet"
    assert await folders(client) == ["new"]


async def test_an_upload_whose_folder_comes_to_lie_too_deep_replaces_nothing(
    flaky_stage: FlakyStage,
):
    """It ends in a folder around its own, where it was not asked for; another name keeps what is there."""
    service, client = await flaky_stage.service(), await flaky_stage.client()
    deep = "/1/2/3/4/5/6/7/8/9"
    for path in ("/old", deep):
        assert (await client.order(c2s.CreateFolder(path=path))).success
    assert (await client.order(c2s.EmptyFileUpload(path="/old", name="a.txt"))).success
    await client.book(1)
    await client.request_upload("a.txt", path="/old/not/yet", do_overwrite=True)
    mover = await flaky_stage.client("bob", extensions=(ORGANISE,))
    assert (await mover.order(c2s.MoveFolder(path="/old", target_path=deep))).success
    await service.take_upload()
    finished = await client.next(s2c.UploadFinishInfo)
    assert (finished.success, finished.rename_target) == (True, "a (1).txt")
    assert await client.names(f"{deep}/old") == ["a (1).txt", "a.txt"]
    assert (await client.list_files(f"{deep}/old", sort_by="size")).files[-1].name == "a.txt"


async def test_a_taken_name_is_asked_about_where_it_is_taken(flaky_stage: FlakyStage):
    """The question names the place of now, and the answer holds wherever the folder goes next."""
    client, service, start = await uploading(flaky_stage)
    made = c2s.EmptyFileUpload(path="/old/in", name="a.txt")
    assert (await client.order(made)).success
    await rename(client, "/old/in", "between")
    await service.finish(start)
    asked = await client.next(s2c.UploadOverwriteRequest)
    assert asked.file_path == "/old/between"
    await rename(client, "/old", "new")
    await client.decide(asked.upload_id, "overwrite")
    assert (await client.next(s2c.UploadFinishInfo)).success
    changed = await client.next(s2c.FileModify, action="modify")
    assert (changed.path, changed.handle.size) == ("/new/between", start.size)
    assert await folders(client) == ["new"]


async def test_a_name_that_is_taken_by_another_file_by_then_is_asked_about_again(
    flaky_stage: FlakyStage,
):
    """The answer about one file says nothing about what lies in the new place under its name."""
    client, service, start = await uploading(flaky_stage)
    made = c2s.EmptyFileUpload(path="/old/in", name="a.txt")
    assert (await client.order(made)).success
    await service.finish(start)
    asked = await client.next(s2c.UploadOverwriteRequest)
    await rename(client, "/old", "new")
    assert (
        await client.order(c2s.DeleteFile(folder_id=await id_of(client, "/new/in"), name="a.txt"))
    ).success
    assert (await client.order(c2s.EmptyFileUpload(path="/new/in", name="a.txt"))).success
    await client.decide(asked.upload_id, "overwrite")
    assert (await client.next(s2c.UploadOverwriteRequest)).file_path == "/new/in"


async def test_an_upload_makes_a_deleted_folder_anew(flaky_stage: FlakyStage):
    """An upload is never lost, wherever its folder was when it was deleted."""
    client, service, start = await uploading(flaky_stage)
    await rename(client, "/old", "new")
    deleted = c2s.DeleteFolder(folder_id=await id_of(client, "/new"))
    assert (await client.order(deleted)).success
    await service.finish(start)
    assert (await client.next(s2c.FileModify)).path == "/new/in"


async def test_a_commit_and_a_rename_take_turns(flaky_stage: FlakyStage):
    """Whichever comes first, the file ends in the renamed folder and the old one is not made again."""
    client, service, start = await uploading(flaky_stage)
    other = await flaky_stage.client("bob")
    # The catalog has renamed the folder, and the manager does not know it yet.
    held = flaky_stage.catalog.held["rename_folder"] = asyncio.Event()
    renaming = asyncio.create_task(rename(other, "/old", "new"))
    await flaky_stage.catalog.is_holding("rename_folder")
    await service.finish(start)
    await client.next(s2c.UploadStageFinish)
    empty = asyncio.create_task(client.order(c2s.EmptyFileUpload(path="/old/in", name="empty.txt")))
    await time_for_more(client)
    held.set()
    await renaming
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await empty).success
    assert await client.names("/new/in") == ["a.txt", "empty.txt"]
    assert await folders(client) == ["new"]


async def test_an_upload_goes_where_its_folder_is_though_nobody_was_told(flaky_stage: FlakyStage):
    """A catalog that goes away while it renames a folder may have renamed it: that is found out."""
    client, service, start = await uploading(flaky_stage)
    flaky_stage.catalog.after["rename_folder"] = 1
    refused = await client.refusal(c2s.RenameFolder(path="/old", target_name="new"))
    assert "the catalog is not available" in refused
    # Not even that can be found out at once.
    flaky_stage.catalog.before["folder_path"] = 1
    await service.finish(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await client.next(s2c.FileModify)).path == "/new/in"
    assert await folders(client) == ["new"]


async def test_folders_whose_change_failed_stay_where_they_are(flaky_stage: FlakyStage):
    """And may be changed, or deleted, afterwards."""
    client, service, start = await uploading(flaky_stage)
    flaky_stage.catalog.before["rename_folder"] = 1
    await client.refusal(c2s.RenameFolder(path="/old", target_name="new"))
    await rename(client, "/old", "other")
    flaky_stage.catalog.before["rename_folder"] = 1
    await client.refusal(c2s.RenameFolder(path="/other", target_name="new"))
    deleted = c2s.DeleteFolder(folder_id=await id_of(client, "/other"))
    assert (await client.order(deleted)).success
    await service.finish(start)
    assert (await client.next(s2c.FileModify)).path == "/other/in"


async def test_a_rename_waits_for_the_commit_before_it(flaky_stage: FlakyStage):
    """A file that the catalog has entered is told where it was, before its folder's new name."""
    client, service, start = await uploading(flaky_stage)
    other = await flaky_stage.client("bob")
    held = flaky_stage.catalog.held["commit_upload"] = asyncio.Event()
    await service.finish(start)
    await flaky_stage.catalog.is_holding("commit_upload")
    renaming = asyncio.create_task(rename(other, "/old", "new"))
    await time_for_more(other)
    held.set()
    await renaming
    told = [
        packet
        for packet in await other.until(s2c.FolderModify, action="rename")
        if isinstance(packet, s2c.FileModify | s2c.FolderModify)
    ]
    assert [(type(packet), packet.path) for packet in told[-2:]] == [
        (s2c.FileModify, "/old/in"),
        (s2c.FolderModify, "/new"),
    ]
    assert await client.names("/new/in") == ["a.txt"]
