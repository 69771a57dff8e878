"""`/bulk-download` over real HTTP: everything that may be read, or visibly not the whole."""

import asyncio
import io
import zipfile
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientError, ClientResponse

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from manager.app_keys import ACCOUNTS
from manager.downloads import subtree
from tests.manager.sockets.stage import SERVICE_PASSWORD


@pytest.fixture
def running_cloud(running_either):
    """Runs a manager whose folders are downloaded from itself, or from a gateway."""
    return running_either


@pytest.fixture
async def cloud(tmp_path, running_cloud):
    """A manager that runs, without users and files."""
    async with running_cloud(tmp_path) as running:
        yield running


async def _get(cloud, path="/docs", user="alice", **headers) -> ClientResponse:
    headers = {"Authorization": f"Bearer {await cloud.token(user)}", **headers}
    response: ClientResponse = await cloud.reader.get(
        "/bulk-download", params={"path": path}, headers=headers
    )
    return response


async def _archive(response: ClientResponse) -> zipfile.ZipFile:
    assert response.status == 200
    return zipfile.ZipFile(io.BytesIO(await response.read()))


async def test_folder_with_everything_below_it(cloud, content):
    """All files come with their paths below the folder, and empty folders too."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content, modified_at=1e9)
    await cloud.store("/docs/deep/er/Ü 日本.bin", b"x" * 1000)
    await cloud.store("/docs/deep/empty", b"")
    await cloud.store("/elsewhere.txt", b"no")
    await cloud.catalog.make_folders(("docs", "nothing"))
    response = await _get(cloud)
    archive = await _archive(response)
    assert archive.testzip() is None
    assert archive.namelist() == [
        "a.txt",
        "deep/",
        "deep/empty",
        "deep/er/",
        "deep/er/Ü 日本.bin",
        "nothing/",
    ]
    assert archive.read("a.txt") == content
    assert archive.getinfo("a.txt").date_time == (2001, 9, 9, 1, 46, 40)
    assert archive.read("deep/er/Ü 日本.bin") == b"x" * 1000
    assert archive.getinfo("a.txt").extra[-4:] == int(1e9).to_bytes(4, "little")
    assert response.headers["Content-Type"] == "application/zip"
    assert 'filename="docs.zip"' in response.headers["Content-Disposition"]
    assert response.headers["Access-Control-Allow-Origin"] == "*"


async def test_root_and_empty_folders(cloud):
    """The root has no name and is an archive all the same; so is a folder without entries."""
    await cloud.token()
    response = await _get(cloud, path="/")
    assert (await _archive(response)).namelist() == []
    assert 'filename="discord-cloud.zip"' in response.headers["Content-Disposition"]
    await cloud.store("/a/b.txt", b"x")
    assert (await _archive(await _get(cloud, path="/"))).namelist() == ["a/", "a/b.txt"]
    assert (await _archive(await _get(cloud, path="/a/"))).namelist() == ["b.txt"]


async def test_name_of_the_archive(cloud):
    """It is called like the folder, whatever that is called."""
    await cloud.token()
    await cloud.catalog.make_folders(('Ü "x"',))
    response = await _get(cloud, path='/Ü "x"')
    assert response.headers["Content-Disposition"] == (
        "attachment; filename=\"_ _x_.zip\"; filename*=UTF-8''%C3%9C%20%22x%22.zip"
    )


async def test_what_may_not_be_read_is_left_out(cloud):
    """Others' private files are missing; public, shared and nobody's files are there."""
    await cloud.token()
    await cloud.token("bob")
    await cloud.store("/docs/private", b"1")
    await cloud.store("/docs/public", b"2", is_public=True)
    await cloud.store("/docs/nobodys", b"3", owner=None)
    shared = await cloud.store("/docs/shared", b"4")
    await cloud.catalog.put_share(shared.id, 2, can_write=False)
    archive = await _archive(await _get(cloud, user="bob"))
    assert archive.namelist() == ["nobodys", "public", "shared"]
    assert len((await _archive(await _get(cloud))).namelist()) == 4


async def _selected(cloud, *names, user="alice", **headers) -> ClientResponse:
    headers = {"Authorization": f"Bearer {await cloud.token(user)}", **headers}
    query = [("path", "/docs"), *(("name", name) for name in names)]
    response: ClientResponse = await cloud.reader.get(
        "/bulk-download", params=query, headers=headers
    )
    return response


async def test_selection(cloud):
    """With names just those entries come, folders with everything in them, each once."""
    await cloud.token()
    for path in ("a", "b", "c", "x/in", "x/deep/er", "y/out", "x/a"):
        await cloud.store(f"/docs/{path}", path.encode())
    response = await _selected(cloud, "x", "c", "a", "c")
    archive = await _archive(response)
    assert archive.namelist() == ["a", "c", "x/", "x/a", "x/in", "x/deep/", "x/deep/er"]
    assert archive.read("x/a") == b"x/a"
    assert 'filename="docs.zip"' in response.headers["Content-Disposition"]


async def test_selection_of_more_than_a_page(cloud, monkeypatch):
    """Many names are looked up in portions."""
    monkeypatch.setattr(subtree, "PAGE", 2)
    await cloud.token()
    names = ["a", "b", "c", "d", "e"]
    for name in (*names, "f"):
        await cloud.store(f"/docs/{name}", b"x")
    assert (await _archive(await _selected(cloud, *names))).namelist() == names


async def test_selection_of_what_does_not_exist(cloud):
    """Unknown names are told, and nothing is sent; what lies deeper is no entry of the folder."""
    await cloud.token()
    await cloud.store("/docs/a", b"1")
    await cloud.store("/docs/x/in", b"1")
    response = await _selected(cloud, "a", "in", "nothing")
    assert response.status == 404
    assert (await response.json())["error_details"] == "there is no file or folder in, nothing"


@pytest.mark.parametrize("name", ["", "x/in", ".."])
async def test_selection_by_what_is_no_name(cloud, name):
    """What cannot be a name is told as such; an empty one does not stand for the whole folder."""
    await cloud.token()
    await cloud.store("/docs/x/in", b"1")
    response = await _selected(cloud, name)
    assert response.status == 400
    assert (await response.json())["error_details"].startswith("name ")


async def test_selection_of_what_may_not_be_read(cloud):
    """A private file is refused by its name, and left out of a folder."""
    await cloud.token()
    await cloud.token("bob")
    await cloud.store("/docs/private", b"1")
    await cloud.store("/docs/x/private", b"1")
    await cloud.store("/docs/x/public", b"2", is_public=True)
    refused = await _selected(cloud, "x", "private", user="bob")
    assert refused.status == 403
    assert (await refused.json())["error_details"] == "you have no right to read private"
    archive = await _archive(await _selected(cloud, "x", user="bob"))
    assert archive.namelist() == ["x/", "x/public"]


async def test_selected_folder_deleted_meanwhile(cloud, content):
    """The archive is whole without it; a gateway may have listed it before, with nothing in it."""
    await cloud.token()
    await cloud.store("/docs/a", content)
    await cloud.catalog.make_folders(("docs", "gone"))
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    cloud.emulator.faults.add(second)
    response = await _selected(cloud, "a", "gone")
    await second.reached.wait()
    folder = await cloud.catalog.folder_at(("docs", "gone"))
    assert folder is not None
    await cloud.catalog.delete_folder(folder.id)
    second.release()
    listed = (await _archive(response)).namelist()
    assert listed == ["a"] or (cloud.reader is not cloud.client and listed == ["a", "gone/"])


async def _posted(cloud, user="alice", **body) -> ClientResponse:
    headers = {"Authorization": f"Bearer {await cloud.token(user)}"}
    response: ClientResponse = await cloud.reader.post("/bulk-download", headers=headers, **body)
    return response


async def test_names_in_a_body(cloud):
    """JSON and forms ask for the same as an address, with more names than any address holds."""
    await cloud.token()
    names = [f"{number:03} ü & {'+' * 110}" for number in range(100)]
    for name in (*names, "left"):
        await cloud.store(f"/docs/{name}", b"x")
    as_json = await _posted(cloud, json={"path": "/docs", "names": names})
    assert (await _archive(as_json)).namelist() == names
    fields = [("path", "/docs"), *(("name", name) for name in names)]
    assert (await _archive(await _posted(cloud, data=fields))).namelist() == names
    for whole in ({"json": {"path": "/docs"}}, {"data": {"path": "/docs"}}):
        assert (await _archive(await _posted(cloud, **whole))).namelist() == [*names, "left"]


async def test_form_that_begins_with_the_token(cloud):
    """A browser's form cannot set headers: the token is its first field, and nowhere in the address."""
    await cloud.token()
    await cloud.store("/docs/a", b"1")
    fields = [("auth", await cloud.token()), ("path", "/docs"), ("name", "a")]
    response = await cloud.reader.post("/bulk-download", data=fields)
    assert (await _archive(response)).namelist() == ["a"]
    for wrong in (fields[1:], [*fields[1:], fields[0]], [("auth", ""), *fields[1:]]):
        response = await cloud.reader.post("/bulk-download", data=wrong)
        assert response.status == 401
        assert "`auth`" in (await response.json())["error_details"]
    response = await cloud.reader.post("/bulk-download", data=[("auth", "a.b.c"), *fields[1:]])
    assert response.status == 401


