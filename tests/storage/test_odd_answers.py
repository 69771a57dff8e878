"""What Discord, or something in front of it, should never answer, and what becomes of it."""

import json
from contextlib import suppress
from typing import Any

import pytest
from aiohttp import ClientPayloadError
from multidict import CIMultiDict

from storage.discord.http import DiscordHttp
from storage.discord.messages import ChunkAddress, WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.errors import (
    DiscordFull,
    DiscordRefused,
    DiscordUnavailable,
    MessageGone,
    RequestTooLarge,
    StorageError,
    WebhookGone,
)
from storage.keys import KeyRing
from storage.reader import AttachmentFinder, ChunkReader
from tests.scripted_answers import ScriptedAnswers

BASE = "http://discord.test"
CREDENTIALS = WebhookCredentials(100000000000000001, "token", 200000000000000001)
WEBHOOK = f"{BASE}/api/v10/webhooks/{CREDENTIALS.id}/{CREDENTIALS.token}"
EXECUTE = f"{WEBHOOK}?wait=true"
MESSAGE_ID = 300000000000000001
MESSAGE = f"{WEBHOOK}/messages/{MESSAGE_ID}"
INFO = {"id": str(CREDENTIALS.id), "channel_id": str(CREDENTIALS.channel_id)}
DEEP = b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}"
DAY_S = 24 * 3600.0


@pytest.fixture
async def http(connect) -> DiscordHttp:
    """The way to a Discord that is not there."""
    way: DiscordHttp = await connect(BASE)
    return way


@pytest.fixture
def webhook(http: DiscordHttp) -> WebhookClient:
    """A webhook of it."""
    return WebhookClient(http, CREDENTIALS)


def posted(**changes: Any) -> dict[str, Any]:
    """A message with one attachment, as Discord answers it."""
    attachment = {"id": "400000000000000001", "size": 5, "url": f"{BASE}/a/b"}
    message = {"id": str(MESSAGE_ID), "channel_id": INFO["channel_id"], "attachments": [attachment]}
    return {**message, **changes}


NONSENSE = {
    "nothing": b"",
    "no JSON": b"<html>fine</html>",
    "cut": json.dumps(posted()).encode()[:-9],
    "no UTF-8": b'{"id": "\xff"}',
    "half a character": b'{"id": "\\ud800"}',
    "nested too deeply": DEEP,
    "null": b"null",
    "a list": b"[]",
    "nothing that is needed": b"{}",
    "an id of other letters": json.dumps(posted(id="x1")).encode(),
    "a negative id": json.dumps(posted(id=-5)).encode(),
    "an id that no database takes": json.dumps(posted(id=str(2**63))).encode(),
    "an endless id": json.dumps(posted(id="9" * 10_000)).encode(),
    "a fraction for an id": json.dumps(posted(id=1.5)).encode(),
    "attachments that are none": json.dumps(posted(attachments=None)).encode(),
}


@pytest.mark.parametrize("body", NONSENSE.values(), ids=NONSENSE)
async def test_a_success_that_makes_no_sense_is_no_success(
    answers: ScriptedAnswers, webhook: WebhookClient, body: bytes
) -> None:
    """It is one error of ours, whatever it is like, and it is not asked again: it may be saved."""
    answers.post(EXECUTE, body=body)
    with pytest.raises(DiscordUnavailable, match="makes no sense"):
        await webhook.execute(memoryview(b"hello"))
    assert answers.requested == 1


@pytest.mark.parametrize(
    "body", [b"", b"<html>", DEEP, b'{"code": "10015"}', b'{"message": "\xff"}']
)
@pytest.mark.parametrize("status", [401, 403, 404])
async def test_only_the_api_condemns_a_webhook(
    answers: ScriptedAnswers, webhook: WebhookClient, status: int, body: bytes
) -> None:
    """A proxy that knows no such page or lets nobody through costs no webhook: it is asked again."""
    answers.get(WEBHOOK, status=status, body=body, repeat=3)
    answers.get(WEBHOOK, payload=INFO)
    assert (await webhook.info()).id == CREDENTIALS.id
    answers.get(WEBHOOK, status=404, payload={"code": 0, "message": "404: Not Found"})
    with pytest.raises(WebhookGone):
        await webhook.info()


