"""`/download-files` over real HTTP: each file whole and verified, or why it is not sent."""

import hashlib

import pytest
from aiohttp import ClientResponse

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from protocol.chunks import content_hash
from protocol.file_stream import MEDIA_TYPE, MOST_FILES, FileHeader, FileStreamParser


@pytest.fixture
async def either(tmp_path, running_either):
    """A manager, without users and files, which sends by itself or by a gateway."""
    async with running_either(tmp_path) as running:
        yield running


async def _post(cloud, paths: object, user="alice") -> ClientResponse:
    headers = {"Authorization": f"Bearer {await cloud.token(user)}"}
    response: ClientResponse = await cloud.reader.post(
        "/download-files", json={"files": paths}, headers=headers
    )
    return response


async def _files(cloud, paths: list[str], user="alice") -> dict[str, bytes | str]:
    """The content of each file, or the code of why it is not sent."""
    response = await _post(cloud, paths, user)
    assert response.status == 200
    frames = FileStreamParser(most_bytes=10_000).feed(await response.read())
    assert len(frames) == len(paths)
    return {paths[header.index]: header.error or content for header, content in frames}


async def test_files_of_several_folders(either):
    """Whatever the folder, the name and the order; an empty one and one that is asked for twice, too."""
    await either.token()
    stored = {"/docs/a.txt": b"a" * 900, "/docs/deep/Ü 日本": b"b", "/empty": b"", "/c": b"c" * 500}
    for path, content in stored.items():
        await either.store(path, content, modified_at=0.125)
    assert await _files(either, list(stored)) == stored
    response = await _post(either, ["/c", "/c"])
    assert response.headers["Content-Type"] == MEDIA_TYPE
    frames = FileStreamParser(most_bytes=500).feed(await response.read())
    expected = content_hash([hashlib.sha256(b"c" * 500).digest()])
    assert frames == [
        (FileHeader(index=index, size=500, hash=expected, modified_at=0.125), b"c" * 500)
        for index in (0, 1)
    ]


async def test_what_is_not_sent_says_why(either, content):
    """A missing file or folder, one without the right to read it, and one of several chunks."""
    await either.token()
    await either.token("bob")
    await either.store("/docs/mine", b"mine")
    await either.store("/docs/public", b"public", is_public=True)
    await either.store("/docs/long", content, is_public=True)
    asked = ["/docs/mine", "/docs/public", "/docs/long", "/docs/none", "/nowhere/x", "/docs"]
    assert await _files(either, asked, user="bob") == {
        "/docs/mine": "access-denied",
        "/docs/public": b"public",
        "/docs/long": "file-too-long",
        "/docs/none": "no-such-file",
        "/nowhere/x": "no-such-file",
        "/docs": "no-such-file",
    }


async def test_files_in_one_attachment_are_fetched_together(either):
    """However many they are, by one request to the CDN, and one for the message."""
    await either.token()
    stored = {f"/{number}": b"%d" % number * 50 for number in range(40)}
    await either.store_together(stored)
    assert await _files(either, list(stored)) == stored
    assert either.emulator.requests.count(Operation.CDN) == 1
    assert either.emulator.requests.count(Operation.MESSAGE) == 1


async def test_a_damaged_file_spoils_no_other(either):
    """Nor does one whose message is lost."""
    await either.token()
    for name in "abc":
        await either.store(f"/{name}", name.encode() * 100)
    either.damage(0)
    await either.emulator.delete(either.emulator.messages()[2])
    assert await _files(either, ["/a", "/b", "/c"]) == {
        "/a": "chunk-corrupt",
        "/b": b"b" * 100,
        "/c": "message-gone",
    }


async def test_many_files_are_fetched_at_the_same_time(cloud):
    """Those that lie in messages of their own do not wait for each other."""
    await cloud.token()
    for number in range(8):
        await cloud.store(f"/{number}", b"%d" % number)
    faults = [Fault(kind=FaultKind.SLOW, route=Operation.CDN) for _ in range(3)]
    for fault in faults:
        cloud.emulator.faults.add(fault)
    response = await _post(cloud, [f"/{number}" for number in range(8)])
    for fault in faults:
        await fault.reached.wait()
    for fault in faults:
        fault.release()
    assert len(FileStreamParser(most_bytes=10).feed(await response.read())) == 8


@pytest.mark.parametrize(
    "files",
    [None, [], "x", [1], ["/"], [""], ["x"], ["/a//b"], ["/x"] * (MOST_FILES + 1), {"/x": 1}],
)
async def test_bad_requests(cloud, files):
    """A list of paths, not too many, is asked for."""
    await cloud.token()
    assert (await _post(cloud, files)).status == 400


async def test_without_a_token(cloud):
    """Nothing is sent to nobody."""
    response = await cloud.client.post("/download-files", json={"files": ["/a"]})
    assert response.status == 401
