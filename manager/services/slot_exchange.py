"""Answers what other managers ask about slots, and makes their slots usable here.

What it does for uploads of other managers: see `manager.services.remote_slots`.
"""

from collections.abc import Awaitable, Callable
from uuid import UUID

import structlog

from common.tasks import BackgroundTasks
from manager.cluster.membership import Member
from manager.cluster.port import Cluster, Subscription
from manager.connections.connection import POLICY_VIOLATION
from manager.errors import PeerGone, PeerSilent, UnexpectedReply
from manager.services.allocation import SlotCard
from manager.services.registry import UploadSlot, UploadSlotRegistry
from manager.services.remote_bookings import AllocatorLink
from manager.services.remote_slots import (
    ForeignUpload,
    RemoteSlotConnection,
    SlotAction,
    SlotMessage,
    SlotMessenger,
    SlotOutcome,
    SlotReply,
    read_packet,
    slot_subject,
)
from protocol import generic, s2u
from protocol.codec import encode
from protocol.packet import Packet

log = structlog.get_logger(__name__)

TakeFinish = Callable[[UploadSlot, Packet], Awaitable[object]]
"""Handles how an upload on a slot ended, as its service has said it."""
TakeType = Callable[[UploadSlot, str, str], None]
"""Takes the id of an upload on a slot, and the MIME type that its service has found out."""

_DONE = SlotReply(outcome=SlotOutcome.DONE)
_GONE = SlotReply(outcome=SlotOutcome.GONE)
_BUSY = generic.Boolean(success=False, message="another upload runs on this service")


