"""Chunks over real HTTP, through the service, into the emulator."""

import asyncio
import hashlib
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import pytest

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from tests.upload_service.staging import (
    BOUNDARY,
    CHUNK,
    Stage,
    file_first,
    form_around,
    part,
    raw_request,
    staged,
)

NOBODYS_UPLOAD = "0b5c2f1e-8d3a-4f6b-9c7e-1a2b3c4d5e6f"


def hash_of(data: bytes, chunk_size: int = CHUNK) -> str:
    """The file's hash as the wire protocol defines it."""
    digests = [
        hashlib.sha256(data[start : start + chunk_size]).hexdigest()
        for start in range(0, len(data), chunk_size)
    ]
    return hashlib.sha256("".join(digests).encode()).hexdigest()


@pytest.mark.parametrize("size", [1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
async def test_file_is_stored_and_finished(stage: Stage, size: int) -> None:
    """Every size around the chunk size arrives byte for byte, and is finished with its hash."""
    data = os.urandom(size)
    count = -(-size // CHUNK)
    upload = await stage.start(size)
    for index in range(count):
        piece = data[index * CHUNK : (index + 1) * CHUNK]
        assert await stage.send(upload, index, piece) == (200, str(index))
    finish = await stage.link.finishes.get()
    assert (finish.success, finish.hash, finish.is_encrypted) == (True, hash_of(data), True)
    assert b"".join(stage.stored(one, count) for one in stage.manager.journal) == data


async def test_chunks_arrive_in_any_order_and_at_once(stage: Stage) -> None:
    """Order and parallelism do not matter, and each index is stored once."""
    data = os.urandom(7 * CHUNK + 5)
    upload = await stage.start(len(data))
    pieces = [data[start : start + CHUNK] for start in range(0, len(data), CHUNK)]
    answers = await asyncio.gather(
        *(stage.send(upload, index, pieces[index]) for index in (7, 3, 0, 5, 1, 6, 2, 4))
    )
    assert {status for status, _ in answers} == {200}
    assert (await stage.link.finishes.get()).hash == hash_of(data)
    reports = sorted(stage.manager.journal, key=lambda report: report.index)
    assert b"".join(stage.stored(report, 8) for report in reports) == data


async def test_the_report_says_where_the_chunk_lies(stage: Stage) -> None:
    """Message, channel, webhook, attachment, sizes and digest are those of the stored chunk."""
    upload = await stage.start(10)
    await stage.send(upload, 0, b"0123456789")
    (report,), (message,) = stage.manager.journal, stage.emulator.messages()
    assert report.message_id == str(message.id)
    assert report.channel_id == str(message.channel_id)
    assert report.attachment_id == str(message.attachments[0].id)
    assert report.webhook_id in {str(one.id) for one in stage.emulator.webhooks}
    assert (report.size, report.offset, report.stored_size) == (10, 0, 10 + 33)
    assert report.digest == hashlib.sha256(b"0123456789").hexdigest()


async def test_a_form_that_begins_with_the_file_is_taken(stage: Stage) -> None:
    """The fields may follow the file."""
    data = os.urandom(CHUNK + 9)
    upload = await stage.start(len(data))
    for index, piece in ((1, data[CHUNK:]), (0, data[:CHUNK])):
        body = file_first(upload, index, piece)
        async with raw_request(stage.url, len(body)) as request:
            await request.write(body)
            assert await request.answer() == (200, str(index))
    assert (await stage.link.finishes.get()).hash == hash_of(data)
    assert stage.stored(stage.manager.journal[1], 2) == data[:CHUNK]


async def test_curl_sends_chunks(stage: Stage, tmp_path: Path) -> None:
    """`curl -F` works, with the fields in either order."""
    data = os.urandom(CHUNK + 1000)
    upload = await stage.start(len(data))
    for index in (0, 1):
        file = tmp_path / f"chunk{index}"
        file.write_bytes(data[index * CHUNK : (index + 1) * CHUNK])
        fields = ["-F", f"id={upload}", "-F", f"chunk={index}", "-F", f"file=@{file}"]
        ordered = fields if index == 0 else fields[4:] + fields[:4]
        curl = await asyncio.create_subprocess_exec(
            "curl", "-sS", "--fail-with-body", *ordered, stage.url, stdout=asyncio.subprocess.PIPE
        )
        answer, _ = await curl.communicate()
        assert (curl.returncode, answer) == (0, str(index).encode())
    assert (await stage.link.finishes.get()).hash == hash_of(data)


async def test_a_body_without_a_length_is_taken(stage: Stage) -> None:
    """Chunked transfer encoding is as good as a Content-Length."""
    upload = await stage.start(CHUNK)
    data = os.urandom(CHUNK)
    head, tail = form_around(upload, 0)

    async def body() -> AsyncIterator[bytes]:
        for piece in (head[:20], head[20:], data[:7], data[7:], tail):
            yield piece

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    async with stage.session.post(stage.url, data=body(), headers=headers) as response:
        assert (response.status, await response.text()) == (200, "0")


@pytest.mark.parametrize(
    ("index", "size", "status"),
    [
        (0, CHUNK - 1, 400),
        (0, CHUNK + 1, 400),
        (0, CHUNK + 5000, 400),
        (1, CHUNK, 400),
        (2, 10, 400),
        (-1, 10, 400),
        ("1e0", 10, 400),
        ("", 10, 400),
        ("9" * 100, 10, 400),
    ],
)
async def test_wrong_lengths_and_indexes_are_refused(
    stage: Stage, index: object, size: int, status: int
) -> None:
    """Nothing is stored, the error says why, and the right chunk is still taken."""
    data = os.urandom(CHUNK + 10)
    upload = await stage.start(len(data))
    answer = await stage.send(upload, index, bytes(size))
    assert answer[0] == status
    assert json.loads(answer[1])["error"]
    assert stage.emulator.messages() == []
    assert await stage.send(upload, 0, data[:CHUNK]) == (200, "0")
    assert await stage.send(upload, 1, data[CHUNK:]) == (200, "1")


async def test_wrong_length_of_a_file_that_comes_first_is_refused(stage: Stage) -> None:
    """The error tells both lengths, and the buffer is free again."""
    upload = await stage.start(CHUNK)
    for _ in range(4):
        body = file_first(upload, 0, bytes(CHUNK - 1))
        async with raw_request(stage.url, len(body)) as request:
            await request.write(body)
            status, text = await request.answer()
            assert (status, str(CHUNK) in text, str(CHUNK - 1) in text) == (400, True, True)


@pytest.mark.parametrize(
    ("upload", "status"), [(NOBODYS_UPLOAD, 404), ("not a uuid", 400), ("", 400), ("x" * 1000, 400)]
)
async def test_unknown_uploads_are_refused(stage: Stage, upload: str, status: int) -> None:
    """Other people's ids open nothing."""
    await stage.start(10)
    assert (await stage.send(upload, 0, bytes(10)))[0] == status
    assert stage.emulator.messages() == []


@pytest.mark.parametrize("missing", ["id", "chunk", "file"])
async def test_a_missing_field_is_named(stage: Stage, missing: str) -> None:
    """The error says which field the form lacks."""
    upload = await stage.start(10)
    form = aiohttp.FormData(default_to_multipart=True)
    values = {"id": upload, "chunk": "0", "file": bytes(10)}
    for name in values.keys() - {missing}:
        form.add_field(name, values[name], filename="x" if name == "file" else None)
    async with stage.session.post(stage.url, data=form) as response:
        assert response.status == 400
        assert missing in (await response.json())["error"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Content-Type": "application/json"}, 400),
        ({"Content-Type": "multipart/form-data"}, 400),
        ({"Content-Type": "multipart/form-data; boundary=x"}, 400),
    ],
)
async def test_what_is_no_form_is_refused(
    stage: Stage, headers: dict[str, str], status: int
) -> None:
    """A body of another kind gets a JSON error."""
    async with stage.session.post(stage.url, data=b"{}", headers=headers) as response:
        assert response.status == status
        assert (await response.json())["error"]
        assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_requests_without_a_body_are_refused(stage: Stage) -> None:
    """Nothing at all is no form, however often it is sent."""
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    for _ in range(3):
        async with stage.session.post(stage.url, headers=headers) as response:
            assert response.status == 400


async def test_a_body_larger_than_any_chunk_is_refused_at_once(stage: Stage) -> None:
    """The announced length is enough; nothing is read."""
    await stage.start(10)
    async with raw_request(stage.url, 2**40) as request:
        assert (await request.answer())[0] == 413


async def test_an_endless_body_is_cut(stage: Stage) -> None:
    """A file that comes first and never ends is refused once it is larger than any chunk."""
    await stage.start(10)
    piece = bytes(2**20)

    async def body() -> AsyncIterator[bytes]:
        yield part("file", b"", "x")[:-2]
        for _ in range(20 + 2):
            yield piece

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    async with stage.session.post(stage.url, data=body(), headers=headers) as response:
        assert response.status == 413


async def test_a_chunk_sent_again_is_confirmed(stage: Stage) -> None:
    """The same bytes answer 200 and are stored once, even after the upload is complete."""
    data = os.urandom(CHUNK + 1)
    upload = await stage.start(len(data))
    for _ in range(2):
        assert await stage.send(upload, 0, data[:CHUNK]) == (200, "0")
    assert await stage.send(upload, 1, data[CHUNK:]) == (200, "1")
    await stage.link.finishes.get()
    assert await stage.send(upload, 1, data[CHUNK:]) == (200, "1")
    assert len(stage.emulator.messages()) == 2


@pytest.mark.parametrize("length", [CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK])
@pytest.mark.parametrize("begins_with_file", [False, True])
async def test_other_bytes_for_a_stored_chunk_conflict(
    stage: Stage, begins_with_file: bool, length: int
) -> None:
    """What is stored stays; the sender learns of the conflict, however long the other bytes are."""
    upload = await stage.start(CHUNK + 1)
    await stage.send(upload, 0, bytes(CHUNK))
    other = b"x" * length
    if begins_with_file:
        body = file_first(upload, 0, other)
        async with raw_request(stage.url, len(body)) as request:
            await request.write(body)
            status, _ = await request.answer()
    else:
        status, _ = await stage.send(upload, 0, other)
    assert status == 409
    assert len(stage.emulator.messages()) == 1


async def test_a_second_send_waits_for_the_first(stage: Stage) -> None:
    """While the first is with Discord, the same bytes wait for it and other bytes conflict."""
    fault = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE)
    stage.emulator.faults.add(fault)
    upload = await stage.start(CHUNK + 1)
    data = os.urandom(CHUNK)
    first = asyncio.create_task(stage.send(upload, 0, data))
    await fault.reached.wait()
    again = asyncio.create_task(stage.send(upload, 0, data))
    other = asyncio.create_task(stage.send(upload, 0, bytes(CHUNK)))
    await stage.until_receiving(2)
    assert not again.done()
    assert not other.done()
    fault.release()
    assert [await first, await again] == [(200, "0")] * 2
    assert (await other)[0] == 409
    assert len(stage.emulator.messages()) == 1


async def test_a_second_send_takes_over_when_the_first_breaks(stage: Stage) -> None:
    """A first send whose client hangs up makes room for the second."""
    upload = await stage.start(CHUNK)
    data = os.urandom(CHUNK)
    async with stage.sending(upload, 0, length=CHUNK) as half:
        await half.write(data[:100])
        await stage.until_receiving(1)
        second = asyncio.create_task(stage.send(upload, 0, data))
    assert await second == (200, "0")
    assert (await stage.link.finishes.get()).success


async def test_a_client_that_hangs_up_may_send_again(stage: Stage) -> None:
    """A chunk that broke off is missing, nothing more."""
    upload = await stage.start(CHUNK)
    async with stage.sending(upload, 0, length=CHUNK) as half:
        await half.write(bytes(1000))
    assert await stage.send(upload, 0, bytes(CHUNK)) == (200, "0")


async def test_a_post_goes_on_when_its_client_hangs_up(stage: Stage) -> None:
    """What Discord may have already is reported, and counts."""
    fault = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE)
    stage.emulator.faults.add(fault)
    upload = await stage.start(CHUNK)
    async with stage.sending(upload, 0, length=CHUNK) as half:
        await half.write(bytes(CHUNK) + form_around(upload, 0)[1])
        await fault.reached.wait()
    fault.release()
    assert (await stage.link.finishes.get()).success
    assert len(stage.manager.journal) == 1


