"""Uploads, from booking to the last word, on good days and bad ones."""

import asyncio
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web

from client_sdk import (
    Client,
    Conflict,
    ConflictAnswer,
    OnConflict,
    Outcome,
    Progress,
    Stage,
    UploadResult,
)
from client_sdk.errors import (
    InvalidInput,
    NotLoggedIn,
    Refused,
    Rejected,
    SourceChanged,
    SourceUnreadable,
    Unreachable,
    UploadFailed,
)
from protocol import c2s, generic, s2c

MakeClient = Callable[..., Client]


def content_of(size: int) -> bytes:
    """Bytes that differ from chunk to chunk."""
    return bytes(index * 31 % 251 for index in range(size))


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 5000, 7777])
async def test_a_file_arrives_byte_for_byte(
    manager, make_client: MakeClient, tmp_path, size
) -> None:
    """Every size around the chunk size arrives as it was."""
    source = tmp_path / "file.bin"
    source.write_bytes(content_of(size))
    async with make_client() as cloud:
        result = await cloud.upload(source, "/dir/name.bin")
    assert result == UploadResult("/dir", "name.bin", Outcome.STORED)
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


async def test_streams_are_read_in_order(manager, make_client) -> None:
    """A factory of readers is a source, synchronous or not."""

    class AsyncReader:
        def __init__(self) -> None:
            self.inner = io.BytesIO(content_of(2500))

        async def read(self, size: int) -> bytes:
            return self.inner.read(size)

    async with make_client() as cloud:
        await cloud.upload(lambda: io.BytesIO(content_of(2500)), "/sync", size=2500)
        await cloud.upload(AsyncReader, "/async", size=2500)
    assert manager.files == {"/sync": content_of(2500), "/async": content_of(2500)}


@pytest.mark.parametrize("size", [0, 2499, 2501])
async def test_a_stream_of_another_size_is_an_error(manager, make_client, size: int) -> None:
    """A stream that ends early or late fails its upload, and the manager is told."""
    async with make_client() as cloud:
        with pytest.raises(SourceChanged):
            await cloud.upload(lambda: io.BytesIO(content_of(2500)), "/name", size=size)
        if size > 0:
            await manager.seen(c2s.UploadAbortRequest)
        await cloud.upload(io.BytesIO, "/empty", size=0)
    assert manager.files == {"/empty": b""}


class Broken:
    """A stream that fails in one of its methods."""

    def __init__(self, error: Exception, method: str) -> None:
        self.error, self.method = error, method

    def read(self, size: int) -> bytes:
        """Nothing but zeros."""
        self._fail("read")
        return bytes(min(size, 1))

    def close(self) -> None:
        """Nothing to close."""
        self._fail("close")

    def _fail(self, method: str) -> None:
        if method == self.method:
            raise self.error


@pytest.mark.parametrize("method", ["factory", "read", "close"])
@pytest.mark.parametrize("error", [OSError("broken"), ValueError("broken"), StopIteration()])
async def test_errors_of_a_stream_are_errors_of_the_client(
    manager, make_client, error: Exception, method: str
) -> None:
    """Whatever a stream raises, and wherever, comes out as one `SourceUnreadable`."""

    def make() -> Broken:
        if method == "factory":
            raise error
        return Broken(error, method)

    async with make_client() as cloud:
        for size in (0, 2500):
            with pytest.raises(SourceUnreadable, match=r"broken|StopIteration"):
                await cloud.upload(make, "/name", size=size)


@pytest.mark.parametrize("content", ["text", None, bytes(5000)])
async def test_a_stream_gives_bytes_and_not_too_many(make_client, content: object) -> None:
    """Text, nothing at all, or more than was asked for is said to be what it is."""

    class Strange:
        def read(self, _: int) -> object:
            return content

    async with make_client() as cloud:
        with pytest.raises(SourceUnreadable, match="the stream gave"):
            await cloud.upload(Strange, "/name", size=2500)


@pytest.mark.parametrize("source", [io.BytesIO(b"x"), 7, None, ["/a"]])
@pytest.mark.parametrize("size", [None, 1])
async def test_a_source_of_another_type_is_named(make_client, source: Any, size) -> None:
    """The error tells what may be handed in, also for an open file."""
    async with make_client() as cloud:
        with pytest.raises(TypeError, match=f"a path, bytes, or a.* not {type(source).__name__}"):
            await cloud.upload(source, "/name", size=size)