class SlotExchange:
    """This manager's slots for others, and the slots of others for this manager.

    Args:
        cluster: The way to the others.
        registry: The slots.
        link: The way to the allocator.
        tasks: Runs what takes time.
        take_finish: Handles the end of an upload of this manager.
        take_type: Handles that the type of an upload of this manager was found.
    """

    def __init__(
        self,
        cluster: Cluster,
        registry: UploadSlotRegistry,
        link: AllocatorLink,
        tasks: BackgroundTasks,
        *,
        take_finish: TakeFinish,
        take_type: TakeType,
    ) -> None:
        self._cluster = cluster
        self._registry = registry
        self._link = link
        self._tasks = tasks
        self._take_finish = take_finish
        self._take_type = take_type
        self._messenger = SlotMessenger(cluster, tasks)
        self._subscription: Subscription | None = None
        link.serve(self)

    async def start(self) -> None:
        """Answers other managers from now on."""
        own = self._cluster.own.id
        self._subscription = await self._cluster.respond(
            slot_subject(own), SlotMessage, self._answer
        )
        self._cluster.watch_members(lambda _: None, self._member_left)

    async def close(self) -> None:
        """Answers nobody any more."""
        if self._subscription is not None:
            await self._subscription.close()

    # The slots of others

    def card_of(self, slot_id: str) -> SlotCard:
        """See `ServicesListener`."""
        slot = self._registry.own(slot_id)
        if slot is None:
            raise KeyError(slot_id)
        return SlotCard(
            id=slot.id,
            manager=self._cluster.own.id,
            address=slot.address,
            process=slot.process,
            takes_tickets=slot.takes_tickets,
            takes_holders=slot.takes_holders,
            takes_object_keys=slot.takes_object_keys,
            can_resume=slot.can_resume,
            takes_bundles=slot.takes_bundles,
            tells_demand=slot.tells_demand,
            takes_message_limits=slot.takes_message_limits,
            credential_id=None if slot.credential_id is None else str(slot.credential_id),
            channel_id=slot.channel_id,
        )

    def remote_joined(self, card: SlotCard) -> None:
        """See `ServicesListener`."""
        connection = RemoteSlotConnection(
            self._messenger,
            card.manager,
            card.id,
            self._link.state.run_on,
            lambda: self._lost_to_another(card.id),
        )
        slot = UploadSlot(
            id=card.id,
            address=card.address,
            process=card.process,
            connection=connection,
            takes_tickets=card.takes_tickets,
            takes_holders=card.takes_holders,
            takes_object_keys=card.takes_object_keys,
            can_resume=card.can_resume,
            takes_bundles=card.takes_bundles,
            tells_demand=card.tells_demand,
            takes_message_limits=card.takes_message_limits,
            credential_id=None if card.credential_id is None else UUID(card.credential_id),
            channel_id=card.channel_id,
            is_usable=True,
            is_in_service=True,
        )
        self._registry.remote_joined(slot)

    def remote_left(self, slot_id: str) -> None:
        """See `ServicesListener`."""
        self._registry.remote_left(slot_id)

    def _lost_to_another(self, slot_id: str) -> None:
        """The slot has a newer upload, or none: as after an outage in which this manager counted as gone."""
        slot = self._registry.find(slot_id)
        if slot is not None and slot.upload is not None:
            upload, slot.upload = slot.upload, None
            self._registry.upload_ended(slot)
            upload.service_lost()

    # This manager's slots, and its uploads on those of others

    async def _answer(self, message: SlotMessage) -> SlotReply:
        if message.action in {SlotAction.FINISHED, SlotAction.TYPE_FOUND}:
            await self._hear(message)
            return _DONE
        slot = self._registry.own(message.slot)
        if slot is None:
            return _GONE
        match message.action:
            case SlotAction.ASK:
                return await self._ask(slot, message)
            case SlotAction.PING:
                return await _outcome(slot.connection.ping(timeout_s=message.timeout_s))
            case SlotAction.CLOSE:
                await slot.connection.close(message.code, message.text)
            case _:
                if isinstance(slot.upload, ForeignUpload) and slot.upload.run == message.run:
                    self._end(slot, slot.upload)
        return _DONE

    async def _hear(self, message: SlotMessage) -> None:
        """A service has said something about an upload of this manager; of one that ended it is ignored."""
        slot = self._registry.find(message.slot)
        if slot is None or self._link.state.run_on(slot.id) != message.run:
            return
        if message.action is SlotAction.TYPE_FOUND:
            self._take_type(slot, message.upload_id, message.text)
            return
        try:
            packet = read_packet(message.frame)
        except PeerGone:
            log.warning("unreadable-finish", service=slot.id)
        else:
            await self._take_finish(slot, packet)

    async def _ask(self, slot: UploadSlot, message: SlotMessage) -> SlotReply:
        try:
            packet = read_packet(message.frame)
        except PeerGone:
            return _GONE
        upload = slot.upload
        if isinstance(packet, s2u.UploadStart | s2u.UploadContinue | s2u.BundleStart):
            if upload is not None and not isinstance(upload, ForeignUpload):
                return SlotReply(outcome=SlotOutcome.DONE, frame=encode(_BUSY))
            if upload is not None and upload.run >= message.run:
                return _GONE
            self._begin(slot, ForeignUpload(packet, message, self._messenger))
        elif not isinstance(upload, ForeignUpload) or upload.run != message.run:
            return _GONE
        return await _outcome(
            slot.connection.request(packet, generic.Boolean, timeout_s=message.timeout_s)
        )

    def _begin(self, slot: UploadSlot, upload: ForeignUpload) -> None:
        if slot.upload is not None:
            slot.upload.service_lost()
        slot.upload = upload
        self._link.state.stub_began(slot.id, upload.run)

    def _end(self, slot: UploadSlot, upload: ForeignUpload) -> None:
        upload.has_ended = True
        self._link.state.stub_ended(slot.id, upload.run)
        self._link.wake()
        self._registry.foreign_upload_ended(slot)

    def _member_left(self, member: Member) -> None:
        for slot in self._registry:
            upload = slot.upload
            if isinstance(upload, ForeignUpload) and upload.manager == member.id:
                self._tasks.spawn(self._abort(slot, upload), "abort an upload of a lost manager")

    async def _abort(self, slot: UploadSlot, upload: ForeignUpload) -> None:
        """Frees a slot whose upload's manager is gone; what is stored of a kept one is in the journal."""
        upload.has_ended = True
        try:
            await slot.connection.request(s2u.UploadAbort(), generic.Boolean)
        except (PeerSilent, UnexpectedReply):
            await slot.connection.close(POLICY_VIOLATION, "no valid answer")
        except PeerGone:
            log.debug("service-gone", service=slot.id)
        else:
            if slot.upload is upload:
                self._end(slot, upload)


async def _outcome(asking: Awaitable[Packet | None]) -> SlotReply:
    try:
        answer = await asking
    except PeerGone:
        return _GONE
    except (PeerSilent, UnexpectedReply):
        return SlotReply(outcome=SlotOutcome.SILENT)
    return SlotReply(outcome=SlotOutcome.DONE, frame="" if answer is None else encode(answer))
