"""Registers upload slots, configures them with webhooks, and takes them out of bookings when they leave.

A slot is a connection of an upload service, which takes one upload at a time. It can be booked, and is
announced to clients, as soon as it has confirmed a configuration with at least one webhook. A base-protocol
service has a channel of the bot instead, for as long as it is connected.
"""

import asyncio
import base64
import contextlib
import secrets
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Protocol
from uuid import UUID

import structlog
from msgspec.structs import replace

from common.tasks import BackgroundTasks
from manager.broadcast.hub import Hub
from manager.connections.clients import ClientSession
from manager.connections.dispatch import PacketTable
from manager.errors import NoFreeService, PeerGone, PeerSilent, UnexpectedReply
from manager.metrics import UncertainPostTotals
from manager.services.bookings import Bookings
from manager.services.channel_leases import ChannelLeases
from manager.services.channel_limits import ChannelLimitsKeeper
from manager.services.leases import ChannelAssignment, Configure
from manager.services.liveness import LivenessProbe, ServiceConnection, confirms
from manager.services.remote_slots import RemoteSlotConnection
from manager.services.reports import ChunkTarget
from manager.services.webhooks import WebhookDirectory
from manager.settings import ManagerSettings
from protocol import generic, s2c, s2u, u2s
from protocol.packet import Packet
from protocol.values import CHUNK_SIZE, REPLY_TIMEOUT_S


class SlotUpload(Protocol):
    """What runs on a slot, an upload or a bundle of them, as its service acts on it."""

    @property
    def client_id(self) -> str:
        """The connection of the client."""

    @property
    def is_resumed(self) -> bool:
        """Whether chunks of it were stored before it came to this service."""

    @property
    def is_bundle(self) -> bool:
        """Whether it is a bundle."""

    @property
    def chunk_size(self) -> int:
        """Bytes of its largest chunk, at most."""

    def chunk_target(self, upload_id: str) -> ChunkTarget | None:
        """The upload of that id to which a chunk belongs that is reported now; None if there is none."""

    def service_lost(self) -> None:
        """The service has disconnected, and is out of the booking of the upload's client."""


@dataclass(slots=True, eq=False)
class UploadSlot:
    """One connection of an upload service: it takes one upload at a time.

    Attributes:
        id: uuid of the connection.
        address: URL that clients send chunks to; slots of one process may share it.
        process: the process that the slot belongs to, unique among all credentials; None for a
            base-protocol service, which shares nothing with others.
        connection: the way to the service.
        is_connected: false from the moment at which the connection ended.
        takes_tickets: whether the service takes files with tickets.
        takes_holders: whether it is sent the holders of these tickets.
        takes_object_keys: whether it is sent the key of each object, and no master key.
        tells_demand: whether the service tells when its posts wait, and waits for channels if it has none.
        can_resume: whether it goes on with uploads of which some chunks are stored.
        takes_bundles: whether it takes many small files together.
        takes_message_limits: whether it is sent what messages take, and takes larger chunks.
        credential_id: what its service has logged in with; None: the password of all services.
        channel_id: where a base-protocol service posts to, as the bot; None for the others.
        is_usable: whether its last configuration has somewhere to post to.
        is_in_service: whether it takes part in bookings.
        configuring: held while a configuration is brought into force, so that the last one sent stays.
        upload: what runs on it.
    """

    id: str
    address: str
    process: str | None
    connection: ServiceConnection
    takes_tickets: bool = False
    takes_holders: bool = False
    takes_object_keys: bool = False
    can_resume: bool = False
    takes_bundles: bool = False
    tells_demand: bool = False
    takes_message_limits: bool = False
    credential_id: UUID | None = None
    channel_id: int | None = None
    is_connected: bool = True
    is_usable: bool = False
    is_in_service: bool = False
    configuring: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    upload: SlotUpload | None = field(default=None, repr=False)

    def takes_chunks_of(self, chunk_size: int) -> bool:
        """Whether the service takes chunks of so many bytes."""
        return self.takes_message_limits or chunk_size <= CHUNK_SIZE


log = structlog.get_logger(__name__)

CONFIGURE_TIMEOUT_S = 300.0
"""Seconds; a service confirms once its last post on a revoked webhook is through, which may take long."""

PROBE_TIMEOUT_S = 900.0
"""Seconds; a service uploads up to 200 MiB to find out whether Discord takes them, and gives up before."""


