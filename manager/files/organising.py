"""Handles packets that rename, move and delete files, and that make and change folders.

Where rights on folders do not count, those on the files in them decide.
"""

from collections.abc import Callable, Sequence

from catalog.errors import FolderMissing, NotAFolder, NotPermitted
from catalog.port import Catalog
from catalog.records import File
from manager.audit.actions import AuditAction
from manager.audit.log import AuditLog
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.errors import (
    AccessDenied,
    FilesProtected,
    InvalidRequest,
    NoSuchFolder,
    NotMoved,
    PathTaken,
)
from manager.files.changes import ChangeFeed
from manager.files.conversion import (
    checked_folder,
    checked_name,
    folder_id_from_wire,
    names_answer,
    naming_answer,
)
from manager.files.destinations import DestinationTracker
from manager.files.lookup import (
    file_at,
    require_access,
    translated_file_errors,
    translated_placing_errors,
)
from manager.files.rights import FileOperation, access_to, folder_permit, permit_for
from manager.files.trash import TrashPolicy
from protocol import c2s, generic
from protocol.values import MAX_PATH_NAMES, NamePolicy, format_path, parse_path


class FileHandlers:
    """The handlers of packets that change files."""

    def __init__(
        self,
        catalog: Catalog,
        changes: ChangeFeed,
        audit: AuditLog,
        wake_reaper: Callable[[], None],
        name_policy: NamePolicy,
        trash: TrashPolicy,
    ) -> None:
        """`name_policy`: which characters new names may have."""
        self._catalog = catalog
        self._changes = changes
        self._audit = audit
        self._wake_reaper = wake_reaper
        self._trash = trash
        self._name_policy = name_policy

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.RenameFile: self.rename_file,
            c2s.MoveFiles: self.move_files,
            c2s.DeleteFile: self.delete_file,
        }

    async def rename_file(self, request: ClientRequest, packet: c2s.RenameFile) -> generic.Boolean:
        """Gives a file another name; the next free one if that is taken."""
        name = checked_name(packet.target_name, self._name_policy)
        user = request.client.user
        file = await file_at(self._catalog, user, packet.path, packet.name, FileOperation.RENAME)
        permit = permit_for(user, FileOperation.RENAME)
        with translated_file_errors(FileOperation.RENAME), self._changes.expecting():
            renamed = await self._catalog.rename_file(file.id, name, permit=permit)
            self._changes.file_changed("modify", renamed)
        return naming_answer(name, renamed.file.name)

    async def move_files(self, request: ClientRequest, packet: c2s.MoveFiles) -> generic.Boolean:
        """Moves all of the files, or none and returns which could not be moved."""
        source_id = folder_id_from_wire(packet.source_id)
        target_id = folder_id_from_wire(packet.target_id)
        if source_id == target_id:
            raise InvalidRequest("target_id: the files are in this folder already")
        files = await self._movable_files(request.client.user.id, source_id, packet.files)
        permit = permit_for(request.client.user, FileOperation.MOVE)
        ids = [file.id for file in files]
        try:
            with translated_file_errors(FileOperation.MOVE), self._changes.expecting():
                moved = await self._catalog.move_files(ids, target_id, permit=permit)
                self._changes.files_moved(moved)
        except NoSuchFolder as error:
            raise InvalidRequest(f"target_id: {error}") from error
        return names_answer((each.before.file.name, each.after.file.name) for each in moved)

    async def _movable_files(
        self, viewer_id: int, folder_id: int, names: Sequence[str]
    ) -> list[File]:
        """All files of these names. Raises `NotMoved` with the names of those that cannot be moved."""
        files = await self._catalog.files_in(folder_id, names, viewer_id=viewer_id)
        if not files and await self._catalog.folder_by_id(folder_id) is None:
            raise InvalidRequest(f"source_id: {NoSuchFolder()}")
        found = {file.name: file for file in files}
        missing = [name for name in dict.fromkeys(names) if name not in found]
        refused = [
            file.name for file in files if not access_to(file, viewer_id).allows(FileOperation.MOVE)
        ]
        if missing or refused:
            raise NotMoved(missing=missing, refused=refused)
        return files

    async def delete_file(self, request: ClientRequest, packet: c2s.DeleteFile) -> generic.Boolean:
        """Puts a file into the trash, or deletes it where there is none."""
        catalog, user = self._catalog, request.client.user
        folder_id = folder_id_from_wire(packet.folder_id)
        found = await catalog.files_in(folder_id, (packet.name,), viewer_id=user.id)
        file = require_access(user, next(iter(found), None), FileOperation.DELETE)
        permit = permit_for(user, FileOperation.DELETE)
        with translated_file_errors(FileOperation.DELETE), self._changes.expecting():
            deleted = await catalog.delete_file(
                file.id, permit=permit, trashing=self._trash.trashing(user)
            )
            if deleted is not None:
                self._changes.file_changed("delete", deleted)
        if deleted is not None:
            self._wake_reaper()
            self._audit.record(
                AuditAction.FILE_REMOVED,
                actor=user,
                address=request.client.address,
                subject=format_path((*deleted.folder, deleted.file.name)),
                size=deleted.file.size,
            )
        return generic.Boolean(success=True)


