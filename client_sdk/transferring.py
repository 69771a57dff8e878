"""The client's methods that upload and download files and folders."""

import asyncio
import contextlib
import os
from collections.abc import AsyncGenerator, Sequence
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from client_sdk import listing
from client_sdk.batches import (
    Batch,
    DownloadPlan,
    FolderProgressCallback,
    FolderResult,
    PlannedTransfer,
    TrackedTransfer,
    TransferredFile,
    UploadPlan,
    folds_case,
    local_child,
)
from client_sdk.downloads import (
    RangeRead,
    RemoteStream,
    download_archive,
    pieces_of_archive,
)
from client_sdk.empty_files import upload_empty
from client_sdk.errors import (
    CloudError,
    InvalidInput,
    NotFound,
    Refused,
    ServerFailed,
    SourceUnreadable,
    TargetUnwritable,
    Unreachable,
)
from client_sdk.file_download import FileDownload
from client_sdk.file_operations import Browsing, Organising
from client_sdk.file_streams import FileStreams
from client_sdk.local_files import checked_modification_time
from client_sdk.models import FolderInfo, KeptUploadInfo
from client_sdk.paths import RemotePath, clean_folder, join_remote, split_remote
from client_sdk.session import ClientCore
from client_sdk.sinks import OpenOutput, Sink, sink_at
from client_sdk.sources import FileSource
from client_sdk.transfers import (
    ConflictAction,
    ConflictChoice,
    ConflictPolicy,
    OnConflict,
    Outcome,
    ProgressCallback,
    ProgressMeter,
    Stage,
    UploadOrder,
    UploadResult,
    as_action,
    as_policy,
)
from client_sdk.upload_source import OneTimeStream, UploadSource, as_source
from protocol import c2s
from protocol.values import is_uuid


