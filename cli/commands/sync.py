"""`sync` and `copy`: make a folder as another one, of which one is local and one remote."""

import asyncio
from abc import ABC, abstractmethod
from pathlib import Path

import typer

from cli.command_line.options import SyncOptions
from cli.commands.accounts import limit_of
from cli.commands.summary import Summary, raise_if_manager_lost, transfer_all
from cli.context import CommandContext, command_context
from cli.errors import reported
from cli.output import print_json, print_line
from cli.progress import transfer_display
from client_sdk import (
    Client,
    FailedTransfer,
    FolderProgress,
    FolderResult,
    OnConflict,
    TransferredFile,
)
from client_sdk.batches import (
    DownloadPlan,
    FolderProgressCallback,
    PlannedTransfer,
    UploadPlan,
    local_child,
)
from client_sdk.comparing import (
    Difference,
    FolderTree,
    Likeness,
    PathFilter,
    compare,
    local_hash,
    local_tree,
    remote_tree,
)
from client_sdk.errors import (
    CloudError,
    InvalidInput,
    NotFound,
    SourceUnreadable,
    TargetUnwritable,
)
from client_sdk.paths import clean_folder, join_remote, split_remote
from client_sdk.transferring import AHEAD, download_planned, make_local_folder, upload_planned
from common.wording import counted, human_size

REMOTE = "cloud:"
"""What a remote folder begins with, to be told from a local one."""
DELETED_AT_ONCE = 4


def sync(context: typer.Context, source: str, target: str, options: SyncOptions) -> None:
    """Transfer what the target does not have, or has otherwise; delete what only it has, if wanted."""
    if options.checksum and options.size_only:
        raise typer.BadParameter("--checksum and --size-only exclude each other")
    ctx = command_context(context)
    with reported(ctx.err):
        ctx = ctx.with_rate_limit(limit_of("--limit-rate", options.limit_rate))
        selected = PathFilter(options.include, options.exclude)
        if source.startswith(REMOTE) == target.startswith(REMOTE):
            raise InvalidInput(
                f"one of the two folders has to be remote, which is written as {REMOTE}/folder"
            )
        is_upload = target.startswith(REMOTE)
        local, remote = (source, target) if is_upload else (target, source)
        folder = clean_folder(remote.removeprefix(REMOTE))
    program = _Upload if is_upload else _Download
    ctx.run(program(ctx, options, selected, Path(local), folder).run())


def _likeness(options: SyncOptions) -> Likeness:
    if options.checksum:
        return Likeness.CHECKSUMS
    return Likeness.SIZES if options.size_only else Likeness.TIMES


class _Sync(ABC):
    """Makes one folder as the other. Subclasses know which of the two is the source."""

    def __init__(
        self,
        ctx: CommandContext,
        options: SyncOptions,
        selected: PathFilter,
        local: Path,
        remote: str,
    ) -> None:
        self._ctx = ctx
        self._options = options
        self._selected = selected
        self._local = local
        self._remote = remote
        self._summary = Summary()
        self._deleted: list[str] = []

    async def run(self) -> None:
        async with self._ctx.client(parallel_uploads=self._options.jobs) as cloud:
            source, target = await self._trees(cloud)
            for path, error in source.failures:
                self._summary.fail(path, error)
            difference = await compare(
                source,
                target,
                _likeness(self._options),
                lambda path: self._is_same(cloud, path),
                window_s=self._options.modify_window_s,
            )
            if self._options.is_dry_run:
                self._show(difference)
            else:
                await self._change(cloud, source, difference)
        self._summary.exit()

    @abstractmethod
    async def _trees(self, cloud: Client) -> tuple[FolderTree, FolderTree]:
        """The source and the target. Raises `NotFound`, `SourceUnreadable` where there is no source."""

    @abstractmethod
    async def _transfer(
        self,
        cloud: Client,
        source: FolderTree,
        difference: Difference,
        report: FolderProgressCallback,
    ) -> FolderResult:
        """Transfer what is new or other, and make new folders."""

    @abstractmethod
    def _check_target(self, path: str) -> None:
        """Raises `InvalidInput` for a path that the target cannot have."""

    @abstractmethod
    async def _delete_file(self, cloud: Client, path: str) -> None:
        """Delete a file of the target."""

    @abstractmethod
    async def _delete_folder(self, cloud: Client, path: str) -> bool:
        """Delete a folder of the target if it is empty; whether it was."""

    def _plan_files(
        self, plan: UploadPlan | DownloadPlan, source: FolderTree, difference: Difference
    ) -> None:
        for path in (*difference.new, *difference.changed):
            local, remote = self._local / path, join_remote(self._remote, path)
            try:
                self._check_target(path)
            except InvalidInput as error:
                plan.fail(local, remote, error)
                continue
            size = source.files[path].size
            plan.files.append(PlannedTransfer(local=local, remote=remote, size=size))

    async def _change(self, cloud: Client, source: FolderTree, difference: Difference) -> None:
        is_shown = self._ctx.shows_progress and not self._options.as_json
        with transfer_display(self._ctx.err, is_shown=is_shown) as display:

            def report(progress: FolderProgress) -> None:
                display.show(progress)
                self._take(progress)

            result = await self._transfer(cloud, source, difference, report)
        raise_if_manager_lost(result)
        if self._options.deletes:
            await self._delete(cloud, difference)
        self._report(difference)

    def _take(self, progress: FolderProgress) -> None:
        self._summary.follow(progress)
        match progress.finished:
            case FailedTransfer(remote=remote, local=local, error=error):
                self._summary.fail(
                    str(local) if error.code == "source-unreadable" else remote, error
                )
            case TransferredFile() as file:
                self._summary.add(file.size, path=file.remote, local=str(file.local))

    async def _delete(self, cloud: Client, difference: Difference) -> None:
        if self._summary.failures:
            self._ctx.note("nothing was deleted, since not everything could be transferred")
            return

        async def delete(path: str) -> None:
            await self._delete_file(cloud, path)
            self._deleted.append(path)

        await transfer_all(difference.extra, delete, str, self._summary, DELETED_AT_ONCE)
        for folder in difference.extra_folders:
            if await self._delete_folder(cloud, folder):
                self._deleted.append(f"{folder}/")

    async def _is_same(self, cloud: Client, path: str) -> bool:
        remote = await cloud.content_hash(join_remote(self._remote, path))
        if remote is None:
            return False
        ours = await asyncio.to_thread(local_hash, self._local / path, remote.chunk_size)
        return ours == remote.hash

    def _show(self, difference: Difference) -> None:
        deleted = [*difference.extra, *(f"{path}/" for path in difference.extra_folders)]
        plan = {
            "new": difference.new,
            "changed": difference.changed,
            "deleted": deleted if self._options.deletes else [],
        }
        if self._options.as_json:
            print_json(self._ctx.out, {**plan, "same": len(difference.same)})
            return
        for mark, paths in zip("+~-", plan.values(), strict=True):
            for path in paths:
                print_line(self._ctx.out, f"{mark} {path}")
        self._ctx.note(f"nothing was done; the same: {counted(len(difference.same), 'file')}")

    def _report(self, difference: Difference) -> None:
        summary, same = self._summary, len(difference.same)
        if self._options.as_json:
            print_json(self._ctx.out, {**summary.as_data(), "deleted": self._deleted, "same": same})
        summary.print_failures(self._ctx)
        deleted = f", {len(self._deleted)} deleted" if self._options.deletes else ""
        done = f"transferred {counted(len(summary.done), 'file')}, {human_size(summary.size)}"
        self._ctx.note(f"{done}{deleted}; the same before: {counted(same, 'file')}")


