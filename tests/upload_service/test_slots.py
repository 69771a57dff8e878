"""The links to the manager: configuration, start, abort, finish, reports, and lost links."""

import asyncio
import base64
import gc
import json
import os
from pathlib import Path
from uuid import uuid4

import pytest
from msgspec.structs import asdict

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from protocol import s2u
from protocol.generic import Boolean
from protocol.values import LARGEST_CHUNK_SIZE
from storage.object_keys import ObjectKey
from tests.upload_service.staging import CHUNK, Stage, object_key, staged


def slow_post(stage: Stage) -> Fault:
    """Let the next post to Discord wait."""
    fault = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE)
    stage.emulator.faults.add(fault)
    return fault


async def test_the_link_introduces_the_service(stage: Stage) -> None:
    """The manager learns the address, the extensions and which slots are one process."""
    query = stage.link.query
    extensions = (
        "bundle channel-demand message-limits messages modification-times object-keys resume "
        "ticket-holders"
    )
    assert query["type"] == "upload"
    assert query["extensions"].split(",") == [*extensions.split(), "tickets", "webhooks"]
    assert query["address"] == "http://127.0.0.1:1"
    assert len(query["process"]) == 36


async def test_slots_of_a_process_have_one_link_each(tmp_path: Path) -> None:
    """Every slot connects for itself, under the same process id."""
    async with staged(tmp_path, slots=3) as stage:
        others = [await stage.manager.links.get() for _ in range(2)]
        assert {link.query["process"] for link in others} == {stage.link.query["process"]}


async def test_slots_upload_side_by_side(tmp_path: Path) -> None:
    """Two slots share the address; the upload id tells their chunks apart."""
    async with staged(tmp_path, slots=2) as stage:
        first, second = stage.link, await stage.manager.links.get()
        one = await stage.start(CHUNK)
        stage.link = second
        await stage.configure()
        two = await stage.start(10, name="b.txt")
        assert await stage.send(two, 0, bytes(10)) == (200, "0")
        assert await stage.send(one, 0, bytes(CHUNK)) == (200, "0")
        assert (await first.finishes.get()).success
        assert (await second.finishes.get()).success


@pytest.mark.parametrize(
    ("data", "name", "kind"),
    [
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "no-extension", "image/png"),
        (b"some text", "notes.txt", "text/plain"),
        (b"?", "?", "application/octet-stream"),
    ],
)
async def test_finish_tells_the_type(stage: Stage, data: bytes, name: str, kind: str) -> None:
    """The type comes from the first bytes, else from the name."""
    upload = await stage.start(len(data), name=name)
    await stage.send(upload, 0, data)
    finish = await stage.link.finishes.get()
    assert (finish.type, finish.messages, finish.channel) == (kind, None, None)


async def test_a_slot_takes_one_upload_after_the_other(stage: Stage) -> None:
    """A second upload is refused while one runs, and taken once it is finished."""
    first = await stage.start(10)
    refused = await stage.link.ask(stage.order(str(uuid4()), 10))
    assert (refused.success, bool(refused.message)) == (False, True)
    await stage.send(first, 0, bytes(10))
    await stage.link.finishes.get()
    second = await stage.start(10)
    assert await stage.send(second, 0, bytes(10)) == (200, "0")
    assert (await stage.send(first, 0, bytes(10)))[0] == 404


@pytest.mark.parametrize("changes", [{"chunk_size": LARGEST_CHUNK_SIZE + 1}, {"size": 0}])
async def test_an_upload_that_cannot_be_is_refused(stage: Stage, changes: dict[str, int]) -> None:
    """Empty files and chunks beyond the limit are refused with a reason."""
    order = {"size": 10, **changes}
    answer = await stage.link.ask(stage.order(str(uuid4()), **order))
    assert (answer.success, bool(answer.message)) == (False, True)


@pytest.mark.parametrize(
    "packet",
    [
        s2u.UploadAbort(),
        s2u.UploadServiceConfiguration(
            crypto=s2u.Crypto(enabled=False),
            discord_bot_token="t",
            discord_channel_id="123456789012345",
        ),
    ],
)
async def test_what_makes_no_sense_is_answered_false(stage: Stage, packet: s2u.UploadAbort) -> None:
    """Nothing to abort, and no bots: the answer says so."""
    answer = await stage.link.ask(packet)
    assert (answer.success, bool(answer.message)) == (False, True)


