"""Posting chunks by several webhooks."""

import asyncio
import math
import os
from collections.abc import Callable

import pytest
from aiohttp import web

from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from discord_emulator.settings import SizeLimits
from storage.discord.messages import ChunkAddress
from storage.discord.routes import WebhookCredentials
from storage.discord.sizes import DOCUMENTED_LIMITS, MessageLimits
from storage.errors import DiscordUnavailable, NoWebhook, PostWithdrawn, RequestTooLarge
from storage.pool import WebhookPool

CONTENT = memoryview(b"0123456789" * 1000)
MIB = 1024 * 1024


@pytest.fixture
def lost():
    """What the pool reports as lost."""
    return []


@pytest.fixture
def pool(http, webhooks, lost):
    """A pool of both webhooks."""
    pool = WebhookPool(http, lambda webhook_id, reason: lost.append((webhook_id, reason)))
    pool.set_webhooks(webhooks)
    return pool


def order(emulator, kind, **details) -> Fault:
    """Orders a fault for posts."""
    fault = Fault(kind=kind, route=Operation.EXECUTE, **details)
    emulator.faults.add(fault)
    return fault


def only(*webhook_ids: int) -> Callable[[], frozenset[int]]:
    """Lets a post use these webhooks."""
    return lambda: frozenset(webhook_ids)


async def post_many(pool, number) -> list[ChunkAddress]:
    """Posts at the same time."""
    async with asyncio.TaskGroup() as group:
        posts = [group.create_task(pool.post(CONTENT)) for _ in range(number)]
    return [post.result() for post in posts]


async def test_an_address_tells_where_the_chunk_lies(emulator, pool):
    """With all that a reader needs, as Discord has saved it."""
    address = await pool.post(CONTENT)
    (stored,) = emulator.messages()
    assert emulator.content(stored) == CONTENT
    assert (address.message_id, address.channel_id) == (stored.id, stored.channel_id)
    assert address.webhook_id == stored.webhook_id
    assert address.attachment_id == stored.attachments[0].id
    assert (address.offset, address.stored_size) == (0, len(CONTENT))


async def test_posts_are_spread_and_cause_no_429(emulator, pool, webhooks):
    """Two channels take sixty posts in the first minute, each about half; the rest waits."""
    addresses = await post_many(pool, 64)
    assert len({address.message_id for address in addresses}) == 64
    assert emulator.requests.count(Operation.EXECUTE) == 64
    assert emulator.requests.rate_limited.total() == 0
    used = [address.webhook_id for address in addresses]
    # The clock jumps while answers are on their way, so that a window may pass with less in it.
    assert all(24 <= used.count(webhook.id) <= 40 for webhook in webhooks)


async def test_only_the_webhooks_asked_for_are_used(pool, webhooks):
    """A slot posts by the webhooks that were leased to it."""
    for webhook in webhooks:
        address = await pool.post(CONTENT, webhooks=only(webhook.id))
        assert address.webhook_id == webhook.id
    with pytest.raises(NoWebhook):
        await pool.post(CONTENT, webhooks=only(1))


async def test_a_dead_webhook_is_reported_once_and_not_called_again(emulator, pool, webhooks, lost):
    """The others take over, and no chunk fails."""
    dead, alive = webhooks
    emulator.delete_webhook(dead.id)
    addresses = await post_many(pool, 12)
    assert {address.webhook_id for address in addresses} == {alive.id}
    assert [webhook_id for webhook_id, _ in lost] == [dead.id]
    assert pool.webhooks == (alive,)
    assert emulator.requests.count(Operation.EXECUTE, 404) == 1


async def test_a_webhook_that_dies_under_several_posts_is_reported_once(
    emulator, pool, webhooks, lost
):
    """Each of them hears of it; each goes by another webhook."""
    dying, alive = webhooks
    await pool.post(CONTENT, webhooks=only(dying.id))
    orders = [order(emulator, FaultKind.WEBHOOK_GONE, webhook_id=dying.id) for _ in range(2)]
    pool.set_webhooks([dying])
    posts = [asyncio.create_task(pool.post(CONTENT)) for _ in range(2)]
    await asyncio.sleep(0)
    pool.set_webhooks(webhooks)
    addresses = await asyncio.gather(*posts)
    assert [address.webhook_id for address in addresses] == [alive.id, alive.id]
    assert [fault.hits for fault in orders] == [1, 1]
    assert len(lost) == 1


async def test_a_webhook_without_permission_is_left_alone_too(emulator, pool, webhooks, lost):
    """An operator has to look at it first."""
    order(emulator, FaultKind.ERROR, status=403, code=50013, webhook_id=webhooks[0].id)
    await post_many(pool, 4)
    assert lost == [(webhooks[0].id, "HTTP 403, code 50013")]