async def _endless(beginning: bytes) -> AsyncIterator[bytes]:
    yield beginning
    while True:
        yield b"a" * 65536


async def test_bodies_without_an_end(cloud):
    """Users are listened to up to the limit, everybody else for no longer than a token is."""
    known = f"auth={await cloud.token()}&path=/docs&name=".encode()
    for beginning, status, words in [
        (b"auth=" + b"a" * 1000, 401, "token"),
        (known, 400, "the names are too long for one archive: the body may have 8388608 bytes"),
    ]:
        response = await cloud.reader.post(
            "/bulk-download",
            data=_endless(beginning),
            headers={"Content-Type": "application/x-www-form-urlencoded"},
        )
        assert response.status == status
        assert words in (await response.json())["error_details"]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"json": {"path": "/docs", "names": ["a"] * 10_001}}, "10000 names at most"),
        ({"data": [("path", "/docs"), *[("name", "a")] * 10_001]}, "10000 names at most"),
        ({"json": {"path": "/docs", "names": []}}, "names must not be empty"),
        ({"json": {"path": "/docs", "names": ["x/in"]}}, "name "),
        ({"json": {"path": "/docs", "names": "a"}}, "must be a JSON object with `path`"),
        ({"json": {"names": ["a"]}}, "must be a JSON object with `path`"),
        ({"data": {"name": "a"}}, "one path"),
        ({"data": {"path": "docs/../x"}}, "path "),
    ],
)
async def test_bodies_that_ask_for_nothing_sensible(cloud, body, words):
    """What is wrong with a body is told, limits with their number."""
    await cloud.token()
    await cloud.store("/docs/a", b"1")
    headers = {"Authorization": f"Bearer {await cloud.token()}"}
    response = await cloud.reader.post("/bulk-download", headers=headers, **body)
    assert response.status == 400
    assert words in (await response.json())["error_details"]


