"""The directory of webhooks."""

import asyncio

from client_sdk.backoff import Backoff
from manager.webhooks import WebhookDirectory
from storage.discord.credentials import WebhookCredentials
from storage.errors import DiscordUnavailable, WebhookForbidden, WebhookGone

ONE, TWO, THREE = (WebhookCredentials(number, f"token{number}") for number in (1, 2, 3))


async def _no_delay(_seconds):
    await asyncio.sleep(0)


def _backoff() -> Backoff:
    return Backoff(sleep=_no_delay)


async def test_learns_channels_with_retries():
    """Each webhook becomes usable when Discord has told its channel, however often it is down."""
    tries = []

    async def ask(webhook):
        tries.append(webhook.id)
        if tries.count(webhook.id) <= webhook.id:
            raise DiscordUnavailable("down")
        return webhook.id * 100

    directory = WebhookDirectory([ONE, TWO])
    seen = []
    directory.subscribe(lambda: seen.append([webhook.channel_id for webhook in directory.usable]))
    assert directory.unknown == (ONE, TWO)
    await directory.learn(ask, new_backoff=_backoff)
    assert seen == [[100], [100, 200]]
    assert list(directory.unknown) == []
    assert tries.count(2) == 3


async def test_dead_ones_are_set_aside():
    """One that is gone is never asked again; the others are learned all the same."""
    asked = []

    async def ask(webhook):
        asked.append(webhook.id)
        if webhook.id == 2:
            raise WebhookGone(2, "deleted")
        return 5

    directory = WebhookDirectory([ONE, TWO])
    await directory.learn(ask, new_backoff=_backoff)
    assert sorted(asked) == [1, 2]
    assert directory.quarantined == {2: "deleted"}
    assert [webhook.id for webhook in directory.usable] == [1]
    assert list(directory.reachable) == [1]


def test_quarantine_stops_posting_and_not_reading():
    """What a forbidden webhook has posted can still be read; only one that is gone cannot."""
    directory = WebhookDirectory([ONE, TWO, THREE])
    reachable = directory.reachable
    directory.quarantine(1, "reported by a service")
    directory.lost(WebhookForbidden(2, "sending is off"))
    directory.lost(WebhookGone(3, "deleted"))
    assert sorted(directory.quarantined) == [1, 2, 3]
    assert sorted(reachable) == [1, 2]


def test_only_news_are_told():
    """Quarantine of an unknown webhook, or a second one, changes nothing and tells nobody."""
    directory = WebhookDirectory([ONE])
    told = []
    directory.subscribe(lambda: told.append(1))
    directory.quarantine(99, "who is this")
    directory.quarantine(1, "first reason")
    directory.quarantine(1, "second reason")
    assert told == [1]
    assert directory.quarantined == {1: "first reason"}
