"""What clients may ask of the services."""

from itertools import chain

from manager.context import ClientContext
from protocol import c2s


async def ping_services(context: ClientContext, _: c2s.PingServices) -> None:
    """Finds out which services still answer; clients hear of those that do not."""
    parts = context.parts
    parts.pulse.check(chain(parts.fleet, parts.thumbnailers, parts.processing))
