"""Posting messages by a webhook."""

from typing import Any

import aiohttp
import pytest


def form(*fields: tuple[str, bytes, str | None], payload: str | None = None) -> aiohttp.FormData:
    """Builds a multipart body of (field, content, filename) and a payload."""
    data = aiohttp.FormData(quote_fields=False, default_to_multipart=True)
    if payload is not None:
        data.add_field("payload_json", payload, content_type="application/json")
    for name, content, filename in fields:
        data.add_field(name, content if filename else content.decode(), filename=filename)
    return data


async def execute(caller: Any, data: Any, wait: str = "true") -> Any:
    """Posts a form."""
    return await caller.call("POST", "", data=data, params={"wait": wait})


async def test_wait_answers_the_saved_message(caller, emulator):
    """With `wait=true` the answer is the message, with its channel, webhook and attachment."""
    status, message = await caller.post(b"hello")
    webhook = emulator.webhooks[0]
    assert status == 200
    assert message["channel_id"] == str(webhook.channel_id)
    assert message["webhook_id"] == message["author"]["id"] == str(webhook.id)
    (attachment,) = message["attachments"]
    assert (attachment["filename"], attachment["size"]) == ("0.bin", 5)
    assert attachment["content_type"] == "application/octet-stream"
    assert attachment["url"].startswith(emulator.base_url + "/attachments/")


async def test_wait_as_a_number_is_understood(caller):
    """`wait=1`, as some libraries send it, waits too."""
    status, message = await caller.post(b"x", wait="1")
    assert (status, message["type"]) == (200, 0)


async def test_without_wait_there_is_no_body(caller, emulator):
    """With `wait=false` the answer is 204, and the message is stored."""
    assert await caller.post(b"hello", wait="false") == (204, None)
    assert emulator.content(emulator.messages()[0]) == b"hello"


async def test_files_come_back_byte_for_byte(caller):
    """Ten files of one message, an empty one among them, are what was sent."""
    contents = [bytes([n]) * (n * 70_001) for n in range(10)]
    _, message = await caller.post(*contents)
    for attachment, content in zip(message["attachments"], contents, strict=True):
        assert await caller.get(attachment["url"]) == (200, content)
        assert attachment["size"] == len(content)


async def test_a_file_of_many_pieces_is_whole(caller):
    """A file that arrives in many pieces is stored in the right order."""
    content = b"".join(n.to_bytes(4, "big") for n in range(600_000))
    _, message = await caller.post(content)
    assert await caller.get(message["attachments"][0]["url"]) == (200, content)


async def test_eleven_files_are_refused(caller, emulator):
    """A message takes ten attachments, no more, and a refused one leaves nothing behind."""
    status, error = await caller.post(*[b"x"] * 11)
    assert (status, error["code"]) == (400, 30015)
    assert emulator.messages() == []


@pytest.mark.parametrize("field", ["file", "file0", "files[0]", "anything"])
async def test_any_field_with_a_filename_is_a_file(caller, emulator, field):
    """Field names other than `files[n]` are taken, as Discord takes them."""
    status, _ = await execute(caller, form((field, b"data", "a.txt")))
    assert status == 200
    assert emulator.content(emulator.messages()[0]) == b"data"


async def test_the_payload_names_files(caller):
    """`payload_json` gives text, author, and names and descriptions of files by number."""
    payload = (
        '{"content": "hi", "username": "Bob", "attachments": '
        '[{"id": 1, "filename": "b.txt", "description": "second"}, {"id": "0"}]}'
    )
    data = form(("files[0]", b"0", "a"), ("files[1]", b"1", "ignored"), payload=payload)
    _, message = await execute(caller, data)
    assert (message["content"], message["author"]["username"]) == ("hi", "Bob")
    first, second = message["attachments"]
    assert (first["filename"], second["filename"]) == ("a", "b.txt")
    assert second["description"] == "second"


async def test_the_payload_may_come_last(caller):
    """The parts may stand in any order."""
    data = form(("files[0]", b"0", "a"))
    data.add_field("payload_json", '{"content": "late"}')
    assert (await execute(caller, data))[1]["content"] == "late"


