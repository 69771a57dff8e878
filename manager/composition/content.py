"""What lies on Discord: its webhooks, what reads it, and what removes garbage."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from manager.composition.foundation import Foundation
from manager.gc.outage_grace import OutageGrace, no_grace
from manager.gc.reaper import Reaper
from manager.gc.temporary_references import TemporaryReferences
from manager.gc.unknown_messages import UnknownMessages
from manager.services.channel_limits import ChannelLimitsKeeper, ChunkSizes
from manager.services.saved_records import SharedRecords
from manager.services.webhooks import QuarantineKeeper, WebhookDirectory
from manager.uploads.readability import ReadabilityCheck
from storage.discord.http import DiscordHttp
from storage.discord.messages import Bot, WebhookClient
from storage.discord.routes import WebhookCredentials
from storage.reader import AttachmentFinder, ChunkReader

SHARED_RECORDS_S = 30.0
"""Seconds between two looks at what other managers know of webhooks and channels."""


@dataclass(frozen=True, kw_only=True)
class ContentParts:
    """What stores and reads content.

    Attributes:
        webhooks: Those that are configured, and what is known of them.
        limits: What messages of each channel take.
        chunk_sizes: Of new uploads.
        quarantines: Saves which webhooks are not used.
        shared_records: Looks at what other managers have saved.
        temporary_references: Keep what is in use.
        reaper: Deletes garbage.
        wake_reaper: Has the reaper of whichever manager runs it look at once.
        unknown_messages: Finds messages that no catalog knows.
        attachments: Finds where messages can be downloaded.
        reader: Downloads and decrypts chunks.
        readability: Of content that another program has encrypted.
    """

    webhooks: WebhookDirectory
    limits: ChannelLimitsKeeper
    chunk_sizes: ChunkSizes
    quarantines: QuarantineKeeper
    shared_records: SharedRecords
    temporary_references: TemporaryReferences
    reaper: Reaper
    wake_reaper: Callable[[], None]
    unknown_messages: UnknownMessages
    attachments: AttachmentFinder
    reader: ChunkReader
    readability: ReadabilityCheck


async def compose_content(base: Foundation) -> ContentParts:
    """Restores what is known of webhooks and channels, which is saved when the manager stops."""
    settings, catalog, http, clock = base.settings, base.catalog, base.http, base.clock
    bot = None if settings.bot_token is None else Bot(http, settings.bot_token)
    webhooks = WebhookDirectory(settings.webhooks, clock=clock, has_bot=bot is not None)
    limits = ChannelLimitsKeeper(catalog, webhooks, clock=clock)
    await limits.restore()
    base.stack.push_async_callback(limits.save_at_last)
    quarantines = QuarantineKeeper(webhooks, catalog, partial(channel_of, http))
    await quarantines.restore()
    base.stack.push_async_callback(quarantines.save_at_last)
    shared_records = SharedRecords(
        [limits, quarantines], interval_s=None if base.change_log is None else SHARED_RECORDS_S
    )
    tell_of_records = await base.notices.tell_others("records", shared_records.look_soon)
    limits.tell_others_by(tell_of_records)
    quarantines.tell_others_by(tell_of_records)
    temporary_references = TemporaryReferences(catalog, clock, life_s=settings.upload_hold_s)
    reaper = Reaper(
        catalog,
        webhooks,
        partial(_delete_message, http),
        base.metrics,
        interval_s=settings.reaper_interval_s,
        grace_s=settings.gc_grace_s,
        renew_references=temporary_references.renew,
        outage_grace=_outage_grace(base),
        delete_as_bot=None if bot is None else bot.delete,
        clock=clock,
        monotonic=base.monotonic,
    )
    webhooks.subscribe(reaper.webhooks_changed)
    wake_reaper = await base.notices.share("garbage", reaper.wake)
    attachments = AttachmentFinder(http, webhooks.readable, bot_token=settings.bot_token)
    webhooks.subscribe(attachments.forget_refusals)
    return ContentParts(
        webhooks=webhooks,
        limits=limits,
        chunk_sizes=ChunkSizes(settings.chosen_chunk_size, limits),
        quarantines=quarantines,
        shared_records=shared_records,
        temporary_references=temporary_references,
        reaper=reaper,
        wake_reaper=wake_reaper,
        unknown_messages=UnknownMessages(
            catalog,
            webhooks,
            None if bot is None else bot.messages_after,
            wake_reaper,
            base.metrics,
            clock=clock,
        ),
        attachments=attachments,
        reader=ChunkReader(
            http,
            attachments,
            settings.keyring,
            reads_base_content=settings.base_upload_services,
        ),
        readability=ReadabilityCheck(catalog, webhooks, attachments.find),
    )


async def channel_of(http: DiscordHttp, webhook: WebhookCredentials) -> int:
    """The channel of a webhook, by asking Discord."""
    return (await WebhookClient(http, webhook).info()).channel_id


async def _delete_message(http: DiscordHttp, webhook: WebhookCredentials, message_id: int) -> None:
    await WebhookClient(http, webhook).delete(message_id)


def _outage_grace(base: Foundation) -> OutageGrace:
    """Longer than it takes the other managers to renew their references; nothing, if there are none."""
    if base.settings.cluster_url is None:
        return no_grace()
    return OutageGrace(base.settings.upload_hold_s / 2, base.catalog.check_reads)
