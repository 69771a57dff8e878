"""Uploads that the manager keeps: what interrupts them costs only what was on its way."""

import asyncio
import hashlib
import io
import os
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from aiohttp import web

from client_sdk import (
    Client,
    Conflict,
    ConflictAnswer,
    KeptUploadState,
    Outcome,
    Progress,
    Stage,
)
from client_sdk.errors import (
    InvalidInput,
    LastingFailure,
    Refused,
    Rejected,
    ResumedElsewhere,
    Unavailable,
    UploadFailed,
    UploadStalled,
)
from client_sdk.sources import BEGINNING_SIZE, FileSource
from protocol import c2s, generic, s2c
from protocol.codec import Frame
from tests.client_sdk.conftest import Peer, RunningUpload, running_script
from tests.client_sdk.content import content_of
from tests.client_sdk.keeping import KeepingManager
from tests.client_sdk.stages import Stages

MakeClient = Callable[..., Client]
CONTENT = content_of(10_000)
HALF = 5
IN_FLIGHT = 2


ABOUT_KEEPING = (c2s.UploadKeep, c2s.UploadPark, c2s.UploadResume)


def refusal(status: int) -> Callable[[int], web.Response]:
    """The answer to a chunk that cannot be stored."""
    return lambda _: web.json_response({"error": "for a test"}, status=status)


@pytest.fixture
async def manager() -> AsyncIterator[KeepingManager]:
    """A scripted manager that keeps uploads and stores the first half of each."""
    keeping = KeepingManager()
    keeping.held_from = HALF
    async with running_script(keeping) as running:
        yield running
        running.released.set()


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A file of ten chunks."""
    path = tmp_path / "film.bin"
    path.write_bytes(CONTENT)
    return path


def client(make_client: MakeClient, **options: object) -> Client:
    """A client with two chunks in flight, so that what is sent again is known."""
    return make_client(chunks_in_flight=IN_FLIGHT, parallel_uploads=1, **options)


async def interrupted(manager: KeepingManager, make_client: MakeClient, source: Path) -> str:
    """Upload one half with a client that ends then; returns the id of the kept upload."""
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film", keep_on_cancel=True))
        kept = await manager.held()
        upload.cancel()
        await asyncio.gather(upload, return_exceptions=True)
    await manager.until(lambda: not manager.peers)
    manager.released.set()
    return kept.upload_id


async def test_a_lost_connection_costs_only_what_was_in_flight(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """The upload goes on with the missing chunks, under the same id."""
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        await manager.held()
        manager.released.set()
        await manager.drop_all()
        result = await upload
    assert manager.files == {"/dir/film": CONTENT}
    assert result.sent_bytes <= len(CONTENT) + IN_FLIGHT * 1000
    assert (manager.count(c2s.UploadRequest), manager.count(c2s.UploadResume)) == (1, 1)


async def test_a_lost_service_costs_only_what_was_in_flight(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """However few attempts there are: those of a kept upload are not counted."""
    async with client(make_client, upload_attempts=1) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        running = await manager.held()
        manager.released.set()
        await manager.lose_service(running)
        result = await upload
    assert manager.files == {"/dir/film": CONTENT}
    assert result.sent_bytes <= len(CONTENT) + IN_FLIGHT * 1000


async def test_another_client_goes_on_with_the_same_file(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Only what is missing is sent, and the progress begins at what is stored."""
    await interrupted(manager, make_client, source)
    reports: list[Progress] = []
    async with client(make_client) as cloud:
        result = await cloud.upload(source, "/dir/film", progress=reports.append)
    assert manager.files == {"/dir/film": CONTENT}
    assert (result.sent_bytes, result.outcome) == (5000, Outcome.STORED)
    transferring = [each for each in reports if each.stage is Stage.TRANSFERRING]
    assert transferring[0].transferred == 5000
    assert manager.count(c2s.UploadAbortRequest) == manager.count(c2s.UploadDrop) == 0


@pytest.mark.parametrize("kind", [bytes, bytearray, io.BytesIO])
async def test_bytes_are_known_again(
    manager: KeepingManager, make_client: MakeClient, kind: Callable[[bytes], object]
) -> None:
    """They have no time of change, so that all of them count."""
    await interrupted(manager, make_client, kind(CONTENT))  # type: ignore[arg-type]
    async with client(make_client) as cloud:
        result = await cloud.upload(kind(CONTENT), "/dir/film")  # type: ignore[arg-type]
        assert result.sent_bytes == 5000
        assert manager.files.pop("/dir/film") == CONTENT


