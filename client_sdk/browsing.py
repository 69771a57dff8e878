"""The client's part that tells what there is."""

import contextlib
from collections.abc import AsyncGenerator

from client_sdk import listing, wire
from client_sdk.core import ClientCore
from client_sdk.models import Entry, FileInfo, FolderSize, FolderStatus
from client_sdk.paths import RemotePath, clean_folder, remote_text, split_remote


class Browsing(ClientCore):
    """Lists and finds files and folders. `Client` has the documentation."""

    async def list(self, path: RemotePath = "/") -> AsyncGenerator[Entry, None]:
        """Yield what lies in a folder: folders first, then files, each by name.

        Raises:
            NotFound: There is no such folder.
        """
        entries = listing.entries(self._link, clean_folder(path))
        async with contextlib.aclosing(entries):
            async for entry in entries:
                yield entry

    async def exists(self, remote: RemotePath) -> bool:
        """Whether there is a file or a folder with this full path, readable or not."""
        text = remote_text(remote)
        if text.endswith("/"):
            return await self.is_folder(text)
        return await self.is_file(text) or await listing.has_folder(self._link, *split_remote(text))

    async def is_file(self, remote: RemotePath) -> bool:
        """Whether there is a file with this full path, readable or not."""
        return await self._api.file_exists(*split_remote(remote))

    async def is_folder(self, path: RemotePath) -> bool:
        """Whether there is a folder with this full path."""
        return (await listing.status(self._link, clean_folder(path))).exists

    async def find_file(self, remote: RemotePath) -> FileInfo:
        """What the listing of its folder tells of a file.

        Raises:
            NotFound: There is no such file.
        """
        return await listing.find_file(self._link, *split_remote(remote))

    async def folder_status(self, path: RemotePath) -> FolderStatus:
        """Whether a folder exists, and how much lies directly in it."""
        return wire.folder_status(await listing.status(self._link, clean_folder(path)))

    async def folder_size(self, path: RemotePath) -> FolderSize:
        """How many bytes a folder holds with everything below it, and of which types.

        Raises:
            NotFound: There is no such folder.
        """
        folder = clean_folder(path)
        return wire.folder_size(folder, await listing.size(self._link, folder))
