"""The client's methods that list, make, rename, move and delete files and folders.

Where a name is taken, the manager finds the next free one, `name (1)`, and says so in words for
people; methods that may meet a taken name return those words, or None.
"""

import contextlib
from collections.abc import AsyncGenerator, Iterable
from uuid import uuid4

from client_sdk import listing
from client_sdk.answered_ranges import chunk_size, strong_tag
from client_sdk.errors import CloudError, InvalidInput, NotFound, Refused
from client_sdk.http import DOWNLOAD
from client_sdk.models import ContentHash, Entry, FileInfo, FolderSize, FolderStatus
from client_sdk.paths import (
    RemotePath,
    clean_folder,
    clean_name,
    join_remote,
    remote_text,
    split_remote,
)
from client_sdk.session import ClientCore
from protocol import c2s
from protocol.extensions import COPY


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

    async def content_hash(self, remote: RemotePath) -> ContentHash | None:
        """The hash of a file's content, by which a copy can be checked.

        None for content of a base-protocol service, whose chunks have no known length.

        Raises:
            NotFound, Forbidden: There is no such file, or the user may not read it.
        """
        path, name = split_remote(remote)
        async with self._api.content(DOWNLOAD, path, name, method="HEAD") as response:
            tag, length = strong_tag(response), chunk_size(response)
        if tag is None or length is None:
            return None
        return ContentHash(hash=tag.strip('"'), chunk_size=length)

    async def folder_status(self, path: RemotePath) -> FolderStatus:
        """Whether a folder exists, and how much lies directly in it."""
        return listing.to_folder_status(await listing.status(self._link, clean_folder(path)))

    async def folder_size(self, path: RemotePath) -> FolderSize:
        """How many bytes a folder holds with everything below it, and of which types.

        Raises:
            NotFound: There is no such folder.
        """
        folder = clean_folder(path)
        return listing.to_folder_size(folder, await listing.size(self._link, folder))


NAMES_PER_PACKET = 1000
"""So many names, of whatever length, fit into one frame."""


