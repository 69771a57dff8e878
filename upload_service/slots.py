"""A slot: one link to the manager, the webhooks leased to it, and the one upload at a time it runs."""

import asyncio
import math
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Final, Self
from uuid import UUID

import structlog
from msgspec.structs import asdict

from client_sdk.connection import Connection
from client_sdk.errors import CloudError, ConnectionLost
from client_sdk.service_peer import connected_to, stay_connected
from common.log_events import bind_ids
from common.manager_urls import ManagerUrls
from common.retry import Backoff
from protocol import s2u
from protocol.codec import Frame
from protocol.extensions import (
    BUNDLE,
    CHANNEL_DEMAND,
    MESSAGE_LIMITS,
    MESSAGES,
    MODIFICATION_TIMES,
    OBJECT_KEYS,
    RESUME,
    TICKET_HOLDERS,
    TICKETS,
    WEBHOOKS,
)
from protocol.generic import Boolean, Primitives
from protocol.packet import Packet
from protocol.u2s import MessageTooLarge, TicketFinish, UncertainPosts, WebhookLost
from protocol.values import LARGEST_CHUNK_SIZE
from storage.discord.http import DiscordHttp, UncertainPostCounter
from storage.discord.messages import ChunkAddress
from storage.discord.routes import WebhookCredentials
from storage.discord.sizes import DOCUMENTED_LIMITS, MessageLimits
from storage.errors import NoWebhook
from storage.object_keys import ObjectKey
from storage.outgoing import FileSender
from storage.pool import WebhookPool
from upload_service.active_uploads import ActiveUpload, ActiveUploads, UploadSpec, object_key
from upload_service.buffers import Lane
from upload_service.bundles import ActiveBundle, ActiveBundles
from upload_service.demand import ChannelDemandMeter
from upload_service.errors import NotStored
from upload_service.forwarding import ReportQueue

log = structlog.get_logger(__name__)

_RECEIVES: Final = frozenset({"s2u", "generic"})
_EXTENSIONS: Final = frozenset(
    {
        WEBHOOKS,
        BUNDLE,
        CHANNEL_DEMAND,
        MESSAGE_LIMITS,
        MESSAGES,
        MODIFICATION_TIMES,
        OBJECT_KEYS,
        TICKETS,
        TICKET_HOLDERS,
        RESUME,
    }
)
_DONE: Final = Boolean(success=True)

_StartPacket = s2u.UploadStartWithKey | s2u.UploadContinue


def _refused(why: str) -> Boolean:
    return Boolean(success=False, message=why)


class WebhookLeases:
    """The ways to Discord that all slots share. An async context manager; within it, slots may post.

    Limits are kept for the process as a whole, so there is one pool of webhooks for each API, which
    is to say: one.

    Attributes:
        uncertain: counts posts whose answer was lost.
        demand: what the manager is told of posts that wait.
    """

    def __init__(self) -> None:
        self.uncertain: Final = UncertainPostCounter()
        self.demand: Final = ChannelDemandMeter(self._waiting)
        self._stack: Final = AsyncExitStack()
        self._pools: dict[str, _LeasedWebhooks] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._stack.aclose()
        self._pools.clear()

    def _waiting(self) -> int:
        return sum(each.http.scheduler.waiting for each in self._pools.values())

    async def of_api(self, url: str) -> "_LeasedWebhooks":
        """The leased webhooks of the API at a base URL."""
        if url not in self._pools:
            # An upload waits for Discord for as long as its client does.
            http = DiscordHttp(api_url=url, give_up_after_s=math.inf, uncertain=self.uncertain)
            self._pools[url] = _LeasedWebhooks(await self._stack.enter_async_context(http))
        return self._pools[url]


Lease = tuple[WebhookCredentials, MessageLimits]
"""A webhook, and what a message takes in its channel."""


