"""Bundles: many small files as one body and one parcel."""

import asyncio
import io
import struct
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from protocol import s2u, u2s
from protocol.chunks import content_hash
from protocol.generic import Boolean
from protocol.s2u import ReportDeferred
from protocol.values import CHUNK_SIZE
from storage.envelope import ENVELOPE_OVERHEAD
from tests.upload_service.staging import Stage, object_key, raw_request, staged

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
FILES = {"a.txt": b"plain text", "b": PNG, "c.bin": bytes(range(256)) * 300}


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    """A service with one slot."""
    async with staged(tmp_path) as running:
        yield running


def bundle_of(files: dict[str, bytes]) -> s2u.BundleStart:
    """The packet that starts a bundle of files."""
    ids = {name: str(uuid4()) for name in files}
    return s2u.BundleStart(
        bundle_id=str(uuid4()),
        client=str(uuid4()),
        key_id=object_key(str(uuid4())).key_id,
        files=tuple(
            s2u.BundledFileStart(
                upload_id=ids[name], name=name, size=len(content), key=object_key(ids[name]).key
            )
            for name, content in files.items()
        ),
    )


async def begun(stage: Stage, files: dict[str, bytes] = FILES) -> s2u.BundleStart:
    """A bundle that the service has taken."""
    start = bundle_of(files)
    answer = await stage.link.ask(start)
    assert answer.success, answer.message
    return start


def record(upload_id: str, content: bytes) -> bytes:
    """A file in the body of a bundle."""
    return struct.pack(">16sI", UUID(upload_id).bytes, len(content)) + content


def body_of(start: s2u.BundleStart, contents: Sequence[bytes]) -> bytes:
    """The body that sends these contents."""
    pairs = zip(start.files, contents, strict=True)
    return b"".join(record(file.upload_id, content) for file, content in pairs)


async def send(stage: Stage, start: s2u.BundleStart, body: bytes) -> tuple[int, str]:
    """Sends a body as a client does; gives the status and the text."""
    url = f"{stage.url}/bundle/{start.bundle_id}"
    async with stage.session.post(url, data=io.BytesIO(body)) as response:
        return response.status, await response.text()


def results(finish: u2s.BundleFinish) -> list[tuple[bool, str]]:
    """For each file whether it is stored, and its type or why not."""
    return [(each.hash is not None, each.type or each.reason or "") for each in finish.files or ()]


async def test_all_files_lie_in_one_message(stage: Stage):
    """Each sealed with its own key, reported at its place, with its own hash and type."""
    start = await begun(stage)
    contents = list(FILES.values())
    assert (await send(stage, start, body_of(start, contents)))[0] == 200
    (message,) = stage.manager.messages
    assert [chunk.upload_id for chunk in message.chunks] == [file.upload_id for file in start.files]
    assert [stage.stored(report, 1) for report in stage.manager.journal] == contents
    finish = await stage.link.bundles.get()
    assert results(finish) == [
        (True, "text/plain"), (True, "image/png"), (True, "application/octet-stream"),
    ]  # fmt: skip
    assert [each.hash for each in finish.files or ()] == [
        content_hash([bytes.fromhex(report.digest)]) for report in stage.manager.journal
    ]


async def test_the_order_of_the_records_is_free_and_files_may_be_missing(stage: Stage):
    """What does not come, or has another size, fails alone."""
    start = await begun(stage)
    first, second, third = start.files
    body = record(third.upload_id, FILES["c.bin"]) + record(second.upload_id, PNG + b"more")
    assert (await send(stage, start, body))[0] == 200
    assert first.name == "a.txt"
    assert results(await stage.link.bundles.get()) == [
        (False, "the file was not sent with its bundle"),
        (False, "the file has 28 bytes, 32 bytes were sent"),
        (True, "application/octet-stream"),
    ]


async def test_a_body_without_files_ends_the_bundle(stage: Stage):
    """Nothing is posted for it."""
    start = await begun(stage)
    assert (await send(stage, start, b""))[0] == 200
    assert {is_stored for is_stored, _ in results(await stage.link.bundles.get())} == {False}
    assert stage.emulator.messages() == []


@pytest.mark.parametrize(
    ("spoil", "status"),
    [
        (lambda body: body[:-1], 400),
        (lambda body: body[:19], 400),
        (lambda body: body + bytes(20), 400),
        (lambda body: body + body, 400),
        (lambda body: body + bytes(CHUNK_SIZE), 400),
    ],
    ids=["cut", "cut-head", "unknown", "twice", "long"],
)
async def test_a_spoilt_body_leaves_nothing_and_may_be_sent_again(
    stage: Stage, spoil: Any, status: int
):
    """It is refused as a whole, and its memory is free for the next one."""
    start = await begun(stage)
    body = body_of(start, list(FILES.values()))
    for _ in range(5):
        assert (await send(stage, start, spoil(body)))[0] == status
    assert stage.emulator.messages() == []
    assert (await send(stage, start, body))[0] == 200
    assert all(is_stored for is_stored, _ in results(await stage.link.bundles.get()))


