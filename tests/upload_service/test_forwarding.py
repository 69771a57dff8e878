"""Reports until they are answered for good: a manager that defers, is silent or away, and stops."""

import asyncio
import json
import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from manager.connections.workload import MAX_ACTIVE
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import MessageEntered, ReportDeferred
from protocol.u2s import ChunkStored
from tests.upload_service.staging import CHUNK, GRANTS_OF_0_2, Stage, staged
from tests.upload_service.test_report_journal import report
from upload_service.errors import Busy
from upload_service.forwarding import AT_ONCE, ReportQueue
from upload_service.report_codec import single_reports
from upload_service.report_journal import ReportJournal

YES, NO = Boolean(success=True), Boolean(success=False)


def answering(stage: Stage, *answers: Packet | None) -> None:
    """Has the manager give these answers, one after the other, and the last one from then on."""
    left = list(answers)
    stage.manager.answer = lambda _: left.pop(0) if len(left) > 1 else left[0]


def on_disk(folder: Path) -> list[ChunkStored]:
    """The chunks of which the next process would find reports."""
    journal = ReportJournal(folder / "reports")
    with journal.opened():
        return [single for each in journal.reports.values() for single in single_reports(each)]


async def reported(stage: Stage, times: int) -> None:
    """Returns once the manager has had so many reports."""
    while len(stage.manager.journal) < times:
        stage.manager.reported.clear()
        await stage.manager.reported.wait()


async def test_a_deferred_report_is_sent_again(tmp_path: Path) -> None:
    """The sender waits meanwhile, and hears nothing of it."""
    async with staged(tmp_path) as stage:
        answering(stage, ReportDeferred(), ReportDeferred(), YES)
        upload = await stage.start(10)
        assert await stage.send(upload, 0, bytes(10)) == (200, "0")
        first, *others = stage.manager.journal
        assert others == [first, first]
        assert await stage.metric("upload_reports") == 0
    assert on_disk(tmp_path) == []


async def test_a_fault_that_lasts_is_told_to_the_sender(tmp_path: Path) -> None:
    """Who sends does not wait for an operator; the report is sent again until it is answered."""
    async with staged(tmp_path) as stage:
        answering(stage, ReportDeferred(fault="the disk is full"))
        upload = await stage.start(10)
        status, text = await stage.send(upload, 0, bytes(10))
        assert (status, json.loads(text)) == (507, {"error": "the disk is full"})
        await reported(stage, 3)
        answering(stage, YES)
        while await stage.metric("upload_reports"):
            pass
        assert await stage.send(upload, 0, bytes(10)) == (200, "0")
        assert (await stage.link.finishes.get()).success


async def test_a_deferred_report_goes_over_the_next_link(tmp_path: Path) -> None:
    """The upload has died with its link, but its message is known in the end."""
    async with staged(tmp_path) as stage:
        answering(stage, ReportDeferred())
        upload = await stage.start(10)
        sending = asyncio.create_task(stage.send(upload, 0, bytes(10)))
        await reported(stage, 2)
        assert await stage.metric("upload_reports") == 1
        answering(stage, NO)
        await stage.link.cut()
        assert (await sending)[0] in {410, 502}
        while await stage.metric("upload_reports"):
            pass
    assert len(set(stage.manager.journal)) == 1


async def test_a_stop_waits_for_the_manager(tmp_path: Path) -> None:
    """What is under way to Discord is reported, and reported again, until it is answered for good."""
    async with staged(tmp_path) as stage:
        fault = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE)
        stage.emulator.faults.add(fault)
        answering(stage, ReportDeferred(), ReportDeferred(), NO)
        upload = await stage.start(CHUNK + 1)
        sending = asyncio.create_task(stage.send(upload, 0, os.urandom(CHUNK)))
        await fault.reached.wait()
        asyncio.get_running_loop().call_soon(fault.release)
    assert len(stage.manager.journal) == 3
    assert on_disk(tmp_path) == []
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


@pytest.mark.parametrize("silence", [None, ReportDeferred()], ids=["silent", "deferring"])
async def test_what_is_not_answered_is_reported_after_the_next_start(
    tmp_path: Path, silence: Packet | None
) -> None:
    """By a process with another address, as soon as it has a link."""
    async with staged(tmp_path, drain_grace_s=0.01) as stage:
        answering(stage, silence)
        upload = await stage.start(10)
        sending = asyncio.create_task(stage.send(upload, 0, bytes(10)))
        await reported(stage, 1)
    (left,) = set(stage.manager.journal)
    assert on_disk(tmp_path) == [left]
    async with staged(tmp_path, own_address="http://127.0.0.1:2") as again:
        await reported(again, 1)
    assert again.manager.journal == [left]
    assert on_disk(tmp_path) == []
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)


