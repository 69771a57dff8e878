"""While the catalog is away nothing is lost, nothing is told twice, and who asks is told."""

import asyncio

import pytest
from structlog.testing import capture_logs

from catalog.errors import CatalogFull
from protocol import c2s, s2c, s2u, u2s
from tests.manager.sockets.flaky import FlakyStage
from tests.manager.sockets.uploading import booked
from tests.orphans import orphans_of

LONGER_THAN_ANY_PATIENCE = 10**6
ANSWER_TIME_S = 10.0
DISK_FULL = "the server's disk is full: its operator has to make room"


async def test_a_request_is_rejected_with_a_reason(flaky_stage: FlakyStage):
    """No upload begins that the catalog does not know; the service is free again."""
    client, service = await booked(flaky_stage)
    flaky_stage.catalog.before["begin_objects"] = 1
    response = await client.request_upload()
    assert not response.accepted
    assert "catalog" in (response.rejection_reason or "")
    assert (await client.request_upload()).accepted
    await service.next(s2u.UploadStart)


async def test_a_short_absence_at_a_chunk_is_not_noticed(flaky_stage: FlakyStage):
    """The report is written a moment later, and answered then."""
    client, service = await booked(flaky_stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    flaky_stage.catalog.before["add_message"] = 2
    await service.store(start)
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_report_that_cannot_be_entered_comes_again(flaky_stage: FlakyStage, moment: str):
    """The service keeps it until it is answered for good; the chunk counts once."""
    client, service = await booked(flaky_stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    getattr(flaky_stage.catalog, moment)["add_message"] = LONGER_THAN_ANY_PATIENCE
    report = await service.post(start, 0)
    for _ in range(2):
        await service.ask(report, s2u.ReportDeferred)
    getattr(flaky_stage.catalog, moment).clear()
    assert (await service.order(report)).success
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert await orphans_of(flaky_stage.real_catalog) == []


async def test_a_chunk_is_refused_for_good_only_when_its_message_is_known(flaky_stage: FlakyStage):
    """Until then its service is the only one that knows what has to be deleted."""
    client, service = await booked(flaky_stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    report = await service.post(start, 0)
    await service.send(u2s.UploadFinish(success=False, reason="enough"))
    await client.next(s2c.UploadFinishInfo)
    flaky_stage.catalog.before["add_message"] = LONGER_THAN_ANY_PATIENCE
    await service.ask(report, s2u.ReportDeferred)
    flaky_stage.catalog.before.clear()
    assert "ended" in await service.refusal(report)
    (garbage,) = await orphans_of(flaky_stage.real_catalog)
    assert str(garbage.id) == report.message_id


async def test_a_report_that_meets_a_defect_is_not_lost(flaky_stage: FlakyStage):
    """The manager does not say that it is done with it."""
    client, service = await booked(flaky_stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    flaky_stage.catalog.defects["add_message"] = 1
    report = await service.post(start, 0)
    await service.ask(report, s2u.ReportDeferred)
    assert (await service.order(report)).success


async def test_a_report_that_cannot_be_entered_until_somebody_acts_says_so(flaky_stage: FlakyStage):
    """Within the reply timeout its service learns what to tell the sender, and keeps it all the same."""
    client, service = await booked(flaky_stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    flaky_stage.catalog.error = CatalogFull
    flaky_stage.catalog.before["add_message"] = LONGER_THAN_ANY_PATIENCE
    report = await service.post(start, 0)
    deferred = await service.ask(report, s2u.ReportDeferred)
    assert deferred.fault == DISK_FULL
    assert flaky_stage.time.now <= ANSWER_TIME_S
    flaky_stage.catalog.before.clear()
    assert (await service.order(report)).success


async def test_an_upload_that_cannot_be_entered_until_somebody_acts_fails_soon(
    flaky_stage: FlakyStage,
):
    """All bytes are stored, yet its client does not wait for an operator: it hears who can help."""
    client, service = await booked(flaky_stage)
    await client.request_upload("a.txt")
    flaky_stage.catalog.error = CatalogFull
    flaky_stage.catalog.before["commit_upload"] = LONGER_THAN_ANY_PATIENCE
    await service.take_upload()
    info = await client.next(s2c.UploadFinishInfo)
    assert (info.success, info.reason) == (False, DISK_FULL)
    assert flaky_stage.time.now < 60


@pytest.mark.parametrize(
    "packet", [c2s.CreateFolder(path="/new"), c2s.EmptyFileUpload(path="/", name="empty")]
)
async def test_a_full_disk_is_told_to_who_asks(
    flaky_stage: FlakyStage, packet: c2s.CreateFolder | c2s.EmptyFileUpload
):
    """And to who requests an upload, before a byte is sent; it is no line of the log each time."""
    client, _ = await booked(flaky_stage)
    flaky_stage.catalog.error = CatalogFull
    for method in ("make_folders", "commit_upload", "begin_objects"):
        flaky_stage.catalog.before[method] = LONGER_THAN_ANY_PATIENCE
    with capture_logs() as lines:
        assert await client.refusal(packet) == DISK_FULL
        assert (await client.request_upload()).rejection_reason == DISK_FULL
    assert [line["event"] for line in lines if line["log_level"] != "debug"] == []


async def test_a_report_is_answered_in_time_while_the_catalog_hangs(flaky_stage: FlakyStage):
    """When it comes again it joins the call that hangs, and has its answer."""
    client, service = await booked(flaky_stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    hanging = flaky_stage.catalog.held["add_message"] = asyncio.Event()
    report = await service.post(start, 0)
    for _ in range(2):
        asking = asyncio.create_task(service.ask(report, s2u.ReportDeferred))
        await flaky_stage.catalog.is_holding("add_message")
        await service.caught_up()
        flaky_stage.time.advance(ANSWER_TIME_S)
        await asking
    again = asyncio.create_task(service.order(report))
    await service.caught_up()
    assert flaky_stage.catalog.calls["add_message"] == 1
    hanging.set()
    assert (await again).success


async def test_a_question_is_answered_in_time_while_the_catalog_hangs(flaky_stage: FlakyStage):
    """A client that waits for an empty file hears of it; others hear of the file once it is made."""
    client = await flaky_stage.client()
    hanging = flaky_stage.catalog.held["commit_upload"] = asyncio.Event()
    asking = asyncio.create_task(client.refusal(c2s.EmptyFileUpload(path="/", name="empty")))
    await flaky_stage.catalog.is_holding("commit_upload")
    flaky_stage.time.advance(ANSWER_TIME_S)
    assert "not available" in await asking
    hanging.set()
    await client.next(s2c.FileModify, action="add")


async def test_a_chunk_whose_write_was_not_confirmed_counts_once(flaky_stage: FlakyStage):
    """The write happened although the catalog went away; it is repeated without harm."""
    client, service = await booked(flaky_stage)
    await client.request_upload()
    start = await service.next(s2u.UploadStart)
    flaky_stage.catalog.after["add_message"] = 1
    await service.store(start)
    await service.finish_with(start)
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert await orphans_of(flaky_stage.real_catalog) == []


@pytest.mark.parametrize("absences", [3, 300])
@pytest.mark.parametrize("moment", ["before", "after"])
async def test_an_upload_survives_an_absence_at_its_commit(
    flaky_stage: FlakyStage, moment: str, absences: int
):
    """It is entered once, under its own name, also after minutes."""
    client, service = await booked(flaky_stage)
    await client.request_upload("a.txt")
    getattr(flaky_stage.catalog, moment)["commit_upload"] = absences
    await service.take_upload()
    info = await client.next(s2c.UploadFinishInfo)
    assert (info.success, info.rename_target) == (True, None)
    await client.next(s2c.FileModify, action="add")
    assert await client.names() == ["a.txt"]


async def test_an_upload_that_cannot_be_entered_fails_in_the_end(flaky_stage: FlakyStage):
    """The client is told so, once, and its content is garbage then."""
    client, service = await booked(flaky_stage)
    flaky_stage.catalog.before["commit_upload"] = LONGER_THAN_ANY_PATIENCE
    response = await client.request_upload("a.txt")
    await service.take_upload()
    info = await client.next(s2c.UploadFinishInfo)
    assert not info.success
    assert "catalog" in (info.reason or "")
    flaky_stage.catalog.before.clear()
    assert (await client.request_upload("a.txt")).accepted
    await service.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success
    assert await client.names() == ["a.txt"]
    assert not await flaky_stage.is_kept(response.upload_id)


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_file_is_replaced_after_an_absence(flaky_stage: FlakyStage, moment: str):
    """`do_overwrite` is not refused only because the catalog could not be asked at once."""
    client, service = await booked(flaky_stage)
    for size in (10, 20):
        getattr(flaky_stage.catalog, moment)["commit_upload"] = 2
        await client.request_upload("a.txt", size=size, do_overwrite=True)
        await service.take_upload()
        assert (await client.next(s2c.UploadFinishInfo)).success
    assert flaky_stage.catalog.failed["commit_upload"] == 4
    assert [file.size for file in (await client.list_files()).files] == [20]


async def test_a_new_file_is_announced_even_if_the_catalog_goes_away(flaky_stage: FlakyStage):
    """The answer to the commit is all that is needed for it; the finish info is told once."""
    client, service = await booked(flaky_stage)
    response = await client.request_upload("a.txt")
    for method in ("shares_of", "file_by_id", "files_of", "release"):
        flaky_stage.catalog.before[method] = LONGER_THAN_ANY_PATIENCE
    await service.take_upload()
    assert (await client.next(s2c.UploadFinishInfo)).success
    await client.next(s2c.FileModify, action="add")
    assert (await client.request_upload("b.txt")).accepted
    await client.caught_up()
    assert client.unread(s2c.UploadFinishInfo) == []
    assert await flaky_stage.is_kept(response.upload_id)


async def test_an_empty_file_is_made_once(flaky_stage: FlakyStage):
    """A write that happened before the catalog went away is found again."""
    client = await flaky_stage.client()
    flaky_stage.catalog.after["commit_upload"] = 2
    assert (await client.order(c2s.EmptyFileUpload(path="/", name="empty"))).success
    assert await client.names() == ["empty"]


@pytest.mark.parametrize(
    ("method", "packet"),
    [
        ("folder_at", c2s.FolderStatusRequest(path="/")),
        ("folder_at", c2s.ListRequest(path="/", type="files", page=0)),
        ("usage_by_type", c2s.FolderSizeRequest(folder_id=None)),
        ("make_folders", c2s.CreateFolder(path="/new")),
        ("commit_upload", c2s.EmptyFileUpload(path="/", name="empty")),
    ],
)
async def test_a_question_is_refused_as_a_reply(
    flaky_stage: FlakyStage,
    method: str,
    packet: c2s.FolderStatusRequest
    | c2s.ListRequest
    | c2s.FolderSizeRequest
    | c2s.CreateFolder
    | c2s.EmptyFileUpload,
):
    """Whoever asks is told at once, and asks again later."""
    client = await flaky_stage.client()
    flaky_stage.catalog.before[method] = LONGER_THAN_ANY_PATIENCE
    await client.refusal(packet)
