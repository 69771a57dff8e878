"""Turns one tree for all users into homes and a common space, once, while no manager runs.

A folder goes with all that is in it to the one user who owns all of its files. What several own is taken
apart: each user gets the own files, in folders of the same names. Files without an owner, and empty folders,
go to the common space, so that nobody comes to see what was private. Shares of files stay what they are.

Each step is a transaction of the catalog, and what is done is not done again: after an error the same call
goes on.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Final

from catalog.errors import TooDeep
from catalog.port import Catalog, FolderPath
from catalog.records import ROOT_FOLDER_ID, File, Folder, User
from manager.spaces.spaces import COMMON_FOLDER, home_folder, make_common_space, make_home
from protocol.values import MAX_PATH_NAMES

PAGE: Final = 500
Owners = frozenset[int | None]
"""Owners of files; None: there are files without one."""


@dataclass(slots=True)
class MovedEntries:
    """What a migration has moved: whole folders, and single files out of folders of several users."""

    folders: int = 0
    files: int = 0
    homes: int = 0


@dataclass(slots=True)
class SpacesMigration:
    """One migration of a catalog."""

    catalog: Catalog
    moved: MovedEntries = field(default_factory=MovedEntries)
    _homes: dict[int, FolderPath] = field(default_factory=dict)
    _owners: dict[int, Owners] = field(default_factory=dict)

    async def run(self) -> MovedEntries:
        """Makes homes for all users, and moves everything into them and into the common space."""
        await make_common_space(self.catalog)
        async for user in self._users():
            await make_home(self.catalog, user)
            self._homes[user.id] = (home_folder(user),)
            self.moved.homes += 1
        spaces = {home[0] for home in self._homes.values()} | {COMMON_FOLDER}
        for folder in [each async for each in self._subfolders(ROOT_FOLDER_ID)]:
            if folder.name not in spaces:
                await self._find_owners(folder.id)
                await self._settle(folder, ())
        await self._move_files(ROOT_FOLDER_ID, ())
        return self.moved

    async def _users(self) -> AsyncIterator[User]:
        offset = 0
        while accounts := (await self.catalog.list_accounts(offset=offset, limit=PAGE)).accounts:
            for account in accounts:
                yield account.user
            offset += len(accounts)

    async def _subfolders(self, folder_id: int) -> AsyncIterator[Folder]:
        after = ""
        while page := await self.catalog.subfolders_after(folder_id, after=after, limit=PAGE):
            for each in page:
                yield each.folder
            after = page[-1].folder.name

    async def _files(self, folder_id: int) -> AsyncIterator[list[File]]:
        after = ""
        while page := await self.catalog.files_after(
            folder_id, viewer_id=None, after=after, limit=PAGE
        ):
            yield page
            after = page[-1].name

    async def _find_owners(self, folder_id: int) -> Owners:
        """Who owns files in the whole subtree of a folder; remembers that of each folder."""
        owners: set[int | None] = set()
        async for files in self._files(folder_id):
            owners |= {file.owner_id for file in files}
        async for folder in self._subfolders(folder_id):
            owners |= await self._find_owners(folder.id)
        self._owners[folder_id] = frozenset(owners)
        return self._owners[folder_id]

    async def _settle(self, folder: Folder, parent: FolderPath) -> None:
        """Moves a folder to whom it belongs, whole or in parts."""
        owners = self._owners[folder.id]
        if len(owners) <= 1 and await self._move_whole(folder, parent, next(iter(owners), None)):
            return
        path = (*parent, folder.name)
        for each in [each async for each in self._subfolders(folder.id)]:
            await self._settle(each, path)
        await self._move_files(folder.id, path)
        await self.catalog.delete_folder(folder.id)

    async def _move_whole(self, folder: Folder, parent: FolderPath, owner_id: int | None) -> bool:
        """False if a path in it would have too many names there."""
        target = await self.catalog.make_folders(self._place(parent, owner_id))
        try:
            await self.catalog.move_folder(folder.id, target.folder.id, max_depth=MAX_PATH_NAMES)
        except TooDeep:
            return False
        self.moved.folders += 1
        return True

    async def _move_files(self, folder_id: int, path: FolderPath) -> None:
        by_owner: dict[int | None, list[int]] = defaultdict(list)
        async for files in self._files(folder_id):
            for file in files:
                by_owner[file.owner_id].append(file.id)
        for owner_id, file_ids in by_owner.items():
            target = await self.catalog.make_folders(self._place(path, owner_id))
            for start in range(0, len(file_ids), PAGE):
                await self.catalog.move_files(file_ids[start : start + PAGE], target.folder.id)
            self.moved.files += len(file_ids)

    def _place(self, path: FolderPath, owner_id: int | None) -> FolderPath:
        """A folder of the same path, in the home or in the common space; of that as much as is allowed."""
        space = (COMMON_FOLDER,) if owner_id is None else self._homes[owner_id]
        return (space + path)[:MAX_PATH_NAMES]
