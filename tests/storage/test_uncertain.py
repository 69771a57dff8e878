"""Posts of which nobody knows whether Discord has saved them are counted."""

import asyncio
from typing import Any

import pytest
from aiohttp import web

from discord_emulator.errors import LimitScope
from discord_emulator.faults import Fault, FaultKind
from discord_emulator.operations import Operation
from storage.discord.http import UncertainPostCounter
from storage.discord.messages import WebhookClient
from storage.errors import DiscordUnavailable, RequestTooLarge
from storage.pool import WebhookPool

CONTENT = memoryview(bytes(1000))


@pytest.mark.parametrize(
    ("trouble", "counted"),
    [
        ({"kind": FaultKind.RESET, "after_commit": True}, 1),
        ({"kind": FaultKind.RESET}, 1),
        ({"kind": FaultKind.TRUNCATED}, 1),
        ({"kind": FaultKind.ERROR, "status": 502, "after_commit": True}, 1),
        ({"kind": FaultKind.RATE_LIMIT, "scope": LimitScope.USER, "retry_after_s": 0.01}, 0),
    ],
)
async def test_lost_answers_to_posts_are_counted(emulator, http, webhooks, trouble, counted):
    """A post that was sent as a whole may have been saved; one that was turned down was not."""
    fault: dict[str, Any] = {"route": Operation.EXECUTE, **trouble}
    emulator.faults.add(Fault(**fault))
    await WebhookClient(http, webhooks[0]).execute(CONTENT)
    assert http.uncertain.total == counted


async def test_other_requests_are_not_counted(emulator, http, webhooks):
    """Whatever they do may be done again."""
    for route in (Operation.WEBHOOK, Operation.DELETE):
        emulator.faults.add(Fault(kind=FaultKind.RESET, route=route))
    await WebhookClient(http, webhooks[0]).info()
    await WebhookClient(http, webhooks[0]).delete(1)
    assert http.uncertain.total == 0


async def test_refusals_and_absence_are_no_doubt(emulator, connect, http, webhooks):
    """What Discord refuses is not saved, and what never got there neither."""
    emulator.faults.add(
        Fault(kind=FaultKind.ERROR, route=Operation.EXECUTE, status=413, code=40005)
    )
    with pytest.raises(RequestTooLarge):
        await WebhookClient(http, webhooks[0]).execute(CONTENT)
    assert http.uncertain.total == 0
    nowhere = await connect("http://127.0.0.1:9", give_up_after_s=0.0)
    with pytest.raises(DiscordUnavailable):
        await WebhookClient(nowhere, webhooks[0]).execute(CONTENT)
    assert nowhere.uncertain.total == 0


async def test_a_post_that_is_cancelled_after_it_was_sent_is_counted(emulator, http, webhooks):
    """Its answer is of no use any more, and its message may be there."""
    fault = Fault(kind=FaultKind.SLOW, route=Operation.EXECUTE, after_commit=True)
    emulator.faults.add(fault)
    post = asyncio.create_task(WebhookClient(http, webhooks[0]).execute(CONTENT))
    await fault.reached.wait()
    post.cancel()
    await asyncio.gather(post, return_exceptions=True)
    assert http.uncertain.total == 1


async def test_an_answer_that_is_no_message_is_counted(connect, serve, webhooks):
    """Discord has saved something, and did not say what."""

    async def nonsense(_request: web.Request) -> web.Response:
        return web.Response(text="<html>")

    http = await connect(await serve(nonsense), give_up_after_s=0.0)
    pool = WebhookPool(http, lambda *_: None)
    pool.set_webhooks(webhooks)
    with pytest.raises(DiscordUnavailable):
        await pool.post(CONTENT)
    assert http.uncertain.total == 1


async def test_whoever_waits_for_the_next_one_is_woken():
    """Each time that there is another one."""
    counter = UncertainPostCounter()
    waiting = asyncio.create_task(counter.changed())
    await asyncio.sleep(0)
    counter.add()
    await waiting
    assert counter.total == 1