async def test_without_a_usable_webhook_posting_is_an_error(emulator, pool, webhooks, lost):
    """Told at once to everybody who waits."""
    for webhook in webhooks:
        emulator.delete_webhook(webhook.id)
    posts = await asyncio.gather(*(pool.post(CONTENT) for _ in range(5)), return_exceptions=True)
    assert all(isinstance(post, NoWebhook) for post in posts)
    assert len(lost) == 2
    assert pool.webhooks == ()


async def test_a_lost_webhook_stays_lost_while_it_is_listed(emulator, pool, webhooks):
    """The same list again does not revive it; leaving the list and coming back does."""
    order(emulator, FaultKind.WEBHOOK_GONE, webhook_id=webhooks[0].id)
    await post_many(pool, 2)
    pool.set_webhooks(webhooks)
    assert pool.webhooks == (webhooks[1],)
    pool.set_webhooks([])
    pool.set_webhooks(webhooks)
    assert pool.webhooks == tuple(webhooks)


async def test_a_new_token_is_a_new_webhook(emulator, pool, webhooks):
    """A webhook whose token was wrong is used again once the right one is set."""
    wrong = WebhookCredentials(webhooks[0].id, "wrong", webhooks[0].channel_id)
    pool.set_webhooks([wrong])
    with pytest.raises(NoWebhook):
        await pool.post(CONTENT)
    pool.set_webhooks([webhooks[0]])
    assert (await pool.post(CONTENT)).webhook_id == webhooks[0].id


async def test_trouble_at_one_webhook_is_no_trouble_at_the_others(emulator, pool, webhooks, time):
    """After a failed try, the next one goes by whichever webhook may send."""
    order(emulator, FaultKind.RATE_LIMIT, retry_after_s=60.0, webhook_id=webhooks[0].id)
    started = time.clock()
    assert (await pool.post(CONTENT)).webhook_id == webhooks[1].id
    assert time.clock() - started < 1.0


def narrow(emulator, webhook, attachment_bytes, *, request_bytes=200 * MIB) -> None:
    """Has a channel take less from now on."""
    emulator.size_limits[webhook.channel_id] = SizeLimits(attachment_bytes, request_bytes, 10)


@pytest.fixture
def refused():
    """What the pool reports as too large."""
    return []


@pytest.fixture
def small_pool(http, webhooks, lost, refused):
    """A pool of the first webhook alone."""
    pool = WebhookPool(http, lambda *_: lost.append(_), lambda *which: refused.append(which))
    pool.set_webhooks(webhooks[:1])
    return pool


async def test_a_chunk_that_no_message_takes_is_an_error_of_its_own(
    emulator, small_pool, lost, webhooks
):
    """The webhook is not to blame, nor are its limits when any size is refused."""
    narrow(emulator, webhooks[0], 1)
    with pytest.raises(RequestTooLarge):
        await small_pool.post(CONTENT)
    assert lost == []
    assert small_pool.limits_of(webhooks[0].id) == DOCUMENTED_LIMITS
    with pytest.raises(RequestTooLarge):
        await small_pool.post(memoryview(bytes(26 * MIB)))


async def test_what_one_attachment_does_not_take_is_split(emulator, small_pool, webhooks, refused):
    """Over as many attachments of one message as it needs, without a refusal when the limit is known."""
    content = memoryview(os.urandom(10 * MIB))
    address = await small_pool.post(content)
    (stored,) = emulator.messages()
    parts = [emulator.content(stored, index) for index in range(2)]
    assert b"".join(parts) == content
    assert [len(part) for part in parts] == [10 * MIB - 512, 512]
    assert (address.attachment_id, address.offset, address.stored_size) == (None, 0, len(content))
    assert refused == []


async def test_a_limit_that_fell_is_learned_from_its_refusal(
    emulator, small_pool, webhooks, refused
):
    """The chunk goes out in parts, no later one is refused, and it is reported."""
    narrow(emulator, webhooks[0], 8 * MIB)
    content = memoryview(os.urandom(10 * MIB - 1024))
    addresses = [await small_pool.post(content) for _ in range(2)]
    assert [address.attachment_id for address in addresses] == [None, None]
    assert refused == [(webhooks[0].id, [len(content)])]
    assert emulator.requests.count(Operation.EXECUTE, 413) == 1
    assert small_pool.limits_of(webhooks[0].id).attachment_bytes == 8 * MIB - 512


async def test_several_posts_that_are_refused_at_once_all_end_well(
    emulator, small_pool, webhooks, refused
):
    """Those that were under way when the first was refused are split as well."""
    narrow(emulator, webhooks[0], 8 * MIB)
    content = memoryview(bytes(9 * MIB))
    await small_pool.post(CONTENT)
    addresses = await asyncio.gather(*(small_pool.post(content) for _ in range(3)))
    assert len({address.message_id for address in addresses}) == 3
    assert small_pool.limits_of(webhooks[0].id).attachment_bytes == 8 * MIB - 512


