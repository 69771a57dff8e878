"""Finding other users."""

from manager.context import ClientContext
from protocol import c2s, s2c

MAX_RESULTS = 100


async def search_users(context: ClientContext, packet: c2s.UserSearchRequest) -> s2c.UserSearch:
    """Users whose name contains the query, those that start with it first."""
    users = await context.parts.catalog.search_users(packet.query, limit=MAX_RESULTS)
    results = tuple(s2c.UserHandle(id=user.id, name=user.name) for user in users)
    return s2c.UserSearch(success=True, results=results)
