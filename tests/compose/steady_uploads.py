"""Uploads that never end: a user who goes on uploading while the deployment has its troubles."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from client_sdk import Client

MIB = 1024 * 1024
SIZES = (21 * MIB, 300_000)
"""Of several chunks, which the manager keeps, and of one, which it does not."""
PATIENCE_S = 150.0
"""Bounds how long uploads may take to go on after a trouble, on a busy machine."""


class SteadyUploads:
    """Uploads files in rounds, one of each size at a time.

    Attributes:
        digests: SHA-256 of what was stored, by the full path.
    """

    def __init__(self, cloud: Client, folder: str) -> None:
        self.digests: dict[str, bytes] = {}
        self._cloud = cloud
        self._folder = folder
        self._rounds = 0
        self._is_over = False
        self._changed = asyncio.Condition()

    async def run(self) -> None:
        """Uploads until `finish`."""
        while not self._is_over:
            async with asyncio.TaskGroup() as tasks:
                for size in SIZES:
                    tasks.create_task(self._upload(size))
            async with self._changed:
                self._rounds += 1
                self._changed.notify_all()

    async def go_on(self) -> None:
        """Returns when a round was begun after this call, and its files are stored.

        Raises:
            TimeoutError: the uploads stand still.
        """
        goal = self._rounds + 2
        async with asyncio.timeout(PATIENCE_S), self._changed:
            await self._changed.wait_for(lambda: self._rounds >= goal)

    async def is_whole(self) -> bool:
        """Whether everything that was stored comes back as it was, and nothing else is there."""
        listed = {str(each.path) async for each in self._cloud.list(self._folder)}
        found = {}
        for path in listed:
            found[path] = hashlib.sha256(await self._cloud.read(path)).digest()
        return found == self.digests

    def finish(self) -> None:
        """No further round is begun."""
        self._is_over = True

    async def _upload(self, size: int) -> None:
        path = f"{self._folder}/{self._rounds:03}-{size}.bin"
        content = random.Random(path).randbytes(size)
        # What is sent again because the word of its end was lost must not be there twice.
        await self._cloud.upload(content, path, on_conflict="overwrite")
        self.digests[path] = hashlib.sha256(content).digest()


@asynccontextmanager
async def steady_uploads(cloud: Client, folder: str) -> AsyncIterator[SteadyUploads]:
    """Uploads run within the block; leaving it waits for those that were begun.

    Raises:
        ExceptionGroup: an upload failed.
    """
    uploads = SteadyUploads(cloud, folder)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(uploads.run())
        try:
            await uploads.go_on()
            yield uploads
        finally:
            uploads.finish()
