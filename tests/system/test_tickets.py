"""Uploads with tickets, from GraphQL to Discord and back, over real HTTP."""

import asyncio
import time
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import aiohttp
import pytest
from pydantic import SecretStr

from manager.app_keys import CATALOG
from tests.manager.sockets.stage import SERVICE_PASSWORD
from tests.system.ticketing import Caller, administrator, form_of, hash_of, run, service, user
from tests.system.whole import Whole, content_of, running_whole

STRANGER: dict[str, Any] = {"service_password": SecretStr("not the manager's")}
"""Settings of an upload service that is not let in."""
JPEG = bytes.fromhex("ffd8ffe000104a46494600010100000100010000") + content_of(3000)


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client."""
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def alice(whole: Whole, http: aiohttp.ClientSession) -> Caller:
    """A user."""
    return await user(whole, http)


async def test_the_documented_way_works_literally(alice, tmp_path):
    """GetTicket as docs/tickets.md writes it, then the fields and the file by `curl -F`."""
    (tmp_path / "photo.jpg").write_bytes(JPEG)
    ticket = await alice.ask(
        f'mutation {{ getTicket(mimeType: "image/jpeg", size: {len(JPEG)}) '
        "{ url fields { name value } } }"
    )
    fields = [f"-F{each['name']}={each['value']}" for each in ticket["fields"]]
    assert [field.partition("=")[0] for field in fields][:2] == ["-Fkey", "-Fticket"]
    file = f"-Ffile=@{tmp_path}/photo.jpg"
    code, output = await run("curl", "-sS", "-w%{http_code}", *fields, file, ticket["url"])
    assert (code, output) == (0, "204")
    stored = await alice.file(ticket["fields"][0]["value"])
    assert (stored["size"], stored["mimeType"]) == (len(JPEG), "image/jpeg")
    assert stored["hash"] == hash_of(JPEG)
    async with alice.http.get(stored["url"]) as response:
        assert await response.read() == JPEG
    async with alice.http.get(stored["url"], headers={"Range": "bytes=1500-"}) as response:
        assert (response.status, await response.read()) == (206, JPEG[1500:])


@pytest.mark.parametrize("size", [1, 999, 1000, 1001, 250_000])
async def test_any_size(alice, size):
    """Whatever the size, the bytes come back."""
    content = content_of(size)
    stored = await alice.file(await alice.put(content))
    async with alice.http.get(stored["url"]) as response:
        assert await response.read() == content


async def test_a_body_of_unknown_length(alice):
    """A form that is sent in chunks, without a Content-Length, is taken as well."""
    content = content_of(2500)
    ticket = await alice.ticket(len(content))
    form = form_of(ticket, content)()

    encoded = await form.as_bytes()

    async def body() -> AsyncIterator[bytes]:
        for start in range(0, len(encoded), 333):
            yield encoded[start : start + 333]

    headers = {"Content-Type": form.content_type}
    async with alice.http.post(ticket["url"], data=body(), headers=headers) as response:
        assert response.status == 204
    assert (await alice.file(ticket["fileId"]))["hash"] == hash_of(content)


async def test_a_form_without_any_script(alice):
    """A page's form as a browser sends it: hidden fields, the file, and the button that was pressed."""
    ticket = await alice.ticket(5, redirect="https://example.org/thanks")
    boundary = "----WebKitFormBoundaryzB8bRMTJZGkGfYAA"
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{each["name"]}"\r\n\r\n'
        f"{each['value']}\r\n"
        for each in ticket["fields"]
    )
    body = (
        f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; '
        'filename="Größe.txt"\r\nContent-Type: text/plain\r\n\r\nhello\r\n'
        f'--{boundary}\r\nContent-Disposition: form-data; name="send"\r\n\r\nSend\r\n'
        f"--{boundary}--\r\n"
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    async with alice.http.post(
        ticket["url"], data=body.encode(), headers=headers, allow_redirects=False
    ) as answer:
        assert answer.status == 303
        assert answer.headers["Location"].startswith("https://example.org/thanks?bucket=")
    assert (await alice.file(ticket["fileId"]))["size"] == 5


async def test_memory_does_not_grow_with_the_file(whole, alice):
    """However many chunks a file has, two buffers are enough for it."""
    await alice.put(content_of(300_000))
    headers = {"Authorization": f"Bearer {SERVICE_PASSWORD}"}
    async with alice.http.get(f"{whole.url}/upload/metrics", headers=headers) as response:
        lines = (await response.text()).splitlines()
    (buffers,) = (line.split()[1] for line in lines if line.startswith("upload_buffers "))
    assert float(buffers) <= 2


async def test_answers_as_s3_gives_them(alice):
    """200, 201 with XML, or a redirect with bucket, key and etag, as the ticket says."""
    ticket = await alice.ticket(5, status=200)
    assert await alice.send(ticket, b"hello") == (200, "")
    ticket = await alice.ticket(5, status=201)
    status, text = await alice.send(ticket, b"hello")
    assert status == 201
    assert f"<Key>{ticket['fileId']}</Key>" in text
    ticket = await alice.ticket(5, redirect="https://example.org/done?a=1")
    form = form_of(ticket, b"hello")
    async with alice.http.post(ticket["url"], data=form, allow_redirects=False) as answer:
        assert answer.status == 303
        target = urlsplit(answer.headers["Location"])
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
    told = parse_qs(target.query)
    assert (target.netloc, told["a"], told["key"]) == ("example.org", ["1"], [ticket["fileId"]])
    assert told["etag"] == [f'"{hash_of(b"hello")}"']


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"ticket": None}, 400),
        ({"ticket": "a.b.c"}, 403),
        ({"key": "0f8fad5b-d9cb-469f-a165-70867728950e"}, 403),
        ({"Content-Type": "image/png"}, 403),
    ],
)
async def test_forms_that_do_not_fit_leave_the_ticket_good(alice, changes, status):
    """A form that is not the ticket's is refused with a word, and the right one still works."""
    ticket = await alice.ticket(5)
    answered, text = await alice.send(ticket, b"hello", **changes)
    assert answered == status
    assert '"error": "' in text
    assert (await alice.send(ticket, b"hello"))[0] == 204


