"""Handles packets that copy files and folders: new names for the same content.

A copy belongs to the user who makes it, and counts in that user's quota. Its files have to be the user's to
read; the target, like that of an upload, may be any folder.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from catalog.errors import CopyTooLarge, NotPermitted, QuotaExceeded, RootIsFixed
from catalog.port import Catalog
from catalog.records import File, Folder
from manager.connections.clients import ClientRequest
from manager.connections.dispatch import PacketTable
from manager.errors import InvalidRequest, NoSuchFolder, NotCopied
from manager.files.changes import ChangeFeed
from manager.files.conversion import checked_name, names_answer, naming_answer
from manager.files.lookup import translated_file_errors, translated_placing_errors
from manager.files.rights import FileOperation, access_to, folder_permit, permit_for
from protocol import c2s, generic
from protocol.values import MAX_PATH_NAMES, NamePolicy, parse_path

MAX_COPIED_ENTRIES: Final = 5_000
"""Folders and files of one copy of a folder: each is announced to all clients."""


class CopyHandlers:
    """The handlers of packets that copy."""

    def __init__(self, catalog: Catalog, changes: ChangeFeed, name_policy: NamePolicy) -> None:
        """`name_policy`: which characters new names may have."""
        self._catalog = catalog
        self._changes = changes
        self._name_policy = name_policy

    @property
    def packets(self) -> PacketTable:
        """What is handled here."""
        return {c2s.CopyFiles: self.copy_files, c2s.CopyFolder: self.copy_folder}

    async def copy_files(self, request: ClientRequest, packet: c2s.CopyFiles) -> generic.Boolean:
        """Copies all of the files, or none and returns which could not be copied."""
        user, name = request.client.user, self._target_name(packet.target_name)
        if name is not None and len(packet.files) > 1:
            raise InvalidRequest("target_name: several files cannot have one name")
        source, target = await self._folder(packet.path), await self._target(packet.target_path)
        files = await self._readable_files(user.id, source.id, packet.files)
        permit = permit_for(user, FileOperation.DOWNLOAD)
        with (
            translated_file_errors(FileOperation.DOWNLOAD),
            _translated_quota(),
            self._changes.expecting(),
        ):
            copied = await self._catalog.copy_files(
                [file.id for file in files],
                target.id,
                owner_id=user.id,
                name=name,
                permit=permit,
                target_permit=folder_permit(user),
            )
            self._changes.copied(copied)
        return names_answer(
            (name or file.name, copy.file.name)
            for file, copy in zip(files, copied.files, strict=True)
        )

    async def copy_folder(self, request: ClientRequest, packet: c2s.CopyFolder) -> generic.Boolean:
        """Copies a folder with all in it, under the next free name if its own is taken there."""
        user, name = request.client.user, self._target_name(packet.target_name)
        folder, target = await self._folder(packet.path), await self._target(packet.target_path)
        permit = permit_for(user, FileOperation.DOWNLOAD)
        with _translated_folder_errors(), _translated_quota(), self._changes.expecting():
            copied = await self._catalog.copy_folder(
                folder.id,
                target.id,
                owner_id=user.id,
                max_entries=MAX_COPIED_ENTRIES,
                name=name,
                max_depth=MAX_PATH_NAMES,
                permit=permit,
                target_permit=folder_permit(user),
            )
            self._changes.copied(copied)
        return naming_answer(name or folder.name, copied.folders[0].folder.name)

    def _target_name(self, name: str | None) -> str | None:
        return None if name is None else checked_name(name, self._name_policy)

    async def _folder(self, path: str) -> Folder:
        folder = await self._catalog.folder_at(parse_path(path))
        if folder is None:
            raise NoSuchFolder
        return folder

    async def _target(self, path: str) -> Folder:
        try:
            return await self._folder(path)
        except NoSuchFolder as error:
            raise InvalidRequest(f"target_path: {error}") from error

    async def _readable_files(
        self, viewer_id: int, folder_id: int, names: Sequence[str]
    ) -> list[File]:
        """All files of these names, in their order. Raises `NotCopied`."""
        names = list(dict.fromkeys(names))
        files = await self._catalog.files_in(folder_id, names, viewer_id=viewer_id)
        found = {file.name: file for file in files}
        missing = [name for name in names if name not in found]
        refused = [file.name for file in files if not access_to(file, viewer_id).may_read]
        if missing or refused:
            raise NotCopied.files(missing=missing, refused=refused)
        return [found[name] for name in names]


@contextmanager
def _translated_quota() -> Iterator[None]:
    try:
        yield
    except QuotaExceeded as error:
        raise NotCopied(str(error)) from error


@contextmanager
def _translated_folder_errors() -> Iterator[None]:
    """Translates the catalog's errors about folders.

    Raises `NoSuchFolder`, `InvalidRequest`, `NotCopied`.
    """
    try:
        with translated_placing_errors():
            yield
    except RootIsFixed as error:
        raise InvalidRequest("path: the root folder cannot be copied") from error
    except NotPermitted as error:
        raise NotCopied.folder(refused=error.refused, concerned=error.concerned) from error
    except CopyTooLarge as error:
        raise NotCopied(f"{error}; copy the folders in it one by one") from error
