"""Assigns an upload to a service that answers.

The client waits for the answer to its request meanwhile, and does not know of any service yet. So an
upload whose service does not answer within `START_TIMEOUT_S`, or is lost, goes to another one, if one is
free for it. A silent service gets no other upload until it has answered. Then the manager has it stop
what it may have begun, and it is free for the next upload; or the liveness probe finds it dead, and it is
disconnected.
"""

import asyncio
from collections.abc import Callable

import structlog

from common.tasks import BackgroundTasks
from manager.connections.connection import POLICY_VIOLATION
from manager.errors import (
    BookingsUnavailable,
    NoFreeService,
    PeerGone,
    PeerSilent,
    UnexpectedReply,
)
from manager.services.registry import SlotUpload, UploadSlot, UploadSlotRegistry
from protocol import generic, s2u
from protocol.packet import Packet

log = structlog.get_logger(__name__)

START_TIMEOUT_S = 1.0
"""How long a service may take to answer before another one is tried."""


StartPacket = s2u.UploadStart | s2u.UploadContinue | s2u.BundleStart
"""What has a service begin an upload or a bundle, or go on with an upload."""
PacketFor = Callable[[UploadSlot], StartPacket]
"""What a slot is sent to begin an upload: it may hold a key, if the slot has asked for that."""


async def ask_service(slot: UploadSlot, packet: Packet) -> generic.Boolean | None:
    """The service's answer. None when there is none; then its connection has ended, or is about to."""
    try:
        return await slot.connection.request(packet, generic.Boolean)
    except (PeerSilent, UnexpectedReply) as error:
        log.warning("service-silent", service=slot.id, reason=str(error))
        await slot.connection.close(POLICY_VIOLATION, "no valid answer")
    except PeerGone:
        log.debug("service-gone", service=slot.id)
    return None


class ServiceAssignment:
    """Which slot has an upload. Until one has accepted it, the upload may go to another one.

    Attributes:
        slot: the present one.
    """

    def __init__(
        self,
        upload: SlotUpload,
        slot: UploadSlot,
        slots: UploadSlotRegistry,
        tasks: BackgroundTasks,
        *,
        is_wanted: Callable[[], bool],
        on_answer: Callable[[generic.Boolean], None],
    ) -> None:
        """Puts the upload on a slot.

        Args:
            upload: what runs on it.
            slot: the first slot.
            slots: where to find another.
            tasks: runs what waits for services.
            is_wanted: whether the upload may still go to another slot.
            on_answer: takes what the last slot has answered, before anything that the slot sends
                after that is handled.
        """
        self.slot = slot
        slot.upload = upload
        self._upload = upload
        self._slots = slots
        self._tasks = tasks
        self._is_wanted = is_wanted
        self._on_answer = on_answer
        self._packet_for: PacketFor | None = None
        # Set once the outcome is known, or not waited for any more.
        self._is_settled = asyncio.Event()

    @property
    def is_asked(self) -> bool:
        """Whether a service may have begun the upload."""
        return self._packet_for is not None

    async def start(self, packet_for: PacketFor) -> None:
        """Has a service start the upload; returns once one has answered, or the last one is lost.

        `packet_for` makes what each slot is sent. `slot_lost` reports that a slot has disconnected.
        """
        self._packet_for = packet_for
        self._ask()
        while not self._is_settled.is_set():
            try:
                async with asyncio.timeout(START_TIMEOUT_S):
                    await self._is_settled.wait()
            except TimeoutError:
                await self._leave_silent_slot()

    def slot_lost(self, on_lost: Callable[[], None]) -> None:
        """The slot has disconnected: the upload goes to another one, or `on_lost` is called."""
        if self._may_move:
            self._tasks.spawn(self._replace_lost(on_lost), "replace a lost service")
        else:
            self._is_settled.set()
            on_lost()

    async def _replace_lost(self, on_lost: Callable[[], None]) -> None:
        lost = self.slot
        try:
            other = await self._slots.replace_lost(lost, self._upload.client_id)
        except (NoFreeService, BookingsUnavailable):
            self._is_settled.set()
            on_lost()
        else:
            if self._may_move and self.slot is lost:
                self._go_to(other)
            else:
                self._slots.upload_ended(other)
                on_lost()

    def leave(self) -> None:
        """The upload needs no slot any longer."""
        self._is_settled.set()
        if self.slot.upload is self._upload:
            self.slot.upload = None

    @property
    def _may_move(self) -> bool:
        return self._is_wanted() and not self._is_settled.is_set()

    def _ask(self) -> None:
        """Asks the slot, as soon as it is known what to ask for."""
        if self._packet_for is not None:
            work = self._ask_slot(self.slot, self._packet_for(self.slot))
            self._tasks.spawn(work, "start an upload on its service")

    async def _ask_slot(self, slot: UploadSlot, packet: StartPacket) -> None:
        answer = await ask_service(slot, packet)
        if slot is not self.slot:
            await self._stop_late(slot, answer)
        elif answer is not None:
            self._is_settled.set()
            self._on_answer(answer)

    async def _leave_silent_slot(self) -> None:
        if not self._may_move:
            return
        silent = self.slot
        try:
            other = await self._slots.move_upload(silent)
        except (NoFreeService, BookingsUnavailable):
            return
        if not self._may_move or self.slot is not silent:
            # It has answered, or is lost, while the other one was looked for.
            self._slots.upload_ended(other)
            return
        log.warning("upload-start-slow", service=silent.id, instead=other.id)
        silent.upload = _LeftUpload(self._upload.client_id)
        self._go_to(other)

    def _go_to(self, other: UploadSlot) -> None:
        self.slot = other
        other.upload = self._upload
        self._ask()

    async def _stop_late(self, slot: UploadSlot, answer: generic.Boolean | None) -> None:
        """A slot that the upload has left answers after all: it stops, and is free again."""
        if answer is not None and answer.success:
            answer = await ask_service(slot, s2u.UploadAbort())
        if answer is not None:
            slot.upload = None
            self._slots.upload_ended(slot)


class _LeftUpload:
    """What a slot may have begun that did not answer in time: nothing of it is of use any more."""

    is_resumed = False
    is_bundle = False
    chunk_size = 0

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id

    def chunk_target(self, upload_id: str) -> None:
        """Its chunks are not needed."""

    def service_lost(self) -> None:
        """Nothing depends on it."""
