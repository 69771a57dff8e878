"""Finds messages of the configured webhooks that the catalog does not know, and lists them as garbage.

Discord may have saved a post whose response was lost on the way. The upload service then posts the chunk
again, and the first message is in no catalog. A bot can find it: channel by channel, the sweep lists the
messages older than an hour, compares them with the catalog, and lists the unknown ones there as messages
without a chunk, which the reaper then deletes.

**No content is lost by that**, however wrong the times are. The catalog lists an unknown message as
garbage permanently, in one transaction: it refuses a report that comes later, so that the chunk is
sent again, and a message that was reported before is not unknown.

**Why an hour.** A message's id contains the time at which Discord saved it. Discord's response follows within
seconds, a minute in the worst case; the service reports the chunk at once, and repeats the report as
long as the connection and the upload last. A message that is not reported within an hour comes from a service
that has ended, or was posted while the catalog was unavailable: its upload has ended or is sent again.
Services store reports on their disks and may send them days later; the manager refuses them like any
report of an upload that has ended. So the hour only spares clients from sending a chunk twice.

**Which messages count.** Messages of a configured webhook that have attachments and no text, and that
were posted while a manager was known to run on this very catalog (`Watch`). The manager notes that every
minute. The sweep ignores messages from other times, since a catalog that was restored from a backup does not
know what was posted after the backup, and an empty one knows nothing.

The progress in a channel is the id of the last message seen in it: a bot without the permission to read
the history gets an empty list, which is no progress.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass

import structlog

from catalog.content_port import MessageStore
from catalog.errors import CatalogError
from catalog.records import Message, Watch
from manager.metrics import ManagerMetrics
from manager.services.webhooks import WebhookDirectory
from storage.discord.messages import LIST_LIMIT, ListedMessage
from storage.discord.routes import snowflake_at, snowflake_time
from storage.errors import BotUnusable, StorageError

log = structlog.get_logger(__name__)

WATCH_S = 60.0
"""Seconds between two notes of a watch; messages posted within this time after the last one count."""
SWEEP_S = 600.0
"""Seconds between two sweeps, and before the first: services reconnect and report what they have stored."""
PAUSE_S = 1.0
"""Seconds before each request to Discord, so that downloads and deletions are not delayed."""
AGE_S = 3600.0
"""Seconds after which a message that the catalog does not know is garbage."""

ListMessages = Callable[[int, int], Awaitable[Sequence[ListedMessage]]]
"""The messages of a channel after an id, oldest first, at most `LIST_LIMIT`.

