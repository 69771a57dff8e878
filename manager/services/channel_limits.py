"""What messages take in each channel: learned, kept in the catalog, and tried anew after weeks.

`storage.discord.sizes` says what is tried, and what an outcome means. The manager decides when, and for which
channel; the upload process that holds the channel's lease posts the message, as nobody else may post there.
So a try counts towards the same rate limits as everything else, and gives way to uploads. There is one at
a time in all channels, and a minute or more between two.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from catalog.content_port import WebhookStore
from catalog.records import ChannelLimits
from common.retry import Backoff
from manager.services.saved_records import SavedRecords
from manager.services.webhooks import WebhookDirectory
from protocol.values import CHUNK_SIZE, LARGEST_CHUNK_SIZE
from storage.discord.sizes import (
    DOCUMENTED_LIMITS,
    MessageLimits,
    lowered,
    next_try,
    raised,
)

log = structlog.get_logger(__name__)

CHUNK_MARGIN = 512
"""Bytes by which a chunk is smaller than an attachment: its envelope, and some more."""
PROBE_PAUSE_S = 60.0
"""Before the first try, and between two."""


def _message_limits(known: ChannelLimits) -> MessageLimits:
    return MessageLimits(
        attachment_bytes=known.attachment_bytes,
        request_bytes=known.request_bytes,
        attachments=known.attachments,
    )


class ChannelLimitsKeeper(SavedRecords[ChannelLimits]):
    """The limits of all channels. They outlive the process in the catalog.

    What could not be written yet when a process dies is learned again.

    Args:
        store: Where they are kept.
        webhooks: Whose channels are in use.
        clock: Seconds since the Unix epoch.
        new_backoff: Makes the delays while the catalog is unavailable.
    """

    def __init__(
        self,
        store: WebhookStore,
        webhooks: WebhookDirectory,
        *,
        clock: Callable[[], float] = time.time,
        new_backoff: Callable[[], Backoff] = Backoff,
    ) -> None:
        super().__init__("channel-limits", new_backoff)
        self._store = store
        self._webhooks = webhooks
        self._clock = clock
        self._known: dict[int, ChannelLimits] = {}
        self._subscribers: list[Callable[[], None]] = []

    def subscribe(self, changed: Callable[[], None]) -> None:
        """Calls `changed` whenever a message of some channel takes more or less. It must not block."""
        self._subscribers.append(changed)

    async def _read(self) -> Mapping[int, ChannelLimits]:
        return {each.channel_id: each for each in await self._store.channel_limits()}

    async def _put(self, record: ChannelLimits) -> None:
        await self._store.put_channel_limits(record)

    def _current(self) -> Mapping[int, ChannelLimits]:
        return self._known

    def _restored(self, records: Mapping[int, ChannelLimits]) -> None:
        self._known = dict(records)

    async def _adopt(self, changed: Sequence[ChannelLimits], gone: Sequence[ChannelLimits]) -> None:
        self._known.update((each.channel_id, each) for each in changed)
        for each in gone:
            self._known.pop(each.channel_id, None)
        if changed or gone:
            for notify in self._subscribers:
                notify()

    @property
    def channels(self) -> list[int]:
        """The channels in use, in ascending order."""
        usable = (webhook.channel_id for webhook in self._webhooks.usable)
        return sorted({channel_id for channel_id in usable if channel_id is not None})

    def record_of(self, channel_id: int) -> ChannelLimits:
        """All that is known of a channel; what is documented, if nothing was learned."""
        return self._known.get(channel_id) or ChannelLimits(
            channel_id=channel_id,
            attachment_bytes=DOCUMENTED_LIMITS.attachment_bytes,
            request_bytes=DOCUMENTED_LIMITS.request_bytes,
            attachments=DOCUMENTED_LIMITS.attachments,
        )

    def of(self, channel_id: int) -> MessageLimits:
        """What a message of the channel takes."""
        return _message_limits(self.record_of(channel_id))

    def taken(self, channel_id: int, sizes: Sequence[int]) -> None:
        """The channel has taken a message with attachments of these sizes."""
        self._set(self.record_of(channel_id), raised(self.of(channel_id), sizes))

    def refused(self, channel_id: int, sizes: Sequence[int]) -> None:
        """The channel has refused a message with attachments of these sizes as too large.

        Nothing larger is tried before the usual time is over.
        """
        now = self._clock()
        record = replace(self.record_of(channel_id), learned_at=now, refused_at=now)
        self._set(record, lowered(self.of(channel_id), sizes))

    def try_refused(self, channel_id: int) -> None:
        """The channel has refused a try, which was larger than what is known."""
        self._replace(replace(self.record_of(channel_id), refused_at=self._clock()))

    def all_tried(self, channel_id: int) -> None:
        """Everything larger that makes sense has been tried."""
        self._replace(replace(self.record_of(channel_id), learned_at=self._clock()))

    def _set(self, record: ChannelLimits, limits: MessageLimits) -> None:
        is_new = _message_limits(record) != limits
        self._replace(
            replace(
                record,
                attachment_bytes=limits.attachment_bytes,
                request_bytes=limits.request_bytes,
                attachments=limits.attachments,
            )
        )
        if is_new:
            log.info("channel-limits-learned", channel_id=record.channel_id, limits=str(limits))
            for changed in self._subscribers:
                changed()

    def _replace(self, record: ChannelLimits) -> None:
        self._known[record.channel_id] = record
        self._note_change()


class ChunkSizes:
    """How large the chunks of a new upload are.

    Args:
        chosen: What the operator has set, in bytes; None: what all channels in use take.
        limits: What channels take.
    """

    def __init__(self, chosen: int | None, limits: ChannelLimitsKeeper) -> None:
        self._chosen = chosen
        self._limits = limits

    def of_upload(self, *, takes_large: bool) -> int:
        """Bytes of a chunk. `takes_large`: whether all that handle it take more than `CHUNK_SIZE`."""
        largest = LARGEST_CHUNK_SIZE if takes_large else CHUNK_SIZE
        return min(largest, self._chosen or self._common_size())

    def _common_size(self) -> int:
        sizes = [self._limits.of(channel).attachment_bytes for channel in self._limits.channels]
        return min(sizes, default=DOCUMENTED_LIMITS.attachment_bytes) - CHUNK_MARGIN


Probe = Callable[[int, Sequence[int]], Awaitable[bool | None]]
"""Finds out whether a channel takes a message with attachments of these sizes; None: it did not."""


class SizeProber:
    """Has larger messages tried in the channels in use, step by step.

    Args:
        limits: What is known of the channels.
        probe: Makes a try.
        interval_s: Seconds after which a channel is tried again; 0: none is ever tried.
        clock: Seconds since the Unix epoch.
        sleep: Waits for a number of seconds.
    """

    def __init__(
        self,
        limits: ChannelLimitsKeeper,
        probe: Probe,
        *,
        interval_s: float,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._limits = limits
        self._probe = probe
        self._interval_s = interval_s
        self._clock = clock
        self._sleep = sleep
        # Of the round that goes on: channels in which no larger attachment makes sense any more.
        self._at_requests: set[int] = set()

    async def run(self) -> None:
        """Makes one try after the other, until cancelled."""
        if not self._interval_s:
            return
        while True:
            await self._sleep(PROBE_PAUSE_S)
            await self.step(self._limits.channels)

    async def step(self, channels: Iterable[int]) -> None:
        """Makes one try, in a channel that is due and in which one can be made now.

        All channels get as far as one before that gets further: chunks are as large as all of them take.
        """
        for channel_id in sorted(channels, key=self._progress):
            if not self._is_due(channel_id):
                self._at_requests.discard(channel_id)
            elif await self._try(channel_id):
                return

    def _progress(self, channel_id: int) -> tuple[bool, int, int]:
        known = self._limits.of(channel_id)
        return channel_id in self._at_requests, known.attachment_bytes, known.request_bytes

    def _is_due(self, channel_id: int) -> bool:
        learned_at = self._limits.record_of(channel_id).learned_at
        return learned_at is None or self._clock() - learned_at >= self._interval_s

    async def _try(self, channel_id: int) -> bool:
        """Makes the channel's next try. False: it was not found out whether the channel takes it."""
        sizes = self._next_sizes(channel_id)
        if not sizes:
            self._at_requests.discard(channel_id)
            self._limits.all_tried(channel_id)
            return False
        is_taken = await self._probe(channel_id, sizes)
        log.debug("size-probed", channel_id=channel_id, sizes=sizes, is_taken=is_taken)
        if is_taken is None:
            return False
        if is_taken:
            self._limits.taken(channel_id, sizes)
        else:
            self._limits.try_refused(channel_id)
            self._refused(channel_id)
        return True

    def _refused(self, channel_id: int) -> None:
        if channel_id in self._at_requests:
            self._at_requests.discard(channel_id)
            self._limits.all_tried(channel_id)
        else:
            self._at_requests.add(channel_id)

    def _next_sizes(self, channel_id: int) -> list[int]:
        """What the channel is to be asked next: larger attachments first, then larger requests."""
        known = self._limits.of(channel_id)
        if channel_id not in self._at_requests:
            if sizes := next_try(known, of_requests=False):
                return sizes
            self._at_requests.add(channel_id)
        return next_try(known, of_requests=True)
