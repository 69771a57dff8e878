"""A large file over several connections."""

import asyncio
import io
from pathlib import Path

import pytest
from aiohttp import web

from client_sdk import file_download
from client_sdk.sinks import DraftFile, draft_path
from tests.client_sdk.cancelling import names_in
from tests.client_sdk.content import content_of

CONTENT = content_of(100_000)
CHUNK = 1000


@pytest.fixture(autouse=True)
def large(manager, monkeypatch):
    """A file that is large enough, as segments are small here."""
    monkeypatch.setattr(file_download, "SEGMENT_BYTES", 10_000)
    monkeypatch.setattr(file_download, "FLUSH_S", 0.0)
    manager.stored_chunk_size = CHUNK
    manager.files = {"/name": CONTENT}


def asked(manager) -> list[str]:
    """The ranges of all requests; empty for the whole file."""
    return [headers.get("Range", "") for headers in manager.downloads]


class Held:
    """Keeps the first answer back but for its head and some bytes, so that others have to help.

    Args:
        breaks_off: Whether it ends with a broken connection.
        together: Holds the head back as well, until so many requests have come in.
    """

    def __init__(
        self, *, breaks_off: bool = False, together: asyncio.Barrier | None = None
    ) -> None:
        self.may_go = asyncio.Event()
        self.breaks_off = breaks_off
        self.together = together

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer a download."""
        if self.together is not None:
            await self.together.wait()
        headers = {"ETag": '"one"', "Discord-Cloud-Chunk-Size": str(CHUNK)}
        response = web.StreamResponse(headers=headers)
        response.content_length = len(CONTENT)
        await response.prepare(request)
        await response.write(CONTENT[:1500])
        await self.may_go.wait()
        if request.transport is not None and self.breaks_off:
            request.transport.abort()
        elif request.transport is not None and not request.transport.is_closing():
            await response.write(CONTENT[1500:])
        return response


async def test_helpers_fetch_from_the_end(manager, make_client, tmp_path: Path):
    """While the first connection is slow, others bring all but its segment; each byte comes once."""
    first = Held()
    manager.download_faults = [first]
    async with make_client(parallel_ranges=3) as cloud:
        downloading = asyncio.create_task(cloud.download("/name", tmp_path / "copy"))
        await manager.until(lambda: len(manager.downloads) == 10)
        first.may_go.set()
        await downloading
    assert (tmp_path / "copy").read_bytes() == CONTENT
    assert names_in(tmp_path) == ["copy"]
    assert asked(manager)[0] == ""
    starts = sorted(int(text.removeprefix("bytes=").split("-")[0]) for text in asked(manager)[1:])
    assert starts == list(range(10_000, 100_000, 10_000))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"chunk_size": None}, id="manager-of-an-earlier-release"),
        pytest.param({"parallel_ranges": 1}, id="not-wanted"),
        pytest.param({"content": CONTENT[:19_999]}, id="small-file"),
        pytest.param({"etag": 'W/"weak"'}, id="weak-tag"),
    ],
)
async def test_one_connection_is_enough(manager, make_client, tmp_path: Path, change):
    """Where segments could not be compared, or are of no use."""
    manager.stored_chunk_size = change.get("chunk_size", CHUNK)
    manager.files = {"/name": change.get("content", CONTENT)}
    manager.etag = change.get("etag", '"one"')
    async with make_client(parallel_ranges=change.get("parallel_ranges", 4)) as cloud:
        await cloud.download("/name", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == manager.files["/name"]
    assert asked(manager) == [""]


async def test_a_stream_takes_one_connection(manager, make_client):
    """What takes bytes in their order gets them in their order."""
    output = io.BytesIO()
    async with make_client() as cloud:
        await cloud.download_to("/name", output)
    assert output.getvalue() == CONTENT
    assert asked(manager) == [""]


async def test_downloads_share_the_further_connections(manager, make_client, tmp_path: Path):
    """Each has one, and all together have no more besides than one alone may have."""
    manager.files = {f"/{name}": CONTENT for name in "abc"}
    together = asyncio.Barrier(3)
    gates = [Held(together=together) for _ in range(3)]
    manager.download_faults = list(gates)
    async with make_client(parallel_ranges=2) as cloud:
        downloads = [
            asyncio.create_task(cloud.download(f"/{name}", tmp_path / name)) for name in "abc"
        ]
        # The one helper brings eight segments of the file whose answer came first.
        await manager.until(lambda: len(manager.downloads) == 3 + 8)
        for gate in gates:
            gate.may_go.set()
        await asyncio.gather(*downloads)
    assert all((tmp_path / name).read_bytes() == CONTENT for name in "abc")


async def test_what_a_helper_could_not_fetch_is_fetched(manager, make_client, tmp_path: Path):
    """Its segment goes back to those that are pending."""
    first = Held()

    def busy(_: web.Request) -> web.Response:
        first.may_go.set()
        return web.Response(status=500)

    manager.download_faults = [first, busy]
    async with make_client(parallel_ranges=2) as cloud:
        await cloud.download("/name", tmp_path / "copy")
    assert (tmp_path / "copy").read_bytes() == CONTENT


async def test_a_file_that_changes_begins_anew(manager, make_client, tmp_path: Path):
    """Segments of two versions are never joined."""
    first = Held(breaks_off=True)
    manager.download_faults = [first]
    new = CONTENT[::-1]
    async with make_client(parallel_ranges=2) as cloud:
        downloading = asyncio.create_task(cloud.download("/name", tmp_path / "copy"))
        await manager.until(lambda: len(manager.downloads) == 4)
        manager.files["/name"], manager.etag = new, '"two"'
        await manager.until(lambda: len(manager.downloads) >= 5)
        first.may_go.set()
        await downloading
    assert (tmp_path / "copy").read_bytes() == new


async def test_what_has_come_in_pieces_is_kept(manager, make_client, tmp_path: Path):
    """A download that is cancelled goes on with the bytes that are missing, wherever they are."""
    manager.download_faults = [Held()]
    target = tmp_path / "copy"
    async with make_client(parallel_ranges=2) as cloud:
        downloading = asyncio.create_task(cloud.download("/name", target))
        await manager.until(lambda: len(manager.downloads) == 9)
        downloading.cancel()
        await asyncio.gather(downloading, return_exceptions=True)
    kept = DraftFile(target, resume=True)
    received, tag = kept.open()
    kept.close(is_kept=True)
    assert tag == '"one"'
    assert received.end == len(CONTENT)
    assert 0 < received.prefix <= 1500
    manager.downloads.clear()
    async with make_client(parallel_ranges=1) as cloud:
        await cloud.download("/name", target)
    assert target.read_bytes() == CONTENT
    assert asked(manager)[0] == f"bytes={received.prefix}-"
    assert names_in(tmp_path) == ["copy"]


def draft_with(target: Path, *spans: tuple[int, int]) -> DraftFile:
    """A draft that has come in pieces."""
    draft = DraftFile(target, resume=False)
    draft.open()
    draft.restart('"one"')
    draft.spread()
    for start, end in spans:
        draft.write(start, CONTENT[start:end])
    return draft


def left_at(target: Path) -> list[tuple[int, int]]:
    """What a later download would find."""
    draft = DraftFile(target, resume=True)
    received, _ = draft.open()
    draft.close(is_kept=True)
    return list(received)


def test_a_process_that_dies_has_what_was_flushed(tmp_path: Path):
    """What was written later is not believed, as it may not be on the disk."""
    target = tmp_path / "copy"
    draft = draft_with(target, (0, 1000), (5000, 6000))
    draft.flush()
    draft.write(8000, CONTENT[8000:9000])
    names = {path: path.read_bytes() for path in tmp_path.iterdir()}
    draft.close(is_kept=False)
    for path, content in names.items():
        path.write_bytes(content)
        path.chmod(0o600)
    assert left_at(target) == [(0, 1000), (5000, 6000)]


def test_earlier_releases_do_not_take_holes_for_content(tmp_path: Path):
    """They know the tag and the length of a draft alone, so there is no tag beside one with holes."""
    target = tmp_path / "copy"
    draft_with(target, (5000, 6000)).close(is_kept=True)
    assert left_at(target) == [(5000, 6000)]
    tag = draft_path(target).with_name(f"{draft_path(target).name}tag.")
    assert not tag.exists()


def test_what_an_earlier_release_has_begun_anew_is_believed(tmp_path: Path):
    """The map that it has left says nothing of what it has written since."""
    target = tmp_path / "copy"
    draft_with(target, (5000, 6000)).close(is_kept=True)
    draft = draft_path(target)
    draft.write_bytes(CONTENT[:700])
    assert left_at(target) == []
    draft.with_name(f"{draft.name}tag.").write_bytes(b'"two"')
    assert left_at(target) == [(0, 700)]


@pytest.mark.parametrize("content", [b"", b"\xff", b'"one"\n5', b'"one"\nx-y', b'"one"\n0-99999'])
def test_a_map_that_cannot_be_true_is_not_believed(tmp_path: Path, content: bytes):
    """The download begins anew."""
    target = tmp_path / "copy"
    draft_with(target, (0, 1000)).close(is_kept=True)
    (path,) = tmp_path.glob(".*map.")
    path.write_bytes(content)
    assert left_at(target) == []