@pytest.mark.parametrize(
    "crypto", [s2u.Crypto(enabled=False), s2u.Crypto(enabled=True, key=f"{'A' * 43}=")]
)
async def test_a_configuration_with_a_master_key_is_refused(
    stage: Stage, crypto: s2u.Crypto
) -> None:
    """A manager that sends one, or wants none at all, is of an earlier release: the answer says so."""
    answer = await stage.configure(crypto=crypto)
    assert (answer.success, "upgrade" in str(answer.message)) == (False, True)


async def test_an_upload_without_its_key_is_refused(stage: Stage) -> None:
    """Neither a new one nor one that goes on: there is nothing else to seal it with."""
    order = asdict(stage.order(str(uuid4()), 10))
    del order["object_key"]
    answer = await stage.link.ask(s2u.UploadStart(**order))
    assert (answer.success, "key" in str(answer.message)) == (False, True)
    answer = await stage.resume(str(uuid4()), 10, [(0, 0)], object_key=None)
    assert (answer.success, "key" in str(answer.message)) == (False, True)


def live_keys() -> list[object]:
    """All keys of objects in this process, as they were sent and as they are used."""
    gc.collect()
    return [each for each in gc.get_objects() if type(each) in {ObjectKey, s2u.EncodedObjectKey}]


@pytest.mark.parametrize("ending", ["complete", "aborted", "link lost"])
async def test_a_key_is_kept_until_its_upload_is_over(tmp_path: Path, ending: str) -> None:
    """Also when the upload itself is remembered, as a complete one is for repeated chunks."""
    async with staged(tmp_path) as stage:
        assert live_keys() == []
        upload = await stage.start(10)
        assert live_keys() != []
        if ending == "complete":
            assert await stage.send(upload, 0, bytes(10)) == (200, "0")
            await stage.link.finishes.get()
            assert await stage.send(upload, 0, bytes(10)) == (200, "0")
        elif ending == "aborted":
            assert (await stage.link.ask(s2u.UploadAbort())).success
        else:
            await stage.link.cut()
            await stage.manager.links.get()
        assert live_keys() == []


def content_of_folder(folder: Path) -> bytes:
    """All that its files hold."""
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_no_key_is_written_to_disk(tmp_path: Path) -> None:
    """Reports outlive their process in a folder that others may read from backups: no key is in it."""
    async with staged(tmp_path) as stage:
        stage.manager.answer = lambda _: s2u.ReportDeferred()
        upload = await stage.start(10)
        sending = asyncio.create_task(stage.send(upload, 0, bytes(10)))
        await stage.manager.reported.wait()
        written = await asyncio.to_thread(content_of_folder, tmp_path / "reports")
        stage.manager.answer = lambda _: Boolean(success=True)
        assert await sending == (200, "0")
    key = base64.b64decode(object_key(upload).key)
    assert upload.encode() in written
    assert not any(form in written for form in (key, base64.b64encode(key), key.hex().encode()))


async def test_bad_frames_change_nothing(stage: Stage) -> None:
    """Broken JSON, foreign namespaces and unknown packets do not end the link."""
    for text in ("{", "[]", '{"id": "c2s:list", "data": {}}', '{"id": "s2u:new", "data": {}}'):
        await stage.link.send_text(text)
    upload = await stage.start(10)
    assert await stage.send(upload, 0, bytes(10)) == (200, "0")


async def test_abort_interrupts_a_chunk_that_is_received(stage: Stage) -> None:
    """The client that is sending gets 410, later ones 404, and the slot is free."""
    upload = await stage.start(CHUNK)
    async with stage.sending(upload, 0, length=CHUNK) as half:
        await half.write(b"x")
        await stage.until_receiving(1)
        assert (await stage.link.ask(s2u.UploadAbort())).success
        status, text = await half.request.answer()
    assert (status, "aborted" in json.loads(text)["error"]) == (410, True)
    assert (await stage.send(upload, 0, bytes(CHUNK)))[0] == 404
    await stage.start(10)


async def test_a_post_that_has_begun_outlives_the_abort(stage: Stage) -> None:
    """Discord keeps the message, the manager hears of it, the client gets 410."""
    fault = slow_post(stage)
    upload = await stage.start(CHUNK)
    stage.manager.answer = lambda _: Boolean(success=False, message="the upload has ended")
    sending = asyncio.create_task(stage.send(upload, 0, bytes(CHUNK)))
    await fault.reached.wait()
    assert (await stage.link.ask(s2u.UploadAbort())).success
    fault.release()
    assert (await sending)[0] == 410
    (report,), (message,) = stage.manager.journal, stage.emulator.messages()
    assert (report.upload_id, report.message_id) == (upload, str(message.id))
    assert stage.link.finishes.empty()


