"""Requests to Discord: limits, retries, errors. The peer is the emulator."""

import asyncio
import re
import traceback

import pytest
from aiohttp import web

from common.log_events import HEADER, bound_ids
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from storage.discord import routes
from storage.discord.http import DiscordHttp, is_discord
from storage.discord.limits import RateLimiter
from storage.discord.messages import WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.errors import (
    DiscordRefused,
    DiscordUnavailable,
    MessageGone,
    RequestTooLarge,
    WebhookForbidden,
    WebhookGone,
)


@pytest.fixture
def webhook(http, webhooks):
    """The first webhook."""
    return WebhookClient(http, webhooks[0])


def order(emulator, kind, route=Operation.WEBHOOK, **details) -> Fault:
    """Orders a fault."""
    fault = Fault(kind=kind, route=route, **details)
    emulator.faults.add(fault)
    return fault


async def test_a_message_goes_in_and_comes_back(emulator, webhook):
    """What was posted is stored byte for byte, under a name that tells nothing."""
    content = bytes(range(256)) * 5000
    posted = await webhook.execute(memoryview(content))
    (stored,) = emulator.messages()
    assert emulator.content(stored) == content
    assert re.fullmatch(r"[0-9a-f]{16}-0\.bin", stored.attachments[0].filename)
    assert (posted.id, posted.channel_id) == (stored.id, webhook.credentials.channel_id)
    assert await webhook.message(posted.id) == posted


async def test_a_webhook_tells_its_channel(webhook):
    """Credentials that were read from a URL lack the channel; Discord knows it."""
    info = await webhook.info()
    assert info.id == webhook.credentials.id
    assert info.channel_id == webhook.credentials.channel_id


async def test_a_deleted_message_is_gone_and_deleting_it_again_is_no_error(emulator, webhook):
    """Deleting is idempotent, as a reaper needs it."""
    posted = await webhook.execute(memoryview(b"x"))
    await webhook.delete(posted.id)
    await webhook.delete(posted.id)
    assert emulator.messages() == []
    with pytest.raises(MessageGone) as caught:
        await webhook.message(posted.id)
    assert caught.value.message_id == posted.id


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (404, 10015, WebhookGone),
        (404, 10003, WebhookGone),
        (401, 50027, WebhookGone),
        (401, 0, WebhookGone),
        (404, 0, WebhookGone),
        (403, 50013, WebhookForbidden),
        (403, 40006, WebhookForbidden),
        (400, 40004, WebhookForbidden),
        (400, 400001, WebhookForbidden),
        (413, 0, RequestTooLarge),
        (400, 40005, RequestTooLarge),
        (400, 50045, RequestTooLarge),
        (400, 50035, DiscordRefused),
        (403, 40333, DiscordRefused),
    ],
)
async def test_errors_that_last_are_not_asked_again(emulator, webhook, status, code, expected):
    """Each has a meaning, and one answer is enough."""
    order(emulator, FaultKind.ERROR, Operation.EXECUTE, status=status, code=code)
    with pytest.raises(expected):
        await webhook.execute(memoryview(b"x"))
    assert emulator.requests.count(Operation.EXECUTE) == 1
    assert webhook.credentials.token not in repr(expected)


@pytest.mark.parametrize(
    ("status", "code"),
    [(500, 0), (502, 0), (503, 130000), (400, 40062), (400, 20028), (400, 20029)],
)
async def test_a_busy_discord_is_asked_again_later(emulator, webhook, time, status, code):
    """With growing pauses, until it answers."""
    order(emulator, FaultKind.ERROR, status=status, code=code, times=3)
    assert (await webhook.info()).id == webhook.credentials.id
    assert time.slept_s == [0.5, 1.0, 2.0]


async def test_a_discord_that_stays_down_is_given_up(emulator, webhook, time):
    """After the time that was allowed, with the last reason."""
    order(emulator, FaultKind.ERROR, status=503, times=None)
    started = time.clock()
    with pytest.raises(DiscordUnavailable, match="HTTP 503"):
        await webhook.info()
    assert 90.0 < time.clock() - started <= 120.0