class _LeasedWebhooks:
    """The webhooks of one API, and which slot holds which of them."""

    def __init__(self, http: DiscordHttp) -> None:
        self.http = http
        self.pool = WebhookPool(http, self._lost, self._refused)
        self._holders: dict[Slot, dict[int, Lease]] = {}

    def hold(self, slot: "Slot", leases: dict[int, Lease]) -> frozenset[int]:
        """Replace what a slot holds. Returns what no slot holds any more."""
        before = self.ids(slot)
        # The newest lease is the last one, so that its limits apply.
        self._holders.pop(slot, None)
        self._holders[slot] = leases
        held = {key: item for one in self._holders.values() for key, item in one.items()}
        self.pool.set_webhooks(
            [webhook for webhook, _ in held.values()],
            {key: limits for key, (_, limits) in held.items()},
        )
        return before - held.keys()

    def ids(self, slot: "Slot") -> frozenset[int]:
        return frozenset(self._holders.get(slot, {}))

    def _lost(self, webhook_id: int, reason: str) -> None:
        for slot, leases in self._holders.items():
            if webhook_id in leases:
                slot.webhook_lost(webhook_id, reason)

    def _refused(self, webhook_id: int, sizes: Sequence[int]) -> None:
        """One of the slots that hold the webhook reports it, over a link on which it can."""
        for slot, leases in self._holders.items():
            if webhook_id in leases and slot.message_too_large(webhook_id, sizes):
                return


