"""Uploads, from booking to the last word, on good days and bad ones."""

import asyncio
from collections.abc import Callable
from itertools import pairwise

import pytest
from aiohttp import web

from client_sdk import Client, Outcome, Progress, Stage, UploadResult, booked_services
from client_sdk.errors import (
    InvalidInput,
    LastingFailure,
    NotLoggedIn,
    Refused,
    Rejected,
    Unreachable,
    UploadFailed,
)
from protocol import c2s, generic, s2c
from protocol.codec import Frame
from tests.client_sdk.conftest import Peer, ScriptedManager
from tests.client_sdk.content import content_of

MakeClient = Callable[..., Client]


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 5000, 7777])
async def test_a_file_arrives_byte_for_byte(
    manager, make_client: MakeClient, tmp_path, size
) -> None:
    """Every size around the chunk size arrives as it was."""
    source = tmp_path / "file.bin"
    source.write_bytes(content_of(size))
    async with make_client() as cloud:
        result = await cloud.upload(source, "/dir/name.bin")
    assert result == UploadResult(
        path="/dir/name.bin", requested_path="/dir/name.bin", size=size, outcome=Outcome.STORED
    )
    assert (result.parent, result.name) == ("/dir", "name.bin")
    assert manager.files == {"/dir/name.bin": content_of(size)}


async def test_the_fields_of_a_chunk_come_in_the_order_id_chunk_file(manager, make_client) -> None:
    """A service knows where the bytes belong before they arrive."""
    async with make_client() as cloud:
        await cloud.upload(content_of(1500), "/name")
    assert manager.chunk_fields == [["id", "chunk", "file"]] * 2


async def test_chunks_go_in_parallel_but_not_too_many(manager, make_client) -> None:
    """As many chunks are in flight as the settings say."""
    manager.chunk_gate.clear()
    async with make_client(chunks_in_flight=3) as cloud:
        upload = asyncio.create_task(cloud.upload(content_of(9000), "/name"))
        await manager.until(lambda: manager.chunks_now == 3)
        manager.chunk_gate.set()
        await upload
    assert manager.chunks_peak == 3


@pytest.mark.parametrize("remote", ["name", "/", "/a/../b", "/dir/", "/" + "a/" * 11 + "b"])
async def test_bad_paths_are_errors(make_client, remote: str) -> None:
    """A path that the protocol does not allow is not sent."""
    async with make_client() as cloud:
        with pytest.raises(InvalidInput):
            await cloud.upload(b"content", remote)


async def test_many_files_share_the_booked_services(manager, make_client) -> None:
    """Files beyond the services wait their turn, none is rejected, and the booking is cleared."""
    async with make_client(parallel_uploads=4) as cloud:
        await asyncio.gather(*(cloud.upload(content_of(1500), f"/file{n}") for n in range(12)))
        await manager.seen(c2s.UploadBookingClear)
    assert len(manager.files) == 12
    assert manager.count(c2s.UploadRequest) == 12


async def test_no_more_is_booked_than_there_are_files(manager, make_client) -> None:
    """One file books one service."""
    async with make_client(parallel_uploads=4) as cloud:
        await cloud.upload(b"x", "/name")
    packet = await manager.seen(c2s.UploadBookingRequest)
    assert packet.desired_amount == 1


async def test_a_service_that_comes_later_is_used(manager, make_client) -> None:
    """With nothing free the client waits for +1."""
    manager.services = 0
    async with make_client() as cloud:
        upload = asyncio.create_task(cloud.upload(b"x", "/name"))
        await manager.until(lambda: manager.count(c2s.UploadBookingRequest) == 1)
        peer = manager.peers[0]
        peer.held = 1
        await peer.send(s2c.UploadBookingModify(effective_change=1))
        await upload
    assert manager.files == {"/name": b"x"}


async def test_a_lost_booking_answer_is_asked_for_again(manager, make_client) -> None:
    """A booking whose answer is lost is made again."""
    manager.lose(s2c.UploadBooking)
    async with make_client(reply_timeout_s=0.02) as cloud:
        await cloud.upload(b"x", "/name")
    assert manager.files == {"/name": b"x"}


