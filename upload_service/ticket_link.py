"""What the taking of tickets needs of the manager, over whichever link is up."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Protocol

from client_sdk.backoff import Backoff
from client_sdk.errors import CloudError
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import ReportDeferred, TicketAccepted
from protocol.u2s import ChunkStored, TicketFinish, TicketRedeem
from storage.address import ChunkAddress
from storage.envelope import MasterKey
from storage.errors import NoWebhook
from upload_service.errors import Busy, NotStored, TicketRefused
from upload_service.reports import Reports, answer_for_good


class TicketSlot(Protocol):
    """One of the process's slots, as far as it serves tickets."""

    @property
    def key(self) -> MasterKey | None:
        """Seals chunks; None until the slot is configured."""

    @property
    def takes_tickets(self) -> bool:
        """Whether the slot is linked to a manager that knows of tickets, and configured."""

    async def store(self, content: memoryview, ended: asyncio.Future[None]) -> ChunkAddress:
        """Post an envelope to Discord. Raises `StorageError`."""

    async def report(self, chunk: ChunkStored) -> Boolean:
        """Tell the manager of a stored chunk. Raises `NotStored`."""

    async def request(self, packet: Packet, *answers: type[Packet]) -> Packet:
        """Send a packet and wait for its answer. Raises `CloudError`."""


class TicketLink:
    """The manager, and Discord, for uploads that belong to no slot.

    Args:
        slots: over whose links the packets go.
        reports: what the manager must hear of.
        backoff: makes the delays between attempts to tell how an upload ended.
    """

    def __init__(
        self, slots: Iterable[TicketSlot], reports: Reports, backoff: Callable[[], Backoff]
    ) -> None:
        self._slots = tuple(slots)
        self._reports = reports
        self._backoff = backoff

    @property
    def key(self) -> MasterKey:
        """Seals the chunks of uploads that begin now. Raises `Busy`."""
        key = self._slot().key
        if key is None:
            raise Busy("this service is not connected to its manager now: try again shortly")
        return key

    async def redeem(self, packet: TicketRedeem) -> TicketAccepted:
        """Use a ticket up.

        Raises:
            TicketRefused: The manager does not accept it.
            NotStored: The manager did not answer.
        """
        try:
            answer = await self._slot().request(packet, TicketAccepted)
        except CloudError as error:
            raise NotStored(f"the manager did not answer ({error.code})") from error
        if isinstance(answer, TicketAccepted):
            return answer
        message = answer.message if isinstance(answer, Boolean) else None
        raise TicketRefused(message or "the manager does not accept this ticket")

    async def finish(self, packet: TicketFinish) -> None:
        """Tell how an upload ended. Raises `NotStored` unless the manager has taken it down."""
        try:
            answer = await answer_for_good(
                lambda: self._slot().request(packet, ReportDeferred), self._backoff()
            )
        except CloudError as error:
            raise NotStored(f"the manager did not answer ({error.code})") from error
        if not answer.success:
            raise NotStored(answer.message or "the manager did not take the file")

    async def store(self, content: memoryview, ended: asyncio.Future[None]) -> ChunkAddress:
        """Post an envelope to Discord. Raises `StorageError`."""
        while True:
            slot = self._slot()
            try:
                return await slot.store(content, ended)
            except NoWebhook:
                # Without its link a slot has no lease; another one may have both.
                if slot.takes_tickets:
                    raise

    async def report(self, chunk: ChunkStored) -> Boolean:
        """Tell the manager of a stored chunk. Raises `NotStored` when no link takes it."""
        for slot in self._slots:
            if slot.takes_tickets:
                with suppress(NotStored):
                    return await slot.report(chunk)
        return await self._reports.deliver(None, chunk)

    def _slot(self) -> TicketSlot:
        """A slot whose link is up. Raises `Busy`."""
        for slot in self._slots:
            if slot.takes_tickets:
                return slot
        raise Busy("this service is not connected to its manager now: try again shortly")
