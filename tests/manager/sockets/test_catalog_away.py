"""While the catalog is away nothing is lost, nothing is told twice, and who asks is told."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from protocol import c2s, s2c, s2u
from tests.manager.sockets.flaky import FlakyStage, running_flaky_stage
from tests.manager.sockets.uploading import booked
from tests.orphans import orphans_of

LONGER_THAN_ANY_PATIENCE = 1000


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[FlakyStage]:
    """A manager whose catalog can be switched off."""
    async with running_flaky_stage(tmp_path) as running:
        yield running


async def test_a_request_is_rejected_with_a_reason(stage: FlakyStage):
    """No upload begins that the catalog does not know; the service is free again."""
    client, service = await booked(stage)
    stage.catalog.before["begin_object"] = 1
    response = await client.request_upload()
    assert not response.accepted
    assert "catalog" in (response.rejection_reason or "")
    assert (await client.request_upload()).accepted
    await service.next(s2u.UploadStart)


async def test_a_short_absence_at_a_chunk_is_not_noticed(stage: FlakyStage):
    """The report is written a moment later, and answered then."""
    client, service = await booked(stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    stage.catalog.before["add_chunk"] = 2
    await service.store(start)
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success


async def test_a_chunk_is_refused_and_journalled_later(stage: FlakyStage):
    """The service may send it again; the message is known as soon as the catalog is back."""
    client, service = await booked(stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    stage.catalog.before["add_chunk"] = 6
    first = await service.post(start, 0)
    assert "not available" in await service.refusal(first)
    await stage.catalog.has_failed("add_chunk", 6)
    await service.store(start)
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    orphans = await orphans_of(stage.real_catalog)
    assert len(orphans) == 1, "of two messages with the same chunk one is garbage, and known"


async def test_other_bytes_count_after_a_refused_chunk(stage: FlakyStage):
    """What was refused is not entered later: the client may send something else instead."""
    client, service = await booked(stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    # Four tries before the report is refused; the fifth is carried out, later.
    stage.catalog.before["add_chunk"] = 4
    stage.catalog.after["add_chunk"] = 1
    refused = await service.post(start, 0, digest="0" * 64)
    assert "not available" in await service.refusal(refused)
    await stage.catalog.has_failed("add_chunk", 5)
    await service.store(start)
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    (garbage,) = await orphans_of(stage.real_catalog)
    assert str(garbage.id) == refused.message_id


async def test_a_chunk_whose_write_was_not_confirmed_counts_once(stage: FlakyStage):
    """The write happened although the catalog went away; it is repeated without harm."""
    client, service = await booked(stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    stage.catalog.after["add_chunk"] = 1
    await service.store(start)
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert await orphans_of(stage.real_catalog) == []


@pytest.mark.parametrize("method", ["finish_object", "commit_file"])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_an_upload_survives_an_absence_at_its_commit(
    stage: FlakyStage, method: str, moment: str
):
    """It is entered once, under its own name."""
    client, service = await booked(stage)
    await client.request_upload("a.txt")
    getattr(stage.catalog, moment)[method] = 3
    await service.take_upload()
    info = await client.next(s2c.UploadFinishInfo)
    assert (info.success, info.rename_target) == (True, None)
    await client.next(s2c.FileModify, action="add")
    assert await client.names() == ["a.txt"]


async def test_an_upload_that_cannot_be_entered_fails_in_the_end(stage: FlakyStage):
    """The client is told so, once, and its content is garbage then."""
    client, service = await booked(stage)
    stage.catalog.before["commit_file"] = LONGER_THAN_ANY_PATIENCE
    response = await client.request_upload("a.txt")
    await service.take_upload()
    info = await client.next(s2c.UploadFinishInfo)
    assert not info.success
    assert "catalog" in (info.reason or "")
    stage.catalog.before.clear()
    assert (await client.request_upload("a.txt")).accepted
    await service.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert await client.names() == ["a.txt"]
    assert not await stage.is_kept(response.upload_id)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_file_is_replaced_after_an_absence(stage: FlakyStage, moment: str):
    """`do_overwrite` is not refused only because the catalog could not be asked at once."""
    client, service = await booked(stage)
    for size in (10, 20):
        getattr(stage.catalog, moment)["commit_file"] = 2
        await client.request_upload("a.txt", size=size, do_overwrite=True)
        await service.take_upload()
        assert (await client.next(s2c.UploadFinishInfo)).success
    assert stage.catalog.failed["commit_file"] == 4
    assert [file.size for file in (await client.list_files()).files] == [20]


async def test_a_new_file_is_announced_even_if_the_catalog_goes_away(stage: FlakyStage):
    """The answer to the commit is all that is needed for it; the finish info is told once."""
    client, service = await booked(stage)
    response = await client.request_upload("a.txt")
    for method in ("shares_of", "file_by_id", "files_of", "release"):
        stage.catalog.before[method] = LONGER_THAN_ANY_PATIENCE
    await service.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success
    await client.next(s2c.FileModify, action="add")
    assert (await client.request_upload("b.txt")).accepted
    await client.caught_up()
    assert client.unread(s2c.UploadFinishInfo) == []
    assert await stage.is_kept(response.upload_id)


@pytest.mark.parametrize("method", ["begin_object", "finish_object", "commit_file"])
async def test_an_empty_file_is_made_once(stage: FlakyStage, method: str):
    """A write that happened before the catalog went away is found again."""
    client = await stage.client()
    stage.catalog.after[method] = 2
    assert (await client.order(c2s.EmptyFileUpload(path="/", name="empty"))).success
    assert await client.names() == ["empty"]


@pytest.mark.parametrize(
    ("method", "packet"),
    [
        ("folder_at", c2s.FolderStatusRequest(path="/")),
        ("folder_at", c2s.ListRequest(path="/", type="files", page=0)),
        ("usage_by_type", c2s.FolderSizeRequest(folder_id=None)),
        ("make_folders", c2s.CreateFolder(path="/new")),
        ("commit_file", c2s.EmptyFileUpload(path="/", name="empty")),
    ],
)
async def test_a_question_is_refused_as_a_reply(
    stage: FlakyStage,
    method: str,
    packet: c2s.FolderStatusRequest
    | c2s.ListRequest
    | c2s.FolderSizeRequest
    | c2s.CreateFolder
    | c2s.EmptyFileUpload,
):
    """Whoever asks is told at once, and asks again later."""
    client = await stage.client()
    stage.catalog.before[method] = LONGER_THAN_ANY_PATIENCE
    await client.refusal(packet)