async def test_a_refused_booking_is_an_error(manager, make_client) -> None:
    """A manager that gives no services is quoted."""

    async def refuse(peer, frame, _) -> None:
        await peer.send(generic.Boolean(success=False, message="not for you"), frame)

    manager.on(c2s.UploadBookingRequest, refuse)
    async with make_client() as cloud:
        with pytest.raises(Refused, match="not for you"):
            await cloud.upload(b"x", "/name")


async def test_a_rejected_request_is_tried_again(manager, make_client) -> None:
    """A rejection is not the end of an upload."""
    accept = manager.handlers[c2s.UploadRequest]

    async def reject_once(peer, frame, packet) -> None:
        manager.on(c2s.UploadRequest, accept)
        await manager.reject(peer, frame, packet, "no service is free")

    manager.on(c2s.UploadRequest, reject_once)
    async with make_client() as cloud:
        await cloud.upload(b"x", "/name")
    assert manager.files == {"/name": b"x"}


async def test_what_is_always_rejected_fails_with_the_reason(manager, make_client) -> None:
    """After some tries the manager's reason is passed on, and other uploads go on."""
    accept = manager.handlers[c2s.UploadRequest]

    async def reject(peer, frame, packet) -> None:
        if packet.name == "bad":
            await manager.reject(peer, frame, packet, "the name is not allowed here")
        else:
            await accept(peer, frame, packet)

    manager.on(c2s.UploadRequest, reject)
    async with make_client(upload_attempts=3) as cloud:
        good = asyncio.create_task(cloud.upload(b"x", "/good"))
        with pytest.raises(Rejected, match="not allowed here"):
            await cloud.upload(b"x", "/bad")
        await good
    assert manager.files == {"/good": b"x"}


def wishes(manager: ScriptedManager) -> list[int]:
    """How many services were asked for, each time."""
    asked = (p for p in manager.received if isinstance(p, c2s.UploadBookingRequest))
    return [packet.desired_amount for packet in asked]


