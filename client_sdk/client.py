"""The client: files and folders of a manager, in one object."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import aiohttp

from client_sdk import listing
from client_sdk.conflicts import ConflictPolicy, OnConflict
from client_sdk.downloads import Download
from client_sdk.empty_files import upload_empty
from client_sdk.errors import NotLoggedIn, Refused, ServerFailed, Unreachable
from client_sdk.events import EventStream
from client_sdk.http import ManagerHttp
from client_sdk.jobs import Outcome, UploadOrder, UploadResult
from client_sdk.paths import clean_folder, split_remote
from client_sdk.progress import ProgressCallback, ProgressMeter
from client_sdk.session import Session
from client_sdk.settings import ClientSettings
from client_sdk.sources import Bytes, ReaderFactory, as_source
from client_sdk.urls import base_url, socket_url
from protocol import c2s, s2c


class Client:
    """A user's view of one manager. Use it as an async context manager.

    Entering connects, when there is a token; the connection is kept, and made again when it is
    lost. Without a token only `login` and `register` work. All methods may be called from many
    tasks at the same time.

    Args:
        url: http(s) URL of the manager.
        token: The user's token, from `login`.
        settings: Limits, time limits and retries.
    """

    def __init__(
        self, url: str, token: str | None = None, *, settings: ClientSettings | None = None
    ) -> None:
        self._base = base_url(url)
        self._token = token
        self._settings = settings or ClientSettings()
        self._stack = contextlib.AsyncExitStack()
        self._http: ManagerHttp | None = None
        self._session: Session | None = None

    def __repr__(self) -> str:
        return f"Client({self._base!r})"

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as stack:
            http = await stack.enter_async_context(
                aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), trust_env=True)
            )
            self._http = ManagerHttp(http, self._base, self._token, self._settings)
            if self._token is not None:
                url = socket_url(self._base, self._token)
                opening = Session.open(url, http, self._settings)
                self._session = await stack.enter_async_context(opening)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.__aexit__(kind, error, trace)

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

    async def status(self) -> dict[str, Any]:
        """The manager's upload services and bookings, as the manager tells them."""
        return await self._api.status()

    async def upload(
        self,
        source: str | os.PathLike[str] | Bytes | ReaderFactory,
        remote: str,
        *,
        size: int | None = None,
        on_conflict: ConflictPolicy = OnConflict.RENAME,
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
            on_conflict: What to do when the name is taken, or a callback that is asked then.
            progress: Called with every change; must be quick.
            is_public: Whether everybody may read and write the file.

        Raises:
            InvalidInput: The path cannot be used.
            Rejected, UploadFailed: The manager did not take it.
            SourceUnreadable, SourceChanged: The source let us down.
            Unreachable, NotLoggedIn: The manager is gone, or the token is no longer good.
        """
        path, name = split_remote(remote)
        content = await asyncio.to_thread(as_source, source, size)
        order = UploadOrder(
            source=content,
            path=path,
            name=name,
            is_public=is_public,
            on_conflict=on_conflict,
            meter=ProgressMeter(content.size, progress),
        )
        if on_conflict is OnConflict.SKIP and await self._is_surely_there(path, name):
            return order.result(Outcome.SKIPPED)
        if content.size == 0:
            session = self._open_session
            return await upload_empty(session.link, self._api, session.conflicts, order)
        return await self._open_session.uploads.upload(order)

    async def download(
        self,
        remote: str,
        target: str | os.PathLike[str],
        *,
        resume: bool = True,
        progress: ProgressCallback | None = None,
    ) -> Path:
        """Download a file. The target is replaced at the end, in one step.

        Args:
            remote: Full path of the file.
            target: File to write, or a folder to put it in.
            resume: Go on with the `.part` file that an earlier try has left.
            progress: Called with every change; must be quick.

        Raises:
            NotFound, Forbidden: There is no such file, or the user may not read it.
            DownloadFailed, Unreachable, ServerFailed: It did not get through.
            TargetUnwritable: The target cannot be written.
        """
        path, name = split_remote(remote)
        local = Path(target)
        if await asyncio.to_thread(local.is_dir):
            local /= name
        return await Download(self._api, path, name, local, progress, self._settings).run(
            resume=resume
        )

    async def list(self, path: str = "/") -> AsyncIterator[s2c.FolderHandle | s2c.ListedFileHandle]:
        """Yield what lies in a folder: folders first, then files, each by name.

        Raises:
            NotFound: There is no such folder.
        """
        async for entry in listing.entries(self._open_session.link, clean_folder(path)):
            yield entry

    async def exists(self, remote: str) -> bool:
        """Whether there is a file with this full path, readable or not."""
        return await self._api.exists(*split_remote(remote))

    async def folder_status(self, path: str) -> s2c.FolderStatus:
        """Whether a folder exists, and how much lies directly in it."""
        return await listing.status(self._open_session.link, clean_folder(path))

    async def folder_size(self, path: str) -> s2c.FolderSize:
        """How many bytes a folder holds with everything below it, and of which types.

        Raises:
            NotFound: There is no such folder.
        """
        return await listing.size(self._open_session.link, clean_folder(path))

    async def create_folder(self, path: str) -> None:
        """Make a folder and its parents.

        Raises:
            Refused: The manager did not make it.
        """
        await self._open_session.link.order(c2s.CreateFolder(path=clean_folder(path)))

    def events(self) -> EventStream:
        """Changes of files and folders, from now on, as an async iterator."""
        return self._open_session.events.stream()

    async def _is_surely_there(self, path: str, name: str) -> bool:
        """Whether sending the file would be in vain; in doubt, the upload itself finds out."""
        with contextlib.suppress(Unreachable, ServerFailed, Refused):
            return await self._api.exists(path, name)
        return False

    @property
    def _api(self) -> ManagerHttp:
        if self._http is None:
            raise RuntimeError("use the client as `async with Client(…) as cloud`")
        return self._http

    @property
    def _open_session(self) -> Session:
        if self._http is None:
            raise RuntimeError("use the client as `async with Client(…) as cloud`")
        if self._session is None:
            raise NotLoggedIn("log in first")
        return self._session
