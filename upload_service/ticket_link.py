"""What the taking of tickets needs of the manager, over whichever link is up."""

from collections.abc import Iterable
from contextlib import suppress
from typing import Protocol

import structlog

from client_sdk.errors import CloudError
from protocol.generic import Boolean
from protocol.packet import Packet
from protocol.s2u import TicketAccepted
from protocol.u2s import ChunkStored, TicketFinish, TicketRedeem
from storage.address import ChunkAddress
from storage.envelope import MasterKey
from upload_service.errors import Busy, NotStored, TicketRefused

log = structlog.get_logger(__name__)


class TicketSlot(Protocol):
    """One of the process's slots, as far as it serves tickets."""

    @property
    def key(self) -> MasterKey | None:
        """Seals chunks; None until the slot is configured."""

    @property
    def takes_tickets(self) -> bool:
        """Whether the slot is linked to a manager that knows of tickets, and configured."""

    async def store(self, content: memoryview) -> ChunkAddress:
        """Post an envelope to Discord. Raises `StorageError`."""

    async def report(self, chunk: ChunkStored) -> Boolean:
        """Tell the manager of a stored chunk. Raises `NotStored`."""

    async def request(self, packet: Packet, *answers: type[Packet]) -> Packet:
        """Send a packet and wait for its answer. Raises `CloudError`."""


class TicketLink:
    """The manager, and Discord, for uploads that belong to no slot."""

    def __init__(self, slots: Iterable[TicketSlot]) -> None:
        self._slots = tuple(slots)

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
            answer = await self._slot().request(packet)
        except CloudError as error:
            raise NotStored(f"the manager did not answer ({error.code})") from error
        if not isinstance(answer, Boolean) or not answer.success:
            message = answer.message if isinstance(answer, Boolean) else None
            raise NotStored(message or "the manager did not take the file")

    async def store(self, content: memoryview) -> ChunkAddress:
        """Post an envelope to Discord. Raises `StorageError`."""
        return await self._slot().store(content)

    async def report(self, chunk: ChunkStored) -> Boolean:
        """Tell the manager of a stored chunk. Raises `NotStored` when no link takes it."""
        for slot in self._slots:
            if slot.takes_tickets:
                with suppress(NotStored):
                    return await slot.report(chunk)
        raise NotStored("the link to the manager was lost: ask for a new ticket")

    def _slot(self) -> TicketSlot:
        """A slot whose link is up. Raises `Busy`."""
        for slot in self._slots:
            if slot.takes_tickets:
                return slot
        raise Busy("this service is not connected to its manager now: try again shortly")
