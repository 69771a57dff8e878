"""Handles packets of upload services about uploads with tickets."""

import structlog

from catalog.errors import CatalogFaulty, CatalogUnavailable
from manager.connections.dispatch import PacketTable
from manager.error_texts import log_level, public_text
from manager.errors import InvalidRequest
from manager.services.registry import UploadSlot
from manager.tickets.uploads import TicketManager
from protocol import generic, s2u, u2s

log = structlog.get_logger(__name__)


class TicketHandlers:
    """The handlers of packets about uploads with tickets."""

    def __init__(self, tickets: TicketManager) -> None:
        self._tickets = tickets

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            u2s.TicketRedeem: self.redeem_ticket,
            u2s.TicketFinish: self.ticket_finished,
        }

    async def redeem_ticket(
        self, slot: UploadSlot, packet: u2s.TicketRedeem
    ) -> s2u.TicketAccepted | generic.Boolean:
        """A form with a ticket has arrived; its sender reads the reply."""
        try:
            return await self._tickets.redeem(slot, _process_of(slot), packet)
        except CatalogUnavailable as error:
            log.log(log_level(error), "ticket-not-redeemed", reason=str(error))
            return generic.Boolean(success=False, message=public_text(error))

    async def ticket_finished(
        self, slot: UploadSlot, packet: u2s.TicketFinish
    ) -> generic.Boolean | s2u.ReportDeferred:
        """The upload of a ticket is stored, or has failed."""
        try:
            await self._tickets.finish(_process_of(slot), packet)
        except CatalogFaulty as error:
            return s2u.ReportDeferred(fault=public_text(error))
        except CatalogUnavailable as error:
            log.warning("ticket-finish-deferred", reason=str(error))
            return s2u.ReportDeferred()
        return generic.Boolean(success=True)


def _process_of(slot: UploadSlot) -> str:
    if slot.process is None:
        raise InvalidRequest("process: uploads with tickets belong to one")
    return slot.process