async def test_policies_may_be_given_by_their_values(manager, make_client) -> None:
    """The text of a policy is as good as the policy, also in an answer; others are named."""
    manager.files = {"/name": b"old"}
    async with make_client() as cloud:
        assert (await cloud.upload(b"new", "/name", on_conflict="skip")).outcome is Outcome.SKIPPED
        await cloud.upload(b"new", "/name", on_conflict="overwrite")
        assert manager.files == {"/name": b"new"}
        answer, wrong = ConflictAnswer(cast("Any", "overwrite")), ConflictAnswer(cast("Any", "no"))
        await cloud.upload(b"newer", "/name", on_conflict=lambda _: answer)
        assert manager.files == {"/name": b"newer"}
        with pytest.raises(InvalidInput, match="overwrite, rename, skip"):
            await cloud.upload(b"x", "/name", on_conflict="replace")
        with pytest.raises(InvalidInput, match="overwrite, rename, skip"):
            await cloud.upload(b"x", "/name", on_conflict=lambda _: wrong)


async def test_a_file_that_changes_is_an_error(manager, make_client, tmp_path: Path) -> None:
    """A file that grows while it is uploaded is not stored."""
    source = tmp_path / "log"
    source.write_bytes(content_of(3000))
    manager.chunk_gate.clear()
    async with make_client(chunks_in_flight=1) as cloud:
        upload = asyncio.create_task(cloud.upload(source, "/log"))
        await manager.until(lambda: manager.chunks_now == 1)
        with source.open("ab") as file:
            file.write(b"more")
        manager.chunk_gate.set()
        with pytest.raises(SourceChanged, match="log changed"):
            await upload
    assert manager.files == {}


async def test_what_is_no_file_is_an_error(make_client, tmp_path: Path) -> None:
    """Missing files and folders are named before anything is sent."""
    async with make_client() as cloud:
        for source in (tmp_path, tmp_path / "missing"):
            with pytest.raises(SourceUnreadable, match=source.name):
                await cloud.upload(source, "/name")


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


@pytest.mark.parametrize(
    ("policy", "outcome", "files"),
    [
        (OnConflict.OVERWRITE, Outcome.STORED, {"/a.txt": b"new"}),
        (OnConflict.RENAME, Outcome.RENAMED, {"/a.txt": b"old", "/a (1).txt": b"new"}),
        (OnConflict.SKIP, Outcome.SKIPPED, {"/a.txt": b"old"}),
    ],
)
@pytest.mark.parametrize("is_asked", [True, False])
async def test_conflicts_are_settled_by_policy_or_callback(
    manager, make_client, policy, outcome, files, is_asked
) -> None:
    """Each policy, fixed or answered, does what it says and reports it."""
    manager.files["/a.txt"] = b"old"
    asked: list[Conflict] = []

    async def callback(conflict: Conflict) -> ConflictAnswer:
        asked.append(conflict)
        return ConflictAnswer(policy)

    async with make_client() as cloud:
        result = await cloud.upload(b"new", "/a.txt", on_conflict=callback if is_asked else policy)
    assert (result.outcome, manager.files) == (outcome, files)
    assert asked == ([Conflict("/", "a.txt")] if is_asked else [])


async def test_use_on_all_asks_once(manager, make_client) -> None:
    """One answer settles all conflicts of the same callback, and no others."""
    manager.files = {f"/{n}": b"old" for n in range(6)}
    asked: list[str] = []

    def callback(conflict: Conflict) -> ConflictAnswer:
        asked.append(conflict.name)
        return ConflictAnswer(OnConflict.OVERWRITE, use_on_all=True)

    async with make_client() as cloud:
        await asyncio.gather(
            *(cloud.upload(b"new", f"/{n}", on_conflict=callback) for n in range(5)),
            cloud.upload(b"new", "/5", on_conflict=OnConflict.SKIP),
        )
    assert len(asked) == 1
    assert manager.files == {**{f"/{n}": b"new" for n in range(5)}, "/5": b"old"}


async def test_an_error_in_the_callback_ends_its_upload(manager, make_client) -> None:
    """What the callback raises comes out of the upload, which is taken back."""
    manager.files["/name"] = b"old"

    def callback(_: Conflict) -> ConflictAnswer:
        raise ZeroDivisionError

    async with make_client() as cloud:
        with pytest.raises(ZeroDivisionError):
            await cloud.upload(b"new", "/name", on_conflict=callback)
        await manager.until(lambda: not manager.uploads)
    assert manager.files == {"/name": b"old"}


async def test_a_service_is_free_while_a_conflict_waits(manager, make_client) -> None:
    """An open question holds no service."""
    manager.services = 1
    manager.files["/taken"] = b"old"
    others_done = asyncio.Event()

    async def callback(_: Conflict) -> ConflictAnswer:
        await others_done.wait()
        return ConflictAnswer(OnConflict.OVERWRITE)

    async with make_client() as cloud:
        waiting = asyncio.create_task(cloud.upload(b"new", "/taken", on_conflict=callback))
        await manager.seen(c2s.UploadRequest)
        await cloud.upload(b"x", "/other")
        others_done.set()
        await waiting
    assert manager.files == {"/taken": b"new", "/other": b"x"}