async def test_the_manager_stops_before_the_service(tmp_path: Path) -> None:
    """A chunk that Discord takes after the link has gone is reported after the next start."""
    async with staged(tmp_path, drain_grace_s=1.0) as stage:
        fault = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE)
        stage.emulator.faults.add(fault)
        upload = await stage.start(10)
        sending = asyncio.create_task(stage.send(upload, 0, bytes(10)))
        await fault.reached.wait()
        stage.manager.is_away = True
        await stage.link.cut()
        fault.release()
        assert (await sending)[0] in {410, 502}
    assert stage.manager.journal == []
    (message,) = stage.emulator.messages()
    assert [left.message_id for left in on_disk(tmp_path)] == [str(message.id)]


async def test_a_link_is_not_flooded_with_reports(tmp_path: Path) -> None:
    """However many messages there are at once, each report is handled when it is sent."""
    assert AT_ONCE < MAX_ACTIVE
    count = AT_ONCE + 8
    async with staged(tmp_path, grants=GRANTS_OF_0_2) as stage:
        answering(stage, ReportDeferred())
        upload = await stage.start(count, chunk_size=1)
        sending = [asyncio.create_task(stage.send(upload, at, b"x")) for at in range(count)]
        while await stage.metric("upload_reports") < count:
            pass
        assert len({report.message_id for report in stage.manager.journal}) == AT_ONCE
        answering(stage, YES)
        assert {status for status, _ in await asyncio.gather(*sending)} == {200}


async def test_nothing_is_posted_that_could_not_be_reported(tmp_path: Path) -> None:
    """With very many reports unanswered, senders are told to come later."""
    known = report(1, chunks=2)
    journal = ReportJournal(tmp_path / "small", max_chunks=2)
    reports = ReportQueue(journal, lambda: pytest.fail("nothing is repeated"))
    with reports.kept_on_disk():
        reports.require_room()
        reports.add(known)
        with pytest.raises(Busy):
            reports.require_room()
        journal.answered(known.message_id)
        reports.require_room()


async def test_a_manager_of_release_0_2_has_each_chunk_reported(tmp_path: Path) -> None:
    """It knows no reports of messages, neither of new ones nor of those that were left behind."""
    left = report(1, chunks=3)
    journal = ReportJournal(tmp_path / "reports")
    with journal.opened():
        journal.add(left)
    async with staged(tmp_path, grants=GRANTS_OF_0_2) as stage:
        upload = await stage.start(10)
        assert await stage.send(upload, 0, bytes(10)) == (200, "0")
        await reported(stage, 4)
        while await stage.metric("upload_reports"):
            pass
    assert stage.manager.messages == []
    assert [one for one in stage.manager.journal if one.upload_id != upload] == single_reports(left)


async def test_a_chunk_that_old_managers_cannot_read_is_not_stored(tmp_path: Path) -> None:
    """A report for good that says so, rather than one that waits for ever."""
    whole = report(1)
    spread = replace(whole, chunks=(replace(whole.chunks[0], attachment_id=None),))
    journal = ReportJournal(tmp_path / "reports")
    with journal.opened():
        journal.add(spread)
    async with staged(tmp_path, grants=GRANTS_OF_0_2) as stage:
        while await stage.metric("upload_reports"):
            pass
    assert stage.manager.journal == []
    assert on_disk(tmp_path) == []


async def test_a_message_is_reported_once_with_its_chunks(tmp_path: Path) -> None:
    """To a manager that can read it; the answer for another number of chunks is none."""
    async with staged(tmp_path) as stage:
        upload = await stage.start(10)
        assert await stage.send(upload, 0, bytes(10)) == (200, "0")
        (message,) = stage.manager.messages
        assert [chunk.upload_id for chunk in message.chunks] == [upload]
        answers = [MessageEntered(accepted=(True, True)), MessageEntered(accepted=(True,))]
        stage.manager.answer = lambda _: answers.pop(0)
        other = await stage.start(10)
        assert await stage.send(other, 0, bytes(10)) == (200, "0")
    assert answers == []
    assert on_disk(tmp_path) == []


async def test_chunks_that_wait_share_a_message_and_its_report(tmp_path: Path) -> None:
    """Each is acknowledged, and lies where the report says."""
    count = 12
    async with staged(tmp_path) as stage:
        upload = await stage.start(count * 10, chunk_size=10)
        contents = [os.urandom(10) for _ in range(count)]
        sending = [stage.send(upload, at, content) for at, content in enumerate(contents)]
        assert {status for status, _ in await asyncio.gather(*sending)} == {200}
        assert len(stage.manager.messages) < count
        assert await stage.metric("upload_messages_total") == len(stage.manager.messages)
        assert await stage.metric("upload_stored_chunks_total") == count
        stored = {one.index: stage.stored(one, count) for one in stage.manager.journal}
    assert [stored[at] for at in range(count)] == contents


async def test_a_manager_of_release_0_2_gets_a_message_for_each_chunk(tmp_path: Path) -> None:
    """It could delete a message between the reports of two chunks in it."""
    async with staged(tmp_path, grants=GRANTS_OF_0_2) as stage:
        upload = await stage.start(60, chunk_size=10)
        sending = [stage.send(upload, at, bytes(10)) for at in range(6)]
        assert {status for status, _ in await asyncio.gather(*sending)} == {200}
        assert len(stage.emulator.messages()) == len(stage.manager.journal) == 6