@pytest.mark.parametrize("length", [CHUNK, None])
async def test_a_body_that_stands_still_is_given_up(tmp_path: Path, length: int | None) -> None:
    """Without a byte for the stall time the answer is 408, and the chunk can be sent again."""
    async with staged(tmp_path, stall_timeout_s=0.05) as stage:
        upload = await stage.start(CHUNK)
        if length is None:
            async with raw_request(stage.url, CHUNK) as request:
                await request.write(part("file", b"x", "blob"))
                assert (await request.answer())[0] == 408
        else:
            async with stage.sending(upload, 0, length=length) as half:
                await half.write(b"x")
                assert (await half.request.answer())[0] == 408
        assert await stage.send(upload, 0, bytes(CHUNK)) == (200, "0")


async def test_bodies_of_nobody_do_not_stop_uploads(tmp_path: Path) -> None:
    """Forms that begin with the file and stand still leave the uploads' buffers alone."""
    async with staged(tmp_path, chunks_in_flight=1) as stage, AsyncExitStack() as stack:
        upload = await stage.start(CHUNK)
        for _ in range(6):
            request = await stack.enter_async_context(raw_request(stage.url, CHUNK))
            await request.write(part("file", b"x", "blob")[:-2])
        assert await stage.send(upload, 0, bytes(CHUNK)) == (200, "0")