async def test_a_conflict_settled_elsewhere_is_not_asked_any_more(manager, make_client) -> None:
    """upload-overwrite-cancel takes open questions back."""
    manager.files["/name"] = b"old"
    is_asked, is_withdrawn = asyncio.Event(), asyncio.Event()

    async def callback(_: Conflict) -> ConflictAnswer:
        is_asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            is_withdrawn.set()
        raise AssertionError

    async with make_client() as cloud:
        upload = asyncio.create_task(cloud.upload(b"new", "/name", on_conflict=callback))
        await is_asked.wait()
        await manager.broadcast(s2c.UploadOverwriteCancel())
        await is_withdrawn.wait()
        await manager.finish(next(iter(manager.uploads.values())))
        assert (await upload).outcome is Outcome.STORED


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


@pytest.mark.parametrize(
    ("policy", "files"),
    [
        (OnConflict.OVERWRITE, {"/a.txt": b""}),
        (OnConflict.RENAME, {"/a.txt": b"old", "/a (1).txt": b""}),
        (OnConflict.SKIP, {"/a.txt": b"old"}),
    ],
)
async def test_empty_files_keep_the_policy(manager, make_client, policy, files) -> None:
    """A file of 0 bytes is made without a service, and respects what is there."""
    manager.files["/a.txt"] = b"old"
    async with make_client() as cloud:
        await cloud.upload(b"", "/a.txt", on_conflict=policy)
        await cloud.upload(b"", "/new", on_conflict=policy)
    assert manager.files == {**files, "/new": b""}
    assert manager.count(c2s.UploadBookingRequest) == 0


@pytest.mark.parametrize("is_made", [True, False])
async def test_a_lost_answer_about_an_empty_file_is_found_out(
    manager, make_client, is_made
) -> None:
    """Made or not, in the end there is exactly one file, and no error."""
    make = manager.handlers[c2s.EmptyFileUpload]

    async def lose(peer, frame, packet) -> None:
        manager.on(c2s.EmptyFileUpload, make)
        if is_made:
            manager.files["/name"] = b""
        await peer.drop()

    manager.on(c2s.EmptyFileUpload, lose)
    async with make_client() as cloud:
        assert (await cloud.upload(b"", "/name")).outcome is Outcome.STORED
    assert manager.files == {"/name": b""}


@pytest.mark.parametrize("packet_type", [c2s.EmptyFileUpload, c2s.DeleteFile])
async def test_a_file_stays_when_no_empty_one_can_take_its_place(
    manager, make_client, packet_type
) -> None:
    """Whichever step the manager refuses, the old file is there, and nothing else."""

    async def refuse(peer, frame, packet) -> None:
        manager.on(packet_type, original)
        await peer.send(generic.Boolean(success=False, message="not now"), frame)

    original = manager.handlers[packet_type]
    manager.on(packet_type, refuse)
    manager.files["/a.txt"] = b"old"
    async with make_client() as cloud:
        with pytest.raises(Refused, match="not now"):
            await cloud.upload(b"", "/a.txt", on_conflict=OnConflict.OVERWRITE)
    assert manager.files == {"/a.txt": b"old"}


@pytest.mark.parametrize("is_done", [True, False])
@pytest.mark.parametrize("packet_type", [c2s.EmptyFileUpload, c2s.DeleteFile, c2s.RenameFile])
async def test_an_empty_file_takes_a_place_though_the_link_is_lost(
    manager, make_client, packet_type, is_done
) -> None:
    """Whichever answer is lost, in the end there is the empty file alone."""
    original = manager.handlers[packet_type]

    async def lose(peer, frame, packet) -> None:
        manager.on(packet_type, original)
        if is_done:
            manager.lose(generic.Boolean)
            await original(peer, frame, packet)
        await peer.drop()

    manager.on(packet_type, lose)
    manager.files["/a.txt"] = b"old"
    async with make_client() as cloud:
        await cloud.upload(b"", "/a.txt", on_conflict=OnConflict.OVERWRITE)
    assert manager.files == {"/a.txt": b""}


async def test_a_name_that_is_taken_meanwhile_is_left_to_its_file(manager, make_client) -> None:
    """The error tells under which name the empty file is."""
    rename = manager.handlers[c2s.RenameFile]

    async def be_late(peer, frame, packet) -> None:
        manager.files["/a.txt"] = b"another"
        await rename(peer, frame, packet)

    manager.on(c2s.RenameFile, be_late)
    manager.files["/a.txt"] = b"old"
    async with make_client() as cloud:
        with pytest.raises(UploadFailed, match=r"there as a\.txt"):
            await cloud.upload(b"", "/a.txt", on_conflict=OnConflict.OVERWRITE)
    assert sorted(manager.files.values()) == [b"", b"another"]


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
