"""What upload services send about uploads with tickets."""

import structlog

from catalog.errors import CatalogFaulty, CatalogUnavailable
from manager.context import SlotContext
from manager.error_texts import log_level, public_text
from manager.errors import InvalidRequest
from protocol import generic, s2u, u2s

log = structlog.get_logger(__name__)


async def redeem_ticket(
    context: SlotContext, packet: u2s.TicketRedeem
) -> s2u.TicketAccepted | generic.Boolean:
    """Somebody has sent a form with a ticket, and reads what is said to it."""
    try:
        return await context.parts.tickets.redeem(context.slot, _process_of(context), packet)
    except CatalogUnavailable as error:
        log.log(log_level(error), "a ticket was not redeemed", problem=str(error))
        return generic.Boolean(success=False, message=public_text(error))


async def ticket_finished(
    context: SlotContext, packet: u2s.TicketFinish
) -> generic.Boolean | s2u.ReportDeferred:
    """The upload of a ticket has ended, one way or the other."""
    try:
        await context.parts.tickets.finish(_process_of(context), packet)
    except CatalogFaulty as error:
        return s2u.ReportDeferred(fault=public_text(error))
    except CatalogUnavailable as error:
        log.warning("the end of a ticket's upload is deferred", problem=str(error))
        return s2u.ReportDeferred()
    return generic.Boolean(success=True)


def _process_of(context: SlotContext) -> str:
    process = context.slot.process
    if process is None:
        raise InvalidRequest("process: uploads with tickets belong to one")
    return process
