"""Bodies that begin with the file, from people who may know of no upload at all."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest

from storage.object_keys import ObjectKey
from tests.upload_service.staging import (
    CHUNK,
    RawRequest,
    Stage,
    file_first,
    form_around,
    part,
    raw_request,
    staged,
)
from upload_service.active_uploads import ActiveUpload, ActiveUploads, UploadSpec
from upload_service.buffers import BufferPool, Lane

LARGE = 5_000_000
HEAD = part("file", b"", "blob")[:-2]


async def tick() -> None:
    """Let a moment pass that is much shorter than any time limit of these tests."""
    passed = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, passed.set)
    await passed.wait()


async def dribble(request: RawRequest) -> None:
    """Send a byte now and then."""
    with suppress(ConnectionError):
        while True:
            await request.write(b"x")
            await tick()


@asynccontextmanager
async def dribbling(stage: Stage) -> AsyncIterator[RawRequest]:
    """A body that begins with the file and sends a byte now and then, but never an id."""
    async with raw_request(stage.url, LARGE) as request:
        await request.write(HEAD)
        task = asyncio.create_task(dribble(request))
        try:
            yield request
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def test_slow_bodies_do_not_shut_out_others(tmp_path: Path) -> None:
    """However many send a byte now and then, a chunk whose form begins with the file gets in."""
    async with staged(tmp_path, stall_timeout_s=1.2) as stage, AsyncExitStack() as stack:
        upload = await stage.start(CHUNK)
        slow = [await stack.enter_async_context(dribbling(stage)) for _ in range(6)]
        await stage.until_receiving(len(slow))
        data = os.urandom(CHUNK)
        body = file_first(upload, 0, data)
        async with raw_request(stage.url, len(body)) as request:
            await request.write(body)
            assert await request.answer() == (200, "0")
        assert stage.stored(stage.manager.journal[0], 1) == data


async def test_a_slow_body_is_told_what_would_be_right(tmp_path: Path) -> None:
    """A body that comes too slowly gets 408, and learns how it would be taken."""
    async with staged(tmp_path, stall_timeout_s=0.6) as stage, dribbling(stage) as request:
        status, text = await request.answer()
        assert (status, "id and chunk before the file" in json.loads(text)["error"]) == (408, True)


@pytest.mark.parametrize("where", ["before", "behind"])
async def test_what_crawls_around_a_file_is_ended(tmp_path: Path, where: str) -> None:
    """Only bytes of the file are progress: fields and what follows the form are no excuse to stay."""
    async with staged(tmp_path, stall_timeout_s=0.3) as stage:
        upload = await stage.start(CHUNK)
        head, tail = form_around(upload, 0)
        begun = part("more", b"")[:-2] if where == "before" else head + bytes(CHUNK) + tail
        async with raw_request(stage.url, len(begun) + 10_000) as request:
            await request.write(begun)
            dribbling_on = asyncio.create_task(dribble(request))
            status, text = await request.answer()
            dribbling_on.cancel()
        assert (status, "no byte of the file" in text) == (408, True)


async def test_a_strangers_body_keeps_no_upload_alive(tmp_path: Path) -> None:
    """An idle upload ends, though a body is received that may be one of its chunks."""
    async with (
        staged(tmp_path, inactivity_timeout_s=0.05) as stage,
        raw_request(stage.url, LARGE) as request,
    ):
        await request.write(HEAD)
        await stage.until_receiving(1)
        await stage.start(CHUNK)
        finish = await stage.link.finishes.get()
        assert (finish.success, "no chunk" in (finish.reason or "")) == (False, True)
        assert await stage.metric("upload_receiving") == 1


class _Nowhere:
    """A backend that is not used."""

    async def store(self, content, ended, sender):
        raise AssertionError

    @property
    def links(self):
        raise AssertionError


def waiting_upload(timeout_s: float) -> ActiveUpload:
    """An upload to which no chunk comes."""
    order = UploadSpec(upload_id=uuid4(), name="a", size=1, chunk_size=1)
    lane = Lane(BufferPool(1), 1)
    return ActiveUpload(
        order,
        key=ObjectKey(bytes(32), bytes(4)),
        lane=lane,
        backend=_Nowhere(),
        inactivity_timeout_s=timeout_s,
    )


@pytest.mark.parametrize("began_before", [True, False])
async def test_an_upload_waits_longer_while_the_chunk_may_be_coming(began_before: bool) -> None:
    """A body of nobody yet prolongs the time, and what waited too long ends with that body."""
    loop = asyncio.get_running_loop()
    uploads, timeout_s = ActiveUploads(), 0.2
    began_at = loop.time()
    upload, other = waiting_upload(timeout_s), waiting_upload(timeout_s)
    if began_before:
        uploads.add(upload)
    with uploads.receiving_unattributed():
        if not began_before:
            uploads.add(upload)
        await other.finished
        await tick()
        assert not upload.finished.done()
    await upload.finished
    assert loop.time() < began_at + 2 * timeout_s
