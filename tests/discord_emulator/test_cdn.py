"""Attachments by signed URLs that expire."""

from typing import Any

import pytest
from yarl import URL

DAY_S = 86_400


async def posted_url(caller: Any, content: bytes = b"0123456789") -> Any:
    """Posts a file; returns its URL."""
    _, message = await caller.post(content)
    return message["attachments"][0]["url"]


@pytest.mark.parametrize(
    ("wanted", "status", "body"),
    [
        ("bytes=2-4", 206, b"234"),
        ("bytes=7-", 206, b"789"),
        ("bytes=-2", 206, b"89"),
        ("bytes=0-99", 206, b"0123456789"),
        ("bytes=10-", 416, b""),
    ],
)
async def test_ranges(caller, wanted, status, body):
    """`Range` is honoured as HTTP says."""
    url = await posted_url(caller)
    async with caller.http.get(url, headers={"Range": wanted}) as response:
        assert response.status == status
        if status == 206:
            assert await response.read() == body
            assert response.headers["Content-Range"].endswith("/10")
            assert response.content_length == len(body)


async def test_head(caller):
    """HEAD gives the size without the content."""
    async with caller.http.head(await posted_url(caller)) as response:
        assert (response.status, response.headers["Content-Length"]) == (200, "10")


async def test_a_new_url_lives_a_day(caller, clock):
    """The URL of a new attachment works for 24 hours and then is 404."""
    url = await posted_url(caller)
    clock.advance(DAY_S - 1)
    assert (await caller.get(url))[0] == 200
    clock.advance(1)
    assert await caller.get(url) == (404, b"This content is no longer available.")


async def test_expiry_is_told_in_the_url(caller, clock):
    """`ex` is the expiry and `is` the issue, in hex seconds."""
    query = URL(await posted_url(caller)).query
    assert int(query["is"], 16) == int(clock())
    assert int(query["ex"], 16) == int(clock()) + DAY_S
    assert len(query["hm"]) == 64


async def test_asking_again_early_gives_the_same_url(caller, clock):
    """A message that is fetched again soon has the same URL; later it has a new one that works."""
    _, message = await caller.post(b"x")
    path = f"/messages/{message['id']}"
    clock.advance(DAY_S / 2)
    assert await caller.call("GET", path) == (200, message)
    clock.advance(DAY_S / 2)
    _, later = await caller.call("GET", path)
    assert later["attachments"][0]["url"] != message["attachments"][0]["url"]
    assert (await caller.get(later["attachments"][0]["url"]))[0] == 200


async def test_fetched_urls_are_never_dead(caller, clock):
    """Whenever a message is fetched, its URL lives for a while yet."""
    _, message = await caller.post(b"x")
    for _ in range(50):
        clock.advance(3_333)
        _, fetched = await caller.call("GET", f"/messages/{message['id']}")
        expiry = int(URL(fetched["attachments"][0]["url"]).query["ex"], 16)
        assert 1800 < expiry - clock() <= DAY_S


@pytest.mark.parametrize("field", ["ex", "is", "hm"])
@pytest.mark.parametrize("value", [None, "", "6fffffff", "ä", "-1"])
async def test_forged_urls_are_refused(caller, field, value):
    """A URL with a changed or missing signature, expiry or issue is 404."""
    url = URL(await posted_url(caller))
    query = {k: v for k, v in url.query.items() if k != field}
    forged = url.with_query(query if value is None else {**query, field: value})
    assert (await caller.get(str(forged)))[0] == 404


async def test_a_signature_fits_one_path(caller):
    """A URL's signature opens no other attachment, name or channel."""
    url, other = URL(await posted_url(caller)), URL(await posted_url(caller))
    assert (await caller.get(str(other.with_query(url.query))))[0] == 404
    assert (await caller.get(str(url.with_name("other.bin").with_query(url.query))))[0] == 404
    assert (await caller.get(str(url.with_query(None))))[0] == 404


async def test_refreshing_urls(caller, emulator, clock):
    """The bot's refresh route signs dead URLs anew."""
    url = await posted_url(caller)
    clock.advance(2 * DAY_S)
    caller.url = f"{emulator.base_url}/api/v10"
    status, answer = await caller.call(
        "POST",
        "/attachments/refresh-urls",
        json={"attachment_urls": [url]},
        headers={"Authorization": "Bot bot"},
    )
    assert status == 200
    (pair,) = answer["refreshed_urls"]
    assert pair["original"] == url
    assert (await caller.get(url))[0] == 404
    assert await caller.get(pair["refreshed"]) == (200, b"0123456789")


@pytest.mark.parametrize(
    "body",
    [
        b'{"attachment_urls": []}',
        b'{"attachment_urls": ["x"]}',
        b'{"attachment_urls": 1}',
        b"{}",
        b'{"attachment_urls": ["\xff"]}',
        b'{"a":' + b"[" * 5000,
    ],
)
async def test_refreshing_nonsense(caller, emulator, body):
    """The refresh route wants 1 to 50 URLs of attachments."""
    caller.url = f"{emulator.base_url}/api/v10"
    headers = {"Authorization": "Bot bot"}
    status, error = await caller.call(
        "POST", "/attachments/refresh-urls", data=body, headers=headers
    )
    assert (status, error["code"]) == (400, 50035)