class Slot:
    """Keeps a link to the manager and runs the uploads that the manager gives it.

    The manager ends an upload whose link it loses, so an upload ends with the link; what its chunks
    in flight become is reported over another one.

    Args:
        number: for the log.
        managers: WebSocket URLs with the credentials in their query; a secret.
        uploads: where the intake finds what runs.
        bundles: where it finds bundles that run.
        leases: the way to Discord.
        reports: delivers what the manager must enter.
        lane: bounds this slot's chunks in flight.
        inactivity_timeout_s: seconds without any chunk that end an upload.
        backoff: makes the delays between attempts to connect.
    """

    def __init__(
        self,
        number: int,
        *,
        managers: ManagerUrls,
        uploads: ActiveUploads,
        bundles: ActiveBundles,
        leases: WebhookLeases,
        reports: ReportQueue,
        lane: Lane,
        inactivity_timeout_s: float,
        backoff: Callable[[], Backoff],
    ) -> None:
        self._managers = managers
        self._uploads = uploads
        self._bundles = bundles
        self._leases = leases
        self._reports = reports
        self._lane = lane
        self._inactivity_timeout_s = inactivity_timeout_s
        self._backoff = backoff
        self._number = number
        self._is_configured = False
        self._webhooks: _LeasedWebhooks | None = None
        self._link: Connection | None = None
        self._tasks: asyncio.TaskGroup | None = None
        self._running: ActiveUpload | ActiveBundle | None = None
        self._finished: ActiveUpload | ActiveBundle | None = None
        self._configuring = asyncio.Lock()
        self._gets_more = False
        self._lease_changed = asyncio.Event()
        self._handlers: Final[dict[type[Packet], Callable[..., Awaitable[Packet]]]] = {
            s2u.WebhookConfiguration: self._configure,
            s2u.SizeProbe: self._probe_size,
            s2u.UploadServiceConfiguration: self._decline_bot,
            s2u.UploadStart: self._decline_without_key,
            s2u.UploadStartWithKey: self._start,
            s2u.UploadContinue: self._start,
            s2u.BundleStart: self._start_bundle,
            s2u.UploadAbort: self._abort,
            s2u.TicketAccepted: self._decline_late_ticket,
        }

    @property
    def linked(self) -> bool:
        """Whether the slot has a link to the manager."""
        return self._link is not None

    @property
    def takes_tickets(self) -> bool:
        """Whether the slot is linked to a manager that knows of tickets, and configured."""
        return self._link is not None and TICKETS in self._link.granted and self._is_configured

    @property
    def takes_modification_times(self) -> bool:
        """Whether the manager to which the slot is linked takes the modification times of files."""
        return self._link is not None and MODIFICATION_TIMES in self._link.granted

    async def run(self) -> None:
        """Keep the link up until cancelled."""
        bind_ids(slot=self._number)
        await stay_connected(self._connect, self._backoff())

    async def store(
        self, content: memoryview, ended: asyncio.Future[None], sender: FileSender
    ) -> ChunkAddress:
        """Post a parcel by the leased webhook that may go soonest, as soon as Discord takes it.

        It shares a message with others if the manager can read the report of that.

        Without a leased webhook this waits for one, if the manager leases webhooks to those who wait.

        Raises:
            PostWithdrawn: if `ended` was resolved before.
            StorageError: if Discord refused it, or no webhook is leased.
        """
        with self._leases.demand.posting():
            while (webhooks := self._webhooks) is not None:
                changed = self._lease_changed
                may_share = all(MESSAGES in link.granted for link in self.links)
                try:
                    return await webhooks.pool.post(
                        content,
                        webhooks=partial(webhooks.ids, self),
                        withdrawn=ended,
                        sender=replace(sender, may_share=may_share),
                    )
                except NoWebhook:
                    if self._gets_more:
                        await self._leases.demand.until_leased(changed, ended)
                    # The lease may be for another Discord by now.
                    elif webhooks is self._webhooks:
                        raise
        raise NoWebhook("no webhook is leased")

    def _lease_has_changed(self, *, gets_more: bool) -> None:
        """Have posts that wait for a lease look again; `gets_more`: whether they may go on waiting."""
        self._gets_more = gets_more
        self._lease_changed.set()
        self._lease_changed = asyncio.Event()

    @property
    def links(self) -> Iterator[Connection]:
        """The slot's present link, if it has one."""
        if self._link is not None:
            yield self._link

    async def request(self, packet: Packet, *answers: type[Packet]) -> Packet:
        """Send a packet and wait for its answer. Raises `CloudError`."""
        if self._link is None:
            raise ConnectionLost("there is no link to the manager")
        return await self._link.request(packet, *answers)

    async def _connect(self, backoff: Backoff) -> None:
        async with connected_to(self._managers, receives=_RECEIVES, extensions=_EXTENSIONS) as link:
            self._link = link
            try:
                async with asyncio.TaskGroup() as self._tasks:
                    await self._serve(link, self._tasks, backoff)
            finally:
                self._link = self._tasks = None
                if self._webhooks is not None:
                    # Requests under way go on.
                    self._webhooks.hold(self, {})
                self._lease_has_changed(gets_more=False)

    async def _serve(self, link: Connection, tasks: asyncio.TaskGroup, backoff: Backoff) -> None:
        background = {
            tasks.create_task(self._reports.flush(link), name="flush-reports"),
            tasks.create_task(self._report_uncertain_posts(link), name="report-uncertain-posts"),
        }
        try:
            async for frame in link:
                task = tasks.create_task(self._handle(link, frame), name=frame.packet.id)
                background.add(task)
                task.add_done_callback(background.discard)
                backoff.reset()
        finally:
            self._end_upload("the link to the manager was lost")
            for task in background:
                task.cancel()

    async def _report_uncertain_posts(self, link: Connection) -> None:
        """Report to the manager how many there were, and again when there are more."""
        uncertain, reported = self._leases.uncertain, 0
        with suppress(ConnectionLost):
            while True:
                if uncertain.total > reported:
                    reported = uncertain.total
                    await link.send(UncertainPosts(total=reported))
                else:
                    await uncertain.changed()

    async def _handle(self, link: Connection, frame: Frame) -> None:
        handler = self._handlers.get(type(frame.packet))
        if handler is None:
            return
        bind_ids(request=frame.uuid, upload=getattr(frame.packet, "upload_id", None))
        log.debug("packet-received", packet=frame.packet.id)
        answer = await handler(frame.packet)
        if isinstance(answer, Boolean) and not answer.success:
            log.warning("packet-refused", packet=frame.packet.id, reason=answer.message)
        if frame.uuid is not None:
            with suppress(ConnectionLost):
                await link.send(answer, reply_uuid=frame.uuid)

    async def _configure(self, packet: s2u.WebhookConfiguration) -> Boolean:
        if packet.crypto is not None:
            return _refused("this service takes no master key: upgrade its manager first")
        self._is_configured = True
        async with self._configuring:
            await self._change_lease(packet)
        return _DONE

    async def _change_lease(self, packet: s2u.WebhookConfiguration) -> None:
        """Take a new lease; returns when no request runs any more on what was taken away."""
        webhooks = await self._leases.of_api(packet.api_url)
        if self._webhooks is not None and self._webhooks is not webhooks:
            self._webhooks.hold(self, {})
        self._webhooks = webhooks
        webhooks.http.share_limits(packet.requests_per_s)
        # A report of a single chunk has to name its attachment, of which there can be only one then.
        may_split = self._link is not None and MESSAGES in self._link.granted
        most_attachments = DOCUMENTED_LIMITS.attachments if may_split else 1
        leased = {
            int(one.id): (
                WebhookCredentials(int(one.id), one.token, int(one.channel_id)),
                _limits_of(one.limits, most_attachments),
            )
            for one in packet.webhooks
        }
        revoked = webhooks.hold(self, leased)
        self._lease_has_changed(gets_more=bool(packet.gets_more))
        await webhooks.pool.drained(revoked)

    async def _probe_size(self, packet: s2u.SizeProbe) -> Packet:
        """Find out whether a channel takes a message of these sizes, if nobody uploads now."""
        webhooks, webhook_id = self._webhooks, int(packet.webhook_id)
        if webhooks is None or webhook_id not in webhooks.ids(self):
            return _refused("this webhook is not leased to this service")
        return Primitives(boolean_value=await webhooks.pool.probe(webhook_id, packet.sizes))

    async def _decline_bot(self, _packet: s2u.UploadServiceConfiguration) -> Boolean:
        return _refused("this service posts to webhooks, not with a bot token")

    async def _decline_without_key(self, _packet: s2u.UploadStart) -> Boolean:
        return _refused("this service needs the key of each object that it stores")

    async def _start(self, packet: _StartPacket) -> Boolean:
        why_not = self._why_not() or self._why_not_upload(packet)
        if why_not is not None:
            return _refused(why_not)
        try:
            self._run(self._spec_of(packet), object_key(packet.object_key))
        except (ValueError, NotStored) as error:
            return _refused(str(error))
        return _DONE

    def _spec_of(self, packet: _StartPacket) -> UploadSpec:
        spec = UploadSpec(
            upload_id=UUID(packet.upload_id),
            name=packet.name,
            size=packet.size,
            chunk_size=packet.chunk_size,
            reports_type=self._link is not None and RESUME in self._link.granted,
        )
        if isinstance(packet, s2u.UploadContinue):
            return replace(spec, missing=packet.missing, type=packet.type)
        return spec

    def _why_not(self) -> str | None:
        if not self._is_configured:
            return "this service is not configured"
        if self._uploads.is_closing:
            return "this service stops"
        if self._running is not None:
            return "an upload runs here already"
        return None

    def _why_not_upload(self, packet: _StartPacket) -> str | None:
        if UUID(packet.upload_id) in self._uploads:
            return "there is an upload with this id already"
        if packet.size < 1:
            return "an empty file has no chunks to upload"
        if packet.chunk_size > LARGEST_CHUNK_SIZE:
            return f"chunk_size may be {LARGEST_CHUNK_SIZE} bytes at most"
        return None

    def _run(self, spec: UploadSpec, key: ObjectKey) -> None:
        """Begins an upload. Raises ValueError when the missing chunks are none of it."""
        upload = ActiveUpload(
            spec,
            key=key,
            lane=self._lane,
            backend=self,
            inactivity_timeout_s=self._inactivity_timeout_s,
        )
        self._uploads.add(upload)
        self._take(upload)

    async def _start_bundle(self, packet: s2u.BundleStart) -> Boolean:
        why_not = self._why_not()
        if why_not is None and UUID(packet.bundle_id) in self._bundles:
            why_not = "there is a bundle with this id already"
        if why_not is not None:
            return _refused(why_not)
        try:
            bundle = ActiveBundle(
                packet,
                lane=self._lane,
                backend=self,
                inactivity_timeout_s=self._inactivity_timeout_s,
            )
        except ValueError as error:
            return _refused(str(error))
        self._bundles.add(bundle)
        self._take(bundle)
        return _DONE

    def _take(self, running: ActiveUpload | ActiveBundle) -> None:
        """Runs an upload or a bundle, in place of the one that was kept for late requests."""
        if self._finished is not None:
            self._remove(self._finished)
        self._running = running
        if self._tasks is not None and self._link is not None:
            self._tasks.create_task(self._await_end(running, self._link), name="await-end")

    def _remove(self, running: ActiveUpload | ActiveBundle) -> None:
        if isinstance(running, ActiveBundle):
            self._bundles.remove(running)
        else:
            self._uploads.remove(running)

    async def _abort(self, _packet: s2u.UploadAbort) -> Boolean:
        if self._running is None:
            return _refused("no upload runs here")
        self._end_upload("the upload was aborted")
        return _DONE

    async def _decline_late_ticket(self, packet: s2u.TicketAccepted) -> Boolean:
        """The form that this answers was sent away when no answer came in time."""
        if self._link is not None:
            reason = "the answer came too late"
            finish = TicketFinish(upload_id=packet.upload_id, success=False, reason=reason)
            with suppress(CloudError):
                await self._link.request(finish)
        return _refused("nobody waits for this ticket any more")

    def _end_upload(self, reason: str) -> None:
        """End the upload without a packet to the manager, which has ended it already."""
        running, self._running = self._running, None
        if running is not None:
            self._remove(running)
            running.end(reason)

    async def _await_end(self, running: ActiveUpload | ActiveBundle, link: Connection) -> None:
        await running.finished
        log.debug("upload-ended", is_complete=running.is_complete)
        if self._running is not running:
            return
        self._running = None
        if running.is_complete:
            # Kept until the next upload: a client whose last reply was lost may ask again.
            self._finished = running
        else:
            self._remove(running)
        with suppress(ConnectionLost):
            await link.send(running.finish())

    def message_too_large(self, webhook_id: int, sizes: Sequence[int]) -> bool:
        """Report that Discord has refused a message; false if this cannot be reported over the link."""
        if self._tasks is None or self._link is None or MESSAGE_LIMITS not in self._link.granted:
            return False
        packet = MessageTooLarge(webhook_id=str(webhook_id), sizes=tuple(sizes))
        self._tasks.create_task(_send(self._link, packet), name="message-too-large")
        return True

    def webhook_lost(self, webhook_id: int, reason: str) -> None:
        """Tell the manager that Discord has refused a webhook of this slot for good."""
        log.error("webhook-lost", slot=self._number, webhook_id=webhook_id, reason=reason)
        if self._tasks is not None and self._link is not None:
            packet = WebhookLost(webhook_id=str(webhook_id), reason=reason)
            self._tasks.create_task(_send(self._link, packet), name="webhook-lost")


def _limits_of(limits: s2u.LeaseLimits | None, most_attachments: int) -> MessageLimits:
    """What a message takes; what is documented, if the manager has not said it."""
    known = DOCUMENTED_LIMITS if limits is None else MessageLimits(**asdict(limits))
    return replace(known, attachments=min(most_attachments, known.attachments))


async def _send(link: Connection, packet: Packet) -> None:
    with suppress(ConnectionLost):
        await link.send(packet)