async def test_pauses_are_jittered(emulator, webhooks, connect, time):
    """So that many clients do not come back at the same moment."""
    http = await connect(emulator.base_url, rng=lambda: 0.25)
    order(emulator, FaultKind.ERROR, times=2)
    await WebhookClient(http, webhooks[0]).info()
    assert time.slept_s == [0.125, 0.25]


@pytest.mark.parametrize("scope", ["user", "shared", "global"])
async def test_a_429_is_waited_out(emulator, webhook, time, scope):
    """Nothing goes before `Retry-After`, then the request succeeds."""
    order(emulator, FaultKind.RATE_LIMIT, scope=scope, retry_after_s=7.5)
    started = time.clock()
    await webhook.info()
    assert time.clock() - started >= 7.5
    assert emulator.requests.count(Operation.WEBHOOK) == 2


async def test_a_limit_that_lasts_too_long_is_an_error_at_once(emulator, webhook, time):
    """Waiting in vain helps nobody."""
    order(emulator, FaultKind.RATE_LIMIT, retry_after_s=1000.0)
    started = time.clock()
    with pytest.raises(DiscordUnavailable, match="rate limits"):
        await webhook.info()
    assert time.clock() - started < 10.0


@pytest.mark.parametrize("after_commit", [False, True])
async def test_a_broken_connection_is_tried_again(emulator, webhook, after_commit):
    """If Discord had saved the message before, the duplicate is garbage: nobody can know it."""
    order(emulator, FaultKind.RESET, Operation.EXECUTE, after_commit=after_commit)
    posted = await webhook.execute(memoryview(b"x" * 100_000))
    assert posted.id == emulator.messages()[-1].id
    assert len(emulator.messages()) == (2 if after_commit else 1)


async def test_a_truncated_answer_is_tried_again(emulator, webhook):
    """Half an answer is none."""
    order(emulator, FaultKind.TRUNCATED)
    assert (await webhook.info()).channel_id == webhook.credentials.channel_id


async def test_a_stalled_answer_is_tried_again(emulator, webhooks, connect):
    """A request that makes no progress is ended, however long a whole one may take."""
    http = await connect(emulator.base_url, stall_timeout_s=0.05)
    fault = order(emulator, FaultKind.SLOW)
    assert (await WebhookClient(http, webhooks[0]).info()).id == webhooks[0].id
    assert fault.hits == 1


async def test_nobody_at_the_address_is_an_error_without_secrets(connect, webhooks):
    """The operator learns that Discord is not reachable, and no log learns the token."""
    http = await connect("http://127.0.0.1:9")
    with pytest.raises(DiscordUnavailable, match="connection failed") as caught:
        await WebhookClient(http, webhooks[0]).info()
    assert webhooks[0].token not in "".join(traceback.format_exception(caught.value))


