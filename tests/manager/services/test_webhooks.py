"""The directory of webhooks."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from catalog.errors import CatalogUnavailable
from catalog.records import Quarantine
from catalog.sqlite.adapter import SqliteCatalog
from common.retry import Backoff
from manager.errors import NoSuchWebhook, WebhookStillUnusable
from manager.services.webhooks import QuarantineKeeper, WebhookDirectory
from storage.discord.routes import WebhookCredentials
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
    assert directory.quarantined[2].reason == "deleted"
    assert [webhook.id for webhook in directory.usable] == [1]
    assert list(directory.readable) == [1]


def test_quarantine_stops_posting_and_not_reading():
    """What a forbidden webhook has posted can still be read; only one that is gone cannot."""
    directory = WebhookDirectory([ONE, TWO, THREE])
    readable = directory.readable
    directory.quarantine(1, "reported by a service")
    directory.lost(WebhookForbidden(2, "sending is off"))
    directory.lost(WebhookGone(3, "deleted"))
    assert sorted(directory.quarantined) == [1, 2, 3]
    assert sorted(readable) == [1, 2]


def test_only_news_are_told():
    """Quarantine of an unknown webhook, or a second one, changes nothing and tells nobody."""
    directory = WebhookDirectory([ONE])
    told = []
    directory.subscribe(lambda: told.append(1))
    directory.quarantine(99, "who is this")
    directory.quarantine(1, "first reason")
    directory.quarantine(1, "second reason")
    assert told == [1]
    assert [each.reason for each in directory.quarantined.values()] == ["first reason"]


def test_a_webhook_that_turns_out_to_be_gone_is_told_as_that():
    """What a service reports may be worse than it seemed; the quarantine goes on from its beginning."""
    now = [100.0]
    directory = WebhookDirectory([ONE], clock=lambda: now[0])
    directory.quarantine(1, "a service cannot post")
    now[0] = 200.0
    directory.lost(WebhookGone(1, "HTTP 404"))
    directory.lost(WebhookForbidden(1, "HTTP 403"))
    assert directory.quarantined[1] == Quarantine(
        webhook_id=1, reason="HTTP 404", is_gone=True, since=100.0
    )
    assert not directory.readable


def test_what_can_be_read_again():
    """What a dead webhook posts can be read by a bot only; of a strange one nobody knows."""
    for has_bot in (False, True):
        directory = WebhookDirectory([ONE, TWO], has_bot=has_bot)
        directory.quarantine(1, "forbidden")
        directory.lost(WebhookGone(2, "deleted"))
        assert [directory.may_be_read(each) for each in (1, 2, 99)] == [True, has_bot, False]


class Discord:
    """Answers for webhooks."""

    def __init__(self) -> None:
        self.answer: int | Exception = 500
        self.asked: list[int] = []

    async def ask(self, webhook) -> int:
        """A channel, or an error."""
        self.asked.append(webhook.id)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


class AwayAtFirst:
    """A catalog that is away for the first calls."""

    def __init__(self, catalog, absences: int) -> None:
        self._catalog = catalog
        self._absences = absences

    def __getattr__(self, name):
        if self._absences:
            self._absences -= 1
            return self._away
        return getattr(self._catalog, name)

    async def _away(self, *_given) -> None:
        raise CatalogUnavailable("away")


@pytest.fixture
async def catalog(tmp_path):
    """A catalog to keep quarantines in."""
    async with SqliteCatalog.open(tmp_path / "catalog.sqlite3") as opened:
        yield opened


@asynccontextmanager
async def kept(
    catalog, *webhooks, discord=None
) -> AsyncIterator[tuple[WebhookDirectory, QuarantineKeeper]]:
    """A directory whose quarantines are kept, from its start to its stop."""
    directory = WebhookDirectory(webhooks or (ONE, TWO))
    asker = discord or Discord()
    keeper = QuarantineKeeper(directory, catalog, asker.ask, new_backoff=_backoff)
    await keeper.restore()
    running = asyncio.create_task(keeper.run())
    try:
        yield directory, keeper
    finally:
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        await keeper.save_at_last()


async def test_quarantines_outlive_the_process(catalog):
    """The next process knows what this one knew, before it uses a webhook."""
    async with kept(catalog) as (directory, _):
        directory.quarantine(1, "forbidden")
        directory.lost(WebhookGone(2, "deleted"))
        known = dict(directory.quarantined)
    async with kept(catalog) as (directory, _):
        assert dict(directory.quarantined) == known
        assert (directory.usable, directory.unknown) == ((), ())
        assert list(directory.readable) == [1]


async def test_a_webhook_that_is_not_configured_any_more_stays_known(catalog):
    """Configuring it again does not end its quarantine: Discord has not changed its mind."""
    async with kept(catalog) as (directory, _):
        directory.lost(WebhookGone(1, "deleted"))
    async with kept(catalog, TWO) as (directory, _):
        assert list(directory.quarantined) == [1]
    async with kept(catalog) as (directory, _):
        assert directory.quarantined[1].is_gone


async def test_a_catalog_that_is_away_is_waited_for(catalog):
    """Nothing is forgotten: neither at the start, nor what is new meanwhile."""
    await catalog.put_quarantine(
        Quarantine(webhook_id=1, reason="earlier", is_gone=False, since=1.0)
    )
    async with kept(AwayAtFirst(catalog, 4)) as (directory, _):
        assert list(directory.quarantined) == [1]
        directory.lost(WebhookGone(2, "deleted"))
    assert [each.webhook_id for each in await catalog.quarantines()] == [1, 2]


async def test_a_webhook_is_retried(catalog):
    """If Discord answers for it, it is used again, also after a restart."""
    discord = Discord()
    async with kept(catalog, discord=discord) as (directory, keeper):
        directory.lost(WebhookGone(1, "wrong token"))
        told = []
        directory.subscribe(lambda: told.append([webhook.id for webhook in directory.usable]))
        await keeper.retry(1)
        assert told == [[1]]
        assert directory.readable[1].channel_id == 500
        await keeper.retry(1)
        assert discord.asked == [1]
    async with kept(catalog) as (directory, _):
        assert not directory.quarantined


async def test_what_another_manager_knows_is_taken_over(catalog):
    """Its quarantines begin and end here as well; each tells of what it has written."""
    told = []
    async with kept(catalog) as (mine, keeper), kept(catalog) as (theirs, other):
        other.tell_others_by(lambda: told.append("news"))
        theirs.lost(WebhookGone(1, "deleted"))
        await other.save_at_last()
        assert told == ["news"]
        mine.quarantine(2, "not written yet")
        await keeper.refresh()
        assert {each: known.reason for each, known in mine.quarantined.items()} == {
            1: "deleted",
            2: "not written yet",
        }
        await other.retry(1)
        await keeper.refresh()
        assert list(mine.quarantined) == [2]
        assert mine.readable[1].channel_id == 500
        assert told == ["news", "news"]


async def test_a_webhook_that_discord_refuses_here_stays_in_quarantine(catalog):
    """Although another manager uses it again; one that is not configured here is nobody's concern."""
    discord = Discord()
    async with kept(catalog, ONE, discord=discord) as (mine, keeper):
        for webhook_id in (1, 3):
            known = Quarantine(webhook_id=webhook_id, reason="dead", is_gone=False, since=1.0)
            await catalog.put_quarantine(known)
        await keeper.refresh()
        discord.answer = WebhookForbidden(1, "HTTP 403, code 50013")
        for webhook_id in (1, 3):
            await catalog.end_quarantine(webhook_id)
        await keeper.refresh()
        assert 1 in mine.quarantined