class _Upload(_Sync):
    """Makes a remote folder as a local one."""

    async def _trees(self, cloud: Client) -> tuple[FolderTree, FolderTree]:
        if not await asyncio.to_thread(self._local.is_dir):
            raise SourceUnreadable(f"{self._local} is not a folder")
        if await _is_file(cloud, self._remote):
            raise InvalidInput(f"{self._remote} is a file, not a folder")
        return (
            await asyncio.to_thread(local_tree, self._local, self._selected),
            await remote_tree(cloud, self._remote, self._selected),
        )

    async def _transfer(
        self,
        cloud: Client,
        source: FolderTree,
        difference: Difference,
        report: FolderProgressCallback,
    ) -> FolderResult:
        plan = UploadPlan()
        for path in difference.new_folders:
            plan.empty_folders.append((self._local / path, join_remote(self._remote, path)))
        self._plan_files(plan, source, difference)
        return await upload_planned(
            cloud,
            plan,
            on_conflict=OnConflict.OVERWRITE,
            progress=report,
            is_public=False,
            workers=self._options.jobs * AHEAD,
            keep_on_cancel=True,
        )

    def _check_target(self, path: str) -> None:
        split_remote(join_remote(self._remote, path))

    async def _delete_file(self, cloud: Client, path: str) -> None:
        await cloud.delete_file(join_remote(self._remote, path))

    async def _delete_folder(self, cloud: Client, path: str) -> bool:
        folder = join_remote(self._remote, path)
        status = await cloud.folder_status(folder)
        if not status.exists or status.file_count or status.folder_count:
            return False
        await cloud.delete_folder(folder)
        return True


class _Download(_Sync):
    """Makes a local folder as a remote one."""

    async def _trees(self, cloud: Client) -> tuple[FolderTree, FolderTree]:
        if not await cloud.is_folder(self._remote):
            raise NotFound(f"{self._remote}: there is no such folder")
        if await asyncio.to_thread(self._local.is_file):
            raise TargetUnwritable(f"{self._local} is a file, not a folder")
        return (
            await remote_tree(cloud, self._remote, self._selected),
            await asyncio.to_thread(local_tree, self._local, self._selected),
        )

    async def _transfer(
        self,
        cloud: Client,
        source: FolderTree,
        difference: Difference,
        report: FolderProgressCallback,
    ) -> FolderResult:
        plan = DownloadPlan(folders=[self._local])
        for path in difference.new_folders:
            await self._make_folder(plan, path)
        self._plan_files(plan, source, difference)
        return await download_planned(
            cloud,
            plan,
            on_conflict=OnConflict.OVERWRITE,
            resume=True,
            progress=report,
            workers=self._options.jobs,
        )

    async def _make_folder(self, plan: DownloadPlan, path: str) -> None:
        try:
            await asyncio.to_thread(make_local_folder, _local_path(self._local, path))
        except CloudError as error:
            plan.fail(self._local, join_remote(self._remote, path), error)

    def _check_target(self, path: str) -> None:
        _local_path(self._local, path)

    async def _delete_file(self, cloud: Client, path: str) -> None:
        try:
            await asyncio.to_thread((self._local / path).unlink, missing_ok=True)
        except OSError as error:
            raise TargetUnwritable(f"cannot be deleted: {error.strerror}") from error

    async def _delete_folder(self, cloud: Client, path: str) -> bool:
        try:
            await asyncio.to_thread((self._local / path).rmdir)
        except OSError:  # it is not empty, or it is a link
            return False
        return True


def _local_path(root: Path, path: str) -> Path:
    """Raises `InvalidInput` for a name that this system cannot have."""
    local = root
    for name in path.split("/"):
        local = local_child(local, name)
    return local


async def _is_file(cloud: Client, remote: str) -> bool:
    return remote != "/" and await cloud.is_file(remote)
