"""What clients may ask of the services."""

from manager.context import ClientContext
from protocol import c2s


async def ping_services(context: ClientContext, _: c2s.PingServices) -> None:
    """Finds out which services still answer; clients hear of those that do not."""
    context.parts.pulse.check()
