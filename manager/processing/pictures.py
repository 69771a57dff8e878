"""Thumbnails that base-protocol services make when somebody asks for one.

Such a service hands over bytes and stores nothing, so the last pictures are kept in memory; one that
was dropped is made again for whoever asks again.
"""

import asyncio
from collections import OrderedDict
from uuid import UUID

from catalog.records import File
from manager.processing.thumbnailers import Thumbnailers

MAX_PICTURES = 200
"""How many are kept; each has some tens of KiB."""
MAX_PICTURE_BYTES = 512 * 1024
"""Larger ones are no thumbnails."""
PATIENCE_S = 8.0
"""Whoever asks is due an answer within 10 s; the picture is made all the same."""


class Pictures:
    """Thumbnails on demand."""

    def __init__(self, thumbnailers: Thumbnailers, *, patience_s: float = PATIENCE_S) -> None:
        self._thumbnailers = thumbnailers
        self._patience_s = patience_s
        self._kept: OrderedDict[UUID, bytes] = OrderedDict()
        self._making: dict[UUID, asyncio.Task[bool]] = {}

    async def make(self, file: File) -> bool:
        """Whether there is a thumbnail of the file's content now. Raises `CatalogUnavailable`.

        One that takes too long is made all the same, for whoever asks again.
        """
        content = file.object_id
        if content in self._kept:
            return True
        making = self._making.get(content)
        if making is None:
            making = asyncio.create_task(self._make(file), name=f"thumbnail of {content}")
            self._making[content] = making
            making.add_done_callback(lambda _: self._making.pop(content))
        try:
            async with asyncio.timeout(self._patience_s):
                # Others may wait for it, too.
                return await asyncio.shield(making)
        except TimeoutError:
            return False

    async def _make(self, file: File) -> bool:
        picture = await self._thumbnailers.generate(file)
        if picture is None or len(picture) > MAX_PICTURE_BYTES:
            return False
        self._kept[file.object_id] = picture
        if len(self._kept) > MAX_PICTURES:
            self._kept.popitem(last=False)
        return True

    def kept(self, object_id: UUID) -> bytes | None:
        """The thumbnail of some content, AVIF, if it was made lately."""
        return self._kept.get(object_id)
