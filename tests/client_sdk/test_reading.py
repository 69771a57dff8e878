"""Reading files and parts of them into memory."""

import asyncio
from pathlib import PurePosixPath

import pytest
from aiohttp import web

from client_sdk import Client
from client_sdk.errors import DownloadFailed, InvalidInput, NotFound, Unreachable
from protocol.values import CHUNK_SIZE
from tests.client_sdk.content import content_of

CONTENT = content_of(300_000)
PARTS = [
    (0, None),
    (0, 10),
    (5, None),
    (5, 10),
    (299_999, 5),
    (300_000, 1),
    (300_007, None),
    (0, 0),
    (3, 0),
    (0, 300_000),
    (0, 300_001),
]


def sliced(content: bytes, offset: int, length: int | None) -> bytes:
    """What a part of the content has to be."""
    return content[offset : None if length is None else offset + length]


@pytest.mark.parametrize("content", [CONTENT, b""])
@pytest.mark.parametrize(("offset", "length"), PARTS)
async def test_a_part_is_what_a_slice_would_be(
    manager, make_client, content: bytes, offset: int, length: int | None
) -> None:
    """Also an empty part, and one that ends after the file; its size is told before it is read."""
    manager.files["/name"] = content
    expected = sliced(content, offset, length)
    async with make_client() as cloud:
        assert await cloud.read("/name", offset=offset, length=length) == expected
        async with cloud.stream("/name", offset=offset, length=length) as stream:
            assert (stream.size, stream.length) == (len(content), len(expected))
            assert stream.offset == min(offset, len(content))
            assert b"".join([piece async for piece in stream]) == expected