async def test_token_that_dies_while_the_body_comes_in(cloud, monkeypatch):
    """Whoever begins a request with a token that is good does not get an archive with one that is not."""
    token = await cloud.token()
    await cloud.store("/docs/a", b"1")
    accounts, looked_at = cloud.app[ACCOUNTS], asyncio.Event()
    authenticate = accounts.authenticate

    async def authenticate_and_tell(key: str, **options):
        login = await authenticate(key, **options)
        looked_at.set()
        return login

    async def body() -> AsyncIterator[bytes]:
        yield f"auth={token}&".encode()
        await looked_at.wait()
        await cloud.catalog.set_password(1, "another hash")
        yield b"path=/docs"

    monkeypatch.setattr(accounts, "authenticate", authenticate_and_tell)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    response = await cloud.reader.post("/bulk-download", data=body(), headers=headers)
    assert response.status == 401


async def test_form_that_is_not_utf_8(cloud):
    """A name that no text encodes to is a bad one."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    body = f"auth={await cloud.token()}&path=/docs&name=%FF".encode()
    response = await cloud.reader.post("/bulk-download", data=body, headers=headers)
    assert response.status == 400
    assert "UTF-8" in (await response.json())["error_details"]


async def test_more_entries_than_a_page(cloud, monkeypatch):
    """The folder is read in pages, and none is skipped or repeated where they meet."""
    monkeypatch.setattr(subtree, "PAGE", 2)
    await cloud.token()
    for folder in range(5):
        for file in range(folder):
            await cloud.store(f"/docs/{folder}/{file}", b"x")
        await cloud.store(f"/docs/top {folder}", b"x")
        await cloud.catalog.make_folders(("docs", str(folder), "e"))
    names = (await _archive(await _get(cloud))).namelist()
    files = [f"top {folder}" for folder in range(5)]
    below = [
        name
        for folder in range(5)
        for name in (f"{folder}/", *(f"{folder}/{file}" for file in range(folder)), f"{folder}/e/")
    ]
    assert names == files + below


async def test_holds_are_released(cloud, content):
    """Content is held while it is sent and let go of at its end."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    cloud.emulator.faults.add(second)
    response = await _get(cloud)
    await second.reached.wait()
    await cloud.catalog.delete_file(file.id)
    assert await cloud.catalog.collect_objects(limit=10) == 0
    second.release()
    assert (await _archive(response)).read("a.txt") == content
    await _until_collected(cloud)


