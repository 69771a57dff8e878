"""Finds messages that our webhooks have posted and that the catalog does not know, and gives them up.

A post whose answer is lost on the way may have been saved. It is posted again, and the first message is
known to nobody. A bot sees it: channel by channel the sweep lists what is older than an hour, asks
the catalog, and enters what is unknown as messages without a chunk, which the reaper then deletes.

**No content is lost by that**, however wrong the times are. The catalog enters an unknown message as one
that was given up for good, in one transaction: a report that comes later is refused, so that its
chunk is sent again, and what was reported before is known.

**Why an hour.** A message's id tells when Discord saved it. Its answer then is seconds away, a minute in
the worst case; the report of it follows at once, and is repeated as long as the link and the upload
live. What is not reported within an hour is that of a service that is gone, or of a catalog that was
away: its upload has ended or is sent again. Reports that services keep on their disks come even days
later, and are refused like any other of an upload that has ended. The hour so only spares clients to
send a chunk twice.

**Which messages are ours.** Those of a configured webhook which hold files and no text, posted while a
manager was known to keep this very catalog (`Watch`). That is written down every minute; what was posted
at other times is left alone, since a catalog that was restored from a backup knows nothing of
what came after the backup, and an empty one nothing at all.

How far a channel was looked through is remembered by the last message that was seen in it: a bot that
may not read the history gets an empty list, which so never counts as having looked.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import structlog

from catalog.errors import CatalogError
from catalog.message_port import MessageStore
from catalog.records import Message, Watch
from manager.metrics import ManagerMetrics
from manager.services.webhooks import WebhookDirectory
from storage.discord.messages import LIST_LIMIT, ListedMessage
from storage.discord.routes import snowflake_at, snowflake_time
from storage.errors import BotUnusable, StorageError

log = structlog.get_logger(__name__)

WATCH_S = 60.0
"""Between two notes that this catalog is kept; what was posted so long after the last one counts."""
SWEEP_S = 600.0
"""Between two looks, and before the first: services come back and report what they have kept."""
PAUSE_S = 1.0
"""Before each request to Discord, one at a time: downloads and deletions go first."""
AGE_S = 3600.0
"""How old a message must be before anything is made of its being unknown."""

ListMessages = Callable[[int, int], Awaitable[Sequence[ListedMessage]]]
"""The messages of a channel right after an id, oldest first, `LIST_LIMIT` at most.