async def test_a_body_may_come_in_any_pieces(stage: Stage):
    """Also cut within the head of a record, or a byte at a time."""
    start = await begun(stage, {"a": b"x" * 30, "b": b"y"})
    body = body_of(start, [b"x" * 30, b"y"])
    path = f"/bundle/{start.bundle_id}"
    async with raw_request(stage.url, len(body), path) as request:
        for at in range(len(body)):
            await request.write(body[at : at + 1])
        assert (await request.answer())[0] == 200
    assert [stage.stored(report, 1) for report in stage.manager.journal] == [b"x" * 30, b"y"]


async def test_a_bundle_that_is_stored_is_not_stored_again(stage: Stage):
    """The answer to the first request may be lost; a second one meanwhile waits for its outcome."""
    start = await begun(stage)
    body = body_of(start, list(FILES.values()))
    answers = await asyncio.gather(*(send(stage, start, body) for _ in range(3)))
    assert {status for status, _ in answers} == {200}
    assert (await send(stage, start, body))[0] == 200
    assert len(stage.manager.messages) == 1


async def test_the_manager_refuses_some_files(stage: Stage):
    """Those alone fail, with its words."""
    start = await begun(stage)
    unwanted = start.files[1].upload_id
    stage.manager.answer = lambda report: Boolean(
        success=report.upload_id != unwanted, message="not wanted"
    )
    assert (await send(stage, start, body_of(start, list(FILES.values()))))[0] == 200
    assert results(await stage.link.bundles.get())[1] == (False, "not wanted")


async def test_nothing_is_acknowledged_before_the_manager_has_entered_it(stage: Stage):
    """A report that is deferred is sent again."""
    start = await begun(stage)
    deferred = iter([True, False])
    stage.manager.answer = lambda report: (
        ReportDeferred()
        if report.upload_id == start.files[0].upload_id and next(deferred)
        else Boolean(success=True)
    )
    assert (await send(stage, start, body_of(start, list(FILES.values()))))[0] == 200
    assert len(stage.manager.messages) == 2


async def test_an_abort_ends_the_bundle(stage: Stage):
    """A body under way is interrupted, later ones are refused, and the slot takes the next upload."""
    start = await begun(stage)
    body = body_of(start, list(FILES.values()))
    async with raw_request(stage.url, len(body), f"/bundle/{start.bundle_id}") as request:
        await request.write(body[:100])
        await stage.until_receiving(1)
        assert (await stage.link.ask(s2u.UploadAbort())).success
        assert (await request.answer())[0] == 410
    assert (await send(stage, start, body))[0] == 404
    await begun(stage)


async def test_a_bundle_of_which_nothing_comes_ends(tmp_path: Path):
    """After the inactivity time; the manager hears why."""
    async with staged(tmp_path, inactivity_timeout_s=0.05) as stage:
        await begun(stage)
        finish = await stage.link.bundles.get()
        assert (finish.success, finish.reason) == (False, "no body came for 0.05 s")


async def test_a_service_that_stops_finishes_what_is_under_way(tmp_path: Path):
    """A bundle that waits for its body ends at once."""
    async with staged(tmp_path) as stage:
        await begun(stage)
        stopping = asyncio.create_task(stage.stop())
        finish = await stage.link.bundles.get()
        assert (finish.success, finish.reason) == (False, "the service stops")
        await stopping


@pytest.mark.parametrize("what", ["too-large", "twice", "busy"])
async def test_a_bundle_that_cannot_be_taken_is_refused(stage: Stage, what: str):
    """More than one sealed chunk, an id that comes twice, or a slot that is not free."""
    start = bundle_of(FILES)
    match what:
        case "too-large":
            size = CHUNK_SIZE - ENVELOPE_OVERHEAD
            start = bundle_of({"a": bytes(size), "b": b"x"})
        case "twice":
            start = replace(start, files=(start.files[0], start.files[0]))
        case "busy":
            await begun(stage)
    answer = await stage.link.ask(start)
    assert not answer.success


async def test_unknown_bundles_and_other_methods_are_refused(stage: Stage):
    """As for chunks."""
    url = f"{stage.url}/bundle"
    async with stage.session.post(f"{url}/{uuid4()}", data=b"") as response:
        assert response.status == 404
    async with stage.session.post(f"{url}/none", data=b"") as response:
        assert response.status == 404
    async with stage.session.get(f"{url}/{uuid4()}") as response:
        assert response.status == 405
    async with stage.session.options(f"{url}/{uuid4()}") as response:
        assert response.status == 204