async def test_a_chunk_that_the_manager_refuses_may_be_sent_again(stage: Stage) -> None:
    """Only the manager's yes makes a chunk count."""
    upload = await stage.start(10)
    stage.manager.answer = lambda _: Boolean(success=False, message="the disk is full")
    status, text = await stage.send(upload, 0, bytes(10))
    assert (status, json.loads(text)["error"]) == (502, "the disk is full")
    stage.manager.answer = lambda _: Boolean(success=True)
    assert await stage.send(upload, 0, bytes(10)) == (200, "0")
    assert (await stage.link.finishes.get()).success


async def test_discord_failing_for_a_moment_is_not_noticed(stage: Stage) -> None:
    """Errors and broken connections are tried again by the service."""
    for kind in (FaultKind.ERROR, FaultKind.RESET):
        stage.emulator.faults.add(Fault(kind=kind, route=Operation.EXECUTE, status=503))
    upload = await stage.start(10)
    assert await stage.send(upload, 0, bytes(10)) == (200, "0")


@pytest.mark.parametrize(("status", "code"), [(413, 0), (400, 40005)])
async def test_a_chunk_that_discord_never_takes_ends_its_upload(
    stage: Stage, status: int, code: int
) -> None:
    """However it is split; sender and manager learn what the operator must change."""
    fault = Fault(
        kind=FaultKind.ERROR, route=Operation.EXECUTE, status=status, code=code, times=None
    )
    stage.emulator.faults.add(fault)
    upload = await stage.start(2 * CHUNK)
    answer = await stage.send(upload, 0, bytes(CHUNK))
    assert (answer[0], "lower CHUNK_SIZE" in answer[1]) == (413, True)
    finish = await stage.link.finishes.get()
    assert (finish.success, "lower CHUNK_SIZE" in (finish.reason or "")) == (False, True)
    assert await stage.metric('upload_failures_total{code="too-large-for-discord"}') == 1
    stage.emulator.faults.clear()
    again = await stage.start(10)
    assert await stage.send(again, 0, bytes(10)) == (200, "0")


async def test_a_dead_webhook_is_told_and_the_others_go_on(stage: Stage) -> None:
    """The chunk arrives by another webhook; the manager learns which one is lost."""
    dead = stage.emulator.webhooks[0]
    stage.emulator.delete_webhook(dead.id)
    upload = await stage.start(4 * CHUNK)
    for index in range(4):
        assert await stage.send(upload, index, bytes(CHUNK)) == (200, str(index))
    lost = await stage.link.lost_webhooks.get()
    assert (lost.webhook_id, bool(lost.reason)) == (str(dead.id), True)


async def test_without_webhooks_a_chunk_is_refused(stage: Stage) -> None:
    """With nothing leased the client is told, and may send again later."""
    configured = stage.configuration()
    await stage.configure(webhooks=())
    upload = await stage.start(10)
    status, text = await stage.send(upload, 0, bytes(10))
    assert (status, "no-webhook" in text) == (502, True)
    await stage.link.ask(configured)
    assert await stage.send(upload, 0, bytes(10)) == (200, "0")


async def test_a_lease_changes_in_the_middle_of_an_upload(stage: Stage) -> None:
    """The new lease is confirmed when the old one is idle, and the upload goes on with it."""
    old, new = stage.configuration().webhooks
    await stage.configure(webhooks=(old,))
    fault = slow_post(stage)
    upload = await stage.start(2 * CHUNK)
    first = asyncio.create_task(stage.send(upload, 0, bytes(CHUNK)))
    await fault.reached.wait()
    change = asyncio.create_task(stage.configure(webhooks=(new,)))
    assert await stage.send(upload, 1, bytes(CHUNK)) == (200, "1")
    assert not change.done()
    fault.release()
    assert await first == (200, "0")
    assert (await change).success
    assert {report.index: report.webhook_id for report in stage.manager.journal} == {
        0: old.id,
        1: new.id,
    }


async def test_an_upload_that_waits_too_long_is_cancelled(tmp_path: Path) -> None:
    """Without a chunk for the inactivity time it fails with a reason, and the slot is free."""
    async with staged(tmp_path, inactivity_timeout_s=0.02) as stage:
        upload = await stage.start(2 * CHUNK)
        finish = await stage.link.finishes.get()
        assert (finish.success, "no chunk" in (finish.reason or "")) == (False, True)
        assert (await stage.send(upload, 0, bytes(CHUNK)))[0] == 404
        await stage.link.ask(stage.order(str(uuid4()), 10))


