"""What the reaper would find, whoever posted it."""

from catalog.content_port import MessageStore
from catalog.records import Message


async def orphans_of(catalog: MessageStore) -> list[Message]:
    """All messages that hold no chunk and are not postponed, oldest first."""
    found = [
        message
        for author in await catalog.orphan_authors(limit=1000)
        for message in await catalog.orphan_messages(author, limit=1000)
    ]
    return sorted(found, key=lambda message: message.id)