async def test_memory_is_bounded_by_chunks_in_flight(tmp_path: Path) -> None:
    """However many chunks are sent at once, no more buffers than permits are allocated."""
    async with staged(tmp_path, chunks_in_flight=2) as stage:
        data = os.urandom(12 * CHUNK)
        upload = await stage.start(len(data))
        answers = await asyncio.gather(
            *(stage.send(upload, i, data[i * CHUNK : (i + 1) * CHUNK]) for i in range(12))
        )
        assert {status for status, _ in answers} == {200}
        assert await stage.metric("upload_buffers") <= 2


@pytest.mark.parametrize("path", ["", "/", "/any/path?x=1"])
async def test_preflight_is_answered_on_any_path(stage: Stage, path: str) -> None:
    """Pages from anywhere may post chunks, also to a private network."""
    async with stage.session.options(
        stage.url + path,
        headers={"Origin": "https://example.org", "Access-Control-Request-Method": "POST"},
    ) as response:
        assert response.status == 204
        assert response.headers["Access-Control-Allow-Origin"] == "*"
        assert "POST" in response.headers["Access-Control-Allow-Methods"]
        assert response.headers["Access-Control-Allow-Private-Network"] == "true"


async def test_other_methods_are_refused_in_json(stage: Stage) -> None:
    """A GET gets 405 and an explanation."""
    async with stage.session.get(stage.url) as response:
        assert response.status == 405
        assert "POST" in (await response.json())["error"]


async def test_intake_works_below_a_prefix(tmp_path: Path) -> None:
    """Mounted in another application, it takes chunks with and without a slash at the end."""
    async with staged(tmp_path, mounted_at="/upload") as stage:
        upload = await stage.start(2 * CHUNK)
        base = stage.url
        for index, path in enumerate(("/upload", "/upload/")):
            stage.url = base + path
            assert await stage.send(upload, index, bytes(CHUNK)) == (200, str(index))


async def test_health_and_metrics(stage: Stage) -> None:
    """Health is open; metrics need the service password."""
    async with stage.session.get(f"{stage.url}/health") as response:
        assert response.status == 204
    async with stage.session.get(f"{stage.url}/metrics") as response:
        assert response.status == 401
    upload = await stage.start(10)
    await stage.send(upload, 0, bytes(9))
    await stage.send(upload, 0, bytes(10))
    assert await stage.metric("upload_stored_bytes_total") == 10
    assert await stage.metric('upload_failures_total{code="wrong-length"}') == 1
    assert await stage.metric("upload_links") == 1