@pytest.mark.parametrize("forwarding", [False, True])
async def test_the_time_does_not_run_while_a_chunk_is_on_its_way(
    tmp_path: Path, forwarding: bool
) -> None:
    """Neither receiving nor forwarding lets an upload time out, however long it takes."""
    async with staged(tmp_path, slots=2, inactivity_timeout_s=1.0) as stage:
        other = await stage.manager.links.get()
        fault = slow_post(stage)
        upload = await stage.start(CHUNK)
        async with stage.sending(upload, 0, length=CHUNK) as half:
            await half.write(b"x")
            await stage.until_receiving(1)
            if forwarding:
                answer = asyncio.create_task(half.finish(bytes(CHUNK - 1)))
                await fault.reached.wait()
            # The other slot's upload, which began later, shows that the time has passed.
            await other.ask(stage.configuration())
            await other.ask(stage.order(str(uuid4()), 10))
            assert not (await other.finishes.get()).success
            assert stage.link.finishes.empty()
            fault.release()
            assert await (answer if forwarding else half.finish(bytes(CHUNK - 1))) == (200, "0")
        assert (await stage.link.finishes.get()).success


async def test_the_link_comes_back_when_it_is_lost(stage: Stage) -> None:
    """The upload dies with its link; over the next one the slot takes a new upload."""
    upload = await stage.start(CHUNK)
    async with stage.sending(upload, 0, length=CHUNK) as half:
        await half.write(b"x")
        await stage.until_receiving(1)
        await stage.link.cut()
        assert (await half.request.answer())[0] == 410
    stage.link = await stage.manager.links.get()
    assert (await stage.configure()).success
    assert (await stage.send(upload, 0, bytes(CHUNK)))[0] == 404
    again = await stage.start(10)
    assert await stage.send(again, 0, bytes(10)) == (200, "0")


async def test_reports_survive_a_lost_link(stage: Stage) -> None:
    """A chunk that Discord took while the manager was away is reported when it is back."""
    fault = slow_post(stage)
    upload = await stage.start(CHUNK)
    sending = asyncio.create_task(stage.send(upload, 0, bytes(CHUNK)))
    await fault.reached.wait()
    await stage.link.cut()
    stage.link = await stage.manager.links.get()
    fault.release()
    await stage.manager.reported.wait()
    assert (await sending)[0] in {410, 502}
    (report,), (message,) = stage.manager.journal, stage.emulator.messages()
    assert (report.upload_id, report.message_id) == (upload, str(message.id))


async def test_a_report_without_an_answer_is_repeated_over_the_next_link(stage: Stage) -> None:
    """When the link ends before the manager has answered, it is asked once more."""
    upload = await stage.start(CHUNK)
    stage.manager.answer = lambda _: None
    sending = asyncio.create_task(stage.send(upload, 0, bytes(CHUNK)))
    await stage.manager.reported.wait()
    stage.manager.reported.clear()
    stage.manager.answer = lambda _: Boolean(success=False)
    await stage.link.cut()
    await stage.manager.reported.wait()
    assert (await sending)[0] in {410, 502}
    first, second = stage.manager.journal
    assert first == second


async def test_chunks_on_their_way_are_finished_at_a_stop(tmp_path: Path) -> None:
    """A service that stops waits for Discord and reports, then goes."""
    async with staged(tmp_path) as stage:
        fault = slow_post(stage)
        upload = await stage.start(CHUNK + 1)
        sending = asyncio.create_task(stage.send(upload, 0, os.urandom(CHUNK)))
        await fault.reached.wait()
        asyncio.get_running_loop().call_soon(fault.release)
    assert [report.index for report in stage.manager.journal] == [0]
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_posts_whose_answer_was_lost_are_told(stage: Stage) -> None:
    """When there is another one, and all that there were at the beginning of a link."""
    for total in (1, 2):
        lost = Fault(kind=FaultKind.RESET, route=Operation.EXECUTE, after_commit=True)
        stage.emulator.faults.add(lost)
        upload = await stage.start(10)
        assert await stage.send(upload, 0, bytes(10)) == (200, "0")
        assert await stage.link.uncertain_posts.get() == total
        await stage.link.finishes.get()
    await stage.link.cut()
    again = await stage.manager.links.get()
    assert await again.uncertain_posts.get() == 2