async def test_reader_that_leaves_lets_go(cloud, content):
    """When the reader goes away nothing is read or held any longer."""
    await cloud.token()
    file = await cloud.store("/docs/a.txt", content)
    await cloud.store("/docs/b.txt", content)
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    cloud.emulator.faults.add(second)
    response = await _get(cloud)
    await second.reached.wait()
    response.close()
    second.release()
    await cloud.catalog.delete_file(file.id)
    await _until_collected(cloud)


@pytest.mark.parametrize("damaged", [1, 4])
async def test_damaged_chunk_cuts_the_archive(cloud, content, damaged):
    """A chunk that is broken on Discord ends the connection: no clean end, no wrong byte."""
    await cloud.token()
    first = await cloud.store("/docs/a.txt", content)
    second = await cloud.store("/docs/b.txt", content)
    cloud.damage(damaged)
    response = await _get(cloud)
    assert response.status == 200
    with pytest.raises(ClientError):
        await response.read()
    for file in (first, second):
        await cloud.catalog.delete_file(file.id)
    await _until_collected(cloud, 2)


async def test_damage_known_beforehand_is_an_error(cloud, content):
    """What is known before the first byte is told as JSON."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    cloud.damage(0)
    response = await _get(cloud)
    assert response.status == 502
    assert "damaged" in (await response.json())["error_details"]


async def test_deleted_and_forbidden_meanwhile(cloud, content):
    """Who has lost a right, or a file that is gone, by the time of its turn, goes without it."""
    await cloud.token()
    await cloud.token("bob")
    await cloud.store("/docs/a", content, is_public=True)
    gone = await cloud.store("/docs/b", b"1", is_public=True)
    shared = await cloud.store("/docs/c", b"2")
    await cloud.catalog.put_share(shared.id, 2, can_write=False)
    await cloud.store("/docs/d", b"3", is_public=True)
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    cloud.emulator.faults.add(second)
    response = await _get(cloud, user="bob")
    await second.reached.wait()
    await cloud.catalog.delete_file(gone.id)
    await cloud.catalog.remove_share(shared.id, 2)
    second.release()
    assert (await _archive(response)).namelist() == ["a", "d"]


async def test_reads_one_chunk_ahead_and_no_more(cloud, content):
    """While one chunk is sent the next is fetched; a third waits for its turn."""
    await cloud.token()
    await cloud.store("/docs/a.txt", content)
    second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
    cloud.emulator.faults.add(second)
    response = await _get(cloud)
    await second.reached.wait()
    assert cloud.emulator.requests.count(Operation.CDN) == 1
    second.release()
    assert (await _archive(response)).read("a.txt") == content


async def test_too_many_downloads(tmp_path, running_cloud, content):
    """Archives take the same places as other downloads."""
    async with running_cloud(tmp_path, max_downloads=1, download_wait_s=0) as cloud:
        await cloud.token()
        await cloud.store("/docs/a.txt", content)
        second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
        cloud.emulator.faults.add(second)
        running = await _get(cloud)
        await second.reached.wait()
        refused = await _get(cloud)
        assert refused.status == 503
        assert int(refused.headers["Retry-After"]) > 0
        second.release()
        assert (await _archive(running)).read("a.txt") == content


async def test_stop_cuts_archives_off(tmp_path, running_cloud, content):
    """A stop does not wait for readers; they see that the archive is not complete."""
    async with running_cloud(tmp_path) as cloud:
        await cloud.token()
        await cloud.store("/docs/a.txt", content)
        second = Fault(kind=FaultKind.SLOW, route=Operation.CDN, skip=1)
        cloud.emulator.faults.add(second)
        response = await _get(cloud)
        await second.reached.wait()
        await cloud.reader.app.shutdown()
        with pytest.raises(ClientError):
            await response.read()


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("docs", 400), ("/a/../b", 400), ("", 400)]
)
async def test_bad_paths(cloud, path, status):
    """What does not exist is 404, what is no path 400, told as JSON."""
    response = await _get(cloud, path=path)
    assert response.status == status
    assert (await response.json())["error"] is True


async def test_who_is_nobody(cloud):
    """Without a token there is nothing; it may also stand in the query."""
    token = await cloud.token()
    anonymous = await cloud.reader.get("/bulk-download", params={"path": "/"})
    assert anonymous.status == 401
    by_query = await cloud.reader.get("/bulk-download", params={"path": "/", "auth": token})
    assert by_query.status == 200
    assert (await cloud.reader.head("/bulk-download", params={"path": "/"})).status == 405


async def test_large_chunks_at_a_readers_pace(cloud):
    """Chunks larger than a write come whole, and what was sent is counted."""
    await cloud.token()
    content = bytes(n % 251 for n in range(1_000_000))
    await cloud.store("/docs/a.bin", content, chunk_size=600_000)
    assert (await _archive(await _get(cloud))).read("a.bin") == content
    headers = {"Authorization": f"Bearer {SERVICE_PASSWORD}"}
    metrics = await (await cloud.reader.get("/metrics", headers=headers)).text()
    assert "download_bytes_total 1e+06" in metrics


async def _until_collected(cloud, number: int = 1) -> None:
    """The reader is done before the manager has let go of the content, so this asks until then."""
    collected = 0
    async with asyncio.timeout(10):
        while collected < number:
            collected += await cloud.catalog.collect_objects(limit=10)


async def test_files_in_one_attachment_are_fetched_together(cloud):
    """However many they are, by one request to the CDN, and one for the message; others come as ever."""
    await cloud.token()
    stored = {f"/docs/{number:02}": b"%d" % number * 50 for number in range(40)}
    await cloud.store_together(stored)
    await cloud.store("/docs/00 empty", b"")
    await cloud.store("/docs/deep/alone", b"alone")
    requests = cloud.emulator.requests
    archive = await _archive(await _get(cloud))
    assert {
        f"/docs/{name}": archive.read(name) for name in archive.namelist() if "/" not in name
    } == {
        **stored,
        "/docs/00 empty": b"",
    }
    assert archive.read("deep/alone") == b"alone"
    assert requests.count(Operation.CDN) == 2
    assert requests.count(Operation.MESSAGE) == 2


async def test_a_damaged_file_among_others_ends_the_archive(cloud):
    """An archive without it would look whole."""
    await cloud.token()
    await cloud.store("/docs/a", b"a" * 100)
    await cloud.store("/docs/b", b"b" * 100)
    cloud.damage(1)
    response = await _get(cloud)
    with pytest.raises(ClientError):
        await response.read()