Raises `StorageError`.
"""


class UnknownMessages:
    """Keeps watch over the catalog, and looks through channels for unknown messages.

    Args:
        store: Which messages are known.
        webhooks: Whose messages, and in which channels.
        list_messages: Lists them; None without a bot, and then nobody looks.
        nudge_reaper: Called when there is something to delete.
        metrics: Counts what was found, and what may be there.
        clock: Seconds since the epoch.
        sleep: Waits for seconds.

    Attributes:
        found: Unknown messages that were found since the start.
        swept_at: When the last look ended, in seconds since the epoch; None before the first.
    """

    def __init__(
        self,
        store: MessageStore,
        webhooks: WebhookDirectory,
        list_messages: ListMessages | None,
        nudge_reaper: Callable[[], None],
        metrics: ManagerMetrics,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._webhooks = webhooks
        self._list_messages = list_messages
        self._nudge_reaper = nudge_reaper
        self._metrics = metrics
        self._clock = clock
        self._sleep = sleep
        self._watch: Watch | None = None
        self._blind_in: set[int] = set()
        self.found = 0
        self.swept_at: float | None = None

    @property
    def has_bot(self) -> bool:
        """Whether anybody looks."""
        return self._list_messages is not None

    async def keep_watching(self) -> None:
        """Notes every minute that this catalog is kept, until cancelled."""
        while True:
            try:
                await self.keep_watch()
            except CatalogError as error:
                log.warning("watch-not-noted", code=error.code)
            await self._sleep(WATCH_S)

    async def keep_watch(self) -> None:
        """Notes that this catalog is kept. Raises `CatalogUnavailable`.

        A catalog that does not know what was noted in it before was set back to an earlier state:
        it is kept from now on only.
        """
        now, known = self._clock(), await self._store.watches()
        if self._watch is None:
            kept = [each for each in known if 0 <= now - each.seen_at <= WATCH_S]
        else:
            kept = [each for each in known if _goes_on(each, self._watch) and each.seen_at <= now]
        watch = Watch(began_at=kept[-1].began_at if kept else now, seen_at=now)
        await self._store.keep_watch(watch)
        self._watch = watch

    async def run(self) -> None:
        """Looks at intervals, until cancelled; returns at once without a bot."""
        while self._list_messages is not None:
            await self._sleep(SWEEP_S)
            try:
                await self.sweep(self._list_messages)
            except CatalogError as error:
                log.warning("unknown-messages-not-looked-for", code=error.code)

    async def sweep(self, list_messages: ListMessages) -> None:
        """Looks through all channels from where the last look ended. Raises `CatalogUnavailable`."""
        watches = await self._store.watches()
        swept = await self._store.channel_sweeps()
        began_at = min((watch.began_at for watch in watches), default=self._clock())
        first = snowflake_at(began_at) - 1
        ours = frozenset(self._webhooks.configured)
        for channel_id in self._channels(swept.keys()):
            channel = _Channel(channel_id, ours, watches)
            try:
                await self._sweep_channel(channel, list_messages, swept.get(channel_id, first))
            except BotUnusable:
                continue
            except StorageError as error:
                log.warning("channel-not-listed", channel_id=channel_id, code=error.code)
        self.swept_at = self._clock()

    def _channels(self, swept: Collection[int]) -> list[int]:
        """The webhooks' channels; where one is not known, all that were ever looked through."""
        channels = {webhook.channel_id for webhook in self._webhooks.configured.values()}
        if None in channels:
            channels.update(swept)
        return sorted(channel_id for channel_id in channels if channel_id is not None)

    async def _sweep_channel(
        self, channel: "_Channel", list_messages: ListMessages, after: int
    ) -> None:
        horizon = snowflake_at(self._clock() - AGE_S)
        while after < horizon:
            await self._sleep(PAUSE_S)
            page = await list_messages(channel.id, after)
            old = [message for message in page if message.id < horizon]
            if not old or self._sees_nothing(channel, old):
                return
            after = old[-1].id
            await self._note(channel, old)
            if len(page) < LIST_LIMIT:
                return

    async def _note(self, channel: "_Channel", old: Sequence[ListedMessage]) -> None:
        number = await self._store.note_sweep(
            channel.id,
            swept_until=old[-1].id,
            messages=[channel.entry(each) for each in old if channel.may_be_given_up(each)],
        )
        if number:
            log.info("unknown-messages-found", channel_id=channel.id, number=number)
            self.found += number
            self._metrics.unknown_messages.inc(number)
            self._nudge_reaper()

    def _sees_nothing(self, channel: "_Channel", old: Sequence[ListedMessage]) -> bool:
        """Whether the bot is shown nothing of what our webhooks have posted."""
        ours = [message for message in old if channel.is_ours(message)]
        if not ours or any(message.content or message.attachments for message in ours):
            self._blind_in.discard(channel.id)
            return False
        if channel.id not in self._blind_in:
            self._blind_in.add(channel.id)
            log.error(
                "bot-sees-no-attachments",
                channel_id=channel.id,
                remedy="switch the privileged intent Message Content on in the developer portal",
            )
        return True


@dataclass(frozen=True, slots=True)
class _Channel:
    """A channel that is looked through, and which of its messages may be given up."""

    id: int
    webhook_ids: frozenset[int]
    watches: Sequence[Watch]

    def is_ours(self, message: ListedMessage) -> bool:
        """Whether one of our webhooks has posted it."""
        return message.webhook_id in self.webhook_ids

    def may_be_given_up(self, message: ListedMessage) -> bool:
        """Whether it is a message of ours, of a time at which this catalog knew all of them."""
        posted_at = snowflake_time(message.id)
        return (
            self.is_ours(message)
            and bool(message.attachments)
            and not message.content
            and any(each.began_at <= posted_at <= each.seen_at + WATCH_S for each in self.watches)
        )

    def entry(self, message: ListedMessage) -> Message:
        """The message as the catalog takes it."""
        return Message(
            id=message.id,
            channel_id=self.id,
            webhook_id=message.webhook_id,
            stored_size=sum(attachment.size for attachment in message.attachments),
        )


def _goes_on(known: Watch, watch: Watch) -> bool:
    """Whether the catalog knows a watch as it was noted, or longer."""
    return known.began_at == watch.began_at and known.seen_at >= watch.seen_at