class Transferring(ClientCore):
    """Uploads and downloads. `Client` has the documentation."""

    async def upload(
        self,
        source: UploadSource,
        remote: RemotePath,
        *,
        size: int | None = None,
        on_conflict: ConflictChoice = OnConflict.RENAME,
        progress: ProgressCallback | None = None,
        is_public: bool = False,
        keep_on_cancel: bool = False,
        modified_at: datetime | None = None,
    ) -> UploadResult:
        """Upload a file. Many uploads may run at the same time; they share the booked services.

        A path, bytes and `io.BytesIO` of more than one chunk are kept by a manager that can do so:
        whatever is lost meanwhile, connection, service or manager, only what is missing is sent
        then. The same source to the same path goes on with what an earlier call has left, of this
        program or of another; a source that has changed since begins anew (`Stage.RESTARTING`).

        Cancelling it takes the upload back, unless `keep_on_cancel` leaves it. When the connection
        is lost between the last byte and the manager's last word, a file that is not kept is sent
        again; with `OnConflict.RENAME` a second copy may then remain.

        What can be read only once, and what is of unknown size, is read into a temporary file
        (`ClientSettings.spool_limit`, `spool_folder`). A stream without any bytes becomes an empty
        file.

        Args:
            source: A local path; bytes; a binary file that is open, which is read from where it
                stands; another reader; an iterable of bytes; or a function that opens one of
                these, which is called for every try. Readers, iterables and functions may be
                asynchronous. What is passed open stays open.
            remote: Full path to upload to, `/folder/name`. Missing folders are made.
            size: Size of a stream in bytes, if it is known: it is then sent while it is being read.
            on_conflict: What to do when the name is taken, as `OnConflict` or its value, or a
                callback that is asked then.
            progress: Called with every change; must be quick.
            is_public: Whether everybody may read and write the file.
            keep_on_cancel: Leave a kept upload at the manager when it is cancelled. It has its
                service until the client is left.
            modified_at: When the content was last modified, which the file then keeps; None: as a
                local file says, and not known of anything else.

        Raises:
            InvalidInput: The path, the size, the time or `on_conflict` cannot be used, or a stream is
                larger than a temporary file may be.
            TypeError: The source is none of what is listed above, a file that is open as text for
                example.
            Rejected, UploadFailed: The manager did not take it.
            UploadStalled: It made no progress for `ClientSettings.upload_patience_s`, and is kept.
            ResumedElsewhere: Another client has gone on with it.
            SourceUnreadable, SourceChanged: The source let us down.
            Unreachable, NotLoggedIn: The manager is gone, or the token is no longer good.
        """
        path, name = split_remote(remote)
        policy = as_policy(on_conflict)
        session = self._open_session
        told = None if modified_at is None else checked_modification_time(modified_at)
        content = await as_source(source, size)
        if told is None and isinstance(content, FileSource):
            told = content.modified_at
        meter = ProgressMeter(content.size, progress)
        if policy is OnConflict.SKIP and await self._is_surely_there(path, name):
            meter.enter(Stage.DONE)
            taken = join_remote(path, name)
            return UploadResult(path=taken, requested_path=taken, size=0, outcome=Outcome.SKIPPED)
        async with contextlib.AsyncExitStack() as stack:
            if isinstance(content, OneTimeStream):
                content = await stack.enter_async_context(content.spooled(self._settings, meter))
            order = UploadOrder(
                source=content,
                path=path,
                name=name,
                is_public=is_public,
                on_conflict=policy,
                meter=meter,
                keep_on_cancel=keep_on_cancel,
                modified_at=told,
            )
            if content.size == 0:
                return await upload_empty(session.link, self._api, session.conflicts, order)
            return await session.uploads.upload(order)

    async def uploads(self) -> AsyncGenerator[KeptUploadInfo, None]:
        """Yield the uploads that the manager keeps for the user, the oldest first.

        Raises:
            Refused: The manager keeps no uploads.
        """
        found = listing.kept_uploads(self._link)
        async with contextlib.aclosing(found):
            async for kept in found:
                yield listing.to_kept_upload(kept)

    async def drop_upload(self, upload_id: str) -> None:
        """Give up an upload that the manager keeps, whether a client runs it or not.

        Args:
            upload_id: Its `KeptUploadInfo.id`.

        Raises:
            InvalidInput: This is no id.
            Refused: The user keeps no such upload, or its file is being entered.
        """
        if not is_uuid(upload_id):
            raise InvalidInput("the id of an upload is a uuid, as `uploads` lists it")
        await self._link.order(c2s.UploadDrop(upload_id=upload_id))

    async def read(
        self, remote: RemotePath, *, offset: int = 0, length: int | None = None
    ) -> bytes:
        """The content of a file, or a part of it, in memory. Never less than there is.

        Args:
            remote: Full path of the file.
            offset: Where to begin, in bytes; past the end there are none.
            length: How many bytes, at most; None for all up to the end.

        Raises:
            InvalidInput: The offset or the length is negative.
            NotFound, Forbidden: There is no such file, or the user may not read it.
            DownloadFailed, Unreachable, ServerFailed: It did not get through, or the file changed
                while it was read.
        """
        async with self.stream(remote, offset=offset, length=length) as stream:
            return await stream.read()

    async def read_text(
        self, remote: RemotePath, *, encoding: str = "utf-8", errors: str = "strict"
    ) -> str:
        """The content of a text file; line ends stay as they are.

        Args:
            remote: Full path of the file.
            encoding: How the text is encoded.
            errors: What to do with bytes that are no text, as for `bytes.decode`.

        Raises:
            UnicodeDecodeError: It is no text in this encoding.
            CloudError: As `read`.
        """
        return (await self.read(remote)).decode(encoding, errors)

    @contextlib.asynccontextmanager
    async def stream(
        self, remote: RemotePath, *, offset: int = 0, length: int | None = None
    ) -> AsyncGenerator[RemoteStream, None]:
        """Read a file, or a part of it, while it comes: `async with cloud.stream(…) as stream`.

        The manager checks every chunk before it sends any of its bytes. When the connection breaks,
        the stream goes on where it was; a file that has changed meanwhile is a `DownloadFailed`.

        Args:
            remote: Full path of the file.
            offset: Where to begin, in bytes; past the end there are none.
            length: How many bytes, at most; None for all up to the end.

        Raises:
            InvalidInput: The offset or the length is negative.
            NotFound, Forbidden: There is no such file, or the user may not read it.
            DownloadFailed, Unreachable, ServerFailed: It did not get through.
        """
        path, name = split_remote(remote)
        reading = RangeRead(self._api, path, name, offset, length, self._settings)
        async with reading.open() as stream:
            yield stream

    async def download(
        self,
        remote: RemotePath,
        target: str | os.PathLike[str],
        *,
        resume: bool = True,
        progress: ProgressCallback | None = None,
        version: int | None = None,
    ) -> Path:
        """Download a file. The target is replaced at the end, in one step.

        Args:
            remote: Full path of the file.
            target: File to write, or a folder to put it in.
            resume: Go on with what an earlier try has left.
            progress: Called with every change; must be quick.
            version: Id of an earlier content, see `versions`; None for the present one.

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
        await self._download(path, name, sink, progress, version)
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
        await self._download(path, name, OpenOutput(output, "the output"), progress)

    async def _download(
        self,
        path: str,
        name: str,
        sink: Sink,
        progress: ProgressCallback | None,
        version: int | None = None,
    ) -> None:
        permits = self._connection_permits
        download = FileDownload(
            self._api, path, name, sink, progress, self._settings, permits, version
        )
        await download.run()

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

    async def _is_surely_there(self, path: str, name: str) -> bool:
        """Whether sending the file would be in vain; in doubt, the upload itself finds out."""
        with contextlib.suppress(Unreachable, ServerFailed, Refused):
            return await self._api.file_exists(path, name)
        return False


AHEAD = 2
"""Uploads for each booked service: while some wait or settle, none of the services stands idle."""


class FolderTransferring(Browsing, Organising, Transferring):
    """Uploads and downloads of folders. `Client` has the documentation."""

    async def upload_folder(
        self,
        local: str | os.PathLike[str],
        remote: RemotePath,
        *,
        on_conflict: ConflictChoice = OnConflict.RENAME,
        progress: FolderProgressCallback | None = None,
        is_public: bool = False,
    ) -> FolderResult:
        """Upload what is in a local folder into a remote one, with all folders below it.

        As many files are sent at once as `ClientSettings.parallel_uploads` says. Links are followed,
        but never in circles. A file that fails keeps no other from being uploaded; when the manager
        is gone, or the login is, all files that remain fail with that error.

        Args:
            local: The local folder.
            remote: The remote folder; made if it is missing.
            on_conflict: What to do with a file whose name is taken, as for `upload`.
            progress: Called with every change; must be quick.
            is_public: Whether everybody may read and write the files.

        Raises:
            InvalidInput: The remote path or `on_conflict` cannot be used.
            SourceUnreadable: There is no such local folder.
        """
        folder, policy = clean_folder(remote), as_policy(on_conflict)
        plan = await asyncio.to_thread(_plan_upload, Path(local), folder)
        return await upload_planned(
            self,
            plan,
            on_conflict=policy,
            progress=progress,
            is_public=is_public,
            workers=self._settings.parallel_uploads * AHEAD,
        )

    async def download_folder(
        self,
        remote: RemotePath,
        local: str | os.PathLike[str],
        *,
        on_conflict: ConflictAction = OnConflict.OVERWRITE,
        resume: bool = True,
        progress: FolderProgressCallback | None = None,
    ) -> FolderResult:
        """Download what is in a remote folder into a local one, with all folders below it.

        As many files come at once as `ClientSettings.parallel_downloads` says. A file that fails
        keeps no other from being downloaded, as for `upload_folder`. Names that would lead out of
        the local folder, or mean something else on this system, are failures.

        Args:
            remote: The remote folder.
            local: The local folder; made with its parents if it is missing.
            on_conflict: What to do with a file whose name is taken in the local folder.
            resume: Go on with what an earlier try has left.
            progress: Called with every change; must be quick.

        Raises:
            InvalidInput: The remote path or `on_conflict` cannot be used.
            NotFound: There is no such remote folder.
            TargetUnwritable: The local folder cannot be made.
            CloudError: The manager is gone while the folder is listed.
        """
        folder, action = clean_folder(remote), as_action(on_conflict)
        plan = DownloadPlan()
        await plan_download(self, plan, folder, Path(local))
        return await download_planned(
            self,
            plan,
            on_conflict=action,
            resume=resume,
            progress=progress,
            workers=self._settings.parallel_downloads,
        )


async def upload_planned(
    cloud: FolderTransferring,
    plan: UploadPlan,
    *,
    on_conflict: ConflictPolicy,
    progress: FolderProgressCallback | None,
    is_public: bool,
    workers: int,
    keep_on_cancel: bool = False,
) -> FolderResult:
    """Do what a plan says, with so many files under way at once."""
    for local, remote in plan.empty_folders:
        try:
            await cloud.make_folders(remote)
        except CloudError as error:
            plan.fail(local, remote, error)

    async def upload(file: PlannedTransfer, report: ProgressCallback) -> TransferredFile:
        result = await cloud.upload(
            file.local,
            file.remote,
            on_conflict=on_conflict,
            progress=report,
            is_public=is_public,
            keep_on_cancel=keep_on_cancel,
        )
        return TransferredFile(
            local=file.local,
            remote=result.path,
            size=result.size,
            outcome=result.outcome,
            sent_bytes=result.sent_bytes,
        )

    bundles = cloud._open_session.bundles  # noqa: SLF001 - this belongs to the class above

    async def upload_together(files: Sequence[TrackedTransfer]) -> None:
        await bundles.upload(files, policy=on_conflict, is_public=is_public)

    batch = Batch(plan.files, plan.failures, progress)
    together = upload_together if await bundles.are_taken() else None
    return await batch.run(upload, workers, together=together, takes_empty=False)


async def download_planned(
    cloud: FolderTransferring,
    plan: DownloadPlan,
    *,
    on_conflict: OnConflict,
    resume: bool,
    progress: FolderProgressCallback | None,
    workers: int,
) -> FolderResult:
    """Do what a plan says, with so many files under way at once."""
    await asyncio.to_thread(_settle, plan, on_conflict)

    async def download(file: PlannedTransfer, report: ProgressCallback) -> TransferredFile:
        await asyncio.to_thread(make_local_folder, file.local.parent)
        local = await cloud.download(file.remote, file.local, resume=resume, progress=report)
        return TransferredFile(
            local=local,
            remote=file.remote,
            size=(await asyncio.to_thread(local.stat)).st_size,
            outcome=Outcome.RENAMED if file.is_renamed else Outcome.STORED,
        )

    async def together(files: Sequence[TrackedTransfer]) -> None:
        for folder in {each.file.local.parent for each in files}:
            await asyncio.to_thread(make_local_folder, folder)
        await streams.fetch(files)

    streams = FileStreams(cloud._api)  # noqa: SLF001 - a method in all but name, as `upload_planned`
    batch = Batch(plan.files, plan.failures, progress, done=plan.skipped)
    return await batch.run(download, workers, together=together)


async def plan_download(cloud: Browsing, plan: DownloadPlan, remote: str, local: Path) -> None:
    """Add what is in a remote folder to a plan, and make the local folders for it.

    Raises:
        NotFound: There is no such remote folder.
        TargetUnwritable: The local folder cannot be made.
        CloudError: The manager is gone.
    """
    await asyncio.to_thread(make_local_folder, local)
    plan.folders.append(local)
    inside: list[tuple[str, Path]] = []
    async for entry in cloud.list(remote):
        try:
            target = local_child(local, entry.name)
        except InvalidInput as error:
            plan.fail(local, entry.path, error)
            continue
        if isinstance(entry, FolderInfo):
            inside.append((entry.path, target))
        else:
            planned = PlannedTransfer(local=target, remote=entry.path, size=entry.size)
            plan.files.append(planned)
    for folder, target in inside:
        try:
            await plan_download(cloud, plan, folder, target)
        except (NotFound, TargetUnwritable) as error:
            plan.fail(target, folder, error)


def make_local_folder(path: Path) -> None:
    """Make a folder and its parents where they are missing. Raises `TargetUnwritable`."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TargetUnwritable(f"{path} cannot be made: {error.strerror}") from error


def _plan_upload(local: Path, remote: str) -> UploadPlan:
    if not local.is_dir():
        raise SourceUnreadable(f"{local} is not a folder")
    plan = UploadPlan()
    plan.add(local, remote)
    return plan


def _settle(plan: DownloadPlan, on_conflict: OnConflict) -> None:
    plan.settle(on_conflict, folds_case=any(map(folds_case, plan.folders[:1])))