async def test_forged_tickets(alice):
    """A ticket with another size or signature is none."""
    ticket, other = await alice.ticket(5), await alice.ticket(50_000)
    signed, foreign = (each["fields"][1]["value"].split(".") for each in (ticket, other))
    forged = ".".join([foreign[0], foreign[1], signed[2]])
    assert (await alice.send(other, content_of(50_000), ticket=forged))[0] == 403


async def test_used_once(alice):
    """A ticket is good for one upload; of two at once one is taken."""
    ticket = await alice.ticket(5)
    answers = await asyncio.gather(*(alice.send(ticket, b"hello") for _ in range(3)))
    assert sorted(status for status, _ in answers) == [204, 403, 403]
    assert (await alice.send(ticket, b"hello"))[0] == 403


async def test_expired(tmp_path, http):
    """A ticket that was not used in time is refused."""
    late = [0.0]
    clock = {"clock": lambda: time.time() + late[0]}
    async with running_whole(tmp_path, create=clock) as whole:
        alice = await user(whole, http)
        ticket = await alice.ticket(5)
        late[0] = 901.0
        status, text = await alice.send(ticket, b"hello")
        assert status == 403
        assert "expired" in text


@pytest.mark.parametrize("length", [4, 6, 2000, 200_000])
async def test_wrong_sizes_are_refused_and_leave_nothing(whole, alice, length):
    """A file shorter or longer than the ticket says is refused, whatever was stored by then."""
    ticket = await alice.ticket(5 if length < 100 else 2500)
    status, text = await alice.send(ticket, content_of(length))
    assert status in {400, 403}
    assert "file" in text
    assert await alice.file(ticket["fileId"]) is None
    await whole.messages_left(0)


async def test_content_that_contradicts_its_type(whole, alice):
    """Text that is called a picture is refused before anything is stored."""
    text = b"just some words in a file called photo.jpg\n"
    ticket = await alice.ticket(len(text), "image/jpeg")
    status, answer = await alice.send(ticket, text)
    assert status == 415
    assert "image/jpeg" in answer
    assert whole.emulator.messages() == []