Raises `StorageError`.
"""


class UnknownMessages:
    """Notes that a manager runs on the catalog, and sweeps channels for unknown messages.

    Args:
        store: The messages that the catalog knows.
        webhooks: The webhooks that posted, and their channels.
        list_messages: Lists messages as a bot; None without a bot, which means no sweeps.
        wake_reaper: Is called when there is something to delete.
        metrics: Counts the messages found.
        clock: Seconds since the epoch.
        sleep: Waits for a number of seconds.

    Attributes:
        found: Unknown messages found since the start.
        swept_at: End of the last sweep (seconds since the epoch); None before the first.
    """

    def __init__(
        self,
        store: MessageStore,
        webhooks: WebhookDirectory,
        list_messages: ListMessages | None,
        wake_reaper: Callable[[], None],
        metrics: ManagerMetrics,
        *,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._store = store
        self._webhooks = webhooks
        self._list_messages = list_messages
        self._wake_reaper = wake_reaper
        self._metrics = metrics
        self._clock = clock
        self._sleep = sleep
        self._watch: Watch | None = None
        self._blind_in: set[int] = set()
        self.found = 0
        self.swept_at: float | None = None

    @property
    def has_bot(self) -> bool:
        """Whether there is a bot, and so whether channels are swept."""
        return self._list_messages is not None

    async def keep_watching(self) -> None:
        """Notes every `WATCH_S` seconds that a manager runs on this catalog, until cancelled."""
        # Another manager may have noted it until now.
        self._watch = None
        while True:
            try:
                await self.keep_watch()
            except CatalogError as error:
                log.warning("watch-not-noted", code=error.code)
            await self._sleep(WATCH_S)

    async def keep_watch(self) -> None:
        """Notes that a manager runs on this catalog. Raises `CatalogUnavailable`.

        A catalog without our last note was restored to an earlier state: a new watch begins.
        """
        now, known = self._clock(), await self._store.watches()
        if self._watch is None:
            kept = [each for each in known if 0 <= now - each.seen_at <= WATCH_S]
        else:
            kept = [each for each in known if _continues(each, self._watch) and each.seen_at <= now]
        watch = Watch(began_at=kept[-1].began_at if kept else now, seen_at=now)
        await self._store.keep_watch(watch)
        self._watch = watch

    async def run(self) -> None:
        """Sweeps every `SWEEP_S` seconds, until cancelled; returns at once without a bot."""
        while self._list_messages is not None:
            await self._sleep(SWEEP_S)
            try:
                await self.sweep(self._list_messages)
            except CatalogError as error:
                log.warning("unknown-messages-not-looked-for", code=error.code)

    async def sweep(self, list_messages: ListMessages) -> None:
        """Sweeps all channels, from the ends of their last sweeps. Raises `CatalogUnavailable`."""
        watches = await self._store.watches()
        swept = await self._store.channel_sweeps()
        began_at = min((watch.began_at for watch in watches), default=self._clock())
        first = snowflake_at(began_at) - 1
        ours = frozenset(self._webhooks.configured)
        for channel_id in self._channels(swept.keys()):
            channel = _SweptChannel(channel_id, ours, watches)
            try:
                await self._sweep_channel(channel, list_messages, swept.get(channel_id, first))
            except BotUnusable:
                continue
            except StorageError as error:
                log.warning("channel-not-listed", channel_id=channel_id, code=error.code)
        self.swept_at = self._clock()

    def _channels(self, swept: Collection[int]) -> list[int]:
        """The webhooks' channels; when one is unknown, also all channels that were ever swept."""
        channels = {webhook.channel_id for webhook in self._webhooks.configured.values()}
        if None in channels:
            channels.update(swept)
        return sorted(channel_id for channel_id in channels if channel_id is not None)

    async def _sweep_channel(
        self, channel: "_SweptChannel", list_messages: ListMessages, after: int
    ) -> None:
        horizon = snowflake_at(self._clock() - AGE_S)
        while after < horizon:
            await self._sleep(PAUSE_S)
            page = await list_messages(channel.id, after)
            old = [message for message in page if message.id < horizon]
            if not old or self._is_blind(channel, old):
                return
            after = old[-1].id
            await self._note(channel, old)
            if len(page) < LIST_LIMIT:
                return

    async def _note(self, channel: "_SweptChannel", old: Sequence[ListedMessage]) -> None:
        number = await self._store.note_sweep(
            channel.id,
            swept_until=old[-1].id,
            messages=[channel.entry(each) for each in old if channel.may_be_garbage(each)],
        )
        if number:
            log.info("unknown-messages-found", channel_id=channel.id, number=number)
            self.found += number
            self._metrics.unknown_messages.inc(number)
            self._wake_reaper()

    def _is_blind(self, channel: "_SweptChannel", old: Sequence[ListedMessage]) -> bool:
        """Whether Discord hides the content of our messages from the bot; logs how to change that."""
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
class _SweptChannel:
    """A channel that is swept, and which of its messages may be garbage."""

    id: int
    webhook_ids: frozenset[int]
    watches: Sequence[Watch]

    def is_ours(self, message: ListedMessage) -> bool:
        """Whether one of our webhooks posted it."""
        return message.webhook_id in self.webhook_ids

    def may_be_garbage(self, message: ListedMessage) -> bool:
        """Whether it is ours, and was posted while a manager ran on this catalog."""
        posted_at = snowflake_time(message.id)
        return (
            self.is_ours(message)
            and bool(message.attachments)
            and not message.content
            and any(each.began_at <= posted_at <= each.seen_at + WATCH_S for each in self.watches)
        )

    def entry(self, message: ListedMessage) -> Message:
        """The message as a record of the catalog."""
        return Message(
            id=message.id,
            channel_id=self.id,
            webhook_id=message.webhook_id,
            stored_size=sum(attachment.size for attachment in message.attachments),
        )


def _continues(known: Watch, watch: Watch) -> bool:
    """Whether the catalog's watch is ours, or a later note of it."""
    return known.began_at == watch.began_at and known.seen_at >= watch.seen_at