async def test_channels_are_used_within_their_own_limits(emulator, http, webhooks, lost, refused):
    """What only one of them takes in a message goes there, however often that may send."""
    wide = MessageLimits(attachment_bytes=20 * MIB, request_bytes=100 * MIB, attachments=10)
    pool = WebhookPool(http, lambda *_: None, lambda *which: refused.append(which))
    pool.set_webhooks(webhooks, {webhooks[1].id: wide})
    content = memoryview(bytes(26 * MIB))
    addresses = [await pool.post(content) for _ in range(2)]
    assert [address.webhook_id for address in addresses] == [webhooks[1].id] * 2
    assert refused == []


async def test_a_request_limit_that_fell_is_learned_from_its_refusal(
    emulator, http, webhooks, refused
):
    """Several attachments that are too much together do not lower the limit of each."""
    wide = MessageLimits(attachment_bytes=20 * MIB, request_bytes=100 * MIB, attachments=10)
    pool = WebhookPool(http, lambda *_: None, lambda *which: refused.append(which))
    pool.set_webhooks(webhooks[:1], {webhooks[0].id: wide})
    narrow(emulator, webhooks[0], 20 * MIB, request_bytes=50 * MIB)
    with pytest.raises(RequestTooLarge):
        await pool.post(memoryview(bytes(60 * MIB)))
    learned = pool.limits_of(webhooks[0].id)
    assert (learned.attachment_bytes, learned.request_bytes) == (20 * MIB, 50 * MIB - 8192)
    assert refused == [(webhooks[0].id, [20 * MIB] * 3)]


async def test_a_limit_holds_for_all_webhooks_of_a_channel(emulator, http, webhooks):
    """Since it is the channel's."""
    twin = WebhookCredentials(*emulator.add_webhook(webhooks[0].channel_id))
    pool = WebhookPool(http, lambda *_: None)
    pool.set_webhooks([webhooks[0], webhooks[1], twin])
    narrow(emulator, twin, 8 * MIB)
    await pool.post(memoryview(bytes(9 * MIB)), webhooks=only(twin.id))
    learned = [pool.limits_of(each.id).attachment_bytes for each in pool.webhooks]
    assert learned == [8 * MIB - 512, 10 * MIB - 512, 8 * MIB - 512]


async def test_a_webhook_that_is_taken_away_is_drained(emulator, pool, webhooks):
    """Once the wait is over, no request runs on it and none will."""
    kept, taken = webhooks
    fault = order(emulator, FaultKind.SLOW, webhook_id=taken.id)
    running = asyncio.create_task(pool.post(CONTENT, webhooks=only(taken.id)))
    await fault.reached.wait()
    waiting = asyncio.create_task(pool.post(CONTENT, webhooks=only(taken.id)))
    await asyncio.sleep(0)
    pool.set_webhooks([kept])
    drained = asyncio.create_task(pool.drained({taken.id}))
    await pool.drained({kept.id})
    with pytest.raises(NoWebhook):
        await waiting
    assert not drained.done()
    fault.release()
    assert (await running).webhook_id == taken.id
    await drained


async def test_posts_that_wait_go_by_a_webhook_that_comes(pool, webhooks, emulator):
    """The list is looked at anew whenever it changes."""
    first, second = webhooks
    pool.set_webhooks([first])
    fault = order(emulator, FaultKind.SLOW, webhook_id=first.id)
    running = asyncio.create_task(pool.post(CONTENT))
    await fault.reached.wait()
    waiting = asyncio.create_task(pool.post(CONTENT))
    await asyncio.sleep(0)
    pool.set_webhooks([first, second])
    assert (await waiting).webhook_id == second.id
    fault.release()
    await running


@pytest.mark.parametrize("delete_status", [204, 403])
async def test_something_else_than_was_sent_is_not_accepted(
    connect, serve, webhooks, delete_status
):
    """A message without the whole file is deleted again if possible, and the post fails."""
    attachment = {"id": "7", "size": 1, "url": "http://cdn/7"}
    deleted = []

    async def save_half(request):
        if request.method == "DELETE":
            deleted.append(request.path.rpartition("/")[2])
            return web.Response(status=delete_status, text='{"message": "no", "code": 50013}')
        await request.read()
        return web.json_response({"id": "5", "channel_id": "6", "attachments": [attachment]})

    pool = WebhookPool(await connect(await serve(save_half)), lambda *_: None)
    pool.set_webhooks(webhooks)
    with pytest.raises(DiscordUnavailable, match="something else"):
        await pool.post(CONTENT)
    assert deleted == ["5"]