async def test_bytes_that_differ_only_at_their_end_are_not_mixed(
    manager: KeepingManager, make_client: MakeClient
) -> None:
    """A beginning of 64 KiB that is the same says nothing about the rest."""
    manager.chunk_size = 50_000
    first, second = bytes(500_000), bytes(499_999) + b"x"
    await interrupted(manager, make_client, first)  # type: ignore[arg-type]
    async with client(make_client) as cloud:
        result = await cloud.upload(second, "/dir/film")
    assert result.sent_bytes == 500_000
    assert manager.files == {"/dir/film": second}


async def test_a_changed_file_begins_anew_and_says_so(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """What was stored is dropped, a report tells why, and nothing old gets into the file."""
    kept_id = await interrupted(manager, make_client, source)
    await asyncio.to_thread(source.write_bytes, CONTENT[::-1])
    reports: list[Progress] = []
    async with client(make_client) as cloud:
        result = await cloud.upload(source, "/dir/film", progress=reports.append)
    assert manager.files == {"/dir/film": CONTENT[::-1]}
    assert result.sent_bytes == len(CONTENT)
    restarts = [each for each in reports if each.stage is Stage.RESTARTING]
    assert [each.reason for each in restarts] == ["the source has changed since its upload began"]
    assert (await manager.seen(c2s.UploadDrop)).upload_id == kept_id


async def test_what_is_left_of_an_older_file_does_not_hide_the_newer(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Of several kept uploads to a path the one of this source goes on; the others are dropped."""
    kept_id = await interrupted(manager, make_client, source)
    old_id = "00000000-0000-0000-0000-000000000000"
    manager.kept[old_id] = replace(manager.kept[kept_id], fingerprint="v1:of-an-older-file")
    reports: list[Progress] = []
    async with client(make_client) as cloud:
        result = await cloud.upload(source, "/dir/film", progress=reports.append)
    assert (result.sent_bytes, manager.kept) == (5000, {})
    assert Stage.RESTARTING not in [each.stage for each in reports]


async def test_a_lost_answer_about_kept_uploads_hides_none(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Nothing begins anew because a packet was lost."""
    await interrupted(manager, make_client, source)
    manager.lose(s2c.KeptUploads)
    manager.lose(s2c.UploadResumed)
    async with client(make_client, reply_timeout_s=0.05, request_attempts=1) as cloud:
        assert (await cloud.upload(source, "/dir/film")).sent_bytes == 5000


async def test_an_upload_that_was_never_resumed_is_not_dropped(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Who cancels before that takes back nothing of their own."""
    kept_id = await interrupted(manager, make_client, source)
    asked = asyncio.Event()

    async def ignore(*_: object) -> None:
        asked.set()

    manager.on(c2s.UploadResume, ignore)
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        await asked.wait()
        upload.cancel()
        await asyncio.gather(upload, return_exceptions=True)
        await cloud.create_folder("/after whatever the cancellation has sent")
    assert list(manager.kept) == [kept_id]


async def test_another_audience_begins_anew(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """What was begun as private does not end as a public file, nor the other way round."""
    await interrupted(manager, make_client, source)
    async with client(make_client) as cloud:
        result = await cloud.upload(source, "/dir/film", is_public=True)
    assert result.sent_bytes == len(CONTENT)
    requests = [each for each in manager.received if isinstance(each, c2s.UploadRequest)]
    assert [each.is_public for each in requests] == [False, True]


@pytest.mark.parametrize("code", ["upload-gone", "source-changed"])
async def test_what_the_manager_does_not_go_on_with_begins_anew(
    manager: KeepingManager, make_client: MakeClient, source: Path, code: str
) -> None:
    """Visibly, and without any attempt that counts."""
    await interrupted(manager, make_client, source)

    async def refuse(peer: Peer, frame: Frame, _: c2s.UploadResume) -> None:
        await manager.reject_resume(peer, frame, code, "never")

    manager.on(c2s.UploadResume, refuse)
    reports: list[Progress] = []
    async with client(make_client, upload_attempts=1) as cloud:
        result = await cloud.upload(source, "/dir/film", progress=reports.append)
    assert result.sent_bytes == len(CONTENT)
    assert Stage.RESTARTING in [each.stage for each in reports]


async def test_the_later_of_two_clients_has_the_upload(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """The former is told by an error of its own, and does not take it back."""
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        await manager.park(await manager.held(), "resumed-elsewhere")
        with pytest.raises(ResumedElsewhere):
            await upload
    assert manager.count(c2s.UploadResume) == manager.count(c2s.UploadRequest) - 1 == 0


@pytest.mark.parametrize("retry", ["soon", "later"])
async def test_a_resume_that_is_refused_for_now_is_asked_for_again(
    manager: KeepingManager, make_client: MakeClient, source: Path, retry: s2c.Retry
) -> None:
    """As often as it takes."""
    await interrupted(manager, make_client, source)
    resume = manager.handlers[c2s.UploadResume]

    async def refuse(peer: Peer, frame: Frame, packet: c2s.UploadResume) -> None:
        if manager.count(c2s.UploadResume) > 3:
            await resume(peer, frame, packet)
        else:
            await manager.reject_resume(peer, frame, "busy", retry)

    manager.on(c2s.UploadResume, refuse)
    async with client(make_client) as cloud:
        assert (await cloud.upload(source, "/dir/film")).sent_bytes == 5000


async def test_a_kept_upload_is_taken_back_when_it_is_cancelled(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """As long as its caller does not want to leave it."""
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        await manager.held()
        upload.cancel()
        await manager.seen(c2s.UploadAbortRequest)
        await manager.until(lambda: not manager.kept)


async def test_a_parked_upload_is_dropped_when_it_is_cancelled(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Also while nothing of it runs at the manager."""
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        running = await manager.held()
        resumed = asyncio.Event()

        async def ignore(*_: object) -> None:
            resumed.set()

        manager.on(c2s.UploadResume, ignore)
        await manager.park(running, "service-failed")
        await resumed.wait()
        upload.cancel()
        await manager.seen(c2s.UploadDrop)


async def test_an_upload_that_is_dropped_elsewhere_fails(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """It is not begun anew against the will of whoever dropped it."""
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        await manager.fail(await manager.held(), "the upload was aborted")
        with pytest.raises(UploadFailed, match="aborted"):
            await upload


async def test_an_upload_without_progress_is_given_up_and_stays_kept(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """The error says so, and names the upload; the manager is not asked to abort anything."""
    async with client(make_client, upload_patience_s=0.2) as cloud:
        with pytest.raises(UploadStalled, match="is kept: upload the same source") as stalled:
            await cloud.upload(source, "/dir/film")
        await manager.until(lambda: not manager.uploads)
    assert list(manager.kept) == [stalled.value.upload_id]
    assert manager.count(c2s.UploadAbortRequest) == manager.count(c2s.UploadDrop) == 0


async def test_waiting_is_reported(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Where chunks are not answered, and where the file is not entered; until it goes on."""
    stages = Stages()
    finish, entered = manager.finish, asyncio.Event()

    async def finish_later(upload: RunningUpload, **facts: str | None) -> None:
        await entered.wait()
        await finish(upload, **facts)

    manager.finish = finish_later  # type: ignore[method-assign]
    async with client(make_client, quiet_s=0.1) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film", progress=stages))
        await stages.reached(Stage.TRANSFERRING, Stage.WAITING)
        manager.released.set()
        await stages.reached(Stage.TRANSFERRING, Stage.SETTLING, Stage.WAITING)
        entered.set()
        await upload
        assert stages.seen[-1] is Stage.DONE


async def test_a_left_upload_gives_its_service_back(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """The same client uploads something else on it, and then goes on with what it has left."""
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film", keep_on_cancel=True))
        left = await manager.held()
        upload.cancel()
        await manager.until(lambda: not manager.uploads)
        manager.released.set()
        await cloud.upload(b"other", "/dir/other")
        assert list(manager.kept) == [left.upload_id]
        result = await cloud.upload(source, "/dir/film")
    assert manager.files == {"/dir/film": CONTENT, "/dir/other": b"other"}
    assert result.sent_bytes == 5000
    assert manager.count(c2s.UploadAbortRequest) == manager.count(c2s.UploadDrop) == 0


async def test_a_question_that_is_left_stays_kept(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """The manager hears that nobody will answer here."""
    manager.files["/dir/film"] = b"old"
    manager.held_from = None
    async with client(make_client) as cloud:
        asked = asyncio.Event()

        async def never(_: Conflict) -> ConflictAnswer:
            asked.set()
            return await asyncio.Future()

        upload = asyncio.create_task(
            cloud.upload(source, "/dir/film", on_conflict=never, keep_on_cancel=True)
        )
        await asked.wait()
        upload.cancel()
        await manager.seen(c2s.UploadPark)
    assert len(manager.kept) == 1


async def test_a_failed_try_gives_its_service_back_before_the_next_one(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Its run is over at the manager, so that resuming it takes it from nobody."""
    async with client(make_client, chunk_attempts=1) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        await manager.held()
        manager.chunk_faults.append(refusal(503))
        manager.released.set()
        await upload
    assert manager.files == {"/dir/film": CONTENT}
    about = [type(each) for each in manager.received if isinstance(each, ABOUT_KEEPING)]
    assert about == [c2s.UploadKeep, c2s.UploadPark, c2s.UploadResume]


async def test_an_upload_that_cannot_go_on_now_stays_kept(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """A full disk of the server costs nothing that is stored, and occupies no service."""
    async with client(make_client) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        await manager.held()
        manager.chunk_faults.append(refusal(507))
        manager.released.set()
        with pytest.raises(LastingFailure):
            await upload
        await manager.until(lambda: not manager.uploads)
        assert len(manager.kept) == 1
        assert (await cloud.upload(source, "/dir/film")).sent_bytes <= 5000


async def test_a_manager_that_stays_away_is_waited_for(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Longer than without a kept upload: its patience decides."""
    async with client(make_client, reconnect_attempts=2) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/dir/film"))
        await manager.held()
        manager.hangs_up = True
        await manager.drop_all()
        await manager.until(lambda: manager.hang_ups >= 10)
        manager.hangs_up = False
        manager.released.set()
        await upload
    assert manager.files == {"/dir/film": CONTENT}


async def test_nothing_is_sent_again_when_only_the_last_word_was_lost(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """There is no second copy either, and no service is booked for it."""
    manager.held_from = None
    finish = manager.finish

    async def drop_instead(*_: object, **__: object) -> None:
        manager.finish = finish  # type: ignore[method-assign]
        await manager.drop_all()

    manager.finish = drop_instead  # type: ignore[method-assign]
    async with client(make_client) as cloud:
        result = await cloud.upload(source, "/dir/film")
    assert manager.files == {"/dir/film": CONTENT}
    assert result.sent_bytes == len(CONTENT)
    assert manager.count(c2s.UploadRequest) == 1


async def test_the_question_about_a_taken_name_is_asked_again(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """By each call for itself: what an earlier one would have overwritten may be renamed now."""
    manager.files["/dir/film"] = b"old"
    manager.held_from = None
    asked = asyncio.Event()

    async def note(*_: object) -> None:
        asked.set()

    answer = manager.handlers[c2s.UploadOverwriteResponse]
    manager.on(c2s.UploadOverwriteResponse, note)
    async with client(make_client) as cloud:
        upload = asyncio.create_task(
            cloud.upload(source, "/dir/film", on_conflict="overwrite", keep_on_cancel=True)
        )
        await asked.wait()
        upload.cancel()
        await asyncio.gather(upload, return_exceptions=True)
    await manager.until(lambda: not manager.peers)
    next(iter(manager.kept.values())).state = "awaiting-decision"
    manager.on(c2s.UploadOverwriteResponse, answer)
    async with client(make_client) as cloud:
        result = await cloud.upload(source, "/dir/film", on_conflict="rename")
    assert (result.outcome, result.path) == (Outcome.RENAMED, "/dir/film (1).")
    assert (result.sent_bytes, manager.files["/dir/film"]) == (0, b"old")


async def test_what_needs_no_keeping_is_not_kept(
    manager: KeepingManager, make_client: MakeClient
) -> None:
    """A single chunk, and a stream that nobody can read again."""
    manager.held_from = None

    async def stream() -> AsyncIterator[bytes]:
        yield CONTENT

    async with client(make_client) as cloud:
        await cloud.upload(b"x" * 1000, "/small")
        await cloud.upload(stream(), "/stream")
        await cloud.upload(b"y", "/other", on_conflict="overwrite")
    assert manager.count(c2s.UploadKeep) == 0
    assert manager.count(c2s.KeptUploadsRequest) == 1
    requests = [each for each in manager.received if isinstance(each, c2s.UploadRequest)]
    assert requests[-1].do_overwrite


async def test_an_upload_that_may_not_be_kept_goes_on(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """A user who keeps too many uploads can still upload."""
    manager.held_from = None

    async def refuse(peer: Peer, frame: Frame, _: c2s.UploadKeep) -> None:
        await peer.send(generic.Boolean(success=False, message="too many"), frame)

    manager.on(c2s.UploadKeep, refuse)
    async with client(make_client) as cloud:
        await cloud.upload(source, "/dir/film")
    assert manager.files == {"/dir/film": CONTENT}


async def test_failures_of_an_upload_that_is_not_kept_are_counted(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """Patience is for what is not lost."""

    async def reject(peer: Peer, frame: Frame, _: c2s.UploadRequest) -> None:
        await manager.reject_resume(peer, frame, "broken", "later")

    manager.on(c2s.UploadRequest, reject)
    async with client(make_client, upload_attempts=3) as cloud:
        with pytest.raises(Rejected):
            await cloud.upload(source, "/dir/film")
    assert manager.count(c2s.UploadRequest) == 3


async def test_kept_uploads_are_listed_and_dropped(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """All of them, however many pages they are; none that is not there."""
    kept_id = await interrupted(manager, make_client, source)
    manager.page_size = 1
    manager.kept["00000000-0000-0000-0000-000000000000"] = manager.kept[kept_id]
    async with client(make_client) as cloud:
        found = [each async for each in cloud.uploads()]
        assert [each.id for each in found] == list(manager.kept)
        assert (found[0].path, found[0].name) == ("/dir/film", "film")
        assert (found[0].size, found[0].stored_size) == (10_000, 5000)
        assert found[0].state is KeptUploadState.PARKED
        await cloud.drop_upload(kept_id)
        assert kept_id not in manager.kept
        with pytest.raises(Refused, match="no such upload"):
            await cloud.drop_upload(kept_id)
        with pytest.raises(InvalidInput):
            await cloud.drop_upload("film")


async def test_two_uploads_to_one_path_do_not_share_a_kept_one(
    manager: KeepingManager, make_client: MakeClient, source: Path
) -> None:
    """One goes on with it, the other is a second file, as ever."""
    await interrupted(manager, make_client, source)
    async with make_client(parallel_uploads=2) as cloud:
        results = await asyncio.gather(*(cloud.upload(source, "/dir/film") for _ in range(2)))
    assert sorted(each.sent_bytes for each in results) == [5000, 10_000]


async def test_the_fingerprint_is_the_one_that_the_page_makes(tmp_path: Path) -> None:
    """Size, time of the last change in whole milliseconds, and the first 64 KiB."""
    path = tmp_path / "film"
    content = content_of(BEGINNING_SIZE + 1)
    path.write_bytes(content)
    os.utime(path, ns=(0, 1_764_460_800_123_999_999))
    digest = hashlib.sha256(content[:65536]).hexdigest()
    assert await FileSource(path).fingerprint() == f"v1:65537:1764460800123:{digest}"


async def test_an_upload_waits_until_it_is_known_what_is_kept(manager, make_client, source: Path):
    """The catalog may be away when the client asks; the upload begins when it is back."""
    manager.held_from = None
    refused: list[Frame] = []

    async def refuse(peer: Peer, frame: Frame, _: c2s.KeptUploadsRequest) -> None:
        refused.append(frame)
        if len(refused) == 2:
            manager.on(c2s.KeptUploadsRequest, answer)
        await peer.send(generic.Boolean(success=False, message="not now", retry="later"), frame)

    answer = manager.handlers[c2s.KeptUploadsRequest]
    manager.on(c2s.KeptUploadsRequest, refuse)
    async with client(make_client, upload_attempts=1) as cloud:
        await cloud.upload(source, "/film.bin")
    assert manager.files["/film.bin"] == CONTENT
    assert len(refused) == 2


async def test_an_upload_that_may_succeed_later_is_not_refused(manager, make_client, source: Path):
    """A catalog that stays away is a reason to run the same command again."""

    async def refuse(peer: Peer, frame: Frame, _: c2s.KeptUploadsRequest) -> None:
        await peer.send(generic.Boolean(success=False, message="not now", retry="later"), frame)

    manager.on(c2s.KeptUploadsRequest, refuse)
    async with client(make_client, upload_attempts=2, unavailable_patience_s=0.0) as cloud:
        with pytest.raises(Unavailable, match="not now"):
            await cloud.upload(source, "/film.bin")