class UploadSlotRegistry:
    """All upload slots that are connected."""

    def __init__(
        self,
        bookings: Bookings,
        leases: ChannelLeases,
        hub: Hub,
        webhooks: WebhookDirectory,
        settings: ManagerSettings,
        tasks: BackgroundTasks,
        probe: LivenessProbe,
        limits: ChannelLimitsKeeper,
    ) -> None:
        self._bookings = bookings
        self._probe = probe
        self._hub = hub
        self._webhooks = webhooks
        self._settings = settings
        self._tasks = tasks
        self._leases = leases
        self._channels = ChannelAssignment(settings.discord_channels)
        self._slots: dict[str, UploadSlot] = {}
        self._remote: dict[str, UploadSlot] = {}
        self._requests_per_s = settings.upload_requests_per_s(1)
        self._limits = limits
        leases.subscribe(self._configure)
        self._take_webhooks()
        webhooks.subscribe(self._take_webhooks)
        limits.subscribe(self._send_limits)

    def __iter__(self) -> Iterator[UploadSlot]:
        """Those that are connected to this manager."""
        return iter(tuple(self._slots.values()))

    def everywhere(self) -> Iterator[UploadSlot]:
        """Those of this manager, and those in service of all others."""
        return iter((*self._slots.values(), *self._remote.values()))

    def remote_joined(self, slot: UploadSlot) -> None:
        """A slot of another manager is in service."""
        self._remote[slot.id] = slot
        self._hub.broadcast(_registry(slot, "added"))

    def remote_left(self, slot_id: str) -> None:
        """A slot of another manager is gone, and out of its booking; the upload on it hears of that."""
        slot = self._remote.pop(slot_id)
        slot.is_connected = slot.is_in_service = False
        self._hub.broadcast(_registry(slot, "removed"))
        if slot.upload is not None:
            slot.upload.service_lost()

    def ticket_address(self) -> str | None:
        """The address of some service that takes files with tickets now; None without any."""
        addresses = {
            slot.address
            for slot in self.everywhere()
            if slot.takes_tickets and slot.is_usable and slot.is_connected
        }
        return secrets.choice(sorted(addresses)) if addresses else None

    @property
    def in_service(self) -> int:
        """How many slots can be booked now."""
        return sum(slot.is_in_service for slot in self)

    def addresses(self) -> list[str]:
        """The URLs to which clients send chunks now."""
        return [slot.address for slot in self.everywhere() if slot.is_in_service]

    def has_process(self, process: str) -> bool:
        """Whether any slot of the process is connected."""
        return process in self._processes()

    def leases_to(self, process: str, webhook_id: int) -> bool:
        """Whether the process may have a request running on the webhook."""
        return self._leases.is_held_by(process, webhook_id)

    def send_list_to(self, client: ClientSession) -> None:
        """Sends a new client the list of services that it can book."""
        for slot in self.everywhere():
            if slot.is_in_service:
                client.connection.send(_registry(slot, "list"))

    @contextlib.asynccontextmanager
    async def registered(self, slot: UploadSlot) -> AsyncIterator[None]:
        """A slot is connected for the length of the context."""
        self._slots[slot.id] = slot
        self._configure_new(slot)
        try:
            yield
        finally:
            slot.is_connected = False
            self._revoke_leases(slot)
            self._remove(slot)

    def _configure_new(self, slot: UploadSlot) -> None:
        if slot.process is not None:
            self._leases.slot_joined(slot.process, slot.id, tells_demand=slot.tells_demand)
        elif (bot_token := self._settings.bot_token_for_services) is not None:
            slot.channel_id = self._channels.take(slot.id)
            packet = self._base_packet(bot_token, slot.channel_id)
            self._tasks.spawn(
                self._configure_slot(slot, packet, is_usable=True, timeout_s=REPLY_TIMEOUT_S),
                f"configure base slot {slot.id}",
            )

    def _revoke_leases(self, slot: UploadSlot) -> None:
        if slot.process is not None:
            self._leases.slot_left(slot.process, slot.id)
        self._channels.give_back(slot.id)

    def find(self, slot_id: str) -> UploadSlot | None:
        """The slot with this id, of any manager; None when it is not connected."""
        return self._slots.get(slot_id) or self._remote.get(slot_id)

    def own(self, slot_id: str) -> UploadSlot | None:
        """The slot with this id; None when it is not connected to this manager."""
        return self._slots.get(slot_id)

    async def start_upload(self, client_id: str) -> UploadSlot:
        """Takes a slot for an upload of a client, rather one that answers. Raises `NoFreeService`."""
        return await self._start(client_id, frozenset())

    async def resume_upload(self, client_id: str, chunk_size: int) -> UploadSlot:
        """Takes a slot of a client that can go on with an upload. Raises `NoFreeService`.

        `chunk_size`: bytes of its chunks.
        """
        unable = frozenset(
            slot.id
            for slot in self.everywhere()
            if not slot.can_resume or not slot.takes_chunks_of(chunk_size)
        )
        return await self._start(client_id, unable)

    async def start_bundle(self, client_id: str) -> UploadSlot:
        """Takes a slot of a client for a bundle.

        Raises `NoFreeService`, with the code `no-bundles-here` when those that are idle take none.
        """
        unable = frozenset(slot.id for slot in self.everywhere() if not slot.takes_bundles)
        try:
            return await self._start(client_id, unable)
        except NoFreeService as error:
            holdings = await self._bookings.holdings(client_id)
            if unable.isdisjoint(holdings.idle):
                raise
            raise NoFreeService(
                "no-bundles-here", "the upload services that are free take no bundles"
            ) from error

    async def _start(self, client_id: str, unable: frozenset[str]) -> UploadSlot:
        try:
            slot_id = await self._bookings.start_upload(client_id, unable | self._probe.unanswered)
        except NoFreeService:
            slot_id = await self._bookings.start_upload(client_id, unable)
        return self._taken(slot_id)

    def _taken(self, slot_id: str) -> UploadSlot:
        """The slot that the ledger has given to an upload. Raises `NoFreeService` if it has left since."""
        slot = self.find(slot_id)
        if slot is None or not slot.is_connected:
            self._bookings.upload_ended(slot_id)
            raise NoFreeService("service-gone", "the upload service has just disconnected")
        return slot

    async def move_upload(self, slot: UploadSlot) -> UploadSlot:
        """The slot does not answer: its process is pinged, and the upload gets another slot.

        The silent slot is not assigned again before its `upload_ended`. Raises `NoFreeService` when
        no slot of another process is free for the upload.
        """
        avoid = self._unlike(slot)
        self._probe.check(
            each for each in self.everywhere() if each is slot or _share_process(each, slot)
        )
        return self._taken(
            await self._bookings.move_upload(slot.id, avoid | self._probe.unanswered)
        )

    async def replace_lost(self, slot: UploadSlot, client_id: str) -> UploadSlot:
        """Takes another slot for an upload that had begun on a lost one. Raises `NoFreeService`."""
        avoid = self._unlike(slot) | self._probe.unanswered
        return self._taken(await self._bookings.start_upload(client_id, avoid))

    def _unlike(self, slot: UploadSlot) -> frozenset[str]:
        """Slots that cannot replace this one: those of its process, or of another protocol.

        The chunks of a base-protocol service are entered in another way, and not every other one
        goes on with an upload of which some chunks are stored, takes bundles, or chunks of any size.
        """
        is_base = slot.process is None
        is_resumed = slot.upload is not None and slot.upload.is_resumed
        is_bundle = slot.upload is not None and slot.upload.is_bundle
        chunk_size = 0 if slot.upload is None else slot.upload.chunk_size
        return frozenset(
            each.id
            for each in self.everywhere()
            if _share_process(each, slot)
            or (each.process is None) != is_base
            or (is_resumed and not each.can_resume)
            or (is_bundle and not each.takes_bundles)
            or not each.takes_chunks_of(chunk_size)
        )

    def upload_ended(self, slot: UploadSlot) -> None:
        """No upload runs on the slot any more: it takes the next one, if it still can."""
        if isinstance(slot.connection, RemoteSlotConnection):
            slot.connection.release()
            self._bookings.upload_ended(slot.id)
        elif slot.is_connected and slot.is_usable:
            self._bookings.upload_ended(slot.id)
        else:
            self._leave_service(slot)

    def foreign_upload_ended(self, slot: UploadSlot) -> None:
        """No upload of another manager runs on the slot any more; that manager frees it in its booking."""
        slot.upload = None
        if not slot.is_usable:
            self._leave_service(slot)

    def _remove(self, slot: UploadSlot) -> None:
        """Takes the slot out of its booking before its client is sent the outcome of the upload on it.

        So the client does not ask for another upload on it meanwhile.
        """
        self._leave_service(slot)
        if slot.upload is not None:
            slot.upload.service_lost()
        self._slots.pop(slot.id, None)

    def _take_webhooks(self) -> None:
        channels = {
            webhook.id: webhook.channel_id
            for webhook in self._webhooks.usable
            if webhook.channel_id is not None
        }
        self._leases.set_webhooks(channels)

    def _configure(self, configurations: Iterable[Configure]) -> None:
        """Sends the new leases; when the number of processes changed, to all their share of requests."""
        new = {configuration.process: configuration for configuration in configurations}
        share = self._settings.upload_requests_per_s(self._leases.process_count)
        concerned = new.keys() if share == self._requests_per_s else self._processes()
        self._requests_per_s = share
        for process in concerned:
            configuration = new.get(process) or self._leases.current(process)
            self._tasks.spawn(self._configure_process(configuration), f"configure {process}")

    def demand_told(self, process: str, *, waiting: int) -> None:
        """A process has said how many of its posts wait; leases move to where they are needed."""
        uploads = Counter(
            slot.process for slot in self if slot.process is not None and slot.upload is not None
        )
        self._leases.demand_told(process, is_waiting=waiting > 0, uploads=uploads)

    def _send_limits(self) -> None:
        """Sends all leases again, since a message takes more or less in some channel."""
        self._configure(map(self._leases.current, self._processes()))

    async def probe_size(self, channel_id: int, sizes: Sequence[int]) -> bool | None:
        """Asks who may post there whether a message takes attachments of these sizes, in bytes.

        None when nobody could find it out now.
        """
        for slot in self:
            webhook_id = self._webhook_for(slot, channel_id)
            if webhook_id is not None:
                return await _probed(slot, webhook_id, sizes)
        return None

    def _webhook_for(self, slot: UploadSlot, channel_id: int) -> int | None:
        """The webhook with which a slot can post to a channel; None if it cannot, or not be asked."""
        if not (slot.is_usable and slot.is_connected and slot.takes_message_limits):
            return None
        leased = self._leases.webhooks_of(slot.process or "")
        for webhook in self._webhooks.usable:
            if webhook.channel_id == channel_id and webhook.id in leased:
                return webhook.id
        return None

    def _processes(self) -> set[str]:
        connected = (slot.process for slot in self if slot.is_connected)
        return {process for process in connected if process is not None}

    async def _configure_process(self, configuration: Configure) -> None:
        slots = [slot for slot in self if slot.process == configuration.process]
        packet = self._packet(configuration)
        is_usable = bool(packet.webhooks or packet.gets_more)
        await asyncio.gather(
            *(
                self._configure_slot(
                    slot,
                    replace(
                        packet,
                        crypto=self._crypto_for(slot),
                        webhooks=tuple(_lease_for(slot, lease) for lease in packet.webhooks),
                    ),
                    is_usable=is_usable,
                    timeout_s=CONFIGURE_TIMEOUT_S,
                )
                for slot in slots
            )
        )
        self._leases.confirmed(configuration.process, configuration.number)

    def object_key_for(self, slot: UploadSlot, object_id: str) -> s2u.EncodedObjectKey | None:
        """The key with which the slot seals an object; None for a slot that has the master key."""
        return self.object_key(object_id) if slot.takes_object_keys else None

    def object_key(self, object_id: str) -> s2u.EncodedObjectKey:
        """The key that seals an object."""
        key = self._settings.keyring.primary.object_key(UUID(object_id))
        return s2u.EncodedObjectKey(
            key=base64.b64encode(key.secret).decode(), key_id=key.key_id.hex()
        )

    def _packet(self, configuration: Configure) -> s2u.WebhookConfiguration:
        usable = {webhook.id: webhook for webhook in self._webhooks.usable}
        return s2u.WebhookConfiguration(
            webhooks=tuple(
                s2u.WebhookLease(
                    id=str(webhook.id),
                    token=webhook.token,
                    channel_id=str(webhook.channel_id),
                    limits=s2u.LeaseLimits(**asdict(self._limits.of(webhook.channel_id))),
                )
                for webhook_id in configuration.webhook_ids
                if (webhook := usable.get(webhook_id)) is not None
                and webhook.channel_id is not None
            ),
            gets_more=configuration.gets_more or None,
            api_url=self._settings.discord_api_url,
            requests_per_s=self._requests_per_s,
        )

    def _base_packet(self, bot_token: str, channel_id: int) -> s2u.UploadServiceConfiguration:
        return s2u.UploadServiceConfiguration(
            crypto=self._master_key(),
            discord_bot_token=bot_token,
            discord_channel_id=str(channel_id),
        )

    def _crypto_for(self, slot: UploadSlot) -> s2u.Crypto | None:
        return None if slot.takes_object_keys else self._master_key()

    def _master_key(self) -> s2u.Crypto:
        key = self._settings.keyring.primary.secret
        return s2u.Crypto(enabled=True, key=base64.b64encode(key).decode())

    async def _configure_slot(
        self, slot: UploadSlot, packet: Packet, *, is_usable: bool, timeout_s: float
    ) -> None:
        """Brings one configuration into force; a slot that does not confirm it is disconnected.

        `is_usable`: whether the configuration lets the slot take uploads.
        """
        async with slot.configuring:
            if await confirms(slot, packet, timeout_s=timeout_s):
                self._update_service(slot, is_usable=is_usable)

    def _update_service(self, slot: UploadSlot, *, is_usable: bool) -> None:
        """A slot without webhooks is out of service, but not before the upload on it has ended."""
        slot.is_usable = is_usable
        if is_usable and slot.is_connected and not slot.is_in_service:
            slot.is_in_service = True
            self._bookings.service_joined(slot.id)
            self._hub.broadcast(_registry(slot, "added"))
        elif not is_usable and slot.upload is None:
            self._leave_service(slot)

    def _leave_service(self, slot: UploadSlot) -> None:
        if slot.is_in_service:
            slot.is_in_service = False
            self._bookings.service_left(slot.id)
            self._hub.broadcast(_registry(slot, "removed"))


