"""The client's part that brings folders up and down."""

import asyncio
import os
from pathlib import Path

from client_sdk.batches import (
    Batch,
    FolderProgressCallback,
    FolderResult,
    PlannedTransfer,
    TransferredFile,
)
from client_sdk.browsing import Browsing
from client_sdk.conflicts import (
    ConflictAction,
    ConflictChoice,
    ConflictPolicy,
    OnConflict,
    as_action,
    as_policy,
)
from client_sdk.errors import (
    CloudError,
    InvalidInput,
    NotFound,
    SourceUnreadable,
    TargetUnwritable,
)
from client_sdk.jobs import Outcome
from client_sdk.models import FolderInfo
from client_sdk.organising import Organising
from client_sdk.paths import RemotePath, clean_folder
from client_sdk.progress import ProgressCallback
from client_sdk.transfer_plans import DownloadPlan, UploadPlan, folds_case, local_child
from client_sdk.transferring import Transferring

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
) -> FolderResult:
    """Do what a plan says, with so many files under way at once."""
    for local, remote in plan.empty_folders:
        try:
            await cloud.make_folders(remote)
        except CloudError as error:
            plan.fail(local, remote, error)

    async def upload(file: PlannedTransfer, report: ProgressCallback) -> TransferredFile:
        result = await cloud.upload(
            file.local, file.remote, on_conflict=on_conflict, progress=report, is_public=is_public
        )
        return TransferredFile(
            local=file.local, remote=result.path, size=result.size, outcome=result.outcome
        )

    return await Batch(plan.files, plan.failures, progress).run(upload, workers)


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

    batch = Batch(plan.files, plan.failures, progress, done=plan.skipped)
    return await batch.run(download, workers)


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
