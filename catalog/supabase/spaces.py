"""Groups of users, and who may see and change which folders."""

from collections.abc import Collection, Mapping

from catalog.folder_rights import FolderRight
from catalog.permits import Permit
from catalog.records import User
from catalog.rows import grant_of, group_of, user_of, visible_folder_of
from catalog.space_port import (
    MAX_GRANTS,
    FolderSharing,
    Grantee,
    Group,
    OutlyingFile,
    VisibleFolder,
)
from catalog.supabase.client import SupabasePart, permit_to_json
from catalog.supabase.rows import file_of, path_of


class SupabaseGroups(SupabasePart):
    """`GroupStore` on Supabase."""

    async def create_group(self, name: str) -> Group:
        """A new group without members. Raises `GroupNameTaken`."""
        return group_of(await self._change("create_group", name=name))

    async def remove_group(self, group_id: int) -> bool:
        """Removes a group with all that was granted to it. False for a missing one."""
        return bool(await self._change("remove_group", group_id=group_id))

    async def list_groups(self) -> list[Group]:
        """All groups, by name."""
        return [group_of(row) for row in await self._functions.read("list_groups")]

    async def groups_of(self, user_id: int) -> list[Group]:
        """The groups of which the user is a member, by name."""
        rows = await self._functions.read("groups_of", user_id=user_id)
        return [group_of(row) for row in rows]

    async def group_members(self, group_id: int) -> list[User]:
        """The members of a group by name; none for a missing one."""
        rows = await self._functions.read("members_of", group_id=group_id)
        return [user_of(row) for row in rows]

    async def put_member(self, group_id: int, user_id: int) -> None:
        """Makes a user a member. Raises `GroupMissing`, `UserMissing`."""
        await self._functions.write("put_member", group_id=group_id, user_id=user_id)

    async def remove_member(self, group_id: int, user_id: int) -> bool:
        """Ends a membership. False when there was none."""
        return bool(await self._change("remove_member", group_id=group_id, user_id=user_id))


class SupabaseSpaces(SupabasePart):
    """`SpaceStore` on Supabase."""

    async def set_space(self, folder_id: int, user_id: int | None) -> None:
        """Makes a folder a home, or the common space. Raises `FolderMissing`, `UserMissing`."""
        await self._functions.write(
            "set_space", folder_id=folder_id, user_id=user_id, now=self._clock()
        )

    async def visible_folders(self, user_id: int) -> list[VisibleFolder]:
        """The topmost folders of all that the user may see, by id."""
        rows = await self._functions.read("visible_folders", user_id=user_id)
        return [visible_folder_of(row, path_of(row["path"])) for row in rows]

    async def outlying_files(self, user_id: int, *, limit: int) -> list[OutlyingFile]:
        """Files that the user may read, in folders that the user may not see, the newest first."""
        found = await self._functions.read("outlying_files", user_id=user_id, limit=limit)
        paths = {folder["id"]: path_of(folder["path"]) for folder in found["folders"]}
        files = [file_of(row) for row in found["files"]]
        return [OutlyingFile(path=paths[file.folder_id], file=file) for file in files]

    async def rights_on(
        self, user_id: int, folder_ids: Collection[int]
    ) -> Mapping[int, FolderRight]:
        """The user's rights on those of the folders on which the user has any."""
        levels = await self._functions.read(
            "rights_on", user_id=user_id, folder_ids=sorted(set(folder_ids))
        )
        return {int(folder_id): FolderRight(level) for folder_id, level in levels.items()}

    async def folder_sharing(self, folder_id: int) -> FolderSharing:
        """The owner and the grants of a folder. Raises `FolderMissing`."""
        row = await self._functions.read("folder_sharing", folder_id=folder_id)
        grants = tuple(grant_of(grant) for grant in row["grants"])
        return FolderSharing(owner_id=row["owner_id"], grants=grants)

    async def put_grant(
        self,
        folder_id: int,
        grantee: Grantee,
        right: FolderRight,
        *,
        permit: Permit | None = None,
    ) -> None:
        """Grants a right, or changes one.

        Raises `FolderMissing`, `RootIsFixed`, `UserMissing`, `GroupMissing`, `NotPermitted`,
        `TooManyGrants`.
        """
        await self._functions.write(
            "put_grant",
            folder_id=folder_id,
            user_id=grantee.user_id,
            group_id=grantee.group_id,
            level=int(right),
            most=MAX_GRANTS,
            permit=permit_to_json(permit),
            now=self._clock(),
        )

    async def remove_grant(
        self, folder_id: int, grantee: Grantee, *, permit: Permit | None = None
    ) -> bool:
        """Takes a grant back. False when there was none. Raises `NotPermitted`."""
        return bool(
            await self._change(
                "remove_grant",
                folder_id=folder_id,
                user_id=grantee.user_id,
                group_id=grantee.group_id,
                permit=permit_to_json(permit),
            )
        )

    async def set_folder_owner(
        self, folder_id: int, owner_id: int | None, *, permit: Permit | None = None
    ) -> None:
        """Another owner. Raises `FolderMissing`, `RootIsFixed`, `UserMissing`, `NotPermitted`."""
        await self._functions.write(
            "set_folder_owner",
            folder_id=folder_id,
            owner_id=owner_id,
            permit=permit_to_json(permit),
        )
