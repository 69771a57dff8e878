"""Messages as services report them."""

from catalog.content_port import ObjectStore
from catalog.records import ChunkLocation


async def enter_chunk(catalog: ObjectStore, location: ChunkLocation) -> bool:
    """Enters a message with one chunk; true when the chunk is there now."""
    (is_there,) = await catalog.add_message(location.message, [location.chunk])
    return is_there
