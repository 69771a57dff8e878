"""A file goes in, in chunks, and comes back byte for byte."""

import asyncio
import json
from pathlib import Path

import pytest

from protocol import s2c
from storage.envelope import ENVELOPE_OVERHEAD
from tests.system.whole import (
    CHUNK_SIZE,
    Whole,
    content_of,
    pieces_of,
    running_whole,
    send_chunk,
)


@pytest.mark.parametrize(
    "size",
    [1, CHUNK_SIZE - 1, CHUNK_SIZE, CHUNK_SIZE + 1, 3 * CHUNK_SIZE - 1, 3 * CHUNK_SIZE],
)
async def test_sizes_around_the_chunk_size(whole: Whole, size: int):
    """Whatever the last chunk is like."""
    user = await whole.user(booked=1)
    await user.put("a.bin", content_of(size))
    assert await user.get("a.bin") == content_of(size)


async def test_an_empty_file(whole: Whole):
    """No chunk, no service, and a download of nothing."""
    user = await whole.user()
    await user.put_empty("empty")
    assert await user.get("empty") == b""
    await whole.messages_left(0)


async def test_chunks_out_of_order_in_parallel_and_sent_again(whole: Whole):
    """Each is stored once, in its place."""
    content = content_of(12 * CHUNK_SIZE + 7)
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(content))
    order = [12, 3, 3, 0, 7, 7, 1, 2, 11, 10, 4, 4, 5]
    await asyncio.gather(*(user.send(response, index, content) for index in order))
    for index in (3, 0):
        await user.send(response, index, content)
    await asyncio.gather(*(user.send(response, index, content) for index in (6, 8, 9)))
    assert (await user.finished(response)).success
    assert await user.get("a.bin") == content
    stored = [each.size for message in whole.emulator.messages() for each in message.attachments]
    assert sum(stored) == len(content) + 13 * ENVELOPE_OVERHEAD


async def test_several_uploads_at_once(whole: Whole):
    """One on each booked slot, without touching one another."""
    user = await whole.user(booked=2)
    contents = {f"{n}.bin": content_of(5 * CHUNK_SIZE + n) for n in range(2)}
    await asyncio.gather(*(user.put(name, content) for name, content in contents.items()))
    for name, content in contents.items():
        assert await user.get(name) == content


async def test_a_range_across_chunks(whole: Whole):
    """Only what was asked for, from wherever it lies."""
    content = content_of(4 * CHUNK_SIZE + 10)
    user = await whole.user(booked=1)
    await user.put("a.bin", content)
    assert await user.get("a.bin", byte_range="950-2049") == content[950:2050]
    assert await user.get("a.bin", byte_range="-11") == content[-11:]


async def test_curl_can_upload(whole: Whole, tmp_path: Path):
    """The chunk route takes what `curl -F` sends."""
    content = content_of(2 * CHUNK_SIZE + 500)
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(content))
    for index, piece in enumerate(pieces_of(content, CHUNK_SIZE)):
        file = tmp_path / f"{index}.part"
        file.write_bytes(piece)
        assert await _curl(
            response.upload_address or "",
            *("-F", f"id={response.upload_id}", "-F", f"chunk={index}", "-F", f"file=@{file}"),
        ) == str(index)
    assert (await user.finished(response)).success
    assert await user.get("a.bin") == content


async def _curl(url: str, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        "curl",
        *("--silent", "--show-error", "--max-time", "20", *arguments, url),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    return output.decode()


async def test_everything_is_there_after_a_restart(tmp_path: Path):
    """Names, sizes, types and bytes, through a new manager, service and Discord."""
    content = content_of(3 * CHUNK_SIZE + 1)
    async with running_whole(tmp_path) as whole:
        user = await whole.user(booked=1)
        await user.put("a.txt", content, path="/deep/folder")
    async with running_whole(tmp_path) as whole:
        user = await whole.user()
        (file,) = (await user.peer.list_files("/deep/folder")).files
        assert (file.name, file.size, file.ownership.status) == ("a.txt", len(content), "owned")
        assert await user.get("a.txt", path="/deep/folder") == content


async def test_what_lies_on_discord_is_encrypted(whole: Whole):
    """No chunk can be read there."""
    content = b"a secret that repeats. " * 200
    user = await whole.user(booked=1)
    await user.put("a.txt", content)
    for message in whole.emulator.messages():
        assert b"secret" not in whole.emulator.content(message)


async def test_the_type_is_sniffed_from_the_content(whole: Whole):
    """The name says one thing, the bytes say another."""
    user = await whole.user(booked=1)
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
    await user.put("a.dat", png)
    modified = await user.peer.next(s2c.FileModify)
    assert modified.handle.type == "image/png"


async def test_overwriting_replaces_the_bytes_and_frees_the_old_ones(whole: Whole):
    """The old chunks are deleted on Discord, the new ones stay."""
    user = await whole.user(booked=1)
    await user.put("a.bin", content_of(3 * CHUNK_SIZE))
    await user.put("a.bin", content_of(CHUNK_SIZE), do_overwrite=True)
    await whole.messages_left(1)
    assert await user.get("a.bin") == content_of(CHUNK_SIZE)


async def test_a_client_that_leaves_ends_its_upload(whole: Whole):
    """The service takes nothing for it any more, and what it posted is deleted."""
    content = content_of(3 * CHUNK_SIZE)
    other = await whole.user("bob")
    async with whole.visiting_user("alice") as user:
        assert await user.peer.book(2) == 2
        response = await user.request("a.bin", len(content))
        await user.send(response, 0, content)
        assert await other.peer.book(1) == 0
    await other.peer.next(s2c.UploadBookingModify, effective_change=1)
    await whole.messages_left(0)
    status, body = await send_chunk(other.http, response, 1, content[:CHUNK_SIZE])
    assert status in {404, 410}
    assert "error" in json.loads(body)


async def test_wrong_chunks_are_refused_and_the_upload_goes_on(whole: Whole):
    """Wrong sizes, unknown ids and indices: an error each, and nothing lost."""
    content = content_of(2 * CHUNK_SIZE)
    user = await whole.user(booked=1)
    response = await user.request("a.bin", len(content))
    unknown = s2c.UploadResponse(
        name="a",
        path="/",
        accepted=True,
        chunk_size=CHUNK_SIZE,
        upload_id="0b0e5f5c-3c5e-4b57-8a3d-1d6f3c7f5a11",
        upload_address=response.upload_address,
    )
    wrong = [
        (response, 0, content[: CHUNK_SIZE - 1]),
        (response, 0, content[: CHUNK_SIZE + 1]),
        (response, 2, content[:CHUNK_SIZE]),
        (response, 0, b""),
        (unknown, 0, content[:CHUNK_SIZE]),
    ]
    for upload, index, piece in wrong:
        status, body = await send_chunk(user.http, upload, index, piece)
        assert 400 <= status < 500
        assert json.loads(body)["error"]
    for index in range(2):
        await user.send(response, index, content)
    assert (await user.finished(response)).success
    assert await user.get("a.bin") == content
