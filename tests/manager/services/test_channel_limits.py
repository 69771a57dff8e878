"""What is learned of channels: kept in the catalog, tried step by step, and tried anew after weeks."""

import asyncio
from collections.abc import Sequence

import pytest

from catalog.errors import CatalogUnavailable
from catalog.records import ChannelLimits
from catalog.sqlite.adapter import SqliteCatalog
from common.retry import Backoff
from discord_emulator.testing import VirtualClock
from manager.services.channel_limits import ChannelLimitsKeeper, ChunkSizes, SizeProber
from manager.services.webhooks import WebhookDirectory
from protocol.values import CHUNK_SIZE, LARGEST_CHUNK_SIZE
from storage.discord.routes import WebhookCredentials
from storage.discord.sizes import DOCUMENTED_LIMITS, body_bytes

MIB = 1024 * 1024
WEEKS_S = 28 * 24 * 3600.0


class Channels:
    """What channels take in truth: MiB of an attachment and of a request; None: nobody can ask now."""

    def __init__(self, **mib: tuple[int, int] | None) -> None:
        self.mib = {int(name[1:]): limits for name, limits in mib.items()}
        self.asked: list[tuple[int, int, int]] = []

    async def probe(self, channel_id: int, sizes: Sequence[int]) -> bool | None:
        """Whether a message is taken."""
        limits = self.mib[channel_id]
        if limits is None:
            return None
        self.asked.append((channel_id, len(sizes), round(sum(sizes) / MIB)))
        attachment, request = limits
        return max(sizes) <= attachment * MIB and body_bytes(sizes) <= request * MIB


@pytest.fixture
def clock() -> VirtualClock:
    """A clock that stands still."""
    return VirtualClock()


@pytest.fixture
async def catalog(tmp_path, clock):
    """A catalog in a file."""
    async with SqliteCatalog.open(tmp_path / "catalog.sqlite3", clock=clock) as opened:
        yield opened


def keeper_of(catalog, clock, *channels: int) -> ChannelLimitsKeeper:
    """The limits of channels, in each of which there is a webhook."""

    async def no_delay(_seconds: float) -> None:
        await asyncio.sleep(0)

    directory = WebhookDirectory([])
    for channel in channels:
        webhook = WebhookCredentials(channel * 10, "token", channel)
        directory = WebhookDirectory([*directory.usable, webhook])
    return ChannelLimitsKeeper(
        catalog, directory, clock=clock, new_backoff=lambda: Backoff(sleep=no_delay)
    )


async def learn(limits: ChannelLimitsKeeper, channels: Channels, clock, steps: int = 30) -> None:
    """Makes so many tries."""
    prober = SizeProber(limits, channels.probe, interval_s=WEEKS_S, clock=clock)
    for _ in range(steps):
        await prober.step(limits.channels)


@pytest.mark.parametrize(
    ("truth", "attachment_mib", "request_mib", "asked"),
    [
        ((8, 8), 10, 25, [(1, 20), (5, 50)]),
        ((10, 25), 10, 25, [(1, 20), (5, 50)]),
        ((10, 60), 10, 50, [(1, 20), (5, 50), (10, 100)]),
        ((20, 25), 20, 25, [(1, 20), (1, 50), (3, 50)]),
        ((20, 200), 20, 200, [(1, 20), (1, 50), (3, 50), (5, 100), (10, 200)]),
        ((50, 60), 50, 50, [(1, 20), (1, 50), (1, 100), (2, 100)]),
        ((100, 250), 100, 200, [(1, 20), (1, 50), (1, 100), (2, 200)]),
    ],
)
async def test_a_channel_is_asked_upward_until_it_refuses(
    catalog, clock, truth, attachment_mib, request_mib, asked
):
    """First about larger attachments, then about larger requests of attachments that it takes."""
    limits, channels = keeper_of(catalog, clock, 1), Channels(c1=truth)
    await learn(limits, channels, clock)
    known = limits.record_of(1)
    assert known.attachment_bytes == attachment_mib * MIB - 512
    assert known.request_bytes == request_mib * MIB - 8192
    assert known.learned_at == clock()
    assert [(number, mib) for _, number, mib in channels.asked] == asked