def _registry(slot: UploadSlot, action: s2c.ServiceAction) -> s2c.ServiceRegistry:
    return s2c.ServiceRegistry(
        service_type="upload",
        action=action,
        service_uuid=slot.id,
        address=None if action == "removed" else slot.address,
    )


def _lease_for(slot: UploadSlot, lease: s2u.WebhookLease) -> s2u.WebhookLease:
    """The lease without what the service would refuse as unknown."""
    return lease if slot.takes_message_limits else replace(lease, limits=None)


async def _probed(slot: UploadSlot, webhook_id: int, sizes: Sequence[int]) -> bool | None:
    packet = s2u.SizeProbe(webhook_id=str(webhook_id), sizes=tuple(sizes))
    try:
        answer = await slot.connection.request(
            packet, generic.Primitives, timeout_s=PROBE_TIMEOUT_S
        )
    except (PeerGone, PeerSilent, UnexpectedReply):
        return None
    return answer.boolean_value


def _share_process(one: UploadSlot, other: UploadSlot) -> bool:
    return one.process is not None and one.process == other.process


class WebhookReportHandlers:
    """The handlers of reports about webhooks, and about posts whose outcome is unknown."""

    def __init__(
        self,
        slots: UploadSlotRegistry,
        webhooks: WebhookDirectory,
        limits: ChannelLimitsKeeper,
        uncertain_posts: UncertainPostTotals,
    ) -> None:
        self._slots = slots
        self._webhooks = webhooks
        self._limits = limits
        self._uncertain_posts = uncertain_posts

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            u2s.ChannelDemand: self.channel_demand,
            u2s.MessageTooLarge: self.message_too_large,
            u2s.UncertainPosts: self.uncertain_posts,
            u2s.WebhookLost: self.webhook_lost,
        }

    async def webhook_lost(self, slot: UploadSlot, packet: u2s.WebhookLost) -> None:
        """Stops the use of a webhook, if the service may post to it; reports on others are ignored."""
        webhook_id = int(packet.webhook_id)
        if slot.process is None or not self._slots.leases_to(slot.process, webhook_id):
            log.warning("loss-of-unleased-webhook", service=slot.id, webhook_id=webhook_id)
            return
        self._webhooks.quarantine(webhook_id, packet.reason)

    async def channel_demand(self, slot: UploadSlot, packet: u2s.ChannelDemand) -> None:
        """Posts of the process wait, or do no more."""
        if slot.process is not None:
            self._slots.demand_told(slot.process, waiting=packet.waiting)

    async def message_too_large(self, slot: UploadSlot, packet: u2s.MessageTooLarge) -> None:
        """Lowers the limits of a channel, if the service may post to it; other reports are ignored."""
        webhook_id = int(packet.webhook_id)
        webhook = self._webhooks.configured.get(webhook_id)
        if slot.process is None or not self._slots.leases_to(slot.process, webhook_id):
            log.warning("refusal-of-unleased-webhook", service=slot.id, webhook_id=webhook_id)
        elif webhook is not None and webhook.channel_id is not None:
            self._limits.refused(webhook.channel_id, packet.sizes)

    async def uncertain_posts(self, slot: UploadSlot, packet: u2s.UncertainPosts) -> None:
        """Some posts of the process may have left messages that no catalog knows."""
        if slot.process is not None:
            self._uncertain_posts.report(slot.process, packet.total)