async def test_a_proxy_that_stays_is_told_as_such(
    answers: ScriptedAnswers, webhook: WebhookClient
) -> None:
    """The operator reads what it was, and that it was not Discord."""
    answers.get(WEBHOOK, status=404, body="<html>nothing here</html>", repeat=True)
    with pytest.raises(DiscordUnavailable, match="HTTP 404, which is not Discord's"):
        await webhook.info()


@pytest.mark.parametrize("body", [b"", DEEP, b'{"message": "\xff"}', b'{"code": 1e999}'])
@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (301, DiscordRefused),
        (304, DiscordRefused),
        (400, DiscordRefused),
        (405, DiscordRefused),
        (413, RequestTooLarge),
        (418, DiscordRefused),
        (507, DiscordFull),
    ],
)
async def test_refusals_without_sense_go_by_their_status(
    answers: ScriptedAnswers,
    webhook: WebhookClient,
    status: int,
    expected: type[StorageError],
    body: bytes,
) -> None:
    """One answer is enough, and no body of it does any harm; redirects are not followed."""
    answers.post(EXECUTE, status=status, body=body, headers={"Location": f"{BASE}/elsewhere"})
    with pytest.raises(expected):
        await webhook.execute(memoryview(b"hello"))
    assert answers.requested == 1


@pytest.mark.parametrize("body", [b"", DEEP, b'{"message": "\xff"}'])
@pytest.mark.parametrize("status", [500, 520, 599, 999])
async def test_failures_without_sense_are_asked_again(
    answers: ScriptedAnswers, webhook: WebhookClient, status: int, body: bytes
) -> None:
    """Also those of statuses that nobody has defined."""
    answers.get(WEBHOOK, status=status, body=body, repeat=2)
    answers.get(WEBHOOK, payload=INFO)
    await webhook.info()
    assert answers.requested == 3


BUCKET = {
    "X-RateLimit-Limit": "5",
    "X-RateLimit-Remaining": "4",
    "X-RateLimit-Reset": "1900000000.5",
    "X-RateLimit-Reset-After": "1.5",
    "X-RateLimit-Bucket": "hash",
}
MALFORMED = ["", "soon", "nan", "inf", "-1", "1e308", "0x10", "1_0", "9" * 400, "5, 4", "\u0665"]


@pytest.mark.parametrize(
    "name", [*BUCKET, "Retry-After", "X-RateLimit-Scope", "X-RateLimit-Global"]
)
@pytest.mark.parametrize("value", MALFORMED)
async def test_malformed_headers_hold_nothing_up_for_long(
    answers: ScriptedAnswers, webhook: WebhookClient, time, name: str, value: str
) -> None:
    """Whatever a header says, ten more requests go, and within the longest wait that Discord knows."""
    answers.get(WEBHOOK, payload=INFO, headers={**BUCKET, name: value})
    await webhook.info()
    answers.get(WEBHOOK, payload=INFO, headers=BUCKET, repeat=10)
    began_at = time.clock()
    for _ in range(10):
        try:
            await webhook.info()
        except DiscordUnavailable:
            time.clock.advance(DAY_S + 1)
            await webhook.info()
    assert time.clock() - began_at < DAY_S + 60
    assert answers.requested == 11