async def test_a_peer_that_stops_reading_ends_the_post(connect, webhooks, time):
    """The stall timeout holds while sending too, where the HTTP client has none."""
    connections = []

    async def swallow_nothing(reader, writer):
        connections.append(writer)
        reader._transport.pause_reading()  # noqa: SLF001 - the only way to read nothing at all

    async with await asyncio.start_server(swallow_nothing, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        http = await connect(
            f"http://127.0.0.1:{port}",
            stall_timeout_s=0.05,
            give_up_after_s=0.1,
        )
        with pytest.raises(DiscordUnavailable, match="Timeout"):
            await WebhookClient(http, webhooks[0]).execute(memoryview(bytes(20_000_000)))
        for writer in connections:
            writer.transport.abort()


async def test_many_requests_at_once_cause_no_429(emulator, http, webhooks):
    """The emulator's buckets are kept from the first answer on."""
    async with asyncio.TaskGroup() as group:
        for number in range(60):
            group.create_task(WebhookClient(http, webhooks[number % 2]).info())
    assert emulator.requests.count(Operation.WEBHOOK, 200) == 60
    assert emulator.requests.rate_limited.total() == 0


async def test_a_cancelled_request_gives_its_place_back(emulator, http, webhooks):
    """Whoever waits behind it goes on."""
    fault = order(emulator, FaultKind.SLOW)
    first = asyncio.create_task(WebhookClient(http, webhooks[0]).info())
    await fault.reached.wait()
    second = asyncio.create_task(WebhookClient(http, webhooks[0]).info())
    await asyncio.sleep(0)
    first.cancel()
    assert (await second).id == webhooks[0].id
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_a_request_that_is_cancelled_while_it_waits_leaves_the_queue(
    emulator, http, webhooks
):
    """It is never sent."""
    fault = order(emulator, FaultKind.SLOW)
    first = asyncio.create_task(WebhookClient(http, webhooks[0]).info())
    await fault.reached.wait()
    second = asyncio.create_task(WebhookClient(http, webhooks[0]).info())
    await asyncio.sleep(0)
    second.cancel()
    fault.release()
    await first
    with pytest.raises(asyncio.CancelledError):
        await second
    assert emulator.requests.count(Operation.WEBHOOK) == 1


async def test_a_request_that_is_cancelled_when_its_turn_comes_passes_it_on(
    emulator, http, webhooks
):
    """A turn that nobody takes is not lost."""
    fault = order(emulator, FaultKind.SLOW)
    first = asyncio.create_task(WebhookClient(http, webhooks[0]).info())
    await fault.reached.wait()
    second = asyncio.create_task(WebhookClient(http, webhooks[0]).info())
    third = asyncio.create_task(WebhookClient(http, webhooks[0]).info())
    first.add_done_callback(lambda _: second.cancel())
    await asyncio.sleep(0)
    fault.release()
    await first
    assert (await third).id == webhooks[0].id


async def test_a_larger_share_lets_waiting_requests_go(emulator, connect, webhooks):
    """The budget that the manager gives can change while requests wait for it."""
    wakes = asyncio.Event()

    async def never(_seconds):
        await wakes.wait()

    http = await connect(emulator.base_url, limiter=RateLimiter(requests_per_s=1), sleep=never)
    await WebhookClient(http, webhooks[0]).info()
    waiting = asyncio.create_task(WebhookClient(http, webhooks[1]).info())
    await asyncio.sleep(0)
    http.share_limits(10)
    assert (await waiting).id == webhooks[1].id


async def test_outside_of_its_context_nothing_is_sent():
    """There are no connections before it was entered or after it was left."""
    http = DiscordHttp()
    route = routes.webhook_info(WebhookCredentials(1, "token"))
    with pytest.raises(RuntimeError, match="outside"):
        await http.request(route)


async def test_an_answer_that_is_none_is_an_error(emulator, webhook):
    """A success whose body makes no sense is not taken for one."""
    order(emulator, FaultKind.ERROR, status=200)
    with pytest.raises(DiscordUnavailable, match="no sense"):
        await webhook.info()


async def test_an_emulator_is_told_for_which_upload_it_stores(connect, serve, webhooks):
    """So that its log can be searched for the upload; what is asked for nothing gets no ids."""
    seen = []

    async def answer(request):
        seen.append(request.headers.get(HEADER))
        return web.json_response({"id": str(webhooks[0].id), "channel_id": "6"})

    webhook = WebhookClient(await connect(await serve(answer)), webhooks[0])
    await webhook.info()
    with bound_ids(upload="u", request="r", client="c"):
        await webhook.info()
    assert seen == [None, "request=r,upload=u"]


@pytest.mark.parametrize(
    ("host", "is_it"),
    [
        ("discord.com", True),
        ("ptb.discord.com", True),
        ("cdn.discordapp.com", True),
        ("127.0.0.1", False),
        ("notdiscord.com", False),
        ("discord.com.example", False),
        ("", False),
    ],
)
def test_discord_itself_hears_of_no_ids(host, is_it):
    """Whatever its host is called."""
    assert is_discord(host) is is_it