async def test_uploads_that_follow_each_other_change_no_booking(
    manager, make_client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two of them the service is kept, and nothing is asked; later it is given back."""
    monkeypatch.setattr(booked_services, "LINGER_S", 60.0)
    accept = manager.handlers[c2s.UploadRequest]
    may_go_on = asyncio.Event()

    async def accept_later(peer: Peer, frame: Frame, packet: c2s.UploadRequest) -> None:
        await may_go_on.wait()
        await accept(peer, frame, packet)

    async def answer(peer: Peer, frame: Frame, packet: c2s.UploadRequest) -> None:
        if packet.name == "long":
            late.append(asyncio.create_task(accept_later(peer, frame, packet)))
        else:
            await accept(peer, frame, packet)

    late: list[asyncio.Task[None]] = []
    manager.on(c2s.UploadRequest, answer)
    async with make_client(reply_timeout_s=10) as cloud:
        long = asyncio.create_task(cloud.upload(b"x", "/long"))
        await manager.until(lambda: late)
        for name in ("/a", "/b"):
            await cloud.upload(b"x", name)
        assert wishes(manager) == [1, 2]
        monkeypatch.setattr(booked_services, "LINGER_S", 0.0)
        await cloud.upload(b"x", "/c")
        await manager.until(lambda: wishes(manager) == [1, 2, 1])
        may_go_on.set()
        await long
    await asyncio.gather(*late)


def rejecting(manager: ScriptedManager, retry: s2c.Retry, times: int) -> list[str]:
    """Has so many requests rejected with a code; what is asked is listed."""
    accept = manager.handlers[c2s.UploadRequest]
    asked: list[str] = []

    async def reject(peer: Peer, frame: Frame, packet: c2s.UploadRequest) -> None:
        asked.append(packet.name)
        if len(asked) > times:
            await accept(peer, frame, packet)
        else:
            rejection = s2c.UploadRejection(code="some-code", reason="some words", retry=retry)
            await peer.send(rejection, frame)

    manager.on(c2s.UploadRequest, reject)
    return asked


async def test_meeting_no_free_service_is_no_attempt(manager, make_client) -> None:
    """However often it happens, the upload goes on; the booking is counted anew each time."""
    asked = rejecting(manager, "soon", times=10)
    async with make_client(upload_attempts=1, parallel_uploads=1) as cloud:
        await cloud.upload(b"x", "/name")
        await manager.seen(c2s.UploadBookingClear)
    assert len(asked) == 11
    kinds = [type(packet) for packet in manager.received]
    questions = (c2s.UploadBookingRequest, c2s.UploadBookingClear)
    for before, after in pairwise(n for n, kind in enumerate(kinds) if kind is c2s.UploadRequest):
        assert any(kind in questions for kind in kinds[before:after])


async def test_what_may_be_mended_is_an_attempt(manager, make_client) -> None:
    """It is asked for again, but not for ever; the error has the manager's code."""
    asked = rejecting(manager, "later", times=10)
    async with make_client(upload_attempts=3) as cloud:
        with pytest.raises(Rejected, match="some words") as rejected:
            await cloud.upload(b"x", "/name")
    assert len(asked) == 3
    assert rejected.value.reason_code == "some-code"


async def test_what_never_succeeds_is_asked_for_once(manager, make_client) -> None:
    """Asking again for what has to be another request is of no use."""
    asked = rejecting(manager, "never", times=10)
    async with make_client() as cloud:
        with pytest.raises(Rejected, match="some words"):
            await cloud.upload(b"x", "/name")
    assert asked == ["name"]


async def test_the_service_of_an_aborted_upload_is_free_once_it_has_stopped(
    manager, make_client
) -> None:
    """The manager's yes to an abort comes before that: nothing is requested in between."""
    manager.chunk_gate.clear()
    said_yes = asyncio.Event()

    async def say_yes(peer: Peer, frame: Frame, packet: c2s.UploadAbortRequest) -> None:
        await peer.send(generic.Boolean(success=True), frame)
        said_yes.set()

    manager.on(c2s.UploadAbortRequest, say_yes)
    async with make_client(parallel_uploads=1) as cloud:
        first = asyncio.create_task(cloud.upload(b"x", "/first"))
        await manager.until(lambda: manager.chunks_now == 1)
        second = asyncio.create_task(cloud.upload(b"x", "/second"))
        first.cancel()
        await said_yes.wait()
        await cloud.create_folder("/answered after the abort")
        await cloud.create_folder("/asked for after whatever follows from that")
        assert manager.count(c2s.UploadRequest) == 1
        (aborted,) = manager.uploads.values()
        await manager.fail(aborted, "aborted")
        manager.chunk_gate.set()
        await second
    assert "/second" in manager.files


async def test_a_late_acceptance_is_taken_back(manager, make_client) -> None:
    """An upload that was accepted after its caller gave up does not hold its service."""
    asked = asyncio.Event()
    accept = manager.handlers[c2s.UploadRequest]

    async def late(peer, frame, packet) -> None:
        asked.set()
        await answer.wait()
        await accept(peer, frame, packet)

    answer = asyncio.Event()
    manager.on(c2s.UploadRequest, late)
    async with make_client() as cloud:
        upload = asyncio.create_task(cloud.upload(b"x", "/name"))
        await asked.wait()
        upload.cancel()
        await asyncio.wait([upload])
        answer.set()
        await manager.seen(c2s.UploadAbortRequest)
        await manager.until(lambda: not manager.uploads)


async def test_failed_chunks_are_sent_again(manager, make_client) -> None:
    """Server errors and lost answers of a chunk cost a retry, nothing else."""
    manager.chunk_faults = [
        lambda _: web.json_response({"error": "Discord is down"}, status=502),
        lambda _: web.Response(status=200, headers={"Connection": "close"}),
        lambda _: web.json_response({"error": "slow down"}, status=429),
    ]
    async with make_client() as cloud:
        await cloud.upload(content_of(2500), "/name")
    assert manager.files == {"/name": content_of(2500)}


async def test_a_chunk_that_never_gets_through_fails_the_upload(manager, make_client) -> None:
    """Tries end some time, with the service's reason, and the upload is taken back."""
    manager.chunk_faults = [
        lambda _: web.json_response({"error": "Discord is down"}, status=502)
    ] * 100
    async with make_client(chunk_attempts=2, upload_attempts=2) as cloud:
        with pytest.raises(UploadFailed, match="Discord is down"):
            await cloud.upload(content_of(2500), "/name")
        await manager.until(lambda: not manager.uploads)


async def test_a_server_without_room_is_not_asked_again(manager, make_client) -> None:
    """Nothing helps but its operator, whom its words name; the upload is taken back."""
    manager.chunk_faults = [
        lambda _: web.json_response({"error": "the disk is full"}, status=507)
    ] * 100
    async with make_client() as cloud:
        with pytest.raises(LastingFailure, match="the disk is full"):
            await cloud.upload(b"x", "/name")
        await manager.until(lambda: not manager.uploads)
    assert len(manager.chunk_faults) == 99
    assert manager.count(c2s.UploadRequest) == 1


async def test_a_service_that_waits_for_discord_is_waited_for(manager, make_client) -> None:
    """A chunk whose answer does not come is sent again for as long as the upload lives."""
    manager.chunk_gate.clear()
    settings = {"chunk_attempts": 1, "upload_attempts": 1, "chunk_reply_timeout_s": 0.02}
    async with make_client(**settings) as cloud:
        upload = asyncio.create_task(cloud.upload(b"x", "/name"))
        await manager.until(lambda: len(manager.chunk_fields) >= 4)
        manager.chunk_gate.set()
        assert (await upload).outcome is Outcome.STORED
    assert manager.count(c2s.UploadRequest) == 1


async def test_a_service_that_does_not_read_is_waited_for(manager, make_client) -> None:
    """It has no room for the chunk yet; that is no failed attempt either."""
    manager.chunk_size = 16 * 2**20
    manager.unread_chunks = 3
    settings = {"chunk_attempts": 1, "upload_attempts": 1, "stall_timeout_s": 0.05}
    async with make_client(**settings) as cloud:
        result = await cloud.upload(bytes(manager.chunk_size), "/name")
    assert result.outcome is Outcome.STORED
    assert manager.count(c2s.UploadRequest) == 1


async def test_the_stage_finish_counts_more_than_a_lost_chunk_answer(manager, make_client) -> None:
    """When the service has everything, a missing HTTP answer does not hold the upload up."""
    async with make_client() as cloud:
        manager.chunk_gate.clear()
        upload = asyncio.create_task(cloud.upload(b"x", "/name"))
        await manager.until(lambda: manager.chunks_now == 1)
        running = manager.running[0]
        running.chunks[0] = b"x"
        await manager._stored(running)  # noqa: SLF001 - plays the service's part
        assert (await upload).outcome is Outcome.STORED


async def test_a_lost_service_begins_the_file_anew(manager, make_client) -> None:
    """When the service goes away the whole file goes to another one."""
    manager.chunk_gate.clear()
    async with make_client() as cloud:
        other = asyncio.create_task(cloud.upload(b"y", "/other"))
        upload = asyncio.create_task(cloud.upload(content_of(2500), "/name"))
        await manager.until(lambda: manager.chunks_now == 4)
        victim = next(u for u in manager.running if u.packet.name == "name")
        await manager.lose_service(victim)
        manager.chunk_gate.set()
        await asyncio.gather(other, upload)
    assert manager.files == {"/name": content_of(2500), "/other": b"y"}


async def test_a_failed_upload_says_why(manager, make_client) -> None:
    """A failure at every try ends with the manager's reason."""

    async def fail(peer, frame, packet) -> None:
        await accept(peer, frame, packet)
        await manager.fail(manager.running[0], "the disk is full")

    accept = manager.handlers[c2s.UploadRequest]
    manager.on(c2s.UploadRequest, fail)
    async with make_client(upload_attempts=2) as cloud:
        with pytest.raises(UploadFailed, match="the disk is full"):
            await cloud.upload(b"x", "/name")
    assert manager.count(c2s.UploadRequest) == 2


async def test_a_failure_after_the_stage_finish_is_final(manager, make_client) -> None:
    """A file that came through is not sent again for what went wrong afterwards."""

    async def refuse(peer, frame, packet) -> None:
        await manager.fail(manager.uploads[packet.upload_id], "the folder is gone")

    manager.files["/name"] = b"old"
    manager.on(c2s.UploadOverwriteResponse, refuse)
    async with make_client() as cloud:
        with pytest.raises(UploadFailed, match="the folder is gone"):
            await cloud.upload(b"x", "/name")
    assert manager.count(c2s.UploadRequest) == 1


async def test_after_a_lost_connection_what_is_left_goes_on(manager, make_client) -> None:
    """The client connects again, books again, and uploads what is not there yet."""
    manager.chunk_gate.clear()
    async with make_client() as cloud:
        uploads = [
            asyncio.create_task(cloud.upload(content_of(1500), f"/file{n}")) for n in range(5)
        ]
        await manager.until(lambda: manager.chunks_now == 4)
        await manager.drop_all()
        manager.chunk_gate.set()
        await asyncio.gather(*uploads)
    assert manager.files == {f"/file{n}": content_of(1500) for n in range(5)}


async def test_a_manager_that_stays_away_is_an_error(manager, make_client) -> None:
    """After the last try to reconnect, waiting uploads are told."""
    manager.services = 0
    async with make_client(reconnect_attempts=2) as cloud:
        upload = asyncio.create_task(cloud.upload(b"x", "/name"))
        await manager.seen(c2s.UploadBookingRequest)
        manager.token = "changed"
        await manager.drop_all()
        with pytest.raises(NotLoggedIn):
            await upload


async def test_without_a_manager_entering_fails(make_client, manager) -> None:
    """Nobody there: an error at once, as itself."""
    manager.url = "http://127.0.0.1:1"
    with pytest.raises(Unreachable):
        async with make_client():
            pass


async def test_cancelling_takes_the_upload_back(manager, make_client) -> None:
    """A cancelled upload is aborted at the manager; others go on."""
    manager.chunk_gate.clear()
    async with make_client() as cloud:
        upload = asyncio.create_task(cloud.upload(content_of(2500), "/gone"))
        await manager.until(lambda: manager.chunks_now == 3)
        upload.cancel()
        with pytest.raises(asyncio.CancelledError):
            await upload
        await manager.seen(c2s.UploadAbortRequest)
        manager.chunk_gate.set()
        await cloud.upload(b"x", "/stays")
    assert manager.files == {"/stays": b"x"}


async def test_progress_tells_stages_and_bytes(manager, make_client) -> None:
    """Progress begins at waiting, never passes the size, and ends at done with all bytes."""
    reports: list[Progress] = []
    manager.chunk_faults = [lambda _: web.Response(status=500)]
    async with make_client() as cloud:
        await cloud.upload(content_of(2500), "/name", progress=reports.append)
    assert reports[0].stage is Stage.WAITING
    assert reports[-1] == Progress(Stage.DONE, 2500, 2500)
    assert all(0 <= report.transferred <= 2500 for report in reports)


async def test_a_refused_clear_is_tried_again(manager, make_client) -> None:
    """When the manager still sees an upload running, the booking is cleared later."""
    clear = manager.handlers[c2s.UploadBookingClear]

    async def refuse_once(peer, frame, _) -> None:
        manager.on(c2s.UploadBookingClear, clear)
        await peer.send(generic.Boolean(success=False), frame)

    manager.on(c2s.UploadBookingClear, refuse_once)
    async with make_client() as cloud:
        await cloud.upload(b"x", "/name")
        await manager.seen(c2s.UploadBookingClear, 2)
        await manager.until(lambda: manager.peers[0].held == 0)


async def test_rejections_that_crossed_a_loss_do_not_count(manager, make_client) -> None:
    """A request that met a service on its way out is nobody's fault."""
    accept = manager.handlers[c2s.UploadRequest]
    rejections = 0

    async def take_away(peer, frame, packet) -> None:
        nonlocal rejections
        rejections += 1
        if rejections == 4:
            manager.on(c2s.UploadRequest, accept)
        await peer.send(s2c.UploadBookingModify(effective_change=-1))
        await manager.reject(peer, frame, packet, "no booked service is free")

    manager.on(c2s.UploadRequest, take_away)
    async with make_client(upload_attempts=2) as cloud:
        await cloud.upload(b"x", "/name")
    assert manager.files == {"/name": b"x"}


async def test_a_service_that_never_finishes_is_given_up(manager, make_client) -> None:
    """All chunks are stored but nothing follows: the upload begins anew, and then fails."""

    async def store_silently(fields: dict[str, bytes]) -> web.Response:
        return web.Response(text="0")

    manager._store = store_silently  # noqa: SLF001 - plays the service's part
    async with make_client(finish_timeout_s=0.01, upload_attempts=2) as cloud:
        with pytest.raises(UploadFailed, match="did not finish in time"):
            await cloud.upload(b"x", "/name")
        await manager.seen(c2s.UploadAbortRequest, 2)
