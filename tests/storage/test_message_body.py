"""The body of a post."""

import asyncio
import json
from typing import cast

import pytest
from aiohttp.abc import AbstractStreamWriter

from storage.discord.message_body import PIECE_SIZE, FilesPayload, JoinedFile, in_order
from storage.discord.sizes import body_bytes


class Sink:
    """Keeps what is written."""

    transport = None

    def __init__(self) -> None:
        self.pieces: list[bytes | memoryview] = []

    async def write(self, chunk) -> None:
        """Takes a piece."""
        self.pieces.append(chunk)


@pytest.fixture
def content():
    """A file of two and a half pieces."""
    return memoryview(bytearray(PIECE_SIZE * 5 // 2))


async def write(payload) -> list[bytes | memoryview]:
    """Answers the pieces that are written."""
    sink = Sink()
    await payload.write(cast(AbstractStreamWriter, sink))
    return sink.pieces


async def test_the_file_goes_out_in_large_pieces_of_the_callers_buffer(content):
    """Nothing of it is copied."""
    head, *pieces, tail = await write(FilesPayload([content], stall_s=1.0))
    assert [len(piece) for piece in pieces] == [PIECE_SIZE, PIECE_SIZE, PIECE_SIZE // 2]
    assert {id(piece.obj) for piece in pieces if isinstance(piece, memoryview)} == {id(content.obj)}
    assert len(head) + len(tail) < 1000


async def test_a_payload_can_be_written_again(content):
    """A retry, or a redirect of the HTTP client, sends the same bytes."""
    payload = FilesPayload([content], stall_s=1.0)
    assert await write(payload) == await write(payload)


async def test_the_length_is_known_before(content):
    """So that the request has a Content-Length; Discord takes no chunked bodies."""
    payload = FilesPayload([content], stall_s=1.0)
    assert payload.size == sum(len(piece) for piece in await write(payload))
    assert len(payload.decode("latin-1")) == payload.size


async def test_the_head_describes_the_file(content):
    """`payload_json` and the part `files[0]` belong together by number."""
    payload = FilesPayload([content], stall_s=1.0)
    head, *_ = await write(payload)
    boundary = payload.content_type.partition("boundary=")[2]
    _, described, file = bytes(head).decode().split(f"--{boundary}\r\n")
    description = described.partition("\r\n\r\n")[2]
    (filename,) = payload.filenames
    assert json.loads(description) == {"attachments": [{"id": 0, "filename": filename}]}
    assert f'name="files[0]"; filename="{filename}"' in file


async def test_several_files_go_out_in_their_order(content):
    """Each under its number and name, of known length, and within the bound that limits are compared with."""
    files = [content[:3], content[3:1000], content[1000:]]
    payload = FilesPayload(files, stall_s=1.0)
    body = b"".join(await write(payload))
    assert payload.size == len(body) <= body_bytes([len(file) for file in files])
    boundary = payload.content_type.partition("boundary=")[2].encode()
    _, described, *parts = body.split(b"--" + boundary)
    attachments = json.loads(described.partition(b"\r\n\r\n")[2])["attachments"]
    assert [each["filename"] for each in attachments] == payload.filenames
    for number, (part, file) in enumerate(zip(parts, files, strict=False)):
        head, _, sent = part.partition(b"\r\n\r\n")
        assert f'name="files[{number}]"; filename="{payload.filenames[number]}"'.encode() in head
        assert sent.removesuffix(b"\r\n") == file


async def test_a_peer_that_takes_nothing_is_noticed(content):
    """Each piece has its time."""

    class Stuck(Sink):
        async def write(self, chunk) -> None:
            await asyncio.Event().wait()

    payload = FilesPayload([content], stall_s=0.01)
    with pytest.raises(TimeoutError):
        await payload.write(cast(AbstractStreamWriter, Stuck()))


@pytest.mark.parametrize("lengths", [[5], [1, 2, 3], [10, 1, 10], [3] * 9])
def test_joined_contents_read_as_one_file(lengths):
    """Whichever slice is asked for; within one of them it is a view of that one."""
    parts, first = [], 0
    for length in lengths:
        parts.append(memoryview(bytes(range(first, first + length))))
        first += length
    whole = b"".join(parts)
    joined = JoinedFile(parts)
    assert len(joined) == len(whole)
    for start in range(len(whole)):
        for stop in range(start + 1, len(whole) + 3):
            assert bytes(joined[start:stop]) == whole[start:stop]
    view = joined[0 : lengths[0]]
    assert isinstance(view, memoryview)
    assert view.obj is parts[0].obj


def test_filenames_tell_the_order_of_attachments():
    """In whatever order they are listed; names that tell nothing change nothing."""
    names = FilesPayload([memoryview(b"x")] * 4, stall_s=1.0).filenames
    listed = [names[2], names[0], names[3], names[1]]
    assert [listed[at] for at in in_order(listed)] == names
    assert in_order(["a", "b"]) == [0, 1]
    assert in_order([names[0], names[0]]) == [0, 1]
    assert in_order([]) == []