class Organising(ClientCore):
    """Makes, renames, moves and deletes. `Client` has the documentation."""

    async def create_folder(self, path: RemotePath) -> None:
        """Make a folder and its parents.

        Raises:
            Refused: The manager did not make it, since it exists, for example.
        """
        await self._link.order(c2s.CreateFolder(path=clean_folder(path)))

    async def make_folders(self, path: RemotePath) -> bool:
        """Make a folder and its parents where they are missing; whether it had to be made.

        Raises:
            Refused: The manager did not make it.
        """
        folder = clean_folder(path)
        if (await listing.status(self._link, folder)).exists:
            return False
        try:
            await self._link.order(c2s.CreateFolder(path=folder))
        except Refused:
            # Another client may have been quicker.
            if not (await listing.status(self._link, folder)).exists:
                raise
            return False
        return True

    async def rename_file(self, remote: RemotePath, name: str) -> str | None:
        """Give a file another name in its folder; returns what was said about a taken name.

        Raises:
            NotFound: There is no such file.
            Refused: The user may not rename it.
        """
        path, old_name = split_remote(remote)
        packet = c2s.RenameFile(path=path, name=old_name, target_name=clean_name(name))
        return await self._order_for_file(remote, packet)

    async def rename_folder(self, path: RemotePath, name: str) -> str | None:
        """Give a folder another name in its place; returns what was said about a taken name.

        Raises:
            Refused: There is no such folder.
        """
        packet = c2s.RenameFolder(path=clean_folder(path), target_name=clean_name(name))
        return await self._link.order(packet)

    async def move_files(self, remotes: Iterable[RemotePath], folder: RemotePath) -> str | None:
        """Move files into a folder; returns what was said about taken names.

        Of up to 1000 files of one folder all are moved or none; files of several folders are moved
        one folder after the other.

        Raises:
            NotFound: A folder does not exist.
            Refused: A file is missing, or not the user's to move.
        """
        target_id = await self._folder_id(folder)
        said: list[str] = []
        for path, names in _by_folder(remotes).items():
            source_id = await self._folder_id(path)
            for start in range(0, len(names), NAMES_PER_PACKET):
                batch = tuple(names[start : start + NAMES_PER_PACKET])
                words = await self._link.order(
                    c2s.MoveFiles(source_id=source_id, target_id=target_id, files=batch)
                )
                said += [words] if words else []
        return "; ".join(said) or None

    async def move_folder(self, path: RemotePath, folder: RemotePath) -> str | None:
        """Move a folder with everything in it into another; returns words about a taken name.

        Raises:
            Refused: A folder does not exist, the target lies within the folder, or a path would
                have more than ten names; or the manager does not know the extension `organise`.
        """
        packet = c2s.MoveFolder(path=clean_folder(path), target_path=clean_folder(folder))
        return await self._link.order(packet)

    async def copy(self, remote: RemotePath, target: RemotePath) -> str | None:
        """Copy a file or folder to a full path, without its content; returns words about a taken name.

        The copy is another name for the same content. It belongs to the user, and counts in the quota.

        Args:
            remote: Full path of a file, or of a folder if there is no such file.
            target: Full path of the copy. The folder in which it is to be must exist.

        Raises:
            NotFound: There is no such file or folder, or no such folder to copy it into.
            Refused: The user may not read all of it, it cannot be done, or the manager does not know the
                extension `copy`.
        """
        text = remote_text(remote)
        is_file = not text.endswith("/") and await self._api.file_exists(*split_remote(text))
        (folder, name), (new_folder, new_name) = _ends(text), _ends(target)
        if not is_file:
            return await self._copy_folder(join_remote(folder, name), new_folder, new_name)
        await self._require_copying(new_folder)
        packet = c2s.CopyFiles(
            path=folder, target_path=new_folder, files=(name,), target_name=new_name
        )
        return await self._order_for_file(text, packet)

    async def copy_files(self, remotes: Iterable[RemotePath], folder: RemotePath) -> str | None:
        """Copy files into a folder, as `copy` does; returns what was said about taken names.

        Of up to 1000 files of one folder all are copied or none; files of several folders are copied one
        folder after the other.

        Raises:
            NotFound: The folder does not exist.
            Refused: A file is missing, or not the user's to read.
        """
        target = clean_folder(folder)
        await self._require_copying(target)
        said: list[str] = []
        for path, names in _by_folder(remotes).items():
            for start in range(0, len(names), NAMES_PER_PACKET):
                batch = tuple(names[start : start + NAMES_PER_PACKET])
                words = await self._link.order(
                    c2s.CopyFiles(path=path, target_path=target, files=batch)
                )
                said += [words] if words else []
        return "; ".join(said) or None

    async def move(self, remote: RemotePath, target: RemotePath) -> str | None:
        """Give a file or folder another full path; returns what was said about a taken name.

        What changes both its folder and its name is renamed and moved in two steps, by way of a
        name that nobody uses if need be. When a later step is refused, the first is taken back; if
        that fails too, the error says what it is called then.

        Args:
            remote: Full path of a file, or of a folder if there is no such file.
            target: Full path that it shall have. The folder must exist.

        Raises:
            NotFound: There is no such file or folder, or no such folder to move it to.
            Refused: The user may not do it, or it cannot be done.
        """
        text = remote_text(remote)
        is_file = not text.endswith("/") and await self._api.file_exists(*split_remote(text))
        (folder, name), (new_folder, new_name) = _ends(text), _ends(target)
        await self._folder_id(new_folder)
        source = join_remote(folder, name)
        if not is_file:
            if not (await listing.status(self._link, source)).exists:
                raise NotFound(f"{source}: there is no such file or folder")
            _check_outside(source, new_folder)
        if folder == new_folder:
            return await self._rename(source, new_name, is_file=is_file)
        if name == new_name:
            return await self._move_into(source, new_folder, is_file=is_file)
        return await self._rename_and_move(source, new_folder, new_name, is_file=is_file)

    async def delete_file(self, remote: RemotePath) -> None:
        """Delete a file.

        Raises:
            NotFound: There is no such file.
            Refused: The user may not delete it.
        """
        path, name = split_remote(remote)
        folder_id = await self._folder_id(path)
        # The base protocol requires an id here, and 0 is that of the root.
        packet = c2s.DeleteFile(folder_id=folder_id or 0, name=name)
        await self._order_for_file(remote, packet)

    async def delete_folder(self, path: RemotePath) -> None:
        """Delete a folder with everything in it, or nothing of it.

        Raises:
            InvalidInput: It is the root.
            NotFound: There is no such folder.
            Refused: A file in it is not the user's to delete.
        """
        folder_id = await self._folder_id(path)
        if folder_id is None:
            raise InvalidInput("/: the root folder cannot be deleted")
        await self._link.order(c2s.DeleteFolder(folder_id=folder_id))

    async def _folder_id(self, path: RemotePath) -> int | None:
        """The id of a folder, None for the root. Raises `NotFound`."""
        folder = clean_folder(path)
        found = await listing.status(self._link, folder)
        if not found.exists:
            raise NotFound(f"{folder}: there is no such folder")
        return found.folder_id

    async def _copy_folder(self, source: str, folder: str, name: str) -> str | None:
        if not (await listing.status(self._link, source)).exists:
            raise NotFound(f"{source}: there is no such file or folder")
        await self._require_copying(folder)
        packet = c2s.CopyFolder(path=source, target_path=folder, target_name=name)
        return await self._link.order(packet)

    async def _require_copying(self, folder: str) -> None:
        """Raises `NotFound` without such a folder, `Refused` for a manager that cannot copy."""
        await self._folder_id(folder)
        if not self._link.grants(COPY):
            raise Refused("this manager cannot copy: it is of an earlier release")

    async def _rename(self, source: str, name: str, *, is_file: bool) -> str | None:
        if is_file:
            return await self.rename_file(source, name)
        return await self.rename_folder(source, name)

    async def _move_into(self, source: str, folder: str, *, is_file: bool) -> str | None:
        if is_file:
            return await self.move_files([source], folder)
        return await self.move_folder(source, folder)

    async def _rename_and_move(
        self, source: str, folder: str, name: str, *, is_file: bool
    ) -> str | None:
        old_folder, old_name = split_remote(source)
        if await self._is_free(old_folder, name):
            passing, last = name, None
        else:
            passing, last = f"{old_name[:80]}.{uuid4().hex}", name
        if words := await self._rename(source, passing, is_file=is_file):
            raise Refused(f"{source} was renamed only: {words}")
        try:
            words = await self._move_into(join_remote(old_folder, passing), folder, is_file=is_file)
        except (Refused, NotFound) as error:
            await self._rename_back(source, passing, error, is_file=is_file)
            raise
        if last is None:
            return words
        moved = join_remote(folder, passing)
        try:
            return await self._rename(moved, last, is_file=is_file)
        except (Refused, NotFound) as error:
            raise _called_otherwise(source, moved, error) from error

    async def _rename_back(
        self, source: str, passing: str, cause: CloudError, *, is_file: bool
    ) -> None:
        """Undo the first of two steps. Raises `Refused` if it is called otherwise after that."""
        folder, name = split_remote(source)
        moved = join_remote(folder, passing)
        try:
            words = await self._rename(moved, name, is_file=is_file)
        except CloudError:
            raise _called_otherwise(source, moved, cause) from cause
        if words:
            raise Refused(f"{source}: {cause}; {words}") from cause

    async def _is_free(self, folder: str, name: str) -> bool:
        if await self._api.file_exists(folder, name):
            return False
        return not await listing.has_folder(self._link, folder, name)


def _ends(remote: RemotePath) -> tuple[str, str]:
    """Folder and name of a file or folder. Raises `InvalidInput`, also for the root."""
    if not clean_folder(remote).strip("/"):
        raise InvalidInput("/: the root folder can be neither moved nor replaced")
    return split_remote(clean_folder(remote))


def _check_outside(source: str, folder: str) -> None:
    """Raises `Refused` for what the manager would refuse only after the first of two steps."""
    if f"{folder}/".startswith(f"{source}/"):
        raise Refused(f"{folder}: it is within the folder itself")


def _called_otherwise(source: str, now: str, cause: CloudError) -> Refused:
    return Refused(f"{source} is called {now} now: {cause}")


def _by_folder(remotes: Iterable[RemotePath]) -> dict[str, list[str]]:
    names: dict[str, list[str]] = {}
    for remote in remotes:
        path, name = split_remote(remote)
        names.setdefault(path, []).append(name)
    return names
