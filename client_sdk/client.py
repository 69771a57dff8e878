"""The client: files and folders of a manager, in one object."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, BinaryIO

from client_sdk import listing, wire
from client_sdk.administering import Administering
from client_sdk.archives import download_archive, pieces_of_archive
from client_sdk.conflicts import ConflictChoice, OnConflict, as_policy
from client_sdk.downloads import Download
from client_sdk.empty_files import upload_empty
from client_sdk.errors import InvalidInput, Refused, ServerFailed, Unreachable
from client_sdk.events import EventStream
from client_sdk.jobs import Outcome, UploadOrder, UploadResult
from client_sdk.models import Entry, FileInfo, FolderSize, FolderStatus
from client_sdk.organising import Organising
from client_sdk.paths import RemotePath, clean_folder, remote_text, split_remote
from client_sdk.progress import ProgressCallback, ProgressMeter
from client_sdk.sharing import Sharing
from client_sdk.sinks import Stream, sink_at
from client_sdk.sources import Bytes, ReaderFactory, as_source
from client_sdk.status import ManagerStatus


class Client(Administering, Organising, Sharing):
    """A user's view of one manager. Use it as an async context manager.

    Entering connects, when there is a token; the connection is kept, and made again when it is
    lost. Without a token only `login` and `register` work. All methods may be called from many
    tasks at the same time.

    Args:
        url: http(s) URL of the manager.
        token: The user's token, from `login`.
        settings: Limits, time limits and retries.
        link_changed: Called with False when the connection is lost, and with True when it is back;
            must be quick.
    """

    async def login(self, username: str, password: str) -> str:
        """A token for a user. The client itself does not begin to use it.

        Raises:
            WrongPassword: The two do not belong together.
        """
        return await self._api.login(username, password)

    async def register(
        self, username: str, password: str, *, admin_token: str | None = None
    ) -> None:
        """Make a user.

        Args:
            username: 1 to 16 letters and digits.
            password: 8 to 256 characters.
            admin_token: Token of an administrator; not needed for the first user.

        Raises:
            Forbidden: The token is missing, or not an administrator's.
            Refused: The name is taken, or the name or the password cannot be used.
        """
        await self._api.register(username, password, admin_token)

    async def change_password(self, username: str, previous: str, new: str) -> None:
        """Give a user another password. Connections of the user end, and tokens die.

        Raises:
            WrongPassword: The user name and the previous password do not belong together.
            Refused: The new password cannot be used.
            TooManyAttempts: Passwords were tried too often.
        """
        await self._api.change_password(username, previous, new)

    async def status(self) -> ManagerStatus:
        """How the manager is: its upload services, bookings, webhooks and processing."""
        return await self._api.status()

    async def graphql(self, query: str, **variables: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """The data of a GraphQL request (docs/tickets.md). Raises `Forbidden`, `Refused`."""
        return await self._api.graphql(query, variables)

    async def upload(
        self,
        source: str | os.PathLike[str] | Bytes | ReaderFactory,
        remote: RemotePath,
        *,
        size: int | None = None,
        on_conflict: ConflictChoice = OnConflict.RENAME,
        progress: ProgressCallback | None = None,
        is_public: bool = False,
    ) -> UploadResult:
        """Upload a file. Many uploads may run at the same time; they share the booked services.

        Cancelling it takes the upload back. When the connection is lost between the last byte and
        the manager's last word, the file is sent again; with `OnConflict.RENAME` a second copy may
        then remain.

        Args:
            source: A path, the bytes themselves, or a factory of binary readers.
            remote: Full path to upload to, `/folder/name`. Missing folders are made.
            size: Size in bytes, for a factory of readers only.
            on_conflict: What to do when the name is taken, as `OnConflict` or its value, or a
                callback that is asked then.
            progress: Called with every change; must be quick.
            is_public: Whether everybody may read and write the file.

        Raises:
            InvalidInput: The path, the size or `on_conflict` cannot be used.
            TypeError: The source is none of what is listed above, an open file for example.
            Rejected, UploadFailed: The manager did not take it.
            SourceUnreadable, SourceChanged: The source let us down.
            Unreachable, NotLoggedIn: The manager is gone, or the token is no longer good.
        """
        path, name = split_remote(remote)
        policy = as_policy(on_conflict)
        content = await asyncio.to_thread(as_source, source, size)
        order = UploadOrder(
            source=content,
            path=path,
            name=name,
            is_public=is_public,
            on_conflict=policy,
            meter=ProgressMeter(content.size, progress),
        )
        if policy is OnConflict.SKIP and await self._is_surely_there(path, name):
            return order.result(Outcome.SKIPPED)
        if content.size == 0:
            session = self._open_session
            return await upload_empty(session.link, self._api, session.conflicts, order)
        return await self._open_session.uploads.upload(order)

    async def download(
        self,
        remote: RemotePath,
        target: str | os.PathLike[str],
        *,
        resume: bool = True,
        progress: ProgressCallback | None = None,
    ) -> Path:
        """Download a file. The target is replaced at the end, in one step.

        Args:
            remote: Full path of the file.
            target: File to write, or a folder to put it in.
            resume: Go on with what an earlier try has left.
            progress: Called with every change; must be quick.

        Raises:
            NotFound, Forbidden: There is no such file, or the user may not read it.
            DownloadFailed, Unreachable, ServerFailed: It did not get through.
            TargetUnwritable: The target cannot be written, or another download writes it.
        """
        path, name = split_remote(remote)
        local = Path(target)
        if await asyncio.to_thread(local.is_dir):
            local /= name
        sink = await asyncio.to_thread(sink_at, local, resume=resume)
        await Download(self._api, path, name, sink, progress, self._settings).run()
        return local

    async def download_to(
        self, remote: RemotePath, output: BinaryIO, *, progress: ProgressCallback | None = None
    ) -> None:
        """Download a file to something that is open for writing, such as standard output.

        Its writes happen in threads, one after the other. After an error it holds a part.

        Raises:
            NotFound, Forbidden: There is no such file, or the user may not read it.
            DownloadFailed, Unreachable, ServerFailed: It did not get through.
            TargetUnwritable: The output takes no more, or the file changed meanwhile.
        """
        path, name = split_remote(remote)
        await Download(
            self._api, path, name, Stream(output, "the output"), progress, self._settings
        ).run()

    async def download_archive(
        self,
        path: RemotePath,
        target: str | os.PathLike[str],
        *,
        progress: ProgressCallback | None = None,
    ) -> Path:
        """Download a folder with everything in it as a zip archive, but for what may not be read.

        The target is replaced at the end, in one step; what broke off is not kept. The total of
        `progress` is what the folder holds, which the archive may miss by a little, or by what the
        user may not read.

        Args:
            path: The folder.
            target: File to write, or a folder to put `name.zip` in.
            progress: Called with every change; must be quick.

        Raises:
            NotFound: There is no such folder.
            DownloadFailed, Unreachable, ServerFailed: It did not get through.
            TargetUnwritable: The target cannot be written.
        """
        folder, local = clean_folder(path), Path(target)
        if await asyncio.to_thread(local.is_dir):
            local /= f"{folder.rpartition('/')[2] or 'discord-cloud'}.zip"
        size = (await listing.size(self._link, folder)).total_size
        meter = ProgressMeter(size, progress)
        return await download_archive(self._api, folder, local, meter)

    async def read_archive(self, path: RemotePath) -> AsyncGenerator[bytes, None]:
        """Yield the zip archive of a folder, piece by piece. Raises as `download_archive` does."""
        pieces = pieces_of_archive(self._api, clean_folder(path))
        async with contextlib.aclosing(pieces):
            async for piece in pieces:
                yield piece

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
        if await self.is_file(text):
            return True
        # A file may lie one name deeper than any folder: its path is none that a folder can have.
        with contextlib.suppress(InvalidInput):
            return await self.is_folder(text)
        return False

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

    def events(self) -> EventStream:
        """Changes of files and folders, from now on, as an async iterator."""
        return self._open_session.events.stream()

    async def _is_surely_there(self, path: str, name: str) -> bool:
        """Whether sending the file would be in vain; in doubt, the upload itself finds out."""
        with contextlib.suppress(Unreachable, ServerFailed, Refused):
            return await self._api.file_exists(path, name)
        return False