async def test_a_post_cut_off_leaves_nothing(whole, alice):
    """A connection that breaks in the middle leaves no file and no message."""
    ticket = await alice.ticket(100_000)
    boundary = "cut"
    head = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{each["name"]}"\r\n\r\n'
        f"{each['value']}\r\n"
        for each in ticket["fields"]
    ) + (f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n')
    url = urlsplit(ticket["url"])
    _, writer = await asyncio.open_connection(url.hostname, url.port)
    writer.write(
        f"POST {url.path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(head) + 100_000 + 11}\r\n"
        f"Content-Type: multipart/form-data; boundary={boundary}\r\n\r\n{head}".encode()
        + content_of(50_000)
    )
    await writer.drain()
    await whole.messages_left(50)
    writer.close()
    await whole.messages_left(0)
    assert await alice.file(ticket["fileId"]) is None
    assert (await alice.send(ticket, content_of(100_000)))[0] == 403


async def test_temporary_references(whole, alice, http):
    """An upload is kept for a while; its holder may let it go, and nobody else can."""
    file_id = await alice.put(b"hello")
    assert (await alice.file(file_id))["temporaryUntil"] is not None
    bob = await user(whole, http, "bob")
    assert await bob.file(file_id) is None
    revoke = "mutation ($id: ID!) { revokeTemporaryReference(fileId: $id) }"
    assert await bob.ask(revoke, id=file_id) is False
    assert await alice.ask(revoke, id=file_id) is True
    await whole.messages_left(0)
    assert await alice.file(file_id) is None


async def test_references_of_services(whole, alice, http):
    """A service keeps what users uploaded, for as long as it refers to it."""
    blog, shop = await service(whole, http), await service(whole, http, "shop")
    file_id = await alice.put(b"hello")
    assert await blog.file(file_id) is None
    for _ in range(2):
        assert await blog.refer(file_id, "post 1") == {"key": "post 1"}
    assert (await blog.file(file_id))["references"] == [{"key": "post 1", "expiresAt": None}]
    assert await shop.file(file_id) is None
    assert (await alice.file(file_id))["references"] == []
    assert await shop.release("post 1") is False
    await alice.ask("mutation ($id: ID!) { revokeTemporaryReference(fileId: $id) }", id=file_id)
    other = await alice.put(b"other")
    query = 'mutation ($id: ID!) { createReference(fileId: $id, key: "post 1") { key } }'
    assert await blog.refused(query, id=other) == "reference-elsewhere"
    assert await alice.refused(query, id=other) == "not-a-service"
    assert (await blog.file(file_id))["size"] == 5
    assert await blog.release("post 1") is True
    assert await blog.release("post 1") is False
    await whole.messages_left(1)
    assert await blog.file(file_id) is None


async def test_files_of_the_drive_are_not_for_services(whole, alice, http):
    """A service cannot refer to, or see, what lies in somebody's folders; who may read it sees it."""
    drive = await whole.user(booked=1)
    await drive.put("mine.txt", b"private")
    blog, bob = await service(whole, http), await user(whole, http, "bob")
    file = await whole.app[CATALOG].file_at((), "mine.txt")
    object_id = str(file.object_id)
    assert await blog.file(object_id) is None
    assert await bob.file(object_id) is None
    assert (await alice.file(object_id))["size"] == 7
    query = 'mutation ($id: ID!) { createReference(fileId: $id, key: "x") { key } }'
    assert await blog.refused(query, id=object_id) == "no-such-file"


async def test_references_come_in_pages(whole, alice, http):
    """A service's references come by key, page by page."""
    blog = await service(whole, http)
    file_id = await alice.put(b"hello")
    for key in "dacb":
        await blog.refer(file_id, key)
    query = """query ($after: String) { references(first: 3, after: $after) {
        nodes { key fileId } pageInfo { endCursor hasNextPage } } }"""
    page = await blog.ask(query)
    assert [node["key"] for node in page["nodes"]] == ["a", "b", "c"]
    assert page["pageInfo"] == {"endCursor": "c", "hasNextPage": True}
    page = await blog.ask(query, after="c")
    assert [node["key"] for node in page["nodes"]] == ["d"]
    assert page["pageInfo"]["hasNextPage"] is False


async def test_approval(tmp_path, http):
    """Types, sizes and amounts are limited, and a refusal says by what."""
    limits: dict[str, Any] = {
        "ticket_types": "image/*,text/plain",
        "ticket_max_size": 100,
        "user_open_tickets": 2,
        "user_temporary_bytes": 150,
    }
    async with running_whole(tmp_path, **limits) as whole:
        alice = await user(whole, http)
        ask = "mutation ($t: String!, $s: ByteCount!) { getTicket(mimeType: $t, size: $s) { url } }"
        for mime_type, size in (("video/mp4", 5), ("image/png", 101), ("image/png", 0), ("x", 5)):
            assert await alice.refused(ask, t=mime_type, s=size) == "not-approved"
        await alice.ask(ask, t="image/png", s=100)
        assert await alice.refused(ask, t="text/plain", s=60) == "too-many-temporary-bytes"
        await alice.ask(ask, t="text/plain", s=10)
        assert await alice.refused(ask, t="text/plain", s=1) == "too-many-tickets"
        await (await user(whole, http, "bob")).ask(ask, t="text/plain", s=1)


async def test_keys(whole, alice, http):
    """Administrators let services in and shut them out; nobody else does."""
    create = 'mutation { createKey(name: "blog") { name key } }'
    assert await alice.refused(create) == "not-administrator"
    blog = await service(whole, http)
    assert await blog.refused(create) == "not-administrator"
    admin = await administrator(whole, http)
    assert await admin.refused(create) == "key-name-taken"
    listed = await admin.execute("{ keys { name revokedAt } }")
    assert listed["data"]["keys"] == [{"name": "blog", "revokedAt": None}]
    assert blog.credentials not in str(await admin.execute("{ keys { name } }"))
    assert await admin.ask('mutation { revokeKey(name: "blog") }') is True
    headers = {"Authorization": f"Bearer {blog.credentials}"}
    async with http.post(f"{whole.url}/graphql", json={}, headers=headers) as response:
        assert response.status == 401


@pytest.mark.parametrize(
    "query",
    [
        "{ "
        + " ".join(f"r{n}: references(first: 100) {{ nodes {{ key }} }}" for n in range(15))
        + "}",
        "{ file(id: 1) { " + "views { " * 12 + "name" + " }" * 12 + " } }",
        "query ($n: Int) { references(first: $n) { "
        + " ".join(f"n{n}: nodes {{ key fileId expiresAt }}" for n in range(20))
        + " } }",
        "{ keys { name } } " * 800,
        "{ __schema { types { name } } }",
    ],
    ids=["aliases", "depth", "cost", "tokens", "introspection"],
)
async def test_requests_that_ask_for_too_much(alice, query):
    """Aliases, depth, cost and length are bounded before anything runs."""
    answer = await alice.execute(query)
    assert answer["data"] is None
    assert answer["errors"]


async def test_nobody_without_credentials(whole, http):
    """Without a token or key there is no answer at all, not even the schema."""
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Bearer a.b.c"}):
        body = {"query": "{ __schema { types { name } } }"}
        async with http.post(f"{whole.url}/graphql", json=body, headers=headers) as response:
            assert response.status == 401


async def test_links_are_signed(whole, alice):
    """A link serves its own content only, and only as it was signed."""
    one, two = await alice.put(b"one"), await alice.put(b"two")
    link = (await alice.file(one))["url"]
    for url in (link.replace(one, two), link[:-2], link.partition("?")[0]):
        async with alice.http.get(url) as response:
            assert response.status == 403


async def test_no_upload_service(tmp_path, http):
    """Without any upload service there is no ticket, and the answer says so."""
    async with running_whole(tmp_path, upload=STRANGER, wait=False) as whole:
        alice = await user(whole, http)
        ask = 'mutation { getTicket(mimeType: "a/b", size: 1) { url } }'
        assert await alice.refused(ask) == "no-upload-service"