async def test_a_post_waits_for_hours_if_it_may(emulator, connect, webhooks, time):
    """An outage, or a limit, of any length is waited out."""
    http = await connect(emulator.base_url, give_up_after_s=math.inf)
    pool = WebhookPool(http, lambda *_: None)
    pool.set_webhooks(webhooks)
    for webhook in webhooks:
        order(emulator, FaultKind.RATE_LIMIT, retry_after_s=3600.0, webhook_id=webhook.id)
    order(emulator, FaultKind.ERROR, status=503, times=500)
    started = time.clock()
    assert (await pool.post(CONTENT)).stored_size == len(CONTENT)
    assert time.clock() - started > 2 * 3600


class EndlessSleep:
    """Sleeps that never end, from so many seconds on; shorter ones end at once."""

    def __init__(self, endless_from_s: float) -> None:
        self._endless_from_s = endless_from_s
        self.has_begun = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        """Says that somebody sleeps for ever now."""
        if seconds >= self._endless_from_s:
            self.has_begun.set()
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("trouble", "endless_from_s"),
    [
        pytest.param({"kind": FaultKind.RATE_LIMIT, "retry_after_s": 3600.0}, 60.0, id="its turn"),
        pytest.param({"kind": FaultKind.ERROR, "status": 503}, 0.0, id="its next try"),
    ],
)
async def test_a_withdrawn_post_ends_while_it_waits(
    emulator, connect, webhooks, trouble, endless_from_s
):
    """Others wait on."""
    endless = EndlessSleep(endless_from_s)
    http = await connect(emulator.base_url, give_up_after_s=math.inf, sleep=endless.sleep)
    pool = WebhookPool(http, lambda *_: None)
    pool.set_webhooks(webhooks[:1])
    order(emulator, times=None, **trouble)
    withdrawn = asyncio.get_running_loop().create_future()
    posting = asyncio.create_task(pool.post(CONTENT, withdrawn=withdrawn))
    await endless.has_begun.wait()
    other = asyncio.create_task(pool.post(CONTENT))
    withdrawn.set_result(None)
    with pytest.raises(PostWithdrawn):
        await posting
    with pytest.raises(PostWithdrawn):
        await pool.post(CONTENT, withdrawn=withdrawn)
    assert not other.done()
    other.cancel()


async def test_a_post_under_way_cannot_be_withdrawn(emulator, pool):
    """Discord may have it already, so that its address must be known."""
    fault = order(emulator, FaultKind.SLOW)
    withdrawn = asyncio.get_running_loop().create_future()
    posting = asyncio.create_task(pool.post(CONTENT, withdrawn=withdrawn))
    await fault.reached.wait()
    withdrawn.set_result(None)
    fault.release()
    address = await posting
    assert [stored.id for stored in emulator.messages()] == [address.message_id]


@pytest.mark.parametrize(("size", "is_taken"), [(1000, True), (1001, False)])
async def test_a_probe_finds_out_what_a_channel_takes(emulator, pool, webhooks, size, is_taken):
    """By random bytes of which nothing stays; it lowers nothing that is known."""
    narrow(emulator, webhooks[0], 1000)
    assert await pool.probe(webhooks[0].id, [1000, size]) is is_taken
    assert emulator.messages() == []
    assert pool.limits_of(webhooks[0].id) == DOCUMENTED_LIMITS


async def test_a_probe_ends_for_a_post_and_for_a_list_without_its_webhook(emulator, pool, webhooks):
    """A new list with the webhook leaves it alone, and during it no other one begins."""
    for ends in (lambda: pool.post(CONTENT), None):
        slow = order(emulator, FaultKind.SLOW, webhook_id=webhooks[0].id)
        probing = asyncio.create_task(pool.probe(webhooks[0].id, [10]))
        await slow.reached.wait()
        assert await pool.probe(webhooks[1].id, [10]) is None
        pool.set_webhooks(webhooks)
        assert not probing.done()
        if ends is None:
            pool.set_webhooks(webhooks[1:])
        else:
            await ends()
        assert await probing is None
        slow.release()
    assert await pool.probe(webhooks[0].id, [10]) is None


async def test_a_probe_of_a_dead_webhook_reports_it(emulator, pool, webhooks, lost):
    """As a post would."""
    emulator.delete_webhook(webhooks[0].id)
    assert await pool.probe(webhooks[0].id, [10]) is None
    assert [webhook_id for webhook_id, _ in lost] == [webhooks[0].id]


async def test_a_probe_finds_nothing_out_while_discord_is_away(emulator, pool, webhooks):
    """An error of the server says nothing about sizes."""
    order(emulator, FaultKind.ERROR, status=503, times=None)
    assert await pool.probe(webhooks[0].id, [10]) is None
