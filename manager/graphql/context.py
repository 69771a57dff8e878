"""What resolvers are given."""

from dataclasses import dataclass

from strawberry.types import Info

from catalog.port import Catalog
from manager.accounts.callers import Caller, Callers
from manager.downloads.content_links import ContentLinks
from manager.processing.services import ProcessingDesk
from manager.services.webhooks import QuarantineKeeper, WebhookDirectory
from manager.tickets.references import ReferenceDesk
from manager.tickets.uploads import TicketDesk


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphQLContext:
    """Whoever asks, and the parts of the manager.

    `base_url` is the manager's URL as the caller reaches it, without a slash at its end.
    """

    caller: Caller
    callers: Callers
    catalog: Catalog
    links: ContentLinks
    processing: ProcessingDesk
    references: ReferenceDesk
    tickets: TicketDesk
    webhooks: WebhookDirectory
    quarantines: QuarantineKeeper
    base_url: str


def context_of(info: Info) -> GraphQLContext:
    """The context of a request."""
    context = info.context
    if not isinstance(context, GraphQLContext):
        raise TypeError("the schema is executed without its context")
    return context