async def test_names_are_stripped_to_plain_ascii(caller):
    """File names keep only plain ASCII, so that clients use opaque ones."""
    _, message = await execute(caller, form(("files[0]", b"x", "a b/ü.tär")))
    assert message["attachments"][0]["filename"] == "a_b.tr"


async def test_text_alone_is_a_message(caller, emulator):
    """A JSON body without files posts text."""
    status, message = await caller.call("POST", "?wait=true", json={"content": "text"})
    assert (status, message["content"], message["attachments"]) == (200, "text", [])
    assert [stored.content for stored in emulator.messages()] == ["text"]


async def test_form_fields_are_understood(caller):
    """Text and author may be plain form fields."""
    data = form(("content", b"plain", None), ("username", b"Eve", None), ("tts", b"no", None))
    _, message = await execute(caller, data)
    assert (message["content"], message["author"]["username"]) == ("plain", "Eve")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"json": {}}, 50006),
        ({"json": {"content": 5}}, 50035),
        ({"json": {"content": "x" * 2001}}, 50035),
        ({"data": b"\xff{", "headers": {"Content-Type": "application/json"}}, 50035),
        ({"data": b'{"a":' + b"[" * 5000, "headers": {"Content-Type": "application/json"}}, 50035),
        ({"data": b"x", "headers": {"Content-Type": "text/plain"}}, 50035),
        ({"data": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 50035),
        (
            {"data": b"--b\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=b"}},
            50035,
        ),
        ({"data": form(("files[0]", b"", None))}, 50006),
        ({"data": form(("files[0]", b"x", "a"), payload='{"attachments": [{"id": 3}]}')}, 50035),
        ({"data": form(("files[0]", b"x", "a"), ("files[0]", b"y", "b"))}, 50035),
    ],
)
async def test_bad_bodies_are_refused(caller, emulator, body, code):
    """A body that says nothing or cannot be read is 400 with Discord's code; nothing is stored."""
    status, error = await caller.call("POST", "?wait=true", **body)
    assert (status, error["code"]) == (400, code)
    assert emulator.messages() == []


async def test_a_part_that_does_not_end_is_refused(caller, emulator):
    """A multipart body that breaks off before its last boundary is no message."""
    head = b'--b\r\nContent-Disposition: form-data; name="files[0]"; filename="a"\r\n\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    for body in (head + b"half a file", head + b"file\r\n--b", head):
        status, error = await caller.call("POST", "?wait=true", data=body, headers=headers)
        assert (status, error["code"]) == (400, 50035)
    assert emulator.messages() == []


async def test_ids_grow(caller):
    """Each message has a greater id than the one before, though the clock stands still."""
    ids = [int((await caller.post(b"x"))[1]["id"]) for _ in range(20)]
    assert ids == sorted(set(ids))


async def test_unknown_webhook(caller, emulator):
    """A webhook that never was is 404 with 10015."""
    caller.url = f"{emulator.base_url}/api/v10/webhooks/123/token"
    status, error = await caller.post(b"x")
    assert (status, error) == (404, {"message": "Unknown Webhook", "code": 10015})


async def test_wrong_token(caller):
    """A wrong token is 401 with 50027."""
    caller.url += "x"
    status, error = await caller.post(b"x")
    assert (status, error["code"]) == (401, 50027)


async def test_both_prefixes_serve(caller, emulator):
    """The API is there with and without its version."""
    webhook = emulator.webhooks[0]
    caller.url = f"{emulator.base_url}/api/v10/webhooks/{webhook.id}/{webhook.token}"
    assert (await caller.post(b"x"))[0] == 200


@pytest.mark.parametrize(
    ("agent", "status"),
    [("", 403), ("Mozilla/5.0 (X11)", 403), ("curl/8.0", 200), ("DiscordBot (u, 1)", 200)],
)
async def test_user_agent(caller, agent, status):
    """Requests without a User-Agent, and those of browsers, are blocked with 40333."""
    answered, body = await caller.post(b"x", headers={"User-Agent": agent})
    assert answered == status
    if status == 403:
        assert body["code"] == 40333


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing/here", 404), ("PUT", "", 405), ("GET", "/messages/abc", 400)],
)
async def test_unknown_routes(caller, method, path, status):
    """The error for an unknown route is JSON as well."""
    answered, error = await caller.call(method, path)
    assert answered == status
    assert "message" in error