@pytest.mark.parametrize(
    ("answer", "told", "is_gone"),
    [
        (WebhookGone(1, "HTTP 404, code 10015"), "HTTP 404", True),
        (WebhookForbidden(1, "HTTP 403, code 50013"), "HTTP 403", False),
        (DiscordUnavailable("down"), "did not answer in time", False),
    ],
)
async def test_a_retry_that_fails_changes_nothing(catalog, answer, told, is_gone):
    """The webhook stays in quarantine, and the reason is told."""
    discord = Discord()
    discord.answer = answer
    async with kept(catalog, discord=discord) as (directory, keeper):
        directory.quarantine(1, "a service cannot post")
        with pytest.raises(WebhookStillUnusable, match=told):
            await keeper.retry(1)
        assert directory.quarantined[1].is_gone is is_gone
        with pytest.raises(NoSuchWebhook):
            await keeper.retry(3)
    assert [each.is_gone for each in await catalog.quarantines()] == [is_gone]


async def test_a_retry_needs_the_catalog(catalog):
    """A quarantine that would be back after a restart has not ended."""
    directory = WebhookDirectory([ONE])
    directory.quarantine(1, "forbidden")
    keeper = QuarantineKeeper(directory, AwayAtFirst(catalog, 1), Discord().ask)
    with pytest.raises(CatalogUnavailable):
        await keeper.retry(1)
    assert list(directory.quarantined) == [1]