async def test_parts_of_real_files(alice: Client) -> None:
    """At a real manager, over the borders of chunks."""
    content = content_of(251) * (2 * CHUNK_SIZE // 251)
    await alice.upload(content, "/parts")
    await alice.upload(b"", "/empty")
    for offset, length in [(0, 1), (CHUNK_SIZE - 1, 2), (CHUNK_SIZE, 1), (len(content) - 1, 9)]:
        found = await alice.read(PurePosixPath("/parts"), offset=offset, length=length)
        assert found == sliced(content, offset, length)
    assert await alice.read("/parts", offset=len(content)) == b""
    assert await alice.read("/parts") == content
    assert await alice.read("/empty") == await alice.read("/empty", offset=1, length=1) == b""


@pytest.mark.parametrize(("offset", "length"), [(-1, None), (0, -1)])
async def test_what_is_before_the_start_is_an_error(make_client, offset, length) -> None:
    """A negative offset or length is refused before anything is asked for."""
    async with make_client() as cloud:
        with pytest.raises(InvalidInput, match="negative"):
            await cloud.read("/name", offset=offset, length=length)


async def test_what_is_not_there_is_an_error_at_once(make_client) -> None:
    """Also of an empty part, and before the body of `async with` runs."""
    async with make_client() as cloud:
        with pytest.raises(NotFound):
            await cloud.read("/missing", length=0)
        with pytest.raises(NotFound):
            async with cloud.stream("/missing"):
                raise AssertionError("there is no stream")


async def test_a_stream_is_read_as_a_file_is(manager, make_client) -> None:
    """`read` gives at most what is asked for, nothing at the end, and can be mixed with iterating."""
    manager.files["/name"] = CONTENT
    async with make_client() as cloud, cloud.stream("/name", offset=1) as stream:
        assert await stream.read(0) == b""
        first = await stream.read(7)
        second = await anext(stream)
        assert 0 < len(first) <= 7
        assert first + second + await stream.read() == CONTENT[1:]
        assert (await stream.read(), await stream.read(5)) == (b"", b"")
        with pytest.raises(StopAsyncIteration):
            await anext(stream)


async def test_a_stream_can_be_uploaded(manager, make_client) -> None:
    """What is read of one file is what another one is made of."""
    manager.files["/name"] = CONTENT[:5000]
    async with make_client() as cloud, cloud.stream("/name", offset=1000) as stream:
        await cloud.upload(stream, "/copy", size=stream.length)
    assert manager.files["/copy"] == CONTENT[1000:5000]


async def test_text_is_decoded(manager, make_client) -> None:
    """As UTF-8 unless told otherwise, and never silently wrong."""
    manager.files = {"/utf-8": "grün\r\n".encode(), "/latin-1": "grün".encode("latin-1")}
    async with make_client() as cloud:
        assert await cloud.read_text("/utf-8") == "grün\r\n"
        assert await cloud.read_text("/latin-1", encoding="latin-1") == "grün"
        assert await cloud.read_text("/latin-1", errors="replace") == "gr\ufffdn"
        with pytest.raises(UnicodeDecodeError):
            await cloud.read_text("/latin-1")


class Cut:
    """Sends the first bytes of what is asked for, and breaks the connection once they are read."""

    def __init__(self, sent: bytes, headers: dict[str, str], status: int = 200) -> None:
        self.sent, self.headers, self.status = sent, headers, status
        self.may_break = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        response = web.StreamResponse(status=self.status, headers=self.headers)
        await response.prepare(request)
        await response.write(self.sent)
        await self.may_break.wait()
        return abort(request)


def abort(request: web.Request) -> web.Response:
    """Break the connection."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


def head(tag: str) -> dict[str, str]:
    """The head of an answer with the whole file."""
    return {"ETag": tag, "Content-Length": str(len(CONTENT))}


async def test_a_broken_stream_goes_on_where_it_was(manager, make_client) -> None:
    """Only what is missing is asked for, and only of the same content."""
    manager.files["/name"] = CONTENT
    cut = Cut(
        CONTENT[100:1000],
        {"ETag": '"one"', "Content-Length": "2000", "Content-Range": "bytes 100-2099/300000"},
        206,
    )
    manager.download_faults = [cut, abort]
    async with make_client() as cloud, cloud.stream("/name", offset=100, length=2000) as stream:
        found = b""
        while len(found) < 900:
            found += await stream.read(900)
        cut.may_break.set()
        assert found + await stream.read() == CONTENT[100:2100]
    asked = [(each.get("Range"), each.get("If-Range")) for each in manager.downloads]
    assert asked == [("bytes=100-2099", None), *[("bytes=1000-2099", '"one"')] * 2]


@pytest.mark.parametrize(
    ("tag", "message"), [('"older"', "has changed"), ('W/"one"', "broke"), (None, "broke")]
)
async def test_bytes_of_two_contents_are_never_mixed(
    manager, make_client, tag: str | None, message: str
) -> None:
    """Where it is not certain that the file is still the same, the stream fails."""
    manager.files["/name"] = CONTENT
    headers = head(tag) if tag else {"Content-Length": str(len(CONTENT))}
    cut = Cut(CONTENT[:1000], headers)
    cut.may_break.set()
    manager.download_faults = [cut]
    async with make_client() as cloud:
        with pytest.raises(DownloadFailed, match=message):
            await cloud.read("/name")


async def test_less_than_there_is_is_never_returned(manager, make_client) -> None:
    """A manager that always breaks off is given up, with an error."""
    manager.files["/name"] = CONTENT
    cut = Cut(CONTENT[:1000], head('"one"'))
    cut.may_break.set()
    manager.download_faults = [cut, *[abort] * 9]
    async with make_client(download_attempts=3) as cloud:
        with pytest.raises((DownloadFailed, Unreachable)):
            await cloud.read("/name")


async def test_a_cancelled_read_does_not_look_like_the_end(manager, make_client) -> None:
    """Who gives up waiting and reads on is told that something is missing."""
    cut = Cut(CONTENT[:1000], head('"one"'))
    manager.download_faults = [cut]
    async with make_client() as cloud, cloud.stream("/name") as stream:
        found = b""
        while len(found) < 1000:
            found += await stream.read(1000)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await stream.read()
        with pytest.raises(DownloadFailed, match="cancelled"):
            await stream.read()
    cut.may_break.set()


@pytest.mark.parametrize(
    "told", ["bytes 5-8/300000", "bytes 4-6/300000", "bytes 4-7/*", "bytes */300000", "", "4-7"]
)
async def test_another_part_than_was_asked_for_is_not_used(manager, make_client, told: str) -> None:
    """A manager that says that it sends something else, or does not say what, is not believed."""

    def wrong(_: web.Request) -> web.Response:
        return web.Response(status=206, body=CONTENT[4:8], headers={"Content-Range": told})

    manager.download_faults = [wrong] * 2
    async with make_client(download_attempts=2) as cloud:
        with pytest.raises(DownloadFailed, match=r"another part|which part"):
            await cloud.read("/name", offset=4, length=4)


async def test_a_manager_without_ranges(manager, make_client) -> None:
    """Of the whole file the beginning is used; a later part cannot be had."""

    def whole(_: web.Request) -> web.Response:
        return web.Response(body=CONTENT)

    manager.download_faults = [whole] * 3
    async with make_client(download_attempts=1) as cloud:
        assert await cloud.read("/name", length=5) == CONTENT[:5]
        assert await cloud.read("/name", length=0) == b""
        with pytest.raises(DownloadFailed, match="another part"):
            await cloud.read("/name", offset=1, length=5)


async def test_a_stream_may_be_left_early(manager, make_client) -> None:
    """What is not read any more is not waited for, and what is closed does not look complete."""
    cut = Cut(CONTENT[:1000], head('"one"'))
    manager.download_faults = [cut]
    async with make_client() as cloud:
        async with cloud.stream("/name") as stream:
            assert await stream.read(1) == CONTENT[:1]
        with pytest.raises(RuntimeError, match="closed"):
            await stream.read()
    cut.may_break.set()
