"""What thumbnail services send."""

from manager.context import ThumbnailerContext
from protocol import t2s


async def thumbnail_data(context: ThumbnailerContext, packet: t2s.ThumbnailData) -> None:
    """A picture has been made, or cannot be; who asked for it is told."""
    context.parts.thumbnailers.received(context.service, packet)
