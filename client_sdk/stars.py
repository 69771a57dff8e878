"""The client's methods for files and folders that the user has starred."""

from collections.abc import AsyncGenerator

from client_sdk import listing
from client_sdk.errors import NotFound
from client_sdk.models import Entry
from client_sdk.paths import RemotePath, clean_folder, remote_text, split_remote
from client_sdk.session import ClientCore
from protocol import c2s, s2c


class Starring(ClientCore):
    """Stars files and folders. `Client` has the documentation."""

    async def star(self, remote: RemotePath) -> None:
        """Star a file, or a folder if there is no such file. What is starred stays so.

        Stars are the user's own, and stay with what they mark when it is renamed, moved or restored.

        Raises:
            NotFound: There is no such file or folder.
            Refused: It is the root, the user has 1000 stars, or the manager does not know the
                extension `stars`.
        """
        await self._set_star(remote, starred=True)

    async def unstar(self, remote: RemotePath) -> None:
        """Take the star of a file or folder back, if there is one. Raises as `star`."""
        await self._set_star(remote, starred=False)

    async def starred(self) -> AsyncGenerator[Entry, None]:
        """Yield what the user has starred and sees, the last first. What is in the trash is left out.

        Raises:
            Refused: The manager does not know the extension `stars`.
        """
        before: int | None = None
        while True:
            page = await self._link.question(c2s.StarredRequest(before=before), s2c.Starred)
            for each in page.entries:
                yield listing.to_entry(each)
            if page.next is None:
                return
            before = page.next

    async def _set_star(self, remote: RemotePath, *, starred: bool) -> None:
        text = remote_text(remote)
        if not text.endswith("/") and await self._api.file_exists(*split_remote(text)):
            file = await listing.find_file(self._link, *split_remote(text))
            await self._link.order(c2s.StarFile(file_id=file.id, starred=starred))
            return
        folder = await listing.status(self._link, clean_folder(text))
        if not folder.exists:
            raise NotFound(f"{text}: there is no such file or folder")
        await self._link.order(c2s.StarFolder(folder_id=folder.folder_id or 0, starred=starred))
