"""The rules for tickets, as they are configured."""

from dataclasses import dataclass

from catalog.records import TicketLimits
from manager.settings import ManagerSettings
from manager.tickets.approval import ApprovalRules


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketTerms:
    """The rules for tickets; times are seconds.

    Attributes:
        rules: what may be uploaded.
        user_limits: what one user may have under way.
        service_limits: what one other service may have under way.
        life_s: how long a ticket may be used.
        reference_ttl_s: how long an upload is kept that nobody refers to.
        chunk_size: bytes of a chunk.
    """

    rules: ApprovalRules
    user_limits: TicketLimits
    service_limits: TicketLimits
    life_s: float
    reference_ttl_s: float
    chunk_size: int


def ticket_terms(settings: ManagerSettings) -> TicketTerms:
    """The terms that are configured."""
    return TicketTerms(
        rules=ApprovalRules(allowed_types=settings.ticket_types, max_size=settings.ticket_max_size),
        user_limits=TicketLimits(
            open_tickets=settings.user_open_tickets,
            temporary_bytes=settings.user_temporary_bytes,
        ),
        service_limits=TicketLimits(
            open_tickets=settings.service_open_tickets,
            temporary_bytes=settings.service_temporary_bytes,
        ),
        life_s=settings.ticket_life_s,
        reference_ttl_s=settings.ticket_reference_ttl_s,
        chunk_size=settings.chunk_size,
    )
