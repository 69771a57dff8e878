"""A defect of the manager's own ends the upload that met it, and nothing else."""

from protocol import c2s, s2c
from tests.manager.sockets.flaky import FlakyStage


async def test_before_the_upload_began(flaky_stage: FlakyStage):
    """The request is rejected; the service starts afresh, and the client hears of no end."""
    service, client = await flaky_stage.service(), await flaky_stage.client()
    await client.book(1)
    flaky_stage.catalog.defects["begin_objects"] = 1
    response = await client.request_upload()
    assert not response.accepted
    await service.ended()
    await client.next(s2c.UploadBookingModify, effective_change=-1)
    await flaky_stage.service()
    await client.next(s2c.UploadBookingModify, effective_change=1)
    assert (await client.request_upload()).accepted
    assert client.unread(s2c.UploadFinishInfo) == []


async def test_while_the_file_is_entered(flaky_stage: FlakyStage):
    """The client is told once that the upload failed; its content is garbage, its service free."""
    service, client = await flaky_stage.service(), await flaky_stage.client()
    await client.book(1)
    flaky_stage.catalog.defects["commit_upload"] = 1
    response = await client.request_upload("a.txt")
    await service.take_upload()
    info = await client.next(s2c.UploadFinishInfo)
    assert (info.success, info.upload_id) == (False, response.upload_id)
    assert (await client.request_upload("a.txt")).accepted
    await service.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert not await flaky_stage.is_kept(response.upload_id)


async def test_after_the_client_was_told_of_success(flaky_stage: FlakyStage):
    """The file is there, and nothing else is said about it."""
    service, client = await flaky_stage.service(), await flaky_stage.client()
    await client.book(1)
    flaky_stage.catalog.defects["release"] = 1
    response = await client.request_upload("a.txt")
    await service.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert (await client.request_upload("b.txt")).accepted
    await client.caught_up()
    assert client.unread(s2c.UploadFinishInfo) == []
    assert await client.names() == ["a.txt"]
    assert await flaky_stage.is_kept(response.upload_id)


async def test_in_a_question(flaky_stage: FlakyStage):
    """Whoever asked gets a refusal that tells nothing of the defect, and may ask again."""
    client = await flaky_stage.client()
    flaky_stage.catalog.defects["folder_at"] = 1
    assert "defect" not in await client.refusal(c2s.FolderStatusRequest(path="/"))
    await client.caught_up()


async def test_in_a_catalog_that_is_away(flaky_stage: FlakyStage):
    """Whoever asked is told to try again, and not what the database said."""
    client = await flaky_stage.client()
    flaky_stage.catalog.before["folder_at"] = 1
    refusal = await client.refusal(c2s.FolderStatusRequest(path="/"))
    assert refusal == "the catalog is not available: try again shortly"
    await client.caught_up()