@pytest.mark.parametrize("value", MALFORMED)
async def test_a_429_with_malformed_times_is_waited_out(
    answers: ScriptedAnswers, webhook: WebhookClient, time, value: str
) -> None:
    """It makes a pause in any case, and never one for good."""
    headers = {"Retry-After": value, "X-RateLimit-Reset-After": value, "X-RateLimit-Scope": "user"}
    answers.get(WEBHOOK, status=429, body=b"\xff", headers=headers)
    answers.get(WEBHOOK, payload=INFO)
    began_at = time.clock()
    with suppress(DiscordUnavailable):
        await webhook.info()
    if answers.requested == 1:
        time.clock.advance(DAY_S + 1)
        await webhook.info()
    assert 0.5 < time.clock() - began_at < DAY_S + 60


async def test_the_first_of_several_headers_counts(
    answers: ScriptedAnswers, webhook: WebhookClient, time
) -> None:
    """A proxy that adds a second one changes nothing."""
    headers = CIMultiDict({**BUCKET, "X-RateLimit-Remaining": "0", "X-RateLimit-Limit": "1"})
    headers.add("X-RateLimit-Remaining", "400")
    answers.get(WEBHOOK, payload=INFO, headers=headers)
    answers.get(WEBHOOK, payload=INFO)
    await webhook.info()
    began_at = time.clock()
    await webhook.info()
    assert time.clock() - began_at >= 1.5


def address() -> ChunkAddress:
    """Where the chunk lies that is read."""
    return ChunkAddress(
        message_id=MESSAGE_ID,
        channel_id=200000000000000001,
        webhook_id=CREDENTIALS.id,
        attachment_id=400000000000000001,
        offset=0,
        stored_size=5,
    )


@pytest.fixture
def reader(http: DiscordHttp, keyring: KeyRing) -> ChunkReader:
    """Reads what the webhook has posted."""
    return ChunkReader(http, AttachmentFinder(http, {CREDENTIALS.id: CREDENTIALS}), keyring)


def attached(url: str) -> dict[str, Any]:
    """A message whose attachment has this URL."""
    return posted(attachments=[{"id": "400000000000000001", "size": 5, "url": url}])


@pytest.mark.parametrize(
    "url", ["", "nowhere", "ftp://discord.test/a", "http://[::1", "http://", "http://a:99999999/"]
)
async def test_a_url_that_is_none_is_no_answer(
    answers: ScriptedAnswers, reader: ChunkReader, url: str
) -> None:
    """The reader hears that the chunk cannot be had now, and nothing worse."""
    answers.get(MESSAGE, payload=attached(url), repeat=True)
    with pytest.raises(DiscordUnavailable):
        await reader.fetch(address())


@pytest.mark.parametrize("expiry", ["", "x", "-1", "f" * 400, "%ff", "1&ex=2"])
async def test_a_signature_with_a_malformed_expiry_is_used_nevertheless(
    answers: ScriptedAnswers, reader: ChunkReader, expiry: str
) -> None:
    """Only the CDN knows whether the URL is good."""
    url = f"{BASE}/a/b?ex={expiry}&is=1&hm=2"
    answers.get(MESSAGE, payload=attached(url), repeat=True)
    answers.get(url, body=b"hello", repeat=True)
    assert bytes(await reader.fetch(address())) == b"hello"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": 204}, DiscordRefused),
        ({"status": 206, "body": b"hel"}, DiscordUnavailable),
        ({"status": 302}, DiscordRefused),
        ({"status": 416}, DiscordRefused),
        ({"status": 404}, MessageGone),
        ({"status": 503, "headers": {"Retry-After": "1e300"}}, DiscordUnavailable),
        ({"exception": ClientPayloadError("broken")}, DiscordUnavailable),
        ({"exception": TimeoutError()}, DiscordUnavailable),
    ],
)
async def test_odd_answers_of_the_cdn(
    answers: ScriptedAnswers,
    reader: ChunkReader,
    answer: dict[str, Any],
    expected: type[StorageError],
) -> None:
    """Each is an error that says whether the chunk may be had later."""
    answers.get(MESSAGE, payload=attached(f"{BASE}/a/b"), repeat=True)
    answers.get(f"{BASE}/a/b", repeat=True, **answer)
    with pytest.raises(expected):
        await reader.fetch(address())