async def test_what_another_manager_has_learned_is_taken_over(catalog, clock):
    """Whoever makes messages is told, once; what is known here and not written yet stays."""
    mine, theirs = keeper_of(catalog, clock, 1, 2), keeper_of(catalog, clock, 1, 2)
    changes = []
    mine.subscribe(lambda: changes.append(1))
    theirs.taken(1, [15 * MIB])
    theirs.taken(2, [15 * MIB])
    await theirs.save_at_last()
    mine.refused(2, [9 * MIB])
    refused = mine.record_of(2)
    changes.clear()
    await mine.refresh()
    assert mine.record_of(1) == theirs.record_of(1)
    assert mine.record_of(2) == refused
    await mine.refresh()
    assert changes == [1]


async def test_channels_have_limits_of_their_own(catalog, clock):
    """A boosted guild takes more than another, and the chunks of new uploads fit all channels in use."""
    limits = keeper_of(catalog, clock, 1, 2)
    channels = Channels(c1=(50, 200), c2=(10, 25))
    sizes = ChunkSizes(None, limits)
    assert sizes.of_upload(takes_large=True) == CHUNK_SIZE
    await learn(limits, channels, clock)
    assert [limits.of(each).attachment_bytes // MIB for each in (1, 2)] == [49, 9]
    assert sizes.of_upload(takes_large=True) == CHUNK_SIZE
    channels.mib[2] = (20, 200)
    clock.advance(WEEKS_S)
    await learn(limits, channels, clock)
    assert sizes.of_upload(takes_large=True) == LARGEST_CHUNK_SIZE
    assert sizes.of_upload(takes_large=False) == CHUNK_SIZE


async def test_what_the_operator_has_chosen_counts(catalog, clock):
    """A chosen size is that of all uploads, as far as those take it that handle them."""
    limits = keeper_of(catalog, clock, 1)
    for chosen, usual in ((1000, 1000), (LARGEST_CHUNK_SIZE, CHUNK_SIZE)):
        sizes = ChunkSizes(chosen, limits)
        assert sizes.of_upload(takes_large=True) == chosen
        assert sizes.of_upload(takes_large=False) == usual


async def test_one_try_is_made_at_a_time(catalog, clock):
    """One step makes one try, in the first channel in which it can be made."""
    limits, channels = keeper_of(catalog, clock, 1, 2), Channels(c1=None, c2=(20, 25))
    prober = SizeProber(limits, channels.probe, interval_s=WEEKS_S, clock=clock)
    await prober.step(limits.channels)
    assert channels.asked == [(2, 1, 20)]
    channels.mib[1] = (20, 25)
    await prober.step(limits.channels)
    assert channels.asked[1:] == [(1, 1, 20)]


async def test_no_channel_gets_far_ahead_of_the_others(catalog, clock):
    """Chunks become larger as soon as all channels have taken the first step."""
    limits = keeper_of(catalog, clock, 1, 2, 3)
    channels = Channels(c1=(20, 25), c2=(20, 25), c3=(20, 25))
    await learn(limits, channels, clock, steps=3)
    assert [channel for channel, _, _ in channels.asked] == [1, 2, 3]
    assert ChunkSizes(None, limits).of_upload(takes_large=True) == LARGEST_CHUNK_SIZE
    await learn(limits, channels, clock, steps=3)
    assert [mib for _, _, mib in channels.asked[3:]] == [50, 50, 50]


async def test_what_was_not_found_out_changes_nothing(catalog, clock):
    """Discord away, or no service with time: the channel is asked again later."""
    limits, channels = keeper_of(catalog, clock, 1), Channels(c1=None)
    await learn(limits, channels, clock)
    assert limits.of(1) == DOCUMENTED_LIMITS
    assert limits.record_of(1).learned_at is None


async def test_a_channel_is_tried_again_after_weeks(catalog, clock):
    """Not before, and then from what is known."""
    limits, channels = keeper_of(catalog, clock, 1), Channels(c1=(10, 25))
    await learn(limits, channels, clock)
    channels.asked.clear()
    channels.mib[1] = (20, 25)
    clock.advance(WEEKS_S - 1)
    await learn(limits, channels, clock)
    assert channels.asked == []
    clock.advance(1)
    await learn(limits, channels, clock)
    assert channels.asked == [(1, 1, 20), (1, 1, 50), (1, 3, 50)]
    assert limits.of(1).attachment_bytes == 20 * MIB - 512


async def test_a_refusal_lowers_a_limit_at_once_and_for_weeks(catalog, clock):
    """Whoever uses the limits hears of it; nothing larger is tried before the time is over."""
    limits, channels = keeper_of(catalog, clock, 1), Channels(c1=(20, 25))
    await learn(limits, channels, clock)
    heard: list[int] = []
    limits.subscribe(lambda: heard.append(limits.of(1).attachment_bytes))
    clock.advance(1000)
    limits.refused(1, [20 * MIB - 991])
    limits.refused(1, [20 * MIB - 991])
    assert heard == [10 * MIB - 512]
    assert limits.record_of(1).refused_at == clock()
    channels.asked.clear()
    await learn(limits, channels, clock)
    assert channels.asked == []


async def test_nothing_is_ever_tried_if_the_operator_says_so(catalog, clock):
    """An interval of 0 ends the loop."""
    limits, channels = keeper_of(catalog, clock, 1), Channels(c1=(20, 25))
    await SizeProber(limits, channels.probe, interval_s=0).run()
    assert channels.asked == []


async def test_tries_are_spread_over_time(catalog, clock):
    """There is a minute before the first and between two."""
    limits, channels = keeper_of(catalog, clock, 1), Channels(c1=(20, 25))
    pauses: list[float] = []

    async def sleep(seconds: float) -> None:
        assert len(channels.asked) == min(len(pauses), 3)
        pauses.append(seconds)
        if len(pauses) > 6:
            raise asyncio.CancelledError

    prober = SizeProber(limits, channels.probe, interval_s=WEEKS_S, clock=clock, sleep=sleep)
    with pytest.raises(asyncio.CancelledError):
        await prober.run()
    assert set(pauses) == {60.0}


async def test_what_was_learned_outlives_the_process(catalog, clock):
    """It is written as it comes, and at a stop; another process finds it."""
    limits, channels = keeper_of(catalog, clock, 1), Channels(c1=(20, 25))
    await learn(limits, channels, clock)
    await limits.save_at_last()
    other = keeper_of(catalog, clock, 1)
    await other.restore()
    assert other.record_of(1) == limits.record_of(1)
    assert other.of(1).attachment_bytes == 20 * MIB - 512
    assert other.of(2) == DOCUMENTED_LIMITS


class AwayAtFirst:
    """A catalog that is away for some calls."""

    def __init__(self, catalog: SqliteCatalog, times: int) -> None:
        self._catalog = catalog
        self._times = times
        self.has_written = asyncio.Event()

    async def channel_limits(self) -> list[ChannelLimits]:
        """What is kept."""
        self._fail()
        return await self._catalog.channel_limits()

    async def put_channel_limits(self, limits: ChannelLimits) -> None:
        """Keeps it."""
        self._fail()
        await self._catalog.put_channel_limits(limits)
        self.has_written.set()

    def _fail(self) -> None:
        if self._times:
            self._times -= 1
            raise CatalogUnavailable("away")


async def test_a_catalog_that_is_away_is_waited_for(catalog, clock):
    """At the start, and for what was learned meanwhile."""
    limits = keeper_of(AwayAtFirst(catalog, 2), clock, 1)
    await limits.restore()
    away = AwayAtFirst(catalog, 2)
    limits = keeper_of(away, clock, 1)
    running = asyncio.create_task(limits.run())
    limits.taken(1, [20 * MIB - 512])
    await away.has_written.wait()
    running.cancel()
    assert [each.attachment_bytes for each in await catalog.channel_limits()] == [20 * MIB - 512]