class FolderHandlers:
    """The handlers of packets that make and change folders."""

    def __init__(
        self,
        catalog: Catalog,
        changes: ChangeFeed,
        audit: AuditLog,
        destinations: DestinationTracker,
        wake_reaper: Callable[[], None],
        name_policy: NamePolicy,
        trash: TrashPolicy,
    ) -> None:
        """`name_policy`: which characters new names may have."""
        self._catalog = catalog
        self._changes = changes
        self._audit = audit
        self._destinations = destinations
        self._wake_reaper = wake_reaper
        self._trash = trash
        self._name_policy = name_policy

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {
            c2s.CreateFolder: self.create_folder,
            c2s.RenameFolder: self.rename_folder,
            c2s.MoveFolder: self.move_folder,
            c2s.DeleteFolder: self.delete_folder,
        }

    async def create_folder(
        self, request: ClientRequest, packet: c2s.CreateFolder
    ) -> generic.Boolean:
        """Makes a folder with its parents. One that exists is refused, since nothing was created."""
        names = checked_folder(packet.path, self._name_policy)
        try:
            with self._changes.expecting():
                permit = folder_permit(request.client.user)
                made = await self._catalog.make_folders(names, permit=permit)
                self._changes.folders_created(made)
        except NotAFolder as error:
            raise PathTaken(str(error)) from error
        except NotPermitted as error:
            raise AccessDenied("add folders here") from error
        if not made.created:
            return generic.Boolean(success=False, message="this folder exists already")
        return generic.Boolean(success=True)

    async def rename_folder(
        self, request: ClientRequest, packet: c2s.RenameFolder
    ) -> generic.Boolean:
        """Gives a folder another name; the next free one if that is taken."""
        catalog, destinations = self._catalog, self._destinations
        name = checked_name(packet.target_name, self._name_policy)
        permit = folder_permit(request.client.user)
        folder = await catalog.folder_at(parse_path(packet.path))
        if folder is None:
            raise NoSuchFolder
        try:
            with self._changes.expecting():
                changed = await destinations.changing_folder(
                    folder.id, lambda: catalog.rename_folder(folder.id, name, permit=permit)
                )
                self._changes.folder_renamed(changed)
        except FolderMissing as error:
            raise NoSuchFolder from error
        except NotPermitted as error:
            raise AccessDenied("rename this folder") from error
        return naming_answer(name, changed.after.folder.name)

    async def move_folder(self, request: ClientRequest, packet: c2s.MoveFolder) -> generic.Boolean:
        """Moves a folder into another one, under the next free name if its own is taken there."""
        catalog, destinations = self._catalog, self._destinations
        permit = folder_permit(request.client.user)
        folder = await catalog.folder_at(parse_path(packet.path))
        target = await catalog.folder_at(parse_path(packet.target_path))
        if folder is None:
            raise NoSuchFolder
        if target is None:
            raise InvalidRequest(f"target_path: {NoSuchFolder()}")
        if folder.parent_id == target.id:
            raise InvalidRequest("target_path: the folder is there already")
        try:
            with translated_placing_errors(), self._changes.expecting():
                changed = await destinations.changing_folder(
                    folder.id,
                    lambda: catalog.move_folder(
                        folder.id, target.id, max_depth=MAX_PATH_NAMES, permit=permit
                    ),
                )
                self._changes.folder_moved(changed)
        except NotPermitted as error:
            raise AccessDenied("move this folder there") from error
        return naming_answer(folder.name, changed.after.folder.name)

    async def delete_folder(
        self, request: ClientRequest, packet: c2s.DeleteFolder
    ) -> generic.Boolean:
        """Puts a folder with all that is in it into the trash, or deletes it where there is none.

        Nothing is deleted if one file may not be.
        """
        user = request.client.user
        permit = permit_for(user, FileOperation.DELETE)
        try:
            with self._changes.expecting():
                deleted = await self._catalog.delete_folder(
                    packet.folder_id, permit=permit, trashing=self._trash.trashing(user)
                )
                if deleted is not None:
                    self._changes.folder_deleted(deleted)
        except NotPermitted as error:
            raise FilesProtected(refused=error.refused, concerned=error.concerned) from error
        if deleted is None:
            raise NoSuchFolder
        self._wake_reaper()
        self._audit.record(
            AuditAction.FOLDER_REMOVED,
            actor=user,
            address=request.client.address,
            subject=format_path(deleted.path),
        )
        return generic.Boolean(success=True)
