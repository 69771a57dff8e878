"""Uploads of which some chunks were stored before, here or on another service."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from protocol import s2u
from tests.upload_service.staging import CHUNK, Stage, file_first, form_around, raw_request, staged

PNG = b"\x89PNG\r\n\x1a\n" + bytes(100)


async def test_a_resumed_upload_takes_only_what_is_missing(stage: Stage) -> None:
    """Its missing chunks complete it; the manager knows the hash of the whole, this service does not."""
    upload, last = str(uuid4()), os.urandom(7)
    assert (await stage.resume(upload, 4 * CHUNK + 7, [(1, 2), (4, 4)])).success
    for index in (1, 2):
        assert await stage.send(upload, index, os.urandom(CHUNK)) == (200, str(index))
    assert stage.link.finishes.empty()
    assert await stage.send(upload, 4, last) == (200, "4")
    finish = await stage.link.finishes.get()
    assert (finish.success, finish.hash, finish.is_encrypted) == (True, None, True)
    assert [report.index for report in stage.manager.journal] == [1, 2, 4]
    assert stage.stored(stage.manager.journal[-1], 5) == last


@pytest.mark.parametrize("is_file_first", [False, True])
async def test_a_chunk_that_was_stored_before_is_refused(stage: Stage, is_file_first: bool) -> None:
    """With 409 and what to do, before its bytes are read if its fields come first; nothing is posted."""
    upload = str(uuid4())
    assert (await stage.resume(upload, 2 * CHUNK, [(1, 1)])).success
    if is_file_first:
        body = file_first(upload, 0, bytes(CHUNK))
        async with raw_request(stage.url, len(body)) as request:
            await request.write(body)
            status, text = await request.answer()
    else:
        head, tail = form_around(upload, 0)
        async with raw_request(stage.url, len(head) + CHUNK + len(tail)) as request:
            await request.write(head)
            status, text = await request.answer()
    assert (status, "only the missing" in json.loads(text)["error"]) == (409, True)
    assert stage.emulator.messages() == []
    assert await stage.send(upload, 1, bytes(CHUNK)) == (200, "1")
    assert (await stage.link.finishes.get()).success


@pytest.mark.parametrize(
    ("first_missing", "known", "name", "expected"),
    [
        (0, None, "no-extension", "image/png"),
        (1, "image/png", "no-extension", "image/png"),
        (1, None, "notes.txt", "text/plain"),
    ],
)
async def test_the_type_is_the_one_that_was_found_out(
    stage: Stage, first_missing: int, known: str | None, name: str, expected: str
) -> None:
    """The first chunk tells; the manager does if that one is stored already; else the name."""
    upload, chunks = str(uuid4()), [PNG + bytes(CHUNK - len(PNG)), bytes(CHUNK)]
    missing = [(first_missing, 1)]
    assert (await stage.resume(upload, 2 * CHUNK, missing, mime_type=known, name=name)).success
    for index in range(first_missing, 2):
        assert await stage.send(upload, index, chunks[index]) == (200, str(index))
    assert (await stage.link.finishes.get()).type == expected


async def test_the_report_of_the_first_chunk_has_the_type(stage: Stage) -> None:
    """So that the manager knows it, whichever service stores the last chunk; other reports have none."""
    upload = await stage.start(2 * CHUNK, name="picture")
    await stage.send(upload, 1, bytes(CHUNK))
    await stage.send(upload, 0, PNG + bytes(CHUNK - len(PNG)))
    assert [report.type for report in stage.manager.journal] == [None, "image/png"]


async def test_a_manager_that_does_not_know_the_type_is_not_sent_it(tmp_path: Path) -> None:
    """It would refuse the report, and never take note of the chunk."""
    async with staged(tmp_path, grants="webhooks,object-keys") as stage:
        upload = await stage.start(len(PNG), name="picture")
        await stage.send(upload, 0, PNG)
        assert [report.type for report in stage.manager.journal] == [None]
        assert (await stage.link.finishes.get()).type == "image/png"


@pytest.mark.parametrize(
    ("missing", "changes"),
    [([], {}), ([(0, 2)], {}), ([(1, 0)], {}), ([(0, 0)], {"chunk_size": 2**40})],
)
async def test_an_upload_that_cannot_be_completed_is_refused(
    stage: Stage, missing: list[tuple[int, int]], changes: dict[str, Any]
) -> None:
    """The slot says why, and is free for another one."""
    answer = await stage.resume(str(uuid4()), 2 * CHUNK, missing, **changes)
    assert (answer.success, bool(answer.message)) == (False, True)
    await stage.start(10)


async def test_an_upload_goes_on_in_the_slot_in_which_it_ended(stage: Stage) -> None:
    """What was aborted for its client's absence is resumed with what is missing since."""
    upload = await stage.start(2 * CHUNK)
    assert await stage.send(upload, 0, bytes(CHUNK)) == (200, "0")
    assert (await stage.link.ask(s2u.UploadAbort())).success
    assert (await stage.resume(upload, 2 * CHUNK, [(1, 1)])).success
    assert await stage.send(upload, 1, bytes(CHUNK)) == (200, "1")
    finish = await stage.link.finishes.get()
    assert (finish.success, finish.hash) == (True, None)


async def test_a_service_that_stops_hands_over_all_that_was_on_its_way(tmp_path: Path) -> None:
    """The manager hears of the end behind the last report, so nothing of it is sent again elsewhere."""
    async with staged(tmp_path) as stage:
        fault = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE)
        stage.emulator.faults.add(fault)
        upload, data = await stage.start(4 * CHUNK), os.urandom(CHUNK)
        posting = asyncio.create_task(stage.send(upload, 0, data))
        await fault.reached.wait()
        async with stage.sending(upload, 1, length=CHUNK) as half:
            await half.write(data[:-1])
            await stage.until_receiving(1)
            stopping = asyncio.create_task(stage.stop())
            while (await stage.send(upload, 2, data))[0] != 503:
                pass
            fault.release()
            assert await half.finish(data[-1:]) == (200, "1")
        assert await posting == (200, "0")
        finish = await stage.link.finishes.get()
        assert (finish.success, finish.reason) == (False, "the service stops")
        await stopping
        assert {0, 1} <= {report.index for report in stage.manager.journal}


async def test_a_service_that_stops_takes_no_upload(tmp_path: Path) -> None:
    """The manager gives it to another one."""
    async with staged(tmp_path) as stage:
        upload = await stage.start(2 * CHUNK)
        async with stage.sending(upload, 0, length=CHUNK) as half:
            await half.write(b"x")
            await stage.until_receiving(1)
            stopping = asyncio.create_task(stage.stop())
            while (await stage.send(upload, 1, bytes(CHUNK)))[0] != 503:
                pass
            answer = await stage.link.ask(stage.order(str(uuid4()), 10))
            assert (answer.success, answer.message) == (False, "this service stops")
            await half.finish(bytes(CHUNK - 1))
        await stopping
